#include "proxy/server/metrics_door.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/http_reason.h"
#include "common/limits.h"
#include "common/list.h"
#include "common/metrics_out.h"
#include "common/text.h"
#include "proxy/io/conn.h"
#include "proxy/io/listener.h"
#include "proxy/server/request.h"

#define READ_BYTES 2048
#define HOST_ROOM  64
#define TEXT_TYPE  "text/plain; charset=utf-8"

/* Freed by asker_end() only. */
struct asker {
    struct metrics_door *door;
    struct list link; /* in door.askers */
    struct conn *conn;
    struct request request;
    uint8_t in[READ_BYTES];
};

struct metrics_door {
    struct metrics_door_config config;
    struct listener *listener;
    struct list askers;
    size_t count;
};

/* The connection must have been given up. */
static void asker_end(struct asker *a)
{
    struct metrics_door *d = a->door;

    list_remove(&a->link);
    d->count--;
    request_fini(&a->request);
    free(a);
}

/* --- answers ------------------------------------------------------------- */

/* The last thing we say; |a| is gone afterwards. */
static void answer(struct asker *a, int http, const char *type,
                   struct slice body)
{
    struct buffer out = buffer_with_max(METRICS_DOOR_PAGE_BYTES + 1024);

    buffer_printf(&out,
                  "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n"
                  "Content-Length: %zu\r\nCache-Control: no-store\r\n"
                  "X-Content-Type-Options: nosniff\r\n%sConnection: close"
                  "\r\n\r\n",
                  http, http_reason(http), type, body.len,
                  http == 405 ? "Allow: GET, HEAD\r\n" : "");
    if (!slice_equal(a->request.method, slice_text("HEAD")))
        buffer_add(&out, body);
    if (buffer_ok(&out) && conn_write(a->conn, buffer_view(&out)) == STATUS_OK)
        conn_linger(a->conn);
    else
        conn_reset(a->conn);
    buffer_free(&out);
    asker_end(a);
}

static void answer_page(struct asker *a)
{
    const struct metrics_door_config *c = &a->door->config;
    struct buffer page = buffer_with_max(METRICS_DOOR_PAGE_BYTES);

    c->write(c->ctx, &page);
    if (buffer_ok(&page))
        answer(a, 200, METRICS_OUT_TYPE, buffer_view(&page));
    else
        answer(a, 500, TEXT_TYPE, slice_text("out of memory\n"));
    buffer_free(&page);
}

static void answer_health(struct asker *a)
{
    const struct metrics_door_config *c = &a->door->config;
    const char *sick = c->sick(c->ctx);

    if (sick == NULL)
        answer(a, 200, TEXT_TYPE, slice_text("ok\n"));
    else
        answer(a, 503, TEXT_TYPE, slice_text(sick));
}

/* --- who may ask --------------------------------------------------------- */

/* "localhost", "127.0.0.1:9464" or "[::1]": what no site can be called, so that
 * a browser which was led here under another name is sent away. Without Host,
 * which every browser sends, it is a tool. */
static bool is_own_name(struct slice host)
{
    char text[HOST_ROOM + sizeof(":1")];

    if (host.len == 0)
        return true;
    if (host.len >= HOST_ROOM || host.at[0] == '/')
        return false;
    (void)snprintf(text, sizeof(text), "%.*s:1", (int)host.len,
                   (const char *)host.at);
    if (listener_is_loopback(text))
        return true;
    text[host.len] = '\0'; /* it has a port of its own */
    return listener_is_loopback(text);
}

/* A page that this server did not serve; it serves none. Following a link is
 * harmless: the figures show, but no script sees them. */
static bool is_of_a_page(const struct request *r)
{
    const struct slice site = request_field(r, "Sec-Fetch-Site");
    const struct slice mode = request_field(r, "Sec-Fetch-Mode");

    if (request_field_count(r, "Origin") > 0)
        return true;
    return site.len > 0 && !text_same_word(site, slice_text("none")) &&
           !text_same_word(mode, slice_text("navigate"));
}

/* Where only this machine can connect, that is what protects the figures; where
 * others can, anybody may read them under any name. */
static bool is_guarded(const struct metrics_door *d)
{
    return d->config.address[0] != '/' &&
           listener_is_loopback(d->config.address);
}

