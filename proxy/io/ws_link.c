#include "proxy/io/ws_link.h"

#include <assert.h>
#include <stdlib.h>

#include "common/builder.h"
#include "common/compiler.h"
#include "proxy/io/ws_reader.h"

#define QUEUE_MAX_BYTES  (16 * 1024) /* pongs and the close; messages are lent */
#define DIRECT_MIN_BYTES (32 * 1024)  /* so much of a message is not copied */
#define MASK_BYTES       (256 * 1024) /* at once, still cached when it leaves */

struct ws_link {
    struct conn *conn; /* owned; NULL once given up */
    enum ws_role role;
    struct scratch *scratch;
    struct purse *purse; /* or NULL */
    const struct ws_link_events *events;
    void *ctx;
    struct ws_reader reader;
    struct buffer partial; /* of a message that comes in parts */
    size_t counted;        /* of it, in scratch->parts, and paid */
    bool unpaid;           /* it has grown to more than could be paid */
    bool fragments;        /* it has more than one frame */
    bool busy;             /* inside on_read(): not to be freed yet */
    bool over;             /* on_end() was called, or the owner gave it up */
    bool close_sent;
    uint8_t peer_close[WS_CONTROL_MAX_BYTES]; /* the peer's close frame */
    size_t peer_close_len;
    /* Of a long message that leaves: what has not been masked yet. */
    uint8_t *rest; /* lent by ws_link_send() */
    size_t rest_len;
    uint8_t rest_key[SCRATCH_KEY_BYTES];
    struct buffer behind; /* control frames that follow what leaves */
};

static bool pay(struct ws_link *l, size_t bytes)
{
    return l->purse == NULL || purse_take(l->purse, bytes);
}

/* Tell who counts how much |partial| has become. */
static void count_partial(struct ws_link *l)
{
    const size_t cap = l->partial.cap;

    l->unpaid = cap > l->counted && !pay(l, cap - l->counted);
    if (l->unpaid)
        return;
    if (cap < l->counted && l->purse != NULL)
        purse_give(l->purse, l->counted - cap);
    l->scratch->parts += cap - l->counted;
    l->counted = cap;
}

static void ws_link_free(struct ws_link *l)
{
    buffer_free(&l->partial);
    count_partial(l);
    buffer_free(&l->behind);
    free(l);
}

static const uint8_t *next_key(struct ws_link *l)
{
    return l->role == WS_CLIENT ? scratch_mask_key(l->scratch) : NULL;
}

/* Say to the owner that it is over; only once. */
static void end(struct ws_link *l, const struct why *why)
{
    if (l->over)
        return;
    l->over = true;
    conn_pause(l->conn);
    l->events->on_end(l->ctx, why);
}

/* False when the queue is full: a peer that asks more than it reads gets no
 * more answers, and may miss our close frame. */
static bool send_control(struct ws_link *l, const struct ws_control *control)
{
    struct buffer *behind = &l->behind;

    if (l->rest_len == 0 && behind->len == 0 &&
        control->frame.len <= conn_room(l->conn))
        return conn_write(l->conn, control->frame) == STATUS_OK;
    if (control->frame.len > behind->max - behind->len)
        return false;
    buffer_add(behind, control->frame);
    return buffer_ok(behind);
}

static void send_close(struct ws_link *l, uint16_t code, struct slice reason)
{
    struct ws_control close;
    uint8_t payload[WS_CONTROL_MAX_BYTES];
    struct builder b = builder_over(payload, sizeof(payload));

    if (l->close_sent)
        return;
    l->close_sent = true;
    builder_u16be(&b, code);
    builder_bytes(&b, slice_of(reason.at, MIN_OF(reason.len, 123)));
    ws_frame_control(&close, WS_CLOSE, builder_view(&b), next_key(l));
    (void)send_control(l, &close); /* see there */
}

/* --- reading ------------------------------------------------------------- */

