#include "proxy/server/stapler.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collateral/collateral.h"
#include "collateral/want.h"
#include "common/file.h"
#include "common/limits.h"
#include "common/text.h"
#include "verifier/snp_item.h"

/* The engine answers out of memory while what it holds is good, so asking is
 * cheap, and keeps it from forgetting what is in use. */
#define TICK_SECONDS 10

/* Freed by one line, when timer and engine have ended. */
struct stapler {
    struct stapler_config config;
    struct collateral_source sources[COLLATERAL_SOURCES_MAX]; /* borrowed */
    size_t source_count;
    struct collateral *engine;
    uv_timer_t timer;
    unsigned parts; /* that have not ended */
    struct buffer root;
    struct buffer quote; /* the last; empty: there was none yet */
    struct buffer vcek;  /* what came with it; may be empty */
    bool is_snp;
    struct collateral_wait *wait; /* NULL: nobody is asked now */

    /* What is stapled: nothing, |bundle|, or of AMD's what is not NULL. */
    struct bundle *bundle;
    struct item *vcek_item;
    struct item *crl_item;
    int64_t until_unix; /* its last second */

    struct why told; /* what the log has; all zero: no failure */
};

static int64_t now_unix(const struct stapler *s)
{
    return s->config.now_ms() / 1000;
}

/* --- what is stapled ------------------------------------------------------ */

static bool has_set(const struct stapler *s)
{
    return s->bundle != NULL || s->vcek_item != NULL || s->crl_item != NULL;
}

/* Say |why| once, until it is another or all is well. */
static void tell_failure(struct stapler *s, const struct why *why)
{
    if (s->told.status == why->status && s->told.field != NULL &&
        why->field != NULL && strcmp(s->told.field, why->field) == 0)
        return;
    s->told = *why;
    log_why(s->config.log, LOG_WARN, "staple.failed", why,
            LOG_FIELDS(
                LOG_S("stapled", has_set(s) ? "the last set" : "nothing")));
}

static void forget_set(struct stapler *s)
{
    bundle_unref(s->bundle);
    item_unref(s->vcek_item);
    item_unref(s->crl_item);
    s->bundle = NULL;
    s->vcek_item = s->crl_item = NULL;
}

/* Staple nothing. */
static void take_back(struct stapler *s, const char *reason)
{
    if (!has_set(s))
        return;
    forget_set(s);
    staple_clear(s->config.staple);
    log_event(s->config.log, LOG_WARN, "staple.taken_back",
              LOG_FIELDS(LOG_S("reason", reason)));
}

/* Hand |items| and |vcek| to the workers; false, and it is said, if that
 * cannot be. */
static bool put(struct stapler *s, const struct session_stapled *items,
                struct slice vcek)
{
    enum status st = staple_put(s->config.staple, items, vcek);
    struct why why = { 0 };

    if (st == STATUS_OK)
        return true;
    (void)why_fail(&why, st, "staple", NULL, "what was fetched is too much");
    (void)why_expect(&why, "at most %d bytes in all", STAPLED_MAX_BYTES);
    tell_failure(s, &why);
    return false;
}

static void tell_set(const struct stapler *s)
{
    char until[TEXT_TIME_ROOM];

    text_time(s->until_unix, until);
    log_event(s->config.log, LOG_INFO, "staple.set",
              LOG_FIELDS(LOG_S("until", until)));
}

static void put_bundle(struct stapler *s, struct bundle *bundle)
{
    const struct collateral_set *set = &bundle->set;
    const struct session_stapled items = {
        { set->tcb_info, set->tcb_info_chain, set->qe_identity,
          set->qe_identity_chain, set->pck_crl, set->pck_crl_chain,
          set->root_crl }
    };

    if (!put(s, &items, (struct slice){ 0 }))
        return;
    forget_set(s);
    s->bundle = bundle_ref(bundle);
    s->until_unix = bundle->next_update_unix;
    s->told = (struct why){ 0 };
    tell_set(s);
}

static int64_t end_of(const struct item *item)
{
    return item != NULL ? item->facts.next_update_unix : INT64_MAX;
}

