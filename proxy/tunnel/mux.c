#include "proxy/tunnel/mux.h"

#include <inttypes.h>
#include <stdlib.h>

#define CLAUSE "PROTOCOL 6"

void mux_init(struct mux *m, struct session *session,
              const struct session_config *config, bool client)
{
    *m = (struct mux){
        .session = session,
        .events = config->events,
        .ctx = config->ctx,
        .log = config->log,
        .client = client,
        .accept_up_to = UINT32_MAX,
    };
    outbox_init(&m->out);
    flow_budget_init(&m->budget, config->budget);
}

static struct stream *first_stream(const struct mux *m)
{
    struct list *link = list_first(&m->all);

    return link == NULL ? NULL : CONTAINER_OF(link, struct stream, all);
}

void mux_fini(struct mux *m)
{
    while (!list_empty(&m->all))
        mux_free_stream(first_stream(m));
    flow_budget_fini(&m->budget);
    outbox_fini(&m->out);
}

void mux_begin(struct mux *m, uint32_t streams_max, uint32_t first_credit)
{
    m->streams_max = streams_max;
    m->first_credit = first_credit;
}

/* Streams: birth and end. */

static struct stream **bucket_of(struct mux *m, uint32_t id)
{
    return &m->buckets[id % MUX_BUCKETS];
}

static struct stream *find(struct mux *m, uint32_t id)
{
    struct stream *s = *bucket_of(m, id);

    while (s != NULL && s->id != id)
        s = s->bucket;
    return s;
}

struct stream *mux_add_stream(struct mux *m, uint32_t id, struct slice target)
{
    struct stream *s = calloc(1, sizeof(*s) + target.len);
    struct stream **bucket = bucket_of(m, id);

    if (s == NULL)
        return NULL;
    s->mux = m;
    s->id = id;
    s->send = m->client ? STREAM_FLOWING : STREAM_HELD;
    s->receive = m->client ? STREAM_HELD : STREAM_FLOWING;
    s->credit = m->first_credit;
    s->live = s->owned = true;
    s->target_len = target.len;
    if (target.len > 0)
        memcpy(s->target, target.at, target.len);
    flow_init(&s->flow);
    list_add(&m->all, &s->all);
    s->bucket = *bucket;
    *bucket = s;
    m->streams++;
    m->last_id = id;
    return s;
}

/* The only line that frees a stream. */
void mux_free_stream(struct stream *s)
{
    list_remove(&s->all);
    list_remove(&s->pending);
    list_remove(&s->waiting);
    flow_fini(&s->flow, &s->mux->budget);
    free(s);
}

static void bury(struct stream *s)
{
    struct stream **at = bucket_of(s->mux, s->id);

    while (*at != s)
        at = &(*at)->bucket;
    *at = s->bucket;
    s->live = false;
    s->mux->streams--;
    list_remove(&s->pending);
    list_remove(&s->waiting);
    if (!s->owned)
        mux_free_stream(s);
}

void mux_settle(struct stream *s)
{
    if (s->live && s->due == 0 && stream_state_over(s->send) &&
        stream_state_over(s->receive))
        bury(s);
}

void mux_silence(struct stream *s)
{
    s->deaf = true;
    list_remove(&s->waiting);
}

bool mux_step(struct stream *s, enum stream_state *half,
              enum stream_event event)
{
    enum stream_state next = stream_state_next(*half, event);

    if (next == STREAM_ILLEGAL)
        return false;
    if (next != *half)
        log_event(s->mux->log, LOG_DEBUG, "stream.state",
                  LOG_FIELDS(LOG_N("id", s->id),
                             LOG_S("half",
                                   half == &s->send ? "send" : "receive"),
                             LOG_S("state", stream_state_name(next))));
    *half = next;
    return true;
}

void mux_put_stream_due(struct stream *s, unsigned due)
{
    s->due |= due;
    if (s->due != 0 && !list_linked(&s->pending))
        list_add(&s->mux->pending, &s->pending);
}

/* Here the stream is over without another frame: the session is, or the peer
 * will not look at it. */