/* False: it was told why not. */
static bool admit(struct asker *a)
{
    const struct request *r = &a->request;

    if (!is_guarded(a->door))
        return true;
    if (request_field_count(r, "Host") > 1 ||
        !is_own_name(request_field(r, "Host")))
        answer(a, 421, TEXT_TYPE, slice_text("not by that name\n"));
    else if (is_of_a_page(r))
        answer(a, 403, TEXT_TYPE, slice_text("pages may not ask\n"));
    else
        return true;
    return false;
}

static void on_request(struct asker *a)
{
    const struct slice method = a->request.method;
    const struct slice path = request_path(&a->request);

    if (!admit(a))
        return;
    if (!slice_equal(method, slice_text("GET")) &&
        !slice_equal(method, slice_text("HEAD")))
        answer(a, 405, TEXT_TYPE, slice_text("only GET and HEAD\n"));
    else if (slice_equal(path, slice_text("/metrics")))
        answer_page(a);
    else if (slice_equal(path, slice_text("/healthz")))
        answer_health(a);
    else
        answer(a, 404, TEXT_TYPE, slice_text("/metrics and /healthz\n"));
}

/* --- the connection ------------------------------------------------------ */

static uint8_t *on_alloc(void *ctx, size_t *room)
{
    struct asker *a = ctx;

    *room = sizeof(a->in);
    return a->in;
}

static void on_read(void *ctx, uint8_t *at, size_t len)
{
    struct asker *a = ctx;
    struct slice in = slice_of(at, len);

    switch (request_read(&a->request, &in)) {
    case HTTP_WANT_MORE:
        return;
    case HTTP_GOT_HEAD:
        on_request(a);
        return;
    case HTTP_BAD:
        answer(a, status_http(a->request.reader.why.status), TEXT_TYPE,
               slice_text("no request that can be read\n"));
        return;
    case HTTP_GOT_BODY:
    case HTTP_GOT_END:
        return; /* not before the head */
    }
}

static void give_up(struct asker *a)
{
    conn_close(a->conn);
    asker_end(a);
}

static void on_eof(void *ctx)
{
    give_up(ctx); /* before a whole request */
}

static void on_written(void *ctx)
{
    (void)ctx; /* nothing is written before the end */
}

static void on_failed(void *ctx, const struct why *why)
{
    (void)why; /* of no interest: nobody waits for it */
    give_up(ctx);
}

static const struct conn_events events = {
    .on_alloc = on_alloc,
    .on_read = on_read,
    .on_eof = on_eof,
    .on_written = on_written,
    .on_failed = on_failed,
};

static void on_accept(void *ctx, struct conn *conn)
{
    struct metrics_door *d = ctx;
    struct asker *a = NULL;

    if (d->count < METRICS_DOOR_CONNS_MAX)
        a = calloc(1, sizeof(*a));
    if (a == NULL) {
        conn_reset(conn);
        return;
    }
    a->door = d;
    a->conn = conn;
    request_init(&a->request, SERVER_HEAD_MAX_BYTES);
    list_add(&d->askers, &a->link);
    d->count++;
    conn_start(conn, &events, a, METRICS_DOOR_PAGE_BYTES + 1024);
    conn_set_deadline(conn, METRICS_DOOR_DEADLINE_MS, "a request");
}

enum status metrics_door_open(uv_loop_t *loop,
                              const struct metrics_door_config *config,
                              struct metrics_door **out, struct why *why)
{
    struct metrics_door *d = calloc(1, sizeof(*d));
    const struct listener_config listen = {
        .address = config->address,
        .log = config->log,
        .on_accept = on_accept,
        .ctx = d,
    };
    enum status st;

    *out = NULL;
    if (d == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "metrics", NULL, "no memory");
    d->config = *config;
    st = listener_open(loop, &listen, &d->listener, why);
    if (st != STATUS_OK) {
        free(d);
        return st;
    }
    *out = d;
    return STATUS_OK;
}

uint16_t metrics_door_port(const struct metrics_door *d)
{
    return listener_port(d->listener);
}

void metrics_door_close(struct metrics_door *d)
{
    if (d == NULL)
        return;
    listener_close(d->listener);
    LIST_EACH(link, &d->askers) {
        give_up(CONTAINER_OF(link, struct asker, link));
    }
    free(d);
}
