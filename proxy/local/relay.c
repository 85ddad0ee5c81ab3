#include "proxy/local/relay.h"

#include <assert.h>

#include "common/limits.h"

/* More than any credit, so that a far side that keeps to its own cannot fill
 * it. */
#define QUEUE_MAX_BYTES (2 * STREAM_WINDOW_MAX_BYTES)

static void done(struct relay *r, const struct why *why)
{
    r->conn = NULL;
    r->far = NULL;
    r->on_done(r->ctx, why);
}

/* Both directions ended well. */
static void end_if_complete(struct relay *r)
{
    static const struct why nothing;

    if (!r->local_ended || !r->local_told)
        return;
    conn_close(r->conn);
    far_close(r->far);
    done(r, &nothing);
}

static void fail(struct relay *r, const struct why *why)
{
    conn_reset(r->conn);
    far_close(r->far);
    done(r, why);
}

/* One direction may stay open without a word for so long, and no longer: its
 * peer may be gone without having said so. */
static void expect_end(struct relay *r)
{
    if (r->idle_ms == 0 || r->idle_ms > HALF_CLOSED_IDLE_MS)
        conn_set_idle(r->conn, HALF_CLOSED_IDLE_MS);
}

/* What is not pending any more has left our memory. */
static void settle(struct relay *r)
{
    size_t pending = conn_pending(r->conn);
    size_t left = r->owed > pending ? r->owed - pending : 0;

    if (left == 0)
        return;
    r->owed -= left;
    far_consumed(r->far, left);
}

/* No room pauses reading; on_far_room() resumes it. */
static uint8_t *on_alloc(void *ctx, size_t *room)
{
    struct relay *r = ctx;

    return far_reserve(r->far, room);
}

static void on_read(void *ctx, uint8_t *at, size_t len)
{
    struct relay *r = ctx;

    (void)at; /* where far_reserve() said */
    r->up_bytes += len;
    far_commit(r->far, len);
}

static void on_eof(void *ctx)
{
    struct relay *r = ctx;

    r->local_ended = true;
    far_fin(r->far);
    expect_end(r);
    end_if_complete(r);
}

static void on_written(void *ctx)
{
    settle(ctx);
}

static void on_finished(void *ctx)
{
    struct relay *r = ctx;

    r->local_told = true;
    end_if_complete(r);
}

static void on_conn_failed(void *ctx, const struct why *why)
{
    fail(ctx, why);
}

static const struct conn_events conn_events = {
    .on_alloc = on_alloc,
    .on_read = on_read,
    .on_eof = on_eof,
    .on_written = on_written,
    .on_finished = on_finished,
    .on_failed = on_conn_failed,
};

static void on_far_opened(void *ctx)
{
    (void)ctx;
    assert(false && "it was open before the relay began");
}

static void on_far_data(void *ctx, struct slice data)
{
    struct relay *r = ctx;
    enum status st = conn_write_gathered(r->conn, r->far->gather, data);
    struct why why;

    if (st != STATUS_OK) {
        (void)why_fail(&why, st, "relay", NULL, "%zu bytes wait already",
                       conn_pending(r->conn));
        fail(r, &why);
        return;
    }
    r->down_bytes += data.len;
    r->owed += data.len;
    settle(r);
}

static void on_far_fin(void *ctx)
{
    struct relay *r = ctx;

    if (r->local_ended && conn_pending(r->conn) == 0) {
        r->local_told = true; /* as closing does, without another turn */
        end_if_complete(r);
        return;
    }
    conn_finish(r->conn);
    expect_end(r);
}

static void on_far_failed(void *ctx, const struct far_failure *failure)
{
    fail(ctx, &failure->why);
}

static void on_far_room(void *ctx)
{
    struct relay *r = ctx;

    if (!r->local_ended)
        conn_resume(r->conn);
}

static const struct far_events far_events = {
    .on_opened = on_far_opened,
    .on_data = on_far_data,
    .on_fin = on_far_fin,
    .on_failed = on_far_failed,
    .on_room = on_far_room,
};

enum status relay_start(struct relay *r, struct conn *conn, struct far *far,
                        struct slice early, size_t owed, int64_t idle_ms,
                        void (*on_done)(void *ctx, const struct why *why),
                        void *ctx)
{
    enum status st = conn_detach(conn, early);

    if (st != STATUS_OK)
        return st;
    *r = (struct relay){ .conn = conn,
                         .far = far,
                         .idle_ms = idle_ms,
                         .owed = owed,
                         .on_done = on_done,
                         .ctx = ctx };
    far->events = &far_events;
    far->ctx = r;
    conn_start(conn, &conn_events, r, QUEUE_MAX_BYTES);
    if (idle_ms > 0)
        conn_set_idle(conn, idle_ms);
    settle(r);
    return STATUS_OK;
}

void relay_abort(struct relay *r)
{
    if (r->conn == NULL)
        return;
    conn_reset(r->conn);
    far_close(r->far);
    r->conn = NULL;
    r->far = NULL;
}
