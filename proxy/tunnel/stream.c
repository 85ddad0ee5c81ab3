/* The stream_ functions of session.h. */
#include "proxy/tunnel/mux.h"

#include <stdlib.h>

#include "common/text.h"

/* A reader from a socket is better served by a new record than by less. */
#define RESERVE_LEAST_BYTES (8 * 1024)

void *stream_context(const struct stream *s)
{
    return s->ctx;
}

void stream_set_context(struct stream *s, void *ctx)
{
    s->ctx = ctx;
}

struct session *stream_session(const struct stream *s)
{
    return s->mux->session;
}

/* Let the peer send a full window's worth at once, not only when it has seen
 * that we read. */
static void raise_window(struct stream *s)
{
    flow_raise(&s->flow, &s->mux->budget, STREAM_WINDOW_BYTES);
    if (flow_is_due(&s->flow))
        mux_put_stream_due(s, MUX_DUE_CREDIT);
}

enum status stream_open(struct session *session, struct slice target,
                        void *stream_ctx, struct stream **out)
{
    struct mux *m = session_mux(session);
    struct slice host;
    uint16_t port;

    *out = NULL;
    if (!text_host_port(target, &host, &port) || target.len > TARGET_MAX_BYTES)
        return STATUS_BAD_ADDRESS;
    if (m->over || m->leaving || m->streams_max == 0)
        return STATUS_GOING_AWAY;
    if (m->streams >= m->streams_max || m->last_id == UINT32_MAX)
        return STATUS_LIMIT;
    *out = mux_add_stream(m, m->last_id + 1, target);
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    (*out)->ctx = stream_ctx;
    mux_put_stream_due(*out, MUX_DUE_OPEN);
    raise_window(*out);
    mux_tell_output(m);
    return STATUS_OK;
}

enum status stream_claim(struct stream *s)
{
    return flow_claim(&s->flow, &s->mux->budget) ? STATUS_OK : STATUS_BUSY;
}

void stream_opened(struct stream *s)
{
    if (s->deaf || !mux_step(s, &s->send, STREAM_ON_OPENED))
        return;
    mux_put_stream_due(s, MUX_DUE_OPENED);
    if (s->receive == STREAM_FLOWING)
        raise_window(s);
    mux_tell_output(s->mux);
}

/* Writing. */

static bool others_wait(const struct stream *s)
{
    struct list *link = list_first(&s->mux->waiting);

    if (link == &s->waiting)
        link = list_after(&s->mux->waiting, link);
    return link != NULL;
}

/* Bytes that |s| may put into the outbox now. */
static size_t allowed(struct stream *s)
{
    size_t room = outbox_room(&s->mux->out, FRAME_DATA_HEAD_MAX_BYTES);

    if (others_wait(s))
        room = MIN_OF(room, s->turn);
    return MIN_OF(room, s->credit);
}

/* Paused until mux_share_room(). */
static void wait_for_room(struct stream *s)
{
    if (!list_linked(&s->waiting))
        list_add(&s->mux->waiting, &s->waiting);
}

size_t stream_room(struct stream *s)
{
    size_t room = 0;

    if (s->deaf || s->send != STREAM_FLOWING)
        return 0;
    if (s->credit == 0) {
        s->hungry = true; /* paused until receive_credit() */
        return 0;
    }
    /* Opens go in the order of their numbers. */
    if (s->due & MUX_DUE_OPEN)
        mux_flush(s->mux);
    /* An open, opened or credit frame goes before the data. */
    if (s->due == 0 || mux_flush_stream(s->mux, s))
        room = allowed(s);
    if (room == 0)
        wait_for_room(s);
    return room;
}

/* What stands before |len| bytes of data. */
static struct builder head_of(const struct stream *s, size_t len,
                              uint8_t out[static FRAME_DATA_HEAD_MAX_BYTES])
{
    struct builder b = builder_over(out, FRAME_DATA_HEAD_MAX_BYTES);

    frame_data_head(s->id, len, &b);
    return b;
}

/* The place of the next frame's data, behind a head as if all of it were used;
 * a few bytes less may need a shorter head, see stream_commit(). */
