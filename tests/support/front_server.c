#include "tests/support/front_server.h"

#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "proxy/io/listener.h"
#include "proxy/io/shutdown.h"
#include "proxy/local/direct.h"
#include "proxy/local/front.h"

struct front_server {
    uv_loop_t loop;
    struct direct_set directs;
    struct listener *listener;
    struct front *front;
    struct shutdown *signals;
};

static enum status serve_route(void *ctx, const struct target *target,
                               const struct far_events *events, void *far_ctx,
                               struct far **out, struct far_failure *refusal)
{
    struct front_server *s = ctx;

    *out = NULL;
    if (strstr(target->host, "refused.invalid") != NULL)
        return why_fail(&refusal->why, STATUS_NOT_SERVICE, "route.host", NULL,
                        "%s", target->host);
    return direct_open(&s->directs, target, events, far_ctx, out);
}

static const struct front_owner serve_owner = {
    .route_and_open = serve_route,
};

static void serve_accept(void *ctx, struct conn *conn)
{
    struct front_server *s = ctx;

    front_accept(s->front, conn, listener_port(s->listener));
}

static void serve_closed(void *ctx)
{
    struct front_server *s = ctx;

    shutdown_unwatch(s->signals);
}

static void serve_stop(void *ctx, unsigned count)
{
    struct front_server *s = ctx;

    listener_close(s->listener);
    s->listener = NULL;
    front_close(s->front, count > 1, serve_closed, s);
}

static const struct shutdown_events serve_signals = { .on_stop = serve_stop };

int front_server_run(void)
{
    struct front_server s = { 0 };
    struct log log = { .to = stderr, .level = LOG_DEBUG };
    struct listener_config listen = { .address = "127.0.0.1:0",
                                      .on_accept = serve_accept,
                                      .ctx = &s };
    struct front_config config = front_defaults();
    struct why why = { 0 };

    if (uv_loop_init(&s.loop) != 0)
        return 1;
    direct_set_init(&s.directs, &s.loop);
    config.loop = &s.loop;
    config.log = &log;
    config.owner = &serve_owner;
    config.ctx = &s;
    if (front_new(&config, &s.front) != STATUS_OK ||
        listener_open(&s.loop, &listen, &s.listener, &why) != STATUS_OK ||
        shutdown_watch(&s.loop, &serve_signals, &s, &s.signals) != STATUS_OK)
        return 1;
    (void)printf("%u\n", (unsigned)listener_port(s.listener));
    (void)fflush(stdout);
    (void)uv_run(&s.loop, UV_RUN_DEFAULT);
    return shutdown_loop(&s.loop, stderr) ? 0 : 1;
}
