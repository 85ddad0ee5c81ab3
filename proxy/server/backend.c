#include "proxy/server/backend.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/buffer.h"
#include "common/limits.h"
#include "common/purse.h"
#include "proxy/io/conn.h"
#include "proxy/io/dial.h"

/* Freed by backend_end() only. */
struct backend {
    struct backend_set *set;
    struct list link;      /* in set.all */
    struct stream *stream; /* NULL once both of its directions are done */
    struct dial *dial;     /* until the target was reached */
    struct conn *conn;     /* from then on */
    struct buffer early;   /* what the client sent before that */
    size_t owed;           /* bytes written that the client has no credit for
                            * yet */
    uint64_t moved_ms;     /* when a byte did, by the loop's clock */
    bool client_done;      /* the client sends no more */
    bool target_done;      /* the backend sends no more */
    bool flushed;          /* all the client sent, and its end, have left */
    struct purse last;     /* for what is left then; the stream paid before */
};

/* Connection and stream must have been given up. */
static void backend_end(struct backend *b)
{
    struct backend_set *set = b->set;

    purse_close(&b->last);
    list_remove(&b->link);
    meter_add(set->meter, METER_VERITEE, METER_STREAMS_ENDED, 1);
    buffer_free(&b->early);
    free(b);
    if (list_empty(&set->all) && set->on_empty != NULL)
        set->on_empty(set->ctx);
}

/* It ended before its time: nobody may take what there was for the whole. */
static void backend_cut(struct backend *b, enum status reason)
{
    dial_cancel(b->dial);
    conn_reset(b->conn);
    if (b->stream != NULL) {
        stream_reset(b->stream, reason);
        stream_release(b->stream);
    }
    backend_end(b);
}

static void backend_fail(struct backend *b, enum status reason)
{
    meter_why(b->set->meter, METER_STREAM_CUT, reason);
    backend_cut(b, reason);
}

/* The client's part is over: false when nobody pays for what is left to be
 * sent to the backend. */
static bool leave_stream(struct backend *b)
{
    stream_release(b->stream);
    b->stream = NULL;
    conn_set_idle(b->conn, BACKEND_FLUSH_MS);
    purse_open(&b->last, b->set->budget);
    return purse_take(&b->last, conn_pending(b->conn));
}

/* Go as far as both sides have come. |b| may be gone afterwards. */
static void backend_settle(struct backend *b)
{
    if (!b->client_done || !b->target_done)
        return;
    if (b->stream != NULL && !leave_stream(b)) {
        backend_fail(b, STATUS_BUSY);
        return;
    }
    if (!b->flushed)
        return; /* until on_finished() */
    conn_close(b->conn);
    backend_end(b);
}

/* Give the client credit for what has left. */
static void give_credit(struct backend *b)
{
    size_t pending = conn_pending(b->conn), left;

    assert(pending <= b->owed);
    left = b->owed - pending;
    b->owed = pending;
    if (left > 0 && b->stream != NULL)
        stream_consumed(b->stream, left);
}

static enum status backend_write(struct backend *b, struct gather *g,
                                 struct slice data)
{
    enum status st = conn_write_gathered(b->conn, g, data);

    if (st != STATUS_OK)
        return st;
    b->owed += data.len;
    give_credit(b);
    return STATUS_OK;
}

static uint8_t *on_alloc(void *ctx, size_t *room)
{
    struct backend *b = ctx;

    *room = 0;
    /* No room pauses until backend_on_room(). */
    return b->stream == NULL ? NULL : stream_reserve(b->stream, room);
}

static void on_read(void *ctx, uint8_t *at, size_t len)
{
    struct backend *b = ctx;

    (void)at; /* where stream_reserve() said */
    b->moved_ms = uv_now(b->set->loop);
    meter_add(b->set->meter, METER_VERITEE, METER_SENT_BYTES, len);
    stream_commit(b->stream, len);
}

static void on_eof(void *ctx)
{
    struct backend *b = ctx;

    b->target_done = true;
    stream_fin(b->stream);
    backend_settle(b);
}

