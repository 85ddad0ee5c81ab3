#include "proxy/local/direct.h"

#include <assert.h>
#include <stdlib.h>

#include "common/limits.h"
#include "proxy/io/conn.h"
#include "proxy/io/dial.h"

#define IN_BYTES        (64 * 1024)         /* of one read */
#define OUT_BYTES       (32 * 1024)         /* of one write */
#define QUEUE_MAX_BYTES STREAM_WINDOW_BYTES /* each way */

/* One plain connection. The owner may close it from any event: the memory
 * then lives until the outermost callback of ours is over. */
struct direct {
    struct far far;
    struct list link; /* of its set */
    struct target target;
    struct dial *dial;  /* NULL once over */
    struct conn *conn;  /* NULL until connected */
    unsigned busy;      /* callbacks of ours that are not over */
    bool closed;        /* by the owner */
    bool ended;         /* nothing more may be written */
    bool starved;       /* the owner was told that there is no room */
    enum status broken; /* why writing failed; told by the next event */
    size_t in_flight;   /* bytes of on_data() not yet given back */
    char name[TARGET_TEXT_ROOM];
    uint8_t *in; /* IN_BYTES; OUT_BYTES of |out| follow */
    uint8_t *out;
};

static struct direct *direct_new(void)
{
    struct direct *d = calloc(1, sizeof(*d));

    if (d == NULL)
        return NULL;
    d->in = malloc(IN_BYTES + OUT_BYTES);
    if (d->in == NULL) {
        free(d);
        return NULL;
    }
    d->out = d->in + IN_BYTES;
    return d;
}

static void direct_free(struct direct *d)
{
    free(d->in);
    free(d);
}

static struct direct *self(struct far *f)
{
    return CONTAINER_OF(f, struct direct, far);
}

static struct direct *enter(void *ctx)
{
    struct direct *d = ctx;

    assert(!d->closed);
    d->busy++;
    return d;
}

static void leave(struct direct *d)
{
    if (--d->busy == 0 && d->closed)
        direct_free(d);
}

static size_t direct_room(struct far *f)
{
    struct direct *d = self(f);
    size_t room = 0;

    if (d->conn != NULL && !d->ended)
        room = MIN_OF(conn_room(d->conn), (size_t)OUT_BYTES);
    d->starved = room == 0;
    return room;
}

static uint8_t *direct_reserve(struct far *f, size_t *room)
{
    *room = direct_room(f);
    return *room == 0 ? NULL : self(f)->out;
}

/* No event may come from here: what fails is told on the next turn of the
 * loop, by a deadline that has passed already. */
static void direct_commit(struct far *f, size_t len)
{
    struct direct *d = self(f);

    assert(len <= OUT_BYTES && d->conn != NULL && !d->ended);
    d->broken = conn_write(d->conn, slice_of(d->out, len));
    if (d->broken == STATUS_OK)
        return;
    d->ended = true;
    conn_set_deadline(d->conn, 0, "memory");
}

static void direct_fin(struct far *f)
{
    struct direct *d = self(f);

    if (d->conn == NULL || d->ended)
        return;
    d->ended = true;
    conn_finish(d->conn);
}

static void direct_consumed(struct far *f, size_t len)
{
    struct direct *d = self(f);
    bool was_full = d->in_flight >= QUEUE_MAX_BYTES;

    assert(len <= d->in_flight);
    d->in_flight -= len;
    if (was_full && d->conn != NULL && d->in_flight < QUEUE_MAX_BYTES)
        conn_resume(d->conn);
}

/* What was to be sent is complete only if its end was sent; else the peer
 * must see that it is not. */
static void direct_close(struct far *f)
{
    struct direct *d = self(f);

    assert(!d->closed);
    d->closed = true;
    list_remove(&d->link);
    dial_cancel(d->dial);
    if (d->ended && d->broken == STATUS_OK)
        conn_linger(d->conn);
    else
        conn_reset(d->conn);
    d->conn = NULL;
    if (d->busy == 0)
        direct_free(d);
}

