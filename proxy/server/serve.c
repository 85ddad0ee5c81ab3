#include "proxy/server/serve.h"

#include <assert.h>
#include <stdlib.h>

#include "proxy/server/visit.h"

/* Somebody has gone: was that all? */
static void settle(struct serve *s)
{
    if (!s->draining || s->told_empty || !list_empty(&s->members) ||
        !list_empty(&s->backends.all))
        return;
    s->told_empty = true;
    ask_pool_close(&s->asks);
    turnstile_close(&s->turnstile);
    s->config.on_empty(s->config.ctx);
}

static void on_backends_empty(void *ctx)
{
    settle(ctx);
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
    turnstile_init(&s->turnstile, config->loop);
    *out = s;
    return STATUS_OK;
}

void serve_free(struct serve *s)
{
    if (s == NULL)
        return;
    assert(list_empty(&s->members) && list_empty(&s->backends.all) &&
           list_empty(&s->asks.kept));
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

void serve_join(struct serve *s, struct serve_member *m,
                const struct serve_member_ops *ops)
{
    m->ops = ops;
    list_add(&s->members, &m->link);
}

void serve_leave(struct serve *s, struct serve_member *m)
{
    list_remove(&m->link);
    settle(s);
}

static struct serve_member *member_of(struct list *link)
{
    return CONTAINER_OF(link, struct serve_member, link);
}

void serve_sweep(struct serve *s)
{
    const uint64_t now_ms = uv_now(s->config.loop);

    if (s->config.stream_idle_ms > 0)
        backend_set_sweep(&s->backends, now_ms, s->config.stream_idle_ms);
    if (s->config.session_idle_ms == 0)
        return;
    LIST_EACH(link, &s->members) {
        struct serve_member *m = member_of(link);

        if (m->ops->sweep != NULL)
            m->ops->sweep(m, now_ms);
    }
}

void serve_drain(struct serve *s)
{
    s->draining = true;
    LIST_EACH(link, &s->members) {
        struct serve_member *m = member_of(link);

        if (m->ops->drain != NULL)
            m->ops->drain(m);
    }
    settle(s);
}

void serve_abort(struct serve *s)
{
    struct why why;

    (void)why_fail(&why, STATUS_SHUTTING_DOWN, "server", NULL, "stopping");
    while (!list_empty(&s->members)) {
        struct serve_member *m = member_of(list_first(&s->members));

        m->ops->close(m, &why);
    }
    backend_set_abort(&s->backends);
    settle(s);
}
