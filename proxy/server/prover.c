#include "proxy/server/prover.h"

#define UPKEEP_MS 3600000

/* --- the simulation ------------------------------------------------------ */

/* Simulated collateral ends as real one does, and nobody else makes it. */
static void on_upkeep(uv_timer_t *timer)
{
    struct prover *p = timer->data;
    struct why why = { 0 };
    enum status st = sim_source_renew(p->sim, log_wall_ms() / 1000, &why);

    if (st == STATUS_OK)
        st = staple_put(p->staple, sim_source_stapled(p->sim),
                        (struct slice){ 0 });
    if (st != STATUS_OK)
        log_event(&p->options->log, LOG_WARN, "simulation.renew",
                  LOG_FIELDS(LOG_S("status", status_name(st))));
}

static enum status staple_simulation(struct prover *p, struct why *why)
{
    enum status st =
        staple_put(p->staple, sim_source_stapled(p->sim), (struct slice){ 0 });

    if (st != STATUS_OK)
        return why_fail(why, st, "staple", NULL, "%s", status_text(st));
    (void)uv_timer_start(&p->upkeep, on_upkeep, UPKEEP_MS, UPKEEP_MS);
    return STATUS_OK;
}

static enum status start_simulation(struct prover *p, struct why *why)
{
    const struct options *o = p->options;
    const struct sim_source_config config = {
        .tee = o->simulate_tee,
        .fault = o->fault,
        .dir = o->simulate_dir,
        .now_unix = log_wall_ms() / 1000,
    };

    log_event(&o->log, LOG_WARN, "server.SIMULATED",
              LOG_FIELDS(LOG_S("tee", tee_name(o->simulate_tee)),
                         LOG_S("fault", o->fault ? o->fault->name : "none"),
                         LOG_S("reason", "this TEE is simulated: it protects "
                                         "nothing and proves nothing")));
    if (sim_source_new(&config, &p->sim, why) != STATUS_OK)
        return why->status;
    return staple_simulation(p, why);
}

/* --- quotes and keys ----------------------------------------------------- */

static enum status start_stapler(struct prover *p, struct why *why)
{
    const struct stapler_config config = {
        .choice = &p->options->stapling,
        .staple = p->staple,
        .log = &p->options->log,
        .now_ms = log_wall_ms,
    };

    if (p->options->stapling.sources.count == 0)
        return STATUS_OK;
    return stapler_open(p->loop, &config, &p->stapler, why);
}

static enum status start_quotes(struct prover *p, struct why *why)
{
    if (p->options->simulate)
        return start_simulation(p, why);
    if (quote_origin_open(&p->options->quotes, &p->origin, why) != STATUS_OK)
        return why->status;
    return start_stapler(p, why);
}

static void on_epoch(void *ctx, const struct proof *proof)
{
    struct prover *p = ctx;

    if (p->stapler != NULL)
        stapler_quote(p->stapler, proof);
}

static void on_first(void *ctx)
{
    struct prover *p = ctx;

    p->on_first(p->ctx);
}

static enum status start_keys(struct prover *p)
{
    const struct quote_maker maker = p->sim != NULL
                                         ? sim_source_maker(p->sim)
                                         : quote_origin_maker(p->origin);
    struct keys_config config = {
        .epoch_ms = p->options->epoch_ms,
        .teekit = p->options->teekit,
        .log = &p->options->log,
        .now_ms = log_wall_ms,
        .on_epoch = on_epoch,
        .on_first = on_first,
        .ctx = p,
    };
    enum status st =
        quote_source_open(p->loop, &maker, p->options->limits.peers.quotes,
                          &p->options->log, &p->source);

    if (st != STATUS_OK)
        return st;
    quote_source_limit(p->source, p->options->limits.quote_rate);
    config.source = p->source;
    return keys_open(p->loop, &config, &p->keys);
}

enum status prover_open(struct prover *p, uv_loop_t *loop,
                        const struct options *options,
                        void (*on_first_key)(void *ctx), void *ctx,
                        struct why *why)
{
    enum status st;

    *p = (struct prover){
        .loop = loop, .options = options, .on_first = on_first_key, .ctx = ctx
    };
    (void)uv_timer_init(loop, &p->upkeep); /* cannot fail */
    uv_unref((uv_handle_t *)&p->upkeep);
    p->upkeep.data = p;
    p->staple = staple_new();
    if (p->staple == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "staple", NULL, "no memory");
    st = start_quotes(p, why);
    if (st != STATUS_OK)
        return st;
    st = start_keys(p);
    return st == STATUS_OK
               ? STATUS_OK
               : why_fail(why, st, "server", NULL, "%s", status_text(st));
}

void prover_close(struct prover *p)
{
    if (p->loop == NULL)
        return;
    p->loop = NULL;
    keys_close(p->keys);
    p->keys = NULL;
    quote_source_close(p->source);
    p->source = NULL;
    stapler_close(p->stapler);
    p->stapler = NULL;
    uv_close((uv_handle_t *)&p->upkeep, NULL);
}

void prover_fini(struct prover *p)
{
    staple_free(p->staple);
    sim_source_free(p->sim);
    quote_origin_free(p->origin);
}
