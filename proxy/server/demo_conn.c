#include "proxy/server/demo_conn.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/builder.h"
#include "common/http_reason.h"
#include "common/limits.h"
#include "proxy/server/demo_site.h"
#include "proxy/server/demo_ws.h"

#define LAST_IDLE_MS 30000 /* a client that does not read our last words */

/* --- life ---------------------------------------------------------------- */

static void on_timer_closed(uv_handle_t *timer)
{
    free(timer->data);
}

/* Leave the site; the connection must be given up. */
static void leave(struct demo_conn *c)
{
    list_remove(&c->link);
    c->demo->conn_count--;
    c->demo = NULL;
    c->conn = NULL;
    request_fini(&c->request);
    buffer_free(&c->in);
    uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

void demo_conn_close(struct demo_conn *c)
{
    if (c == NULL || c->demo == NULL)
        return;
    conn_close(c->conn);
    leave(c);
}

/* Something failed: the client must not take what it has for the whole. */
static void give_up(struct demo_conn *c)
{
    if (c->demo == NULL)
        return;
    conn_reset(c->conn);
    leave(c);
}

/* --- writing ------------------------------------------------------------- */

void demo_conn_raw(struct demo_conn *c, struct slice bytes)
{
    if (c->demo != NULL && conn_write(c->conn, bytes) != STATUS_OK)
        give_up(c);
}

struct slice demo_conn_make_head(struct demo_conn *c, int http,
                                 const char *type, uint64_t length)
{
    char framing[64] = "";
    int len;

    c->begun = true;
    c->head_only = slice_equal(c->request.method, slice_text("HEAD"));
    c->keep = c->request.keep_alive && c->keep;
    c->chunked = length == DEMO_CHUNKED && !c->request.reader.http10;
    if (c->chunked)
        (void)snprintf(framing, sizeof(framing),
                       "Transfer-Encoding: chunked\r\n");
    else if (length == DEMO_CHUNKED)
        c->keep = false; /* the end of the connection is that of the body */
    else
        (void)snprintf(framing, sizeof(framing),
                       "Content-Length: %" PRIu64 "\r\n", length);
    len = snprintf(c->head, sizeof(c->head),
                   "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n%s%s"
                   "Cache-Control: no-store\r\nConnection: %s\r\n\r\n",
                   http, http_reason(http), type, framing,
                   c->field != NULL ? c->field : "",
                   c->keep ? "keep-alive" : "close");
    c->field = NULL;
    assert(len > 0 && (size_t)len < sizeof(c->head));
    return slice_of(c->head, (size_t)len);
}

void demo_conn_head(struct demo_conn *c, int http, const char *type,
                    uint64_t length)
{
    demo_conn_raw(c, demo_conn_make_head(c, http, type, length));
}

void demo_conn_field(struct demo_conn *c, const char *line)
{
    c->field = line;
}

void demo_conn_send(struct demo_conn *c, struct slice piece)
{
    char size[32];
    struct builder b;

    assert(piece.len <= DEMO_IN_BYTES);
    if (c->demo == NULL || c->head_only || piece.len == 0)
        return;
    if (!c->chunked) {
        demo_conn_raw(c, piece);
        return;
    }
    b = builder_over(c->demo->out, sizeof(c->demo->out));
    (void)snprintf(size, sizeof(size), "%zx\r\n", piece.len);
    builder_text(&b, size);
    builder_bytes(&b, piece);
    builder_text(&b, "\r\n");
    demo_conn_raw(c, builder_view(&b));
}

void demo_conn_answer(struct demo_conn *c, int http, const char *type,
                      struct slice body)
{
    demo_conn_head(c, http, type, body.len);
    demo_conn_send(c, body);
    demo_conn_done(c);
}

void demo_conn_last(struct demo_conn *c)
{
    if (c->demo == NULL)
        return;
    c->state = DEMO_LAST;
    (void)uv_timer_stop(&c->timer); /* cannot fail */
    conn_set_idle(c->conn, LAST_IDLE_MS);
    conn_finish(c->conn);
}

static void go_on(struct demo_conn *c);

void demo_conn_done(struct demo_conn *c)
{
    if (c->demo == NULL)
        return;
    if (c->chunked && !c->head_only)
        demo_conn_raw(c, slice_text("0\r\n\r\n"));
    if (c->demo == NULL)
        return;
    if (!c->keep) {
        demo_conn_last(c);
        return;
    }
    c->state = DEMO_REQUEST;
    c->begun = false;
    request_next(&c->request);
    go_on(c);
}

/* --- waiting ------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
    struct demo_conn *c = timer->data;

    if (c->state == DEMO_ANSWER && c->path->on_time != NULL)
        c->path->on_time(c);
}

void demo_conn_wait(struct demo_conn *c, uint64_t ms)
{
    if (c->demo != NULL) /* fails only while closing */
        (void)uv_timer_start(&c->timer, on_timer, ms, 0);
}

/* --- reading ------------------------------------------------------------- */

/* Requests for the counts themselves are as if they had never been. */
static void count_request(struct demo_conn *c)
{
    struct demo_counts *n = &c->demo->counts;
    bool counts =
        !slice_equal(request_path(&c->request), slice_text(DEMO_SITE_COUNT));

    if (counts) {
        n->requests++;
        n->connections += c->counted ? 0 : 1;
        c->counted = c->asked = true;
        return;
    }
    n->bytes -= c->request.head.len;
    if (c->counted && !c->asked) {
        n->connections--;
        c->counted = false;
    }
}