static void drop(struct stream *s, enum status reason)
{
    struct mux *m = s->mux;
    bool tell = !s->deaf;

    s->due = 0;
    s->send = s->receive = STREAM_GIVEN_UP;
    mux_silence(s);
    mux_settle(s);
    if (tell)
        m->events->on_reset(m->ctx, s, reason);
}

static struct stream *next_to_drop(const struct mux *m, uint32_t above)
{
    LIST_EACH(link, &m->all) {
        struct stream *s = CONTAINER_OF(link, struct stream, all);

        if (s->live && s->id > above)
            return s;
    }
    return NULL;
}

void mux_drop(struct mux *m, uint32_t above, enum status reason)
{
    struct stream *s = next_to_drop(m, above);

    /* From the start each time: a callback may release any of them. */
    while (s != NULL) {
        drop(s, reason);
        s = next_to_drop(m, above);
    }
}

/* What the peer sends. */

static enum status out_of_turn(const struct frame *f, struct why *why,
                               const char *found)
{
    return why_fail(why, STATUS_BAD_STATE, "frame", CLAUSE,
                    "%s of stream %" PRIu32 ": %s", frame_name(f->type), f->id,
                    found);
}

static enum status receive_open(struct mux *m, const struct frame *f,
                                struct why *why)
{
    struct stream *s;

    if (f->id <= m->last_id)
        return out_of_turn(f, why, "not above the last");
    if (m->no_opens)
        return out_of_turn(f, why, "after a goaway");
    if (f->id > m->accept_up_to) {
        m->last_id = f->id; /* sent before our goaway came: passed over */
        return STATUS_OK;
    }
    if (m->streams >= m->streams_max)
        return why_fail(why, STATUS_LIMIT, "frame.open", CLAUSE,
                        "more than %" PRIu32 " streams", m->streams_max);
    s = mux_add_stream(m, f->id, (struct slice){ 0 });
    if (s == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "frame.open", NULL,
                        "no memory for stream %" PRIu32, f->id);
    m->events->on_open(m->ctx, s, f->bytes);
    return STATUS_OK;
}

static enum status receive_opened(struct stream *s, const struct frame *f,
                                  struct why *why)
{
    struct mux *m = s->mux;

    if (!mux_step(s, &s->receive, STREAM_ON_OPENED))
        return out_of_turn(f, why, stream_state_name(s->receive));
    if (!s->deaf)
        m->events->on_opened(m->ctx, s);
    return STATUS_OK;
}

static enum status receive_data(struct stream *s, const struct frame *f,
                                struct why *why)
{
    struct mux *m = s->mux;

    if (!mux_step(s, &s->receive, STREAM_ON_DATA))
        return out_of_turn(f, why, stream_state_name(s->receive));
    if (!flow_arrived(&s->flow, f->bytes.len))
        return why_fail(why, STATUS_FLOW, "frame.data", "PROTOCOL 7",
                        "%zu bytes on stream %" PRIu32 ", credit %" PRIu32,
                        f->bytes.len, s->id, s->flow.credit);
    m->bytes_in += f->bytes.len;
    if (s->deaf) /* we gave it up, and the peer did not know yet */
        flow_consumed(&s->flow, f->bytes.len);
    else
        m->events->on_data(m->ctx, s, f->bytes);
    return STATUS_OK;
}

static enum status receive_credit(struct stream *s, const struct frame *f,
                                  struct why *why)
{
    struct mux *m = s->mux;

    if (!flow_add_credit(&s->credit, f->number))
        return why_fail(why, STATUS_FLOW, "frame.credit", "PROTOCOL 7",
                        "%" PRIu32 " on top of %" PRIu32, f->number, s->credit);
    if (!s->hungry || s->deaf)
        return STATUS_OK;
    s->hungry = false;
    if (stream_room(s) > 0)
        m->events->on_room(m->ctx, s);
    return STATUS_OK;
}

static enum status receive_fin(struct stream *s, const struct frame *f,
                               struct why *why)
{
    struct mux *m = s->mux;
    bool tell = !s->deaf;