static void on_close_frame(struct ws_link *l, struct slice payload)
{
    struct slice reason;
    uint16_t code = ws_frame_close_parse(payload, &reason);
    struct ws_control answer;
    struct why why;

    memcpy(l->peer_close, payload.at, payload.len);
    l->peer_close_len = payload.len;
    if (!l->close_sent) {
        l->close_sent = true;
        ws_frame_control(&answer, WS_CLOSE, payload, next_key(l));
        (void)send_control(l, &answer); /* see there */
    }
    why = (struct why){ .field = "ws.close" };
    (void)snprintf(why.found, sizeof(why.found), "%u %.*s", (unsigned)code,
                   (int)reason.len, (const char *)reason.at);
    end(l, &why);
}

static void on_control(struct ws_link *l, const struct ws_piece *piece)
{
    struct slice payload = slice_of(piece->at, piece->len);
    struct ws_control pong;

    if (piece->opcode == WS_CLOSE) {
        on_close_frame(l, payload);
    } else if (piece->opcode == WS_PING && !l->close_sent) {
        ws_frame_control(&pong, WS_PONG, payload, next_key(l));
        (void)send_control(l, &pong); /* see there */
    } else if (piece->opcode == WS_PONG && l->events->on_pong != NULL) {
        l->events->on_pong(l->ctx);
    }
}

/* Give the memory of a message to the next that needs some. */
static void give_back(struct ws_link *l)
{
    struct scratch *s = l->scratch;

    if (s->spare.at != NULL || l->partial.cap > SCRATCH_SPARE_MAX_BYTES) {
        blocks_give(&s->blocks, &l->partial);
    } else {
        s->spare = l->partial;
        buffer_clear(&s->spare);
        l->partial = buffer_with_max(0);
    }
    count_partial(l);
}

void ws_link_take(struct ws_link *l, struct buffer *out)
{
    *out = l->partial;
    l->partial = buffer_with_max(0);
    count_partial(l);
}

/* Memory for a message that begins. */
static void begin_partial(struct ws_link *l)
{
    struct scratch *s = l->scratch;
    const size_t max = (size_t)l->reader.message_max;

    if (l->reader.message_len >= BLOCKS_MIN_BYTES) {
        l->partial = blocks_take(&s->blocks, max);
        count_partial(l);
        if (l->unpaid) { /* a block may be larger than what comes */
            blocks_give(&s->blocks, &l->partial);
            l->partial = buffer_with_max(max);
        }
        return;
    }
    l->partial = s->spare;
    l->partial.max = max;
    s->spare = buffer_with_max(0);
}

/* A piece that was read to where it belongs is there already. */
static void add_piece(struct ws_link *l, const struct ws_piece *piece)
{
    if (l->partial.at != NULL && buffer_ok(&l->partial) &&
        piece->at == l->partial.at + l->partial.len)
        buffer_commit(&l->partial, piece->len);
    else
        buffer_add(&l->partial, slice_of(piece->at, piece->len));
    count_partial(l);
}

static void tell_part(struct ws_link *l)
{
    const size_t total = (size_t)ws_reader_total(&l->reader);

    if (total > 0 && !l->fragments && l->events->on_part != NULL)
        l->events->on_part(l->ctx, l->partial.at, l->partial.len, total);
}

/* True when all messages that come in parts may have what they have. */
static bool check_parts(struct ws_link *l)
{
    struct why why;

    if (!l->unpaid && l->scratch->parts <= l->scratch->parts_max)
        return true;
    send_close(l, WS_CLOSE_TRY_LATER, slice_text("too much at once"));
    if (l->unpaid)
        (void)why_fail(&why, STATUS_BUSY, "ws", NULL,
                       "no memory left for a message of %zu bytes and more",
                       l->partial.len);
    else
        (void)why_fail(&why, STATUS_LIMIT, "ws", NULL,
                       "messages in parts of more than %zu bytes in all",
                       l->scratch->parts_max);
    end(l, &why);
    return false;
}