static void on_head(struct demo_conn *c)
{
    struct slice expect = request_field(&c->request, "Expect");

    count_request(c);
    c->keep = true;
    c->left = 0;
    c->path = demo_site_find(request_path(&c->request));
    if (slice_equal(expect, slice_text("100-continue")) &&
        !c->request.reader.http10)
        demo_conn_raw(c, slice_text("HTTP/1.1 100 Continue\r\n\r\n"));
    if (c->demo != NULL && c->path->on_head != NULL)
        c->path->on_head(c);
}

static void on_bad(struct demo_conn *c)
{
    char body[256];

    if (c->begun) { /* too late to say so */
        give_up(c);
        return;
    }
    (void)snprintf(body, sizeof(body), "demo: %s\n",
                   c->request.reader.why.found);
    c->keep = false;
    demo_conn_answer(c, 400, "text/plain", slice_text(body));
}

/* One step; false when there is nothing to do now. */
static bool step(struct demo_conn *c)
{
    struct slice in = buffer_view(&c->in);
    enum http_step found = request_read(&c->request, &in);

    switch (found) {
    case HTTP_WANT_MORE:
        break;
    case HTTP_GOT_HEAD:
        on_head(c);
        break;
    case HTTP_GOT_BODY:
        if (c->path->on_body != NULL)
            c->path->on_body(c, c->request.reader.piece);
        break;
    case HTTP_GOT_END:
        c->state = DEMO_ANSWER;
        c->path->on_end(c);
        break;
    case HTTP_BAD:
        on_bad(c);
        break;
    }
    if (c->demo == NULL)
        return false;
    buffer_drop(&c->in, c->in.len - in.len);
    return found != HTTP_WANT_MORE;
}

/* The client sends no more, and all it asked for was answered. */
static void end_if_over(struct demo_conn *c)
{
    if (c->eof && (c->state == DEMO_REQUEST || c->state == DEMO_SOCKET) &&
        c->in.len == 0)
        demo_conn_last(c);
}

/* Read on as far as there is input, and room for what it brings. */
static void go_on(struct demo_conn *c)
{
    bool more = true;

    if (c->busy) /* the loop below is at it */
        return;
    c->busy = true;
    while (more && c->demo != NULL && conn_room(c->conn) >= DEMO_STEP_BYTES) {
        if (c->state == DEMO_REQUEST)
            more = step(c);
        else if (c->state == DEMO_SOCKET && c->in.len > 0)
            demo_ws_read(c);
        else
            more = false;
    }
    c->busy = false;
    if (c->demo == NULL)
        return;
    if (c->in.len == 0)
        buffer_free(&c->in);
    end_if_over(c);
    if (c->demo != NULL && c->in.len < DEMO_IN_BYTES && !c->eof)
        conn_resume(c->conn);
}

/* --- the connection ------------------------------------------------------ */

static uint8_t *on_alloc(void *ctx, size_t *room)
{
    struct demo_conn *c = ctx;

    /* No room pauses until go_on() has used some. */
    *room = c->state == DEMO_LAST ? 0 : DEMO_IN_BYTES - c->in.len;
    return c->demo->in;
}

static void on_read(void *ctx, uint8_t *at, size_t len)
{
    struct demo_conn *c = ctx;

    c->demo->counts.bytes += len;
    buffer_add(&c->in, slice_of(at, len));
    if (buffer_ok(&c->in))
        go_on(c);
    else
        give_up(c);
}

static void on_eof(void *ctx)
{
    struct demo_conn *c = ctx;

    c->eof = true;
    go_on(c);
}

static void on_written(void *ctx)
{
    struct demo_conn *c = ctx;

    if (c->state == DEMO_ANSWER && c->path->on_sent != NULL)
        c->path->on_sent(c);
    else
        go_on(c);
}

/* All has left: wait for the client's own end, but not for long. */
static void on_finished(void *ctx)
{
    struct demo_conn *c = ctx;

    conn_linger(c->conn);
    leave(c);
}

static void on_failed(void *ctx, const struct why *why)
{
    (void)why; /* a demo need not say why a client has gone */
    give_up(ctx);
}

static const struct conn_events conn_events = {
    .on_alloc = on_alloc,
    .on_read = on_read,
    .on_eof = on_eof,
    .on_written = on_written,
    .on_finished = on_finished,
    .on_failed = on_failed,
};

void demo_conn_open(struct demo *d, struct conn *conn)
{
    struct demo_conn *c = NULL;

    if (d->conn_count < DEMO_CONNECTIONS_MAX)
        c = calloc(1, sizeof(*c));
    if (c == NULL) {
        conn_reset(conn);
        return;
    }
    (void)uv_timer_init(d->loop, &c->timer); /* cannot fail */
    c->timer.data = c;
    c->demo = d;
    c->conn = conn;
    c->in = buffer_with_max(DEMO_IN_BYTES);
    c->counted = true;
    d->counts.connections++;
    d->conn_count++;
    request_init(&c->request, HTTP_HEAD_MAX_BYTES);
    list_add(&d->conns, &c->link);
    conn_start(conn, &conn_events, c, DEMO_QUEUE_BYTES);
}