    if (!mux_step(s, &s->receive, STREAM_ON_FIN))
        return out_of_turn(f, why, stream_state_name(s->receive));
    s->due &= ~(unsigned)MUX_DUE_CREDIT;
    mux_settle(s);
    if (tell)
        m->events->on_fin(m->ctx, s);
    return STATUS_OK;
}

/* The peer waits for our half to end too: by a reset, unless it has. */
static enum status receive_reset(struct stream *s, const struct frame *f,
                                 struct why *why)
{
    struct mux *m = s->mux;
    bool tell = !s->deaf;

    if (!mux_step(s, &s->receive, STREAM_ON_RESET))
        return out_of_turn(f, why, stream_state_name(s->receive));
    mux_silence(s);
    s->due &= ~(unsigned)(MUX_DUE_CREDIT | MUX_DUE_OPENED);
    if (!stream_state_over(s->send) && mux_step(s, &s->send, STREAM_ON_RESET)) {
        s->reason = REASON_CANCELLED;
        mux_put_stream_due(s, MUX_DUE_RESET);
    }
    mux_settle(s);
    if (tell)
        m->events->on_reset(m->ctx, s, reason_status(f->number));
    return STATUS_OK;
}

typedef enum status receive_fn(struct stream *s, const struct frame *f,
                               struct why *why);

/* clang-format off */
/* What concerns a stream that is there. |late|: it may also come when the
 * stream is over here, as the peer did not know yet when it sent it. */
static const struct receiver {
    receive_fn *run;
    bool late;
    bool to_client;
    bool to_server;
} receivers[FRAME_TYPE_COUNT] = {
    [FRAME_OPENED] = { receive_opened, false, true,  false },
    [FRAME_DATA]   = { receive_data,   false, true,  true },
    [FRAME_CREDIT] = { receive_credit, true,  true,  true },
    [FRAME_FIN]    = { receive_fin,    false, true,  true },
    [FRAME_RESET]  = { receive_reset,  true,  true,  true },
};
/* clang-format on */

enum status mux_receive(struct mux *m, const struct frame *f, struct why *why)
{
    const struct receiver *r = &receivers[f->type];
    struct stream *s = find(m, f->id);

    if (f->type == FRAME_OPEN && !m->client)
        return receive_open(m, f, why);
    if (m->client ? !r->to_client : !r->to_server)
        return out_of_turn(f, why, "from the wrong side");
    if (f->id > m->last_id)
        return out_of_turn(f, why, "never opened");
    if (s != NULL)
        return r->run(s, f, why);
    if (r->late || f->id > m->accept_up_to)
        return STATUS_OK;
    return out_of_turn(f, why, "the stream is over");
}

/* What we send. */

/* What a goaway says: streams above will not be looked at. A server opens
 * none, so a client has none to tell of. */
static uint32_t last_accepted(const struct mux *m)
{
    return m->client ? 0 : MIN_OF(m->last_id, m->accept_up_to);
}

static struct slice opaque_of(uint64_t number, uint8_t out[FRAME_OPAQUE_BYTES])
{
    struct builder b = builder_over(out, FRAME_OPAQUE_BYTES);

    builder_u64be(&b, number);
    return builder_view(&b);
}

/* Where one frame can go; false when there is no room. */
static bool find_place(struct mux *m, struct builder *b)
{
    size_t room;
    uint8_t *at = outbox_place(&m->out, FRAME_CONTROL_MAX_BYTES, &room);

    *b = builder_over(at, room);
    return at != NULL;
}

static void put_frame(struct mux *m, struct builder *b, const struct frame *f)
{
    frame_write(f, b);
    assert(builder_ok(b));
    outbox_commit(&m->out, b->len);
}

static void write_stream_due(struct stream *s, enum frame_type type,
                             struct builder *b)
{
    struct frame f = { .type = type, .id = s->id };

    if (type == FRAME_OPEN)
        f.bytes = slice_of(s->target, s->target_len);
    if (type == FRAME_RESET)
        f.number = s->reason;
    if (type == FRAME_CREDIT)
        f.number = flow_grant(&s->flow, &s->mux->budget, s->mux->now_ms);
    if (type != FRAME_CREDIT || f.number > 0)
        put_frame(s->mux, b, &f);
}