static void on_part(struct ws_link *l, const struct ws_piece *piece)
{
    struct why why;

    if (piece->first) {
        begin_partial(l);
        l->fragments = !l->reader.fin;
    }
    add_piece(l, piece);
    if (!check_parts(l))
        return;
    if (!buffer_ok(&l->partial)) {
        (void)why_fail(&why, STATUS_NO_MEMORY, "ws", NULL, "no memory");
        end(l, &why);
        return;
    }
    if (!piece->last) {
        tell_part(l);
        return;
    }
    l->events->on_message(l->ctx, piece->opcode, l->partial.at, l->partial.len);
    gather_flush(&l->scratch->gather); /* before others use that memory */
    give_back(l);
}

static void on_piece(struct ws_link *l, const struct ws_piece *piece)
{
    if (piece->opcode >= WS_CLOSE)
        on_control(l, piece);
    else if (piece->first && piece->last)
        l->events->on_message(l->ctx, piece->opcode, piece->at, piece->len);
    else
        on_part(l, piece);
}

static uint8_t *on_alloc(void *ctx, size_t *room)
{
    struct ws_link *l = ctx;
    const uint64_t left = ws_reader_left(&l->reader);
    uint8_t *at = NULL;

    *room = ws_reader_room(&l->reader, SCRATCH_READ_BYTES);
    if (l->partial.at != NULL && left >= DIRECT_MIN_BYTES) {
        *room = (size_t)MIN_OF(left, (uint64_t)SCRATCH_READ_BYTES);
        at = buffer_reserve(&l->partial, *room);
        count_partial(l);
    }
    return at != NULL ? at : l->scratch->read;
}

static void on_read(void *ctx, uint8_t *at, size_t len)
{
    struct ws_link *l = ctx;
    struct gather *gather = &l->scratch->gather;
    struct ws_piece piece;
    struct why why;
    bool got = true;

    l->busy = true;
    gather_begin(gather);
    while (!l->over && got) {
        if (ws_reader_next(&l->reader, &at, &len, &got, &piece, &why) !=
            STATUS_OK) {
            send_close(l, ws_reader_close_code(&l->reader),
                       slice_text(why.found));
            end(l, &why);
        } else if (got) {
            on_piece(l, &piece);
        }
    }
    gather_end(gather);
    if (!l->over && l->events->on_read_end != NULL)
        l->events->on_read_end(l->ctx);
    l->busy = false;
    if (l->conn == NULL) /* given up in a callback */
        ws_link_free(l);
}

static void on_eof(void *ctx)
{
    struct ws_link *l = ctx;
    struct why why;

    (void)why_fail(&why, STATUS_CUT, "ws", "RFC 6455 7.1.1",
                   "the connection ended without a close frame");
    end(l, &why);
}

static void on_failed(void *ctx, const struct why *why)
{
    end(ctx, why);
}

/* --- writing ------------------------------------------------------------- */

bool ws_link_is_idle(const struct ws_link *l)
{
    return conn_pending(l->conn) == 0 && l->rest_len == 0;
}

/* Mask and write more of a long message, as far as the system takes it. */
static enum status send_rest(struct ws_link *l)
{
    enum status st = STATUS_OK;

    while (l->rest_len > 0 && conn_pending(l->conn) == 0 && st == STATUS_OK) {
        const struct slice run =
            slice_of(l->rest, MIN_OF(l->rest_len, (size_t)MASK_BYTES));

        ws_frame_mask(l->rest, run.len, l->rest_key, 0);
        l->rest += run.len;
        l->rest_len -= run.len;
        st = conn_write_borrowed(l->conn, &run, 1);
    }
    return st;
}

/* What must not come inside of a message follows it. */
static enum status send_behind(struct ws_link *l)
{
    enum status st;

    if (l->behind.len == 0 || !ws_link_is_idle(l))
        return STATUS_OK;
    st = conn_write(l->conn, buffer_view(&l->behind));
    buffer_free(&l->behind);
    return st;
}

static void on_written(void *ctx)
{
    struct ws_link *l = ctx;
    struct why why;

    if (l->over)
        return;
    if (send_rest(l) != STATUS_OK || send_behind(l) != STATUS_OK) {
        (void)why_fail(&why, STATUS_NO_MEMORY, "ws", NULL, "no memory");
        end(l, &why);
    } else if (ws_link_is_idle(l)) {
        l->events->on_sent(l->ctx);
    }
}