static uint8_t *reserve(struct stream *s, size_t *room)
{
    uint8_t head[FRAME_DATA_HEAD_MAX_BYTES];
    struct mux *m = s->mux;
    size_t total = stream_room(s);
    size_t least = MIN_OF((size_t)RESERVE_LEAST_BYTES, total);
    size_t place_room;
    uint8_t *at = NULL;

    *room = 0;
    if (total == 0)
        return NULL;
    at = outbox_place(&m->out, least + FRAME_DATA_HEAD_MAX_BYTES, &place_room);
    if (at == NULL) /* the last record's end is all there is */
        at = outbox_place(&m->out, 1 + FRAME_DATA_HEAD_MAX_BYTES, &place_room);
    if (at == NULL)
        return NULL;
    *room = MIN_OF(total, place_room - FRAME_DATA_HEAD_MAX_BYTES);
    m->reserved_head = head_of(s, *room, head).len;
    return at + m->reserved_head;
}

uint8_t *stream_reserve(struct stream *s, size_t *room)
{
    uint8_t *at = reserve(s, room);

    mux_tell_output(s->mux);
    return at;
}

void stream_commit(struct stream *s, size_t len)
{
    uint8_t head_bytes[FRAME_DATA_HEAD_MAX_BYTES];
    struct builder head = head_of(s, len, head_bytes);
    struct mux *m = s->mux;
    size_t room;
    uint8_t *at;

    if (len == 0)
        return;
    at = outbox_place(&m->out, 1, &room);
    assert(at != NULL && m->reserved_head >= head.len);
    assert(len <= s->credit && m->reserved_head + len <= room);
    if (head.len < m->reserved_head)
        memmove(at + head.len, at + m->reserved_head, len);
    memcpy(at, head_bytes, head.len);
    m->reserved_head = 0;
    outbox_commit(&m->out, head.len + len);
    s->credit -= (uint32_t)len;
    s->turn -= (uint32_t)MIN_OF(s->turn, len);
    list_remove(&s->waiting);
    m->bytes_out += len;
    mux_tell_output(m);
}

/* Ending. */

void stream_fin(struct stream *s)
{
    if (s->deaf)
        return;
    assert(s->send != STREAM_HELD); /* stream_opened() comes first */
    if (!mux_step(s, &s->send, STREAM_ON_FIN))
        return;
    list_remove(&s->waiting);
    mux_put_stream_due(s, MUX_DUE_FIN);
    mux_tell_output(s->mux);
}

/* The peer never heard of it: nobody is to be told. */
static void forget(struct stream *s)
{
    s->due = 0;
    s->send = s->receive = STREAM_GIVEN_UP;
}

/* True when both halves have ended, though the last frame may still be due. */
static bool ends_by_itself(const struct stream *s)
{
    return stream_state_over(s->send) && stream_state_over(s->receive);
}

static void give_up(struct stream *s, enum status reason)
{
    mux_silence(s);
    if (s->due & MUX_DUE_OPEN) {
        forget(s);
    } else if (s->live && !ends_by_itself(s) &&
               mux_step(s, &s->send, STREAM_ON_RESET)) {
        s->reason = reason_of(reason);
        s->due = 0;
        mux_put_stream_due(s, MUX_DUE_RESET);
    }
    mux_settle(s);
}

void stream_reset(struct stream *s, enum status reason)
{
    struct mux *m = s->mux;

    assert(reason != STATUS_OK);
    if (s->deaf)
        return;
    give_up(s, reason);
    mux_tell_output(m);
}

void stream_consumed(struct stream *s, size_t len)
{
    flow_consumed(&s->flow, len);
    if (s->deaf || stream_state_over(s->receive) || !flow_is_due(&s->flow))
        return;
    mux_put_stream_due(s, MUX_DUE_CREDIT);
    mux_tell_output(s->mux);
}

void stream_release(struct stream *s)
{
    struct mux *m = s->mux;

    assert(s->owned);
    stream_reset(s, STATUS_RESET);
    s->owned = false;
    if (s->live)
        mux_settle(s);
    else
        mux_free_stream(s);
    mux_tell_output(m);
}
