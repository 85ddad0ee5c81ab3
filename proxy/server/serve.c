#include "proxy/server/serve.h"

#include <assert.h>
#include <stdlib.h>

#include "proxy/server/guest.h"
#include "proxy/server/plain.h"
#include "proxy/server/teekit_guest.h"
#include "proxy/server/visit.h"

static void on_backends_empty(void *ctx)
{
    serve_settle(ctx);
}

enum status serve_new(const struct serve_config *config, struct serve **out)
{
    struct serve *s = calloc(1, sizeof(*s));

    *out = NULL;
    if (s == NULL)
        return STATUS_NO_MEMORY;
    s->config = *config;
    s->backends =
        (struct backend_set){ .loop = config->loop,
                              .gather = carrier_hub_gather(config->hub),
                              .meter = config->meter,
                              .budget = peers_whole(config->peers),
                              .on_empty = on_backends_empty,
                              .ctx = s };
    *out = s;
    return STATUS_OK;
}

void serve_free(struct serve *s)
{
    if (s == NULL)
        return;
    assert(s->visits == NULL && s->guests == NULL && s->teekit_guests == NULL &&
           s->backends.list == NULL && s->asks.list == NULL);
    free(s);
}

void serve_accept(struct serve *s, struct conn *conn)
{
    if (s->draining)
        conn_reset(conn);
    else
        visit_open(s, conn);
}

void serve_follow(struct serve *s, const struct rules *rules)
{
    s->config.rules = rules;
}

void serve_sweep(struct serve *s)
{
    const uint64_t now_ms = uv_now(s->config.loop);
    struct guest *g = s->guests, *next_g;
    struct teekit_guest *t = s->teekit_guests, *next_t;

    if (s->config.stream_idle_ms > 0)
        backend_set_sweep(&s->backends, now_ms, s->config.stream_idle_ms);
    if (s->config.session_idle_ms == 0)
        return;
    for (; g != NULL; g = next_g) {
        next_g = guest_next(g);
        guest_sweep(g, now_ms);
    }
    for (; t != NULL; t = next_t) {
        next_t = teekit_guest_next(t);
        teekit_guest_sweep(t, now_ms);
    }
}

void serve_settle(struct serve *s)
{
    if (!s->draining || s->told_empty || s->visits != NULL ||
        s->guests != NULL || s->teekit_guests != NULL || s->plains != NULL ||
        s->backends.list != NULL)
        return;
    s->told_empty = true;
    ask_pool_close(&s->asks);
    s->config.on_empty(s->config.ctx);
}

void serve_drain(struct serve *s)
{
    struct visit *v = s->visits, *next_v;
    struct guest *g = s->guests, *next_g;
    struct teekit_guest *t = s->teekit_guests, *next_t;

    s->draining = true;
    for (; v != NULL; v = next_v) {
        next_v = visit_next(v);
        visit_refuse(v);
    }
    for (; g != NULL; g = next_g) {
        next_g = guest_next(g);
        guest_drain(g);
    }
    for (; t != NULL; t = next_t) {
        next_t = teekit_guest_next(t);
        teekit_guest_drain(t);
    }
    serve_settle(s);
}

void serve_abort(struct serve *s)
{
    struct why why;

    (void)why_fail(&why, STATUS_SHUTTING_DOWN, "server", NULL, "stopping");
    while (s->visits != NULL)
        visit_close(s->visits);
    while (s->guests != NULL)
        guest_close(s->guests, &why);
    while (s->teekit_guests != NULL)
        teekit_guest_close(s->teekit_guests, &why);
    while (s->plains != NULL)
        plain_close(s->plains);
    backend_set_abort(&s->backends);
    serve_settle(s);
}
