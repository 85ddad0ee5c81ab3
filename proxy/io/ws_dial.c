#include "proxy/io/ws_dial.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/limits.h"

#define REQUEST_MAX_BYTES  4096
#define ANSWER_CHUNK_BYTES 2048

struct ws_dial {
    uv_loop_t *loop;
    struct dial *dial; /* owned while dialling, else NULL */
    struct conn *conn; /* owned while asking, else NULL */
    dial_done_fn *on_done;
    void *ctx;
    uint64_t until_ms;         /* the deadline, in the loop's time */
    struct ws_request request; /* |key| and |protocol| for the check; the rest
                                * is dead once |head| was written */
    uint8_t head[REQUEST_MAX_BYTES]; /* the request as sent */
    size_t head_len;
    struct buffer answer;
};

static void ws_dial_free(struct ws_dial *d)
{
    buffer_free(&d->answer);
    free(d);
}

void ws_dial_cancel(struct ws_dial *d)
{
    if (d == NULL)
        return;
    dial_cancel(d->dial);
    conn_close(d->conn);
    ws_dial_free(d);
}

static void fail(struct ws_dial *d, const struct why *why)
{
    dial_done_fn *on_done = d->on_done;
    void *ctx = d->ctx;

    conn_close(d->conn);
    ws_dial_free(d);
    on_done(ctx, NULL, why);
}

static void fail_memory(struct ws_dial *d)
{
    struct why why;

    (void)why_fail(&why, STATUS_NO_MEMORY, "ws.response", NULL, "no memory");
    fail(d, &why);
}

static void succeed(struct ws_dial *d, struct slice early)
{
    dial_done_fn *on_done = d->on_done;
    struct conn *conn = d->conn;
    void *ctx = d->ctx;

    if (conn_detach(conn, early) != STATUS_OK) {
        fail_memory(d);
        return;
    }
    ws_dial_free(d);
    on_done(ctx, conn, NULL);
}

static uint8_t *on_alloc(void *ctx, size_t *room)
{
    struct ws_dial *d = ctx;
    uint8_t *at = buffer_reserve(&d->answer, ANSWER_CHUNK_BYTES);

    *room = at != NULL ? ANSWER_CHUNK_BYTES : 0;
    if (at == NULL) /* it cannot be given up here: on_failed() does */
        conn_set_deadline(d->conn, 0, "memory");
    return at;
}

static void on_read(void *ctx, uint8_t *at, size_t len)
{
    struct ws_dial *d = ctx;
    struct slice got;
    struct why why;
    size_t head;

    (void)at; /* where on_alloc() said */
    buffer_commit(&d->answer, len);
    got = buffer_view(&d->answer);
    head = ws_handshake_head_length(got);
    if (head == 0 && got.len > HTTP_HEAD_MAX_BYTES) {
        (void)why_fail(&why, STATUS_BAD_HANDSHAKE, "ws.response", NULL,
                       "a head of more than %d bytes", HTTP_HEAD_MAX_BYTES);
        fail(d, &why);
        return;
    }
    if (head == 0)
        return;
    if (ws_handshake_check_response(slice_of(got.at, head), &d->request,
                                    &why) != STATUS_OK)
        fail(d, &why);
    else
        succeed(d, slice_of(got.at + head, got.len - head));
}

static void on_eof(void *ctx)
{
    struct why why;

    (void)why_fail(&why, STATUS_CUT, "ws.response", NULL,
                   "the connection ended before the answer");
    fail(ctx, &why);
}

static void on_written(void *ctx)
{
    (void)ctx; /* one request, written whole */
}

static void on_failed(void *ctx, const struct why *why)
{
    struct ws_dial *d = ctx;

    if (buffer_ok(&d->answer))
        fail(d, why);
    else
        fail_memory(d);
}

static void on_dialled(void *ctx, struct conn *conn, const struct why *why)
{
    static const struct conn_events events = {
        .on_alloc = on_alloc,
        .on_read = on_read,
        .on_eof = on_eof,
        .on_written = on_written,
        .on_failed = on_failed,
    };
    struct ws_dial *d = ctx;
    uint64_t now = uv_now(d->loop);

    d->dial = NULL;
    d->conn = conn;
    if (conn == NULL) {
        fail(d, why);
        return;
    }
    conn_start(conn, &events, d, sizeof(d->head));
    conn_set_deadline(conn,
                      d->until_ms > now ? (int64_t)(d->until_ms - now) : 0,
                      "the answer to a WebSocket upgrade");
    if (conn_write(conn, slice_of(d->head, d->head_len)) != STATUS_OK)
        fail_memory(d);
}

/* "name", "name:port", "[v6]:port": the port only when it is not the usual
 * one (RFC 9110 section 7.2). */
static void host_text(const struct dial_target *t, char *out, size_t room)
{
    bool usual = t->port == (t->tls != NULL ? 443 : 80);
    bool six = t->host.len > 0 && memchr(t->host.at, ':', t->host.len) != NULL;
    char port[8] = "";

    if (!usual)
        (void)snprintf(port, sizeof(port), ":%u", (unsigned)t->port);
    (void)snprintf(out, room, "%s%.*s%s%s", six ? "[" : "", (int)t->host.len,
                   (const char *)t->host.at, six ? "]" : "", port);
}

/* The request is written now, so that nothing of |target| is needed later.
 * False when it does not fit. */
static bool prepare(struct ws_dial *d, const struct ws_dial_target *target)
{
    struct builder b = builder_over(d->head, sizeof(d->head));
    char host[300];

    host_text(&target->dial, host, sizeof(host));
    d->request =
        (struct ws_request){ .host = target->host ? target->host : host,
                             .path = target->path,
                             .protocol = target->protocol,
                             .lines = target->lines,
                             .line_count = target->line_count };
    ws_handshake_key(&d->request);
    ws_handshake_request(&b, &d->request);
    d->request.host = d->request.path = NULL;
    d->request.lines = NULL;
    d->request.line_count = 0;
    d->head_len = b.len;
    return builder_ok(&b);
}

enum status ws_dial_open(uv_loop_t *loop, const struct ws_dial_target *target,
                         dial_done_fn *on_done, void *ctx, struct ws_dial **out)
{
    int64_t ms = target->dial.deadline_ms;
    struct ws_dial *d;
    enum status st;

    *out = NULL;
    d = calloc(1, sizeof(*d));
    if (d == NULL)
        return STATUS_NO_MEMORY;
    d->loop = loop;
    d->on_done = on_done;
    d->ctx = ctx;
    d->answer = buffer_with_max(HTTP_HEAD_MAX_BYTES + 2 * ANSWER_CHUNK_BYTES);
    d->until_ms = uv_now(loop) + (uint64_t)(ms != 0 ? ms : DIAL_DEADLINE_MS);
    st = prepare(d, target)
             ? dial_open(loop, &target->dial, on_dialled, d, &d->dial)
             : STATUS_BAD_ADDRESS;
    if (st != STATUS_OK) {
        ws_dial_free(d);
        return st;
    }
    *out = d;
    return STATUS_OK;
}