/* Mask |m|, or only its beginning if it is long and the last of those that are
 * sent together; how much of it goes now. */
static size_t mask(struct ws_link *l, const struct ws_out *m,
                   const uint8_t *key, bool is_last)
{
    const size_t now = is_last ? MIN_OF(m->len, (size_t)MASK_BYTES) : m->len;

    ws_frame_mask(m->at, now, key, 0);
    l->rest = m->at + now;
    l->rest_len = m->len - now;
    memcpy(l->rest_key, key, sizeof(l->rest_key));
    return now;
}

enum status ws_link_send(struct ws_link *l, enum ws_opcode opcode,
                         const struct ws_out *messages, size_t count)
{
    struct slice runs[CONN_RUNS_MAX];
    enum status st;

    assert(count > 0 && count <= COUNT_OF(runs) && ws_link_is_idle(l));
    if (l->over || l->close_sent)
        return STATUS_OK; /* on_end() says so */
    for (size_t i = 0; i < count; i++) {
        const struct ws_out *m = &messages[i];
        const uint8_t *key = next_key(l);
        size_t head = ws_frame_header(m->at, m->len, opcode, true, key);
        size_t now = key == NULL ? m->len : mask(l, m, key, i + 1 == count);

        runs[i] = slice_of(m->at - head, head + now);
    }
    st = conn_write_borrowed(l->conn, runs, count);
    return st == STATUS_OK ? send_rest(l) : st;
}

/* --- life ---------------------------------------------------------------- */

void ws_link_limit(struct ws_link *l, uint64_t message_max)
{
    ws_reader_limit(&l->reader, message_max);
}

enum status ws_link_open(struct conn *conn, const struct ws_link_config *config,
                         struct ws_link **out)
{
    static const struct conn_events events = {
        .on_alloc = on_alloc,
        .on_read = on_read,
        .on_eof = on_eof,
        .on_written = on_written,
        .on_failed = on_failed,
    };
    struct ws_link *l = calloc(1, sizeof(*l));

    *out = NULL;
    if (l == NULL)
        return STATUS_NO_MEMORY;
    l->conn = conn;
    l->role = config->role;
    l->scratch = config->scratch;
    l->purse = config->purse;
    l->events = config->events;
    l->ctx = config->ctx;
    l->behind = buffer_with_max(QUEUE_MAX_BYTES);
    ws_reader_init(&l->reader, config->role, config->message_max);
    conn_start(conn, &events, l, QUEUE_MAX_BYTES);
    *out = l;
    return STATUS_OK;
}

void ws_link_ping(struct ws_link *l)
{
    struct ws_control ping;

    if (l->over || l->close_sent)
        return;
    ws_frame_control(&ping, WS_PING, (struct slice){ 0 }, next_key(l));
    (void)send_control(l, &ping); /* see there */
}

void ws_link_pause(struct ws_link *l)
{
    conn_pause(l->conn);
}

void ws_link_resume(struct ws_link *l)
{
    if (!l->over)
        conn_resume(l->conn);
}

uint16_t ws_link_peer_close(const struct ws_link *l, struct slice *reason)
{
    return ws_frame_close_parse(slice_of(l->peer_close, l->peer_close_len),
                                reason);
}

void ws_link_close(struct ws_link *l, uint16_t code)
{
    ws_link_close_with(l, code, (struct slice){ 0 });
}

void ws_link_close_with(struct ws_link *l, uint16_t code, struct slice reason)
{
    struct conn *conn;

    if (l == NULL)
        return;
    conn = l->conn;
    if (code == 0 || !ws_link_is_idle(l)) {
        conn_reset(conn);
    } else {
        send_close(l, code, reason);
        conn_linger(conn);
    }
    l->over = true;
    l->conn = NULL;
    if (!l->busy)
        ws_link_free(l);
}
