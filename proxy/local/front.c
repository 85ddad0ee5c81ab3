#include "proxy/local/front.h"

#include <assert.h>
#include <stdlib.h>

#include "common/limits.h"
#include "proxy/local/client.h"
#include "proxy/local/front_parts.h"
#include "proxy/local/live.h"
#include "proxy/local/porter.h"

#define SWEEP_INTERVAL_MS  1000
#define SCRATCH_MAX_BYTES  (2 * 1024 * 1024) /* one read, or one page of ours */
#define SCRATCH_KEEP_BYTES (256 * 1024) /* what is not given back at once */

struct front_config front_defaults(void)
{
    return (struct front_config){
        .head_deadline_ms = HEAD_DEADLINE_MS,
        .idle_deadline_ms = KEEP_ALIVE_IDLE_MS,
        .far_idle_ms = FAR_IDLE_MS,
    };
}

static void on_sweep(uv_timer_t *timer)
{
    struct front *f = timer->data;

    LIST_EACH(link, &f->clients) {
        struct client *c = CONTAINER_OF(link, struct client, link);

        if (c->protocol == &http_front_protocol)
            http_front_sweep(c);
    }
    live_tell(f);
}

enum status front_new(const struct front_config *config, struct front **out)
{
    struct front *f = calloc(1, sizeof(*f));

    *out = NULL;
    if (f == NULL)
        return STATUS_NO_MEMORY;
    if (uv_timer_init(config->loop, &f->sweep) != 0) {
        free(f); /* libuv knows of no handle yet */
        return STATUS_NO_MEMORY;
    }
    f->config = *config;
    f->scratch = buffer_with_max(SCRATCH_MAX_BYTES);
    f->told = buffer_with_max(LIVE_EVENT_MAX_BYTES);
    f->sweep.data = f;
    /* cannot fail: there is a callback, and the handle is not closing */
    (void)uv_timer_start(&f->sweep, on_sweep, SWEEP_INTERVAL_MS,
                         SWEEP_INTERVAL_MS);
    uv_unref((uv_handle_t *)&f->sweep);
    *out = f;
    return STATUS_OK;
}

static void refuse_more(struct front *f, struct conn *conn)
{
    struct why why;

    (void)why_fail(&why, STATUS_LIMIT, "clients", NULL,
                   "%zu are connected here", f->count);
    log_why(f->config.log, LOG_WARN, "client.refused", &why, NULL);
    conn_reset(conn);
}

static bool has_room(const struct front *f)
{
    return !f->draining &&
           (f->config.porter == NULL || porter_enter(f->config.porter));
}

static void leave(struct front *f)
{
    if (f->config.porter != NULL)
        porter_leave(f->config.porter);
}

static void take(struct front *f, struct conn *conn, uint16_t port,
                 const char *service)
{
    if (!has_room(f))
        refuse_more(f, conn);
    else if (!client_start(f, conn, port, service)) /* it was reset */
        leave(f);
}

void front_accept(struct front *f, struct conn *conn, uint16_t port)
{
    take(f, conn, port, "");
}

void front_accept_for(struct front *f, struct conn *conn, const char *service)
{
    take(f, conn, 0, service);
}

void front_reroute(struct front *f)
{
    f->routes++;
}

void front_refreshed(struct front *f)
{
    LIST_EACH(link, &f->clients) {
        client_refreshed(CONTAINER_OF(link, struct client, link));
    }
}

size_t front_count(const struct front *f)
{
    return f->count;
}

static void on_sweep_closed(uv_handle_t *handle)
{
    struct front *f = handle->data;
    void (*on_closed)(void *ctx) = f->on_closed;
    void *ctx = f->closed_ctx;

    buffer_free(&f->scratch);
    buffer_free(&f->told);
    free(f);
    if (on_closed != NULL)
        on_closed(ctx);
}

static void end_if_empty(struct front *f)
{
    if (!f->draining || f->count > 0 || f->ending)
        return;
    f->ending = true;
    uv_close((uv_handle_t *)&f->sweep, on_sweep_closed);
}

static void stop_client(struct client *c, bool abort)
{
    struct why why;

    if (!abort && c->protocol != NULL) {
        c->protocol->on_drain(c);
        return;
    }
    (void)why_fail(&why, STATUS_SHUTTING_DOWN, "client", NULL, "stopping");
    client_reset(c, &why);
}

void front_close(struct front *f, bool abort, void (*on_closed)(void *ctx),
                 void *ctx)
{
    f->draining = true;
    f->on_closed = on_closed;
    f->closed_ctx = ctx;
    LIST_EACH(link, &f->clients) {
        stop_client(CONTAINER_OF(link, struct client, link), abort);
    }
    end_if_empty(f);
}

void front_parts_add(struct front *f, struct client *c)
{
    list_add_first(&f->clients, &c->link);
    f->count++;
}

void front_parts_remove(struct front *f, struct client *c)
{
    assert(f->count > 0);
    list_remove(&c->link);
    f->count--;
    leave(f);
    end_if_empty(f);
}

struct buffer *front_parts_scratch(struct front *f)
{
    if (f->scratch.cap > SCRATCH_KEEP_BYTES)
        buffer_free(&f->scratch);
    buffer_clear(&f->scratch);
    return &f->scratch;
}