/* What has no item stays empty: a list that nobody has, or a VCEK that the
 * platform gives itself. */
static void put_snp(struct stapler *s, const struct collateral_snp *snp)
{
    struct session_stapled items = { 0 };
    struct buffer vcek = buffer_with_max(2 * CERT_MAX_BYTES);

    if (snp->crl != NULL)
        items.item[SESSION_STAPLED_ARK_CRL] = snp->crl->body;
    if (snp->vcek != NULL)
        proof_put_cert(snp->vcek->body, &vcek);
    if (put(s, &items, buffer_view(&vcek))) {
        forget_set(s);
        s->vcek_item = snp->vcek != NULL ? item_ref(snp->vcek) : NULL;
        s->crl_item = snp->crl != NULL ? item_ref(snp->crl) : NULL;
        s->until_unix = MIN_OF(end_of(snp->vcek), end_of(snp->crl));
        if (has_set(s))
            tell_set(s);
    }
    buffer_free(&vcek);
}

/* --- asking --------------------------------------------------------------- */

static void on_bundle(void *ctx, struct bundle *bundle, const struct why *why)
{
    struct stapler *s = ctx;

    s->wait = NULL;
    if (bundle == NULL)
        tell_failure(s, why); /* what is stapled stays until it ends */
    else if (bundle != s->bundle)
        put_bundle(s, bundle);
    else
        s->told = (struct why){ 0 };
}

static void on_snp(void *ctx, const struct collateral_snp *snp,
                   const struct why *why)
{
    struct stapler *s = ctx;

    s->wait = NULL;
    if (snp == NULL) {
        tell_failure(s, why);
        return;
    }
    if (snp->vcek != s->vcek_item || snp->crl != s->crl_item)
        put_snp(s, snp);
    if (snp->crl == NULL)
        tell_failure(s, &snp->crl_why);
    else
        s->told = (struct why){ 0 };
}

static enum status ask_intel(struct stapler *s, struct why *why)
{
    struct collateral_request r = {
        .root_der = buffer_view(&s->root),
        .sources = s->sources,
        .source_count = s->source_count,
        .done = on_bundle,
        .ctx = s,
    };
    enum status st =
        quote_platform_read(buffer_view(&s->quote), &r.platform, why);

    return st == STATUS_OK ? collateral_get(s->engine, &r, &s->wait, why) : st;
}

static enum status ask_amd(struct stapler *s, struct why *why)
{
    const struct collateral_snp_request r = {
        .report = buffer_view(&s->quote),
        .endorsement = buffer_view(&s->vcek),
        .root_pem = buffer_view(&s->root),
        .sources = s->sources,
        .source_count = s->source_count,
        .done = on_snp,
        .ctx = s,
    };

    return collateral_get_snp(s->engine, &r, &s->wait, why);
}

static void ask(struct stapler *s)
{
    struct why why = { 0 };
    enum status st;

    if (s->wait != NULL || s->quote.len == 0)
        return;
    st = s->is_snp ? ask_amd(s, &why) : ask_intel(s, &why);
    if (st != STATUS_OK)
        tell_failure(s, &why);
}

static void on_timer(uv_timer_t *timer)
{
    stapler_tick(CONTAINER_OF(timer, struct stapler, timer));
}

/* In time for the second after the last one. */
static void plan_tick(struct stapler *s)
{
    int64_t wait_s = TICK_SECONDS;

    if (has_set(s))
        wait_s = MIN_OF(wait_s, MAX_OF(s->until_unix - now_unix(s), 0) + 1);
    (void)uv_timer_start(&s->timer, on_timer, (uint64_t)wait_s * 1000, 0);
}

void stapler_tick(struct stapler *s)
{
    if (has_set(s) && now_unix(s) > s->until_unix)
        take_back(s, "its last second has passed");
    ask(s);
    plan_tick(s);
}