bool mux_flush_stream(struct mux *m, struct stream *s)
{
    for (unsigned type = FRAME_OPEN; type <= FRAME_RESET; type++) {
        struct builder b;

        if (!(s->due & 1U << type))
            continue;
        if (!find_place(m, &b))
            return false;
        write_stream_due(s, (enum frame_type)type, &b);
        s->due &= ~(1U << type);
    }
    list_remove(&s->pending);
    mux_settle(s);
    return true;
}

static void write_due(struct mux *m, enum frame_type type, struct builder *b)
{
    uint8_t opaque[FRAME_OPAQUE_BYTES];
    struct frame f = { .type = type };

    if (type == FRAME_PING)
        f.bytes = opaque_of(m->ping, opaque);
    if (type == FRAME_PONG)
        f.bytes = opaque_of(m->pong, opaque);
    if (type == FRAME_GOAWAY)
        f.id = last_accepted(m);
    put_frame(m, b, &f);
}

void mux_flush(struct mux *m)
{
    while (!list_empty(&m->pending)) {
        struct list *link = list_first(&m->pending);

        if (!mux_flush_stream(m, CONTAINER_OF(link, struct stream, pending)))
            return;
    }
    for (unsigned type = FRAME_PING; type <= FRAME_GOAWAY; type++) {
        struct builder b;

        if (!(m->due & 1U << type))
            continue;
        if (!find_place(m, &b))
            return;
        write_due(m, (enum frame_type)type, &b);
        m->due &= ~(1U << type);
    }
}

void mux_put_due(struct mux *m, enum mux_due due)
{
    m->due |= due;
}

void mux_goodbye(struct mux *m, enum reason reason, const char *text)
{
    struct frame f = { .type = FRAME_GOAWAY,
                       .id = last_accepted(m),
                       .number = reason,
                       .bytes = slice_text(text) };
    struct builder b;

    outbox_last(&m->out);
    if (find_place(m, &b))
        put_frame(m, &b, &f); /* else the peer is told less */
}

static bool has_takers(const struct mux *m)
{
    return !m->over && !list_empty(&m->waiting) &&
           outbox_room(&m->out, FRAME_CONTROL_MAX_BYTES) > 0;
}

/* One turn for each stream that waits now. */
static void share_round(struct mux *m)
{
    m->round++;
    while (has_takers(m)) {
        struct list *link = list_first(&m->waiting);
        struct stream *s = CONTAINER_OF(link, struct stream, waiting);

        if (s->round == m->round)
            return;
        list_remove(&s->waiting);
        s->round = m->round;
        s->turn = RECORD_PLAIN_BYTES;
        m->events->on_room(m->ctx, s);
    }
}

/* Owners that write at once fill the records turn by turn; those that only
 * begin to read again leave the room to the order in which data comes. */
void mux_share_room(struct mux *m)
{
    uint64_t before = m->bytes_out - 1;

    if (m->sharing)
        return;
    m->sharing = true;
    for (unsigned i = 0;
         i < SESSION_OUT_RECORDS && has_takers(m) && before != m->bytes_out;
         i++) {
        before = m->bytes_out;
        share_round(m);
    }
    m->sharing = false;
}

bool mux_finished(const struct mux *m)
{
    return m->leaving && m->streams == 0 && !(m->due & MUX_DUE_GOAWAY);
}

bool mux_wants_output(const struct mux *m)
{
    bool due = m->due != 0 || !list_empty(&m->pending);

    if (outbox_waiting(&m->out))
        return true;
    if (m->over)
        return false;
    return m->out.failed != STATUS_OK || mux_finished(m) ||
           (due && outbox_room(&m->out, FRAME_CONTROL_MAX_BYTES) > 0);
}

void mux_tell_output(struct mux *m)
{
    if (m->told || m->over || !mux_wants_output(m))
        return;
    m->told = true;
    m->events->on_output(m->ctx);
}
