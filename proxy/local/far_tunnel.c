#include "proxy/local/far_tunnel.h"

#include <assert.h>
#include <stdlib.h>

#include "common/limits.h"

#define RETRIES_MAX 3

static void join(struct far_tunnel_list *list, struct far_tunnel *f)
{
    assert(f->list == NULL);
    f->list = list;
    list_add(&list->all, &f->link);
    list->count++;
}

static void leave(struct far_tunnel *f)
{
    struct far_tunnel_list *list = f->list;

    if (list == NULL)
        return;
    list_remove(&f->link);
    list->count--;
    f->list = NULL;
}

void far_tunnel_unlist(struct far_tunnel *f)
{
    leave(f);
}

void far_tunnel_free(struct far_tunnel *f)
{
    leave(f);
    buffer_free(&f->early);
    free(f);
}

static struct far_tunnel *self(struct far *f)
{
    return CONTAINER_OF(f, struct far_tunnel, far);
}

/* Send what is early, if all of it has room at once. */
static void send_early(struct far_tunnel *f)
{
    assert(f->list != NULL && !f->far.early_sent);
    if (!f->list->early || f->early.len == 0 ||
        stream_room(f->stream) < f->early.len)
        return;
    f->far.early_sent =
        far_write(&f->far, buffer_view(&f->early)) == f->early.len;
    assert(f->far.early_sent);
}

static void early(struct far *f, struct slice bytes)
{
    struct far_tunnel *t = self(f);

    buffer_add(&t->early, bytes);
    if (!buffer_ok(&t->early))
        buffer_free(&t->early);
    if (t->stream != NULL)
        send_early(t);
}

static size_t room(struct far *f)
{
    struct far_tunnel *t = self(f);

    return t->stream != NULL ? stream_room(t->stream) : 0;
}

static uint8_t *reserve(struct far *f, size_t *space)
{
    struct far_tunnel *t = self(f);

    *space = 0;
    return t->stream != NULL ? stream_reserve(t->stream, space) : NULL;
}

static void commit(struct far *f, size_t len)
{
    struct far_tunnel *t = self(f);

    assert(t->stream != NULL || len == 0);
    if (t->stream != NULL)
        stream_commit(t->stream, len);
}

static void fin(struct far *f)
{
    struct far_tunnel *t = self(f);

    if (t->stream != NULL)
        stream_fin(t->stream);
}

static void consumed(struct far *f, size_t len)
{
    struct far_tunnel *t = self(f);

    if (t->stream != NULL)
        stream_consumed(t->stream, len);
}

static bool is_leaving(struct far *f)
{
    struct far_tunnel *t = self(f);

    return t->stream == NULL || session_is_leaving(stream_session(t->stream));
}

static void close_far(struct far *f)
{
    struct far_tunnel *t = self(f);

    if (t->stream != NULL)
        stream_release(t->stream);
    far_tunnel_free(t);
}

static const struct far_ops ops = {
    .early = early,
    .room = room,
    .reserve = reserve,
    .commit = commit,
    .fin = fin,
    .consumed = consumed,
    .is_leaving = is_leaving,
    .close = close_far,
};

enum status far_tunnel_new(const char *service, const struct target *target,
                           const struct far_events *events, void *ctx,
                           struct gather *gather, struct far_tunnel_list *list,
                           int64_t now_ms, struct far_tunnel **out)
{
    struct far_tunnel *f = calloc(1, sizeof(*f));

    *out = NULL;
    if (f == NULL)
        return STATUS_NO_MEMORY;
    f->far = (struct far){
        .ops = &ops,
        .events = events,
        .ctx = ctx,
        .gather = gather,
        .takes_early = list->early,
    };
    f->service = service;
    f->since_ms = now_ms;
    f->early = buffer_with_max(STREAM_CREDIT_BYTES);
    target_text(target, f->target);
    join(list, f);
    *out = f;
    return STATUS_OK;
}

enum status far_tunnel_attach(struct far_tunnel *f, struct session *session,
                              const char *endpoint,
                              struct far_tunnel_list *opening, int64_t now_ms)
{
    enum status st;