static void on_written(void *ctx)
{
    give_credit(ctx);
}

static void on_finished(void *ctx)
{
    struct backend *b = ctx;

    b->flushed = true;
    backend_settle(b);
}

static void on_failed(void *ctx, const struct why *why)
{
    backend_fail(ctx, why->status);
}

static const struct conn_events conn_events = {
    .on_alloc = on_alloc,
    .on_read = on_read,
    .on_eof = on_eof,
    .on_written = on_written,
    .on_finished = on_finished,
    .on_failed = on_failed,
};

static void on_dialled(void *ctx, struct conn *conn, const struct why *why)
{
    struct backend *b = ctx;
    enum status st;

    b->dial = NULL;
    if (conn == NULL) {
        backend_fail(b, why->status);
        return;
    }
    b->conn = conn;
    b->moved_ms = uv_now(b->set->loop);
    /* Never full: the client has no more credit than that. */
    conn_start(conn, &conn_events, b, STREAM_WINDOW_MAX_BYTES);
    stream_opened(b->stream);
    st = backend_write(b, NULL, buffer_view(&b->early));
    buffer_free(&b->early);
    if (st != STATUS_OK)
        backend_fail(b, st);
    else if (b->client_done)
        conn_finish(conn);
}

enum status backend_open(struct backend_set *set,
                         const struct rules_backend *to, struct stream *s)
{
    const struct dial_target target = { .host = to->host, .port = to->port };
    struct backend *b = calloc(1, sizeof(*b));
    enum status st;

    if (b == NULL)
        return STATUS_NO_MEMORY;
    st = dial_open(set->loop, &target, on_dialled, b, &b->dial);
    if (st != STATUS_OK) {
        free(b);
        return st;
    }
    b->set = set;
    b->stream = s;
    b->early = buffer_with_max(STREAM_CREDIT_BYTES);
    list_add(&set->all, &b->link);
    stream_set_context(s, b);
    meter_add(set->meter, METER_VERITEE, METER_STREAMS, 1);
    return STATUS_OK;
}

void backend_on_data(struct stream *s, struct slice data)
{
    struct backend *b = stream_context(s);
    enum status st = STATUS_OK;

    b->moved_ms = uv_now(b->set->loop);
    meter_add(b->set->meter, METER_VERITEE, METER_RECEIVED_BYTES, data.len);
    if (b->conn != NULL) {
        st = backend_write(b, b->set->gather, data);
    } else {
        buffer_add(&b->early, data);
        st = buffer_ok(&b->early) ? STATUS_OK : STATUS_NO_MEMORY;
    }
    if (st != STATUS_OK)
        backend_fail(b, st);
}

void backend_on_fin(struct stream *s)
{
    struct backend *b = stream_context(s);

    b->client_done = true;
    if (b->conn != NULL)
        conn_finish(b->conn);
    backend_settle(b);
}

void backend_on_reset(struct stream *s, enum status reason)
{
    struct backend *b = stream_context(s);

    meter_why(b->set->meter, METER_STREAM_RESET, reason);
    backend_cut(b, STATUS_RESET);
}

void backend_on_room(struct stream *s)
{
    struct backend *b = stream_context(s);

    if (b->conn != NULL)
        conn_resume(b->conn);
}

void backend_set_sweep(struct backend_set *set, uint64_t now_ms,
                       uint64_t idle_ms)
{
    LIST_EACH(link, &set->all) {
        struct backend *b = CONTAINER_OF(link, struct backend, link);

        if (b->conn != NULL && now_ms - b->moved_ms >= idle_ms)
            backend_fail(b, STATUS_TIMED_OUT);
    }
}

void backend_set_abort(struct backend_set *set)
{
    LIST_EACH(link, &set->all) {
        struct backend *b = CONTAINER_OF(link, struct backend, link);

        if (b->stream == NULL)
            backend_fail(b, STATUS_SHUTTING_DOWN);
    }
}