/* Whether the VCEK that is stapled is the one of |quote|'s chip and TCB. */
static bool vcek_fits(const struct stapler *s)
{
    struct snp_item_wish wish;
    struct want want;
    struct why why;

    if (s->vcek_item == NULL)
        return true;
    if (!s->is_snp ||
        snp_item_wish_read(buffer_view(&s->quote), buffer_view(&s->vcek), &wish,
                           &why) != STATUS_OK)
        return false;
    want = want_of_snp(ITEM_VCEK, &wish, buffer_view(&s->root));
    return want_check(&want, &s->vcek_item->facts, &why) == STATUS_OK;
}

void stapler_quote(struct stapler *s, const struct proof *proof)
{
    if (s->wait != NULL)
        collateral_cancel(s->wait); /* it was for the last one */
    s->wait = NULL;
    buffer_clear(&s->quote);
    buffer_clear(&s->vcek);
    buffer_add(&s->quote, buffer_view(&proof->quote));
    buffer_add(&s->vcek, buffer_view(&proof->vcek));
    s->is_snp = proof->is_snp;
    if (!vcek_fits(s))
        take_back(s, "the platform has another TCB now");
    stapler_tick(s);
}

struct stapler_figures stapler_figures_of(const struct stapler *s)
{
    return (struct stapler_figures){
        .until_unix = has_set(s) ? s->until_unix : 0,
        .is_failing = s->told.status != STATUS_OK,
    };
}

/* --- life ----------------------------------------------------------------- */

static void on_changed(void *ctx)
{
    stapler_tick(ctx);
}

static int64_t engine_now(void *ctx)
{
    return now_unix(ctx);
}

static void part_ended(struct stapler *s)
{
    if (--s->parts > 0)
        return;
    buffer_free(&s->root);
    buffer_free(&s->quote);
    buffer_free(&s->vcek);
    free(s);
}

static void on_timer_closed(uv_handle_t *timer)
{
    part_ended(CONTAINER_OF(timer, struct stapler, timer));
}

static void on_engine_closed(void *ctx)
{
    part_ended(ctx);
}

/* The cache first, as what is good there needs no network. */
static void list_sources(struct stapler *s)
{
    const struct staple_choice *choice = s->config.choice;

    if (choice->cache_dir != NULL)
        s->sources[s->source_count++] =
            (struct collateral_source){ .kind = SOURCE_STORE };
    for (size_t i = 0; i < choice->sources.count; i++)
        s->sources[s->source_count++] = choice->sources.at[i];
}

/* What can fail, so that nothing has to be closed if it does. */
static enum status acquire(struct stapler *s, uv_loop_t *loop, struct why *why)
{
    const struct staple_choice *choice = s->config.choice;
    const struct collateral_config config = {
        .store_dir = choice->cache_dir,
        .now_unix = engine_now,
        .on_changed = on_changed,
        .ctx = s,
        .refresh_seconds = choice->refresh_seconds,
    };

    if (choice->root_file != NULL &&
        file_read(choice->root_file, COLLATERAL_MAX_BYTES, &s->root, why) !=
            STATUS_OK)
        return why->status;
    return collateral_open(loop, &config, s->config.log, &s->engine, why);
}

enum status stapler_open(uv_loop_t *loop, const struct stapler_config *config,
                         struct stapler **out, struct why *why)
{
    struct stapler *s = calloc(1, sizeof(*s));

    *out = NULL;
    if (s == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "staple", NULL, "no memory");
    s->config = *config;
    s->quote = buffer_with_max(QUOTE_MAX_BYTES);
    s->vcek = buffer_with_max(2 * CERT_MAX_BYTES);
    list_sources(s);
    if (acquire(s, loop, why) != STATUS_OK) {
        buffer_free(&s->root);
        free(s);
        return why->status;
    }
    s->parts = 2;
    (void)uv_timer_init(loop, &s->timer); /* cannot fail */
    uv_unref((uv_handle_t *)&s->timer);
    *out = s;
    return STATUS_OK;
}

void stapler_close(struct stapler *s)
{
    if (s == NULL)
        return;
    if (s->wait != NULL)
        collateral_cancel(s->wait);
    s->wait = NULL;
    forget_set(s);
    uv_close((uv_handle_t *)&s->timer, on_timer_closed);
    collateral_close(s->engine, on_engine_closed, s);
}