    assert(f->stream == NULL);
    st = stream_open(session, slice_text(f->target), f, &f->stream);
    if (st != STATUS_OK)
        return st;
    f->endpoint = endpoint;
    f->since_ms = now_ms;
    leave(f);
    join(opening, f);
    send_early(f);
    return STATUS_OK;
}

void far_tunnel_move(struct far_tunnel *f, const char *service,
                     struct far_tunnel_list *list)
{
    assert(f->stream == NULL);
    leave(f);
    f->service = service;
    join(list, f);
}

void far_tunnel_fail(struct far_tunnel *f, const struct far_failure *failure)
{
    leave(f);
    if (f->stream != NULL) {
        stream_release(f->stream);
        f->stream = NULL;
    }
    f->far.events->on_failed(f->far.ctx, failure);
}

struct far_tunnel *far_tunnel_first(const struct far_tunnel_list *list)
{
    struct list *link = list_first(&list->all);

    return link == NULL ? NULL : CONTAINER_OF(link, struct far_tunnel, link);
}

void far_tunnel_fail_all(struct far_tunnel_list *list,
                         const struct far_failure *failure)
{
    while (list->count > 0)
        far_tunnel_fail(far_tunnel_first(list), failure);
}

static void expire(struct far_tunnel *f)
{
    struct far_failure failure = { .service = f->service,
                                   .endpoint = f->endpoint };

    (void)why_fail(&failure.why, STATUS_TIMED_OUT, "stream", NULL,
                   "no answer for %s in %d s", f->target,
                   OPEN_DEADLINE_MS / 1000);
    far_tunnel_fail(f, &failure);
}

void far_tunnel_expire(struct far_tunnel_list *opening, int64_t now_ms)
{
    struct far_tunnel *f = far_tunnel_first(opening);

    for (; f != NULL && now_ms - f->since_ms >= OPEN_DEADLINE_MS;
         f = far_tunnel_first(opening))
        expire(f);
}

void far_tunnel_on_opened(void *ctx, struct stream *s)
{
    struct far_tunnel *f = stream_context(s);

    (void)ctx;
    leave(f);
    buffer_free(&f->early);
    f->far.events->on_opened(f->far.ctx);
}

void far_tunnel_on_data(void *ctx, struct stream *s, struct slice data)
{
    struct far_tunnel *f = stream_context(s);

    (void)ctx;
    f->far.events->on_data(f->far.ctx, data);
}

void far_tunnel_on_fin(void *ctx, struct stream *s)
{
    struct far_tunnel *f = stream_context(s);

    (void)ctx;
    f->far.events->on_fin(f->far.ctx);
}

/* The session is over or ends, and nothing of the request has arrived, for the
 * target was not reached yet: another session is as good. But what was sent
 * early may have arrived if the session was lost; where the server answers for
 * itself, by a reset or by taking no more streams, it has not. */
static bool may_retry(const struct far_tunnel *f)
{
    const struct session *session = stream_session(f->stream);

    return f->list != NULL && f->list->again != NULL &&
           session_is_leaving(session) && f->retries < RETRIES_MAX &&
           !(f->far.early_sent && session_is_over(session));
}

static void retry(struct far_tunnel *f)
{
    struct far_tunnel_list *again = f->list->again;

    stream_release(f->stream);
    f->stream = NULL;
    f->endpoint = NULL;
    f->far.early_sent = false;
    f->retries++;
    far_tunnel_move(f, f->service, again);
}

void far_tunnel_on_reset(void *ctx, struct stream *s, enum status reason)
{
    struct far_tunnel *f = stream_context(s);
    struct far_failure failure = { .service = f->service,
                                   .endpoint = f->endpoint };

    (void)ctx;
    if (may_retry(f)) {
        retry(f);
        return;
    }
    (void)why_fail(&failure.why, reason, "stream", NULL, "%s: %s", f->target,
                   status_text(reason));
    far_tunnel_fail(f, &failure);
}

void far_tunnel_on_room(void *ctx, struct stream *s)
{
    struct far_tunnel *f = stream_context(s);

    (void)ctx;
    if (f->list == NULL) /* it is open */
        f->far.events->on_room(f->far.ctx);
}
