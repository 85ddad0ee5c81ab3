#include "proxy/local/far_teekit.h"

#include <assert.h>
#include <stdlib.h>

#include "common/limits.h"
#include "proxy/local/far_teekit_parts.h"

static struct far_teekit *self(struct far *f)
{
    return CONTAINER_OF(f, struct far_tunnel, far)->teekit;
}

static struct far_teekit *of_user(struct teekit_user *u)
{
    return CONTAINER_OF(u, struct far_teekit, user);
}

/* --- memory that counts -------------------------------------------------- */

static void release(struct far_teekit *t)
{
    if (t->user.session != NULL)
        teekit_session_release(t->user.session, t->held);
    t->held = 0;
}

bool far_teekit_hold(struct far_teekit *t, size_t bytes)
{
    struct teekit_session *session = t->user.session;

    if (session == NULL)
        return true;
    if (bytes > t->held && !teekit_session_hold(session, bytes - t->held))
        return false;
    if (bytes < t->held)
        teekit_session_release(session, t->held - bytes);
    t->held = bytes;
    return true;
}

void far_teekit_part(struct far_teekit *t)
{
    release(t);
    teekit_session_leave(&t->user);
}

/* --- telling ------------------------------------------------------------- */

static void on_turn(uv_idle_t *idle);

/* Tell on a later turn: nothing may come from within a call of far.h. */
void far_teekit_turn_soon(struct far_teekit *t)
{
    (void)uv_idle_start(&t->turn, on_turn); /* cannot fail */
}

struct slice far_teekit_authority(const struct far_teekit *t)
{
    static const char usual[] = ":80";
    const size_t len = sizeof(usual) - 1;
    struct slice target = slice_text(t->far->target);

    if (target.len > len &&
        slice_equal(slice_of(target.at + target.len - len, len),
                    slice_text(usual)))
        target.len -= len;
    return target;
}

static void drop_request(struct far_teekit *t)
{
    teekit_parcel_free(t->parcel);
    t->parcel = NULL;
    release(t);
}

/* Say |why| in the place of an answer, and read nothing more. */
void far_teekit_refuse(struct far_teekit *t, const struct why *why)
{
    const struct far_failure failure = { .why = *why,
                                         .service = t->far->service,
                                         .endpoint = t->config.endpoint };
    const struct refusal refusal = { .failure = &failure,
                                     .form = t->form,
                                     .head_only = t->to_head,
                                     .close = true };

    log_why(t->config.log, LOG_WARN, "request.refused", why,
            LOG_FIELDS(LOG_S("service", t->far->service),
                       LOG_S("target", t->far->target)));
    if (t->state == FAR_TEEKIT_OPENING)
        buffer_clear(&t->down); /* what came before it was open */
    teekit_session_forget(&t->user);
    drop_request(t);
    refusal_write(&refusal, &t->down);
    t->state = FAR_TEEKIT_ENDED;
    far_teekit_turn_soon(t);
}

void far_teekit_fail(struct far_teekit *t, const struct why *why)
{
    const struct far_failure failure = { .why = *why,
                                         .service = t->far->service,
                                         .endpoint = t->config.endpoint };

    (void)uv_idle_stop(&t->turn); /* cannot fail; nothing follows it */
    t->state = FAR_TEEKIT_ENDED;
    buffer_free(&t->down);
    t->down_at = 0;
    t->far->far.events->on_failed(t->far->far.ctx, &failure);
}

static void no_memory(struct far_teekit *t)
{
    struct why why;

    (void)why_fail(&why, STATUS_NO_MEMORY, "teekit", NULL, "no memory");
    far_teekit_fail(t, &why);
}

/* --- what the application writes ----------------------------------------- */

void far_teekit_read(struct far_teekit *t)
{
    if (t->telling) { /* |down| is borrowed by who writes this */
        far_teekit_turn_soon(t);
        return;
    }
    if (t->state == FAR_TEEKIT_READING)
        far_teekit_http_read(t);
    if (t->state == FAR_TEEKIT_SOCKET && t->in_at < t->in_len)
        far_teekit_ws_read(t);
    if (t->state == FAR_TEEKIT_ENDED)
        t->in_at = t->in_len;
    if (t->in_at < t->in_len)
        return;
    t->in_at = t->in_len = 0;
    if (!t->eof || t->state == FAR_TEEKIT_WAITING ||
        t->state == FAR_TEEKIT_TELLING || t->state == FAR_TEEKIT_ENDED)
        return;
    far_teekit_ws_end(t, WS_CLOSE_CUT, slice_text("the application has ended"));
    t->state = FAR_TEEKIT_ENDED;
    far_teekit_turn_soon(t);
}

