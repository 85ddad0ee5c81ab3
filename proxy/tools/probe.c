#include "proxy/tools/probe.h"

#include <signal.h>
#include <stdlib.h>

#include "collateral/collateral.h"
#include "common/limits.h"
#include "proxy/io/shutdown.h"
#include "proxy/local/upstream.h"
#include "proxy/tools/terminal.h"

#define TICK_MS 1000

/* Lives on probe_run()'s stack, which outlives the loop. */
struct run {
    const struct probe *probe;
    uv_loop_t loop;
    uv_timer_t tick;
    struct carrier_hub *hub;
    struct mailbox *mailbox; /* the desk and its only worker share it */
    struct attest_desk *desk;
    struct snapshot *snapshot; /* of |policy|; held */
    struct collateral *collateral;
    struct upstream_set *set;
    struct tally tally;
    struct policy policy; /* the probe's, with one endpoint a service */
    size_t undecided;
    unsigned seconds;
    bool closing;
};

/* A service for each endpoint, the caller's to free; NULL when out of
 * memory. */
static struct service *split(const struct policy *p, size_t *count)
{
    struct service *list;
    size_t n = 0;

    for (size_t i = 0; i < p->service_count; i++)
        n += p->services[i].endpoint_count;
    list = calloc(n > 0 ? n : 1, sizeof(*list));
    *count = 0;
    for (size_t i = 0; list != NULL && i < p->service_count; i++)
        for (size_t k = 0; k < p->services[i].endpoint_count; k++) {
            struct service *s = &list[(*count)++];

            *s = p->services[i];
            s->endpoints += k;
            s->endpoint_count = 1;
        }
    return list;
}

/* All but the sessions, which are gone or never were. */
static void close_parts(void *ctx)
{
    struct run *r = ctx;

    if (r->mailbox != NULL)
        mailbox_close(r->mailbox);
    attest_desk_close(r->desk);
    if (r->collateral != NULL)
        collateral_close(r->collateral, NULL, NULL);
    carrier_hub_close(r->hub);
    uv_close((uv_handle_t *)&r->tick, NULL);
}

static void end(struct run *r)
{
    struct why why = { 0 };

    if (r->closing)
        return;
    r->closing = true;
    terminal_wait_over();
    (void)why_fail(&why, STATUS_SHUTTING_DOWN, "probe", NULL, "done");
    upstream_set_close(r->set, &why, close_parts, r);
}

static void on_tick(uv_timer_t *tick)
{
    struct run *r = tick->data;

    if (r->undecided == 0)
        end(r);
    else
        terminal_wait("waiting for evidence and collateral", ++r->seconds);
}

static void on_decided(void *ctx, const struct service *service,
                       const struct endpoint *endpoint,
                       const struct attestation *a, const struct why *why)
{
    struct run *r = ctx;

    if (r->closing)
        return;
    terminal_wait_over();
    r->probe->on_decided(r->probe->ctx, service, endpoint, a, why);
    r->undecided--;
    /* The session that calls is in the middle of something: end it later. */
    if (r->undecided == 0)
        (void)uv_timer_start(&r->tick, on_tick, 0, 0);
}

static enum status open_parts(struct run *r, struct why *why)
{
    const struct collateral_config collateral = {
        .store_dir = r->probe->cache_dir,
        .fetch_deadline_ms = r->policy.collateral.timeout_ms,
    };
    struct upstream_config upstream = {
        .loop = &r->loop,
        .log = r->probe->log,
        .tally = &r->tally,
        .on_decided = on_decided,
        .ctx = r,
    };
    enum status st = carrier_hub_open(&r->loop, &r->hub);

    if (st == STATUS_OK)
        st = mailbox_open(&r->loop, MAILBOX_LETTERS_MAX, &r->mailbox);
    if (st != STATUS_OK)
        return why_fail(why, st, "probe", NULL, "%s", status_text(st));
    st = collateral_open(&r->loop, &collateral, r->probe->log, &r->collateral,
                         why);
    if (st != STATUS_OK)
        return st;
    st = attest_desk_open(&r->loop, r->collateral, r->mailbox, &r->desk);
    if (st != STATUS_OK)
        return why_fail(why, st, "probe", NULL, "%s", status_text(st));
    st = snapshot_new(&r->policy, NULL, &r->snapshot, why);
    if (st != STATUS_OK)
        return st;
    upstream.hub = r->hub;
    upstream.line = (struct attest_line){ .desk = r->desk, .home = r->mailbox };
    upstream.snapshot = r->snapshot;
    return upstream_set_open(&upstream, &r->set, why);
}

static enum status run(struct run *r, struct why *why)
{
    enum status st = open_parts(r, why);

    if (st != STATUS_OK) {
        close_parts(r);
        return st;
    }
    r->undecided = r->policy.service_count;
    for (size_t i = 0; i < r->policy.service_count; i++)
        upstream_connect(upstream_find(r->set, &r->policy.services[i]));
    (void)uv_timer_start(&r->tick, on_tick, r->undecided == 0 ? 0 : TICK_MS,
                         TICK_MS);
    return STATUS_OK;
}

enum status probe_run(const struct probe *probe, struct why *why)
{
    struct run r = { .probe = probe, .policy = *probe->policy };
    struct service *services = split(probe->policy, &r.policy.service_count);
    enum status st;

    if (services == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "probe", NULL, "no memory");
    (void)signal(SIGPIPE, SIG_IGN); /* the number is valid: cannot fail */
    r.policy.services = services;
    if (uv_loop_init(&r.loop) != 0) {
        free(services);
        return why_fail(why, STATUS_NO_MEMORY, "probe", NULL, "no event loop");
    }
    (void)uv_timer_init(&r.loop, &r.tick); /* cannot fail */
    r.tick.data = &r;
    st = run(&r, why);
    (void)uv_run(&r.loop, UV_RUN_DEFAULT); /* ends when all is closed */
    if (!shutdown_loop(&r.loop, stderr) && st == STATUS_OK)
        st = why_fail(why, STATUS_INTERNAL, "loop", NULL, "not empty");
    mailbox_free(r.mailbox);
    snapshot_let_go(r.snapshot);
    free(services);
    return st;
}
