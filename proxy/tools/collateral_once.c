#include "proxy/tools/collateral_once.h"

#include "proxy/io/shutdown.h"
#include "proxy/tools/terminal.h"

#define TICK_MS 1000

/* On the stack of who runs it, which outlives the loop. */
struct collateral_once {
    uv_loop_t loop;
    uv_timer_t tick;
    struct collateral *engine;
    unsigned seconds;
    struct why why; /* what was answered */
    struct bundle *bundle;
    struct tcb_numbers numbers;
};

static void on_tick(uv_timer_t *tick)
{
    struct collateral_once *e = tick->data;

    terminal_wait("fetching collateral", ++e->seconds);
}

static void end(struct collateral_once *e)
{
    terminal_wait_over();
    uv_close((uv_handle_t *)&e->tick, NULL);
    if (e->engine != NULL)
        collateral_close(e->engine, NULL, NULL);
}

static void on_bundle(void *ctx, struct bundle *bundle, const struct why *why)
{
    struct collateral_once *e = ctx;

    if (bundle != NULL)
        e->bundle = bundle_ref(bundle);
    else
        e->why = *why;
    end(e);
}

static void on_numbers(void *ctx, const struct tcb_numbers *numbers,
                       const struct why *why)
{
    struct collateral_once *e = ctx;

    if (numbers != NULL)
        e->numbers = *numbers;
    else
        e->why = *why;
    end(e);
}

static enum status begin(struct collateral_once *e,
                         const struct collateral_config *config)
{
    *e = (struct collateral_once){ .seconds = 0 };
    if (uv_loop_init(&e->loop) != 0)
        return why_fail(&e->why, STATUS_NO_MEMORY, "loop", NULL,
                        "no event loop");
    (void)uv_timer_init(&e->loop, &e->tick); /* cannot fail */
    e->tick.data = e;
    (void)uv_timer_start(&e->tick, on_tick, TICK_MS, TICK_MS);
    return collateral_open(&e->loop, config, NULL, &e->engine, &e->why);
}

/* |st|: whether a request is under way. */
static enum status run(struct collateral_once *e, enum status st)
{
    if (e->tick.data == NULL)
        return e->why.status; /* there is no loop */
    if (st != STATUS_OK)
        end(e);
    (void)uv_run(&e->loop, UV_RUN_DEFAULT); /* ends when all is closed */
    if (!shutdown_loop(&e->loop, stderr) && e->why.status == STATUS_OK)
        (void)why_fail(&e->why, STATUS_INTERNAL, "loop", NULL, "not empty");
    return e->why.status;
}

enum status collateral_once_set(const struct collateral_config *config,
                                const struct collateral_request *request,
                                struct bundle **out, struct why *why)
{
    struct collateral_request r = *request;
    struct collateral_wait *wait;
    struct collateral_once e;
    enum status st = begin(&e, config);

    *out = NULL;
    r.done = on_bundle;
    r.ctx = &e;
    if (st == STATUS_OK)
        st = collateral_get(e.engine, &r, &wait, &e.why);
    st = run(&e, st);
    *why = e.why;
    *out = e.bundle;
    return st;
}

enum status
collateral_once_numbers(const struct collateral_config *config,
                        const struct collateral_numbers_request *request,
                        struct tcb_numbers *out, struct why *why)
{
    struct collateral_numbers_request r = *request;
    struct collateral_wait *wait;
    struct collateral_once e;
    enum status st = begin(&e, config);

    r.done = on_numbers;
    r.ctx = &e;
    if (st == STATUS_OK)
        st = collateral_get_numbers(e.engine, &r, &wait, &e.why);
    st = run(&e, st);
    *why = e.why;
    *out = e.numbers;
    return st;
}