/* Bytes of a body whose length is known go where they will be sealed. */
static bool in_body(const struct far_teekit *t)
{
    return t->state == FAR_TEEKIT_READING && t->parcel != NULL &&
           !t->reader.chunked && t->in_len == t->in_at;
}

static size_t room(struct far *f)
{
    struct far_teekit *t = self(f);
    size_t room = IN_BYTES - t->in_len;

    if (!t->opened || t->eof)
        return 0;
    if (t->user.session != NULL && teekit_session_is_full(t->user.session))
        room = 0;
    else if (in_body(t))
        room = (size_t)MIN_OF(http_reader_skippable(&t->reader),
                              (uint64_t)BODY_BYTES);
    t->room_wanted = room == 0;
    return room;
}

static uint8_t *reserve(struct far *f, size_t *space)
{
    struct far_teekit *t = self(f);
    uint8_t *at;

    *space = room(f);
    if (*space == 0)
        return NULL;
    if (!in_body(t))
        return t->in + t->in_len;
    at = teekit_parcel_reserve(t->parcel, *space); /* it was made this long */
    assert(at != NULL);
    return at;
}

static void commit(struct far *f, size_t len)
{
    struct far_teekit *t = self(f);

    if (len == 0)
        return;
    if (in_body(t)) {
        teekit_parcel_commit(t->parcel, len);
        http_reader_skip(&t->reader, len);
    } else {
        t->in_len += len;
    }
    far_teekit_read(t);
}

static void fin(struct far *f)
{
    struct far_teekit *t = self(f);

    t->eof = true;
    far_teekit_read(t);
}

static void consumed(struct far *f, size_t len)
{
    struct far_teekit *t = self(f);

    assert(len <= t->owed);
    t->owed -= len;
    if (far_teekit_waiting(t) > 0)
        far_teekit_turn_soon(t);
}

static bool is_leaving(struct far *f)
{
    struct far_teekit *t = self(f);

    return t->user.session == NULL ||
           teekit_session_is_leaving(t->user.session);
}

static void on_turn_closed(uv_handle_t *handle)
{
    struct far_teekit *t = handle->data;

    http_reader_fini(&t->reader);
    buffer_free(&t->text);
    buffer_free(&t->down);
    free(t->in);
    free(t);
}

static void close_far(struct far *f)
{
    struct far_teekit *t = self(f);

    if (t->state == FAR_TEEKIT_OPENING || t->state == FAR_TEEKIT_SOCKET)
        far_teekit_ws_end(t, WS_CLOSE_CUT,
                          slice_text("the application is gone"));
    drop_request(t);
    teekit_ws_fini(&t->ws);
    blocks_give(t->config.blocks, &t->down);
    far_teekit_part(t);
    far_tunnel_free(t->far);
    t->far = NULL;
    uv_close((uv_handle_t *)&t->turn, on_turn_closed);
}

static const struct far_ops ops = {
    .room = room,
    .reserve = reserve,
    .commit = commit,
    .fin = fin,
    .consumed = consumed,
    .is_leaving = is_leaving,
    .close = close_far,
};

/* --- what the application gets ------------------------------------------- */

/* The answer is told: another request, or the end. */
static void after_answer(struct far_teekit *t)
{
    if (t->down.cap > KEEP_BYTES)
        blocks_give(t->config.blocks, &t->down);
    if (t->state == FAR_TEEKIT_TELLING) {
        t->state = t->last || t->lost ? FAR_TEEKIT_ENDED : FAR_TEEKIT_READING;
        release(t);
        http_reader_next(&t->reader, false);
        far_teekit_read(t);
    }
    if (t->state != FAR_TEEKIT_ENDED || far_teekit_waiting(t) > 0 ||
        t->fin_told)
        return;
    t->fin_told = true;
    t->far->far.events->on_fin(t->far->far.ctx);
}

/* Tell as much as the owner has room for. */
void far_teekit_tell(struct far_teekit *t)
{
    const struct far_events *events = t->far->far.events;
    void *ctx = t->far->far.ctx;

    if (!buffer_ok(&t->down)) {
        no_memory(t);
        return;
    }
    t->telling = true;
    while (t->far != NULL && far_teekit_waiting(t) > 0 &&
           t->owed < WINDOW_BYTES) {
        size_t len = MIN_OF(far_teekit_waiting(t), WINDOW_BYTES - t->owed);
        struct slice piece = slice_of(t->down.at + t->down_at, len);

        t->down_at += len;
        t->owed += len;
        events->on_data(ctx, piece);
    }
    t->telling = false;
    if (t->far == NULL || far_teekit_waiting(t) > 0)
        return;
    buffer_clear(&t->down);
    t->down_at = 0;
    after_answer(t);
}