static const struct far_ops ops = {
    .room = direct_room,
    .reserve = direct_reserve,
    .commit = direct_commit,
    .fin = direct_fin,
    .consumed = direct_consumed,
    .close = direct_close,
};

static void fail(struct direct *d, const struct why *why)
{
    struct far_failure failure = { .why = *why, .endpoint = d->name };

    if (d->broken != STATUS_OK)
        (void)why_fail(&failure.why, d->broken, "connection", NULL, "%s",
                       status_text(d->broken));
    dial_cancel(d->dial);
    d->dial = NULL;
    conn_close(d->conn);
    d->conn = NULL;
    list_remove(&d->link); /* nothing comes after this */
    d->far.events->on_failed(d->far.ctx, &failure);
}

static uint8_t *on_alloc(void *ctx, size_t *room)
{
    struct direct *d = ctx;
    size_t left =
        d->in_flight < QUEUE_MAX_BYTES ? QUEUE_MAX_BYTES - d->in_flight : 0;

    *room = MIN_OF(left, (size_t)IN_BYTES); /* 0: direct_consumed() resumes */
    return d->in;
}

static void on_read(void *ctx, uint8_t *at, size_t len)
{
    struct direct *d = enter(ctx);

    d->in_flight += len;
    d->far.events->on_data(d->far.ctx, slice_of(at, len));
    leave(d);
}

static void on_eof(void *ctx)
{
    struct direct *d = enter(ctx);

    d->far.events->on_fin(d->far.ctx);
    leave(d);
}

static void on_written(void *ctx)
{
    struct direct *d = enter(ctx);

    if (d->starved && direct_room(&d->far) > 0)
        d->far.events->on_room(d->far.ctx);
    leave(d);
}

static void on_failed(void *ctx, const struct why *why)
{
    struct direct *d = enter(ctx);

    fail(d, why);
    leave(d);
}

static const struct conn_events conn_events = {
    .on_alloc = on_alloc,
    .on_read = on_read,
    .on_eof = on_eof,
    .on_written = on_written,
    .on_failed = on_failed,
};

static void on_dialed(void *ctx, struct conn *conn, const struct why *why)
{
    struct direct *d = enter(ctx);

    d->dial = NULL;
    d->conn = conn;
    if (conn == NULL) {
        fail(d, why);
    } else {
        conn_start(conn, &conn_events, d, QUEUE_MAX_BYTES);
        d->far.events->on_opened(d->far.ctx);
    }
    leave(d);
}

void direct_set_init(struct direct_set *s, uv_loop_t *loop)
{
    *s = (struct direct_set){ .loop = loop };
}

void direct_set_review(struct direct_set *s,
                       bool (*may)(void *ctx, const struct target *target),
                       void *ctx, const struct why *why)
{
    struct list failing = { 0 }; /* whoever fails may close others of the set */

    LIST_EACH(link, &s->all) {
        const struct direct *d = CONTAINER_OF(link, struct direct, link);

        if (may(ctx, &d->target))
            continue;
        list_remove(link);
        list_add(&failing, link);
    }
    while (!list_empty(&failing)) {
        struct direct *d =
            enter(CONTAINER_OF(list_first(&failing), struct direct, link));

        fail(d, why);
        leave(d);
    }
}

enum status direct_open(struct direct_set *set, const struct target *target,
                        const struct far_events *events, void *ctx,
                        struct far **out)
{
    struct dial_target to = { .host = slice_text(target->host),
                              .port = target->port };
    struct direct *d = direct_new();
    enum status st;

    *out = NULL;
    if (d == NULL)
        return STATUS_NO_MEMORY;
    d->far = (struct far){ .ops = &ops, .events = events, .ctx = ctx };
    d->target = *target;
    target_text(target, d->name);
    st = dial_open(set->loop, &to, on_dialed, d, &d->dial);
    if (st != STATUS_OK) {
        direct_free(d);
        return st;
    }
    list_add(&set->all, &d->link);
    *out = &d->far;
    return STATUS_OK;
}