void far_teekit_tell_room(struct far_teekit *t)
{
    if (t->far == NULL || !t->room_wanted || room(&t->far->far) == 0)
        return;
    t->far->far.events->on_room(t->far->far.ctx);
}

static void on_turn(uv_idle_t *idle)
{
    struct far_teekit *t = idle->data;

    (void)uv_idle_stop(idle); /* cannot fail */
    if (!t->opened) {
        t->opened = true;
        t->far->far.events->on_opened(t->far->far.ctx);
        return;
    }
    far_teekit_read(t);
    far_teekit_tell(t);
    far_teekit_tell_room(t);
}

/* --- what the session says ----------------------------------------------- */

static void on_message(struct teekit_user *u, const struct teekit_message *m,
                       const struct why *why)
{
    struct far_teekit *t = of_user(u);

    if (t->state == FAR_TEEKIT_OPENING || t->state == FAR_TEEKIT_SOCKET)
        far_teekit_ws_message(t, m, why);
    else if (why != NULL)
        far_teekit_refuse(t, why);
    else if (t->state == FAR_TEEKIT_WAITING && m->type == TEEKIT_HTTP_RESPONSE)
        far_teekit_http_answer(t, m);
}

static void on_deadline(struct teekit_user *u)
{
    struct far_teekit *t = of_user(u);
    struct why why;

    (void)why_fail(&why, STATUS_TIMED_OUT, "teekit", NULL,
                   "no answer in %lld s; the request was not sent again",
                   (long long)(t->config.answer_timeout_ms / 1000));
    far_teekit_refuse(t, &why);
}

static void on_room(struct teekit_user *u)
{
    far_teekit_tell_room(of_user(u));
}

/* It is being read, or nobody asks anything. */
static void lose_request(struct far_teekit *t, const struct why *why)
{
    if (t->parcel != NULL || t->reader.started)
        far_teekit_refuse(t, why);
    else
        t->state = FAR_TEEKIT_ENDED;
    far_teekit_turn_soon(t);
}

/* What was told already goes on; what was asked has no answer. */
static void on_lost(struct teekit_user *u, const struct why *why)
{
    struct far_teekit *t = of_user(u);

    t->lost = true;
    t->why = *why;
    t->held = 0;
    switch (t->state) {
    case FAR_TEEKIT_READING:
        if (!t->opened)
            far_teekit_fail(t, why);
        else
            lose_request(t, why);
        break;
    case FAR_TEEKIT_WAITING:
    case FAR_TEEKIT_OPENING:
        far_teekit_refuse(t, why);
        break;
    case FAR_TEEKIT_SOCKET:
        if (!t->ws.close_sent) /* else both have said all they had to */
            far_teekit_fail(t, why);
        break;
    case FAR_TEEKIT_TELLING:
    case FAR_TEEKIT_ENDED:
        break;
    }
}

static const struct teekit_user_events user_events = {
    .on_message = on_message,
    .on_deadline = on_deadline,
    .on_room = on_room,
    .on_lost = on_lost,
};

enum status far_teekit_attach(struct far_tunnel *f, struct teekit_session *s,
                              const struct far_teekit_config *config)
{
    struct far_teekit *t = calloc(1, sizeof(*t));
    enum status st = STATUS_NO_MEMORY;

    if (t != NULL)
        t->in = malloc(IN_BYTES);
    if (t != NULL && t->in != NULL) {
        t->user.events = &user_events;
        st = teekit_session_join(s, &t->user);
    }
    if (st != STATUS_OK) {
        if (t != NULL)
            free(t->in);
        free(t);
        return st;
    }
    t->config = *config;
    t->state = FAR_TEEKIT_READING;
    t->text = buffer_with_max(0);
    t->down = buffer_with_max(DOWN_MAX_BYTES);
    http_reader_init(&t->reader, HTTP_REQUESTS);
    (void)uv_idle_init(config->loop, &t->turn); /* cannot fail */
    t->turn.data = t;
    t->far = f;
    far_tunnel_unlist(f);
    f->teekit = t;
    f->endpoint = config->endpoint;
    f->far.ops = &ops;
    f->far.gather = NULL; /* |down| may go before the gathering ends */
    far_teekit_turn_soon(t);
    return STATUS_OK;
}
