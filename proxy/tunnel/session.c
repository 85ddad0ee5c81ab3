#include "proxy/tunnel/session.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/cursor.h"
#include "common/secret.h"
#include "proxy/tunnel/handshake.h"
#include "proxy/tunnel/keepalive.h"
#include "proxy/tunnel/mux.h"

#define CLAUSE "PROTOCOL 9"

enum session_state {
    SESSION_WAITS_ANNOUNCE, /* client: for server_kx */
    SESSION_JUDGING,        /* client: for session_accept() */
    SESSION_WAITS_REPLY,    /* client: for Noise message 2 */
    SESSION_WAITS_HELLO,    /* server: for Noise message 1 */
    SESSION_READY,
    SESSION_OVER,
    SESSION_STATE_COUNT
};

struct session {
    struct session_config config;
    enum session_state state;
    bool client;
    bool draining; /* we sent a goaway, or it is due */
    bool goaway;   /* the peer's has come */
    bool in_input;
    int64_t deadline_ms; /* while a handshake message is awaited */
    struct keepalive alive;
    struct mux mux;
    struct record in; /* opens what comes */
    struct handshake handshake;
};

typedef enum status message_fn(struct session *s, uint8_t *message, size_t len,
                               struct why *why);

static message_fn take_announcement, take_reply, take_hello, take_record,
    out_of_turn;

/* clang-format off */
/* The drawing of docs/PROTOCOL.md section 3, as data: what a message is where
 * the session is, and whether the peer must send it in time. */
static const struct {
    const char *name;
    message_fn *take;
    bool hurry;
} states[SESSION_STATE_COUNT] = {
    [SESSION_WAITS_ANNOUNCE] = { "waits-announce", take_announcement, true },
    [SESSION_JUDGING]        = { "judging",        out_of_turn,       false },
    [SESSION_WAITS_REPLY]    = { "waits-reply",    take_reply,        true },
    [SESSION_WAITS_HELLO]    = { "waits-hello",    take_hello,        true },
    [SESSION_READY]          = { "ready",          take_record,       false },
    [SESSION_OVER]           = { "over",           out_of_turn,       false },
};
/* clang-format on */

static void set_state(struct session *s, enum session_state state)
{
    log_event(s->config.log, LOG_DEBUG, "session.state",
              LOG_FIELDS(LOG_S("side", s->client ? "client" : "server"),
                         LOG_S("from", states[s->state].name),
                         LOG_S("to", states[state].name)));
    s->state = state;
    s->deadline_ms =
        states[state].hurry ? s->mux.now_ms + HANDSHAKE_DEADLINE_MS : INT64_MAX;
}

struct mux *session_mux(struct session *s)
{
    return &s->mux;
}

/* Birth and end. */

static struct session *make(const struct session_config *config, bool client,
                            const uint8_t *challenge, int64_t now_ms)
{
    struct session *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->config = *config;
    s->client = client;
    handshake_init(&s->handshake, config, challenge);
    mux_init(&s->mux, s, config, client);
    s->mux.now_ms = now_ms;
    return s;
}

enum status
session_client_new(const struct session_config *config,
                   const uint8_t challenge[static SESSION_CHALLENGE_BYTES],
                   int64_t now_ms, struct session **out)
{
    *out = make(config, true, challenge, now_ms);
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    set_state(*out, SESSION_WAITS_ANNOUNCE);
    return STATUS_OK;
}

static enum status announce_self(struct session *s,
                                 const struct session_identity *identity)
{
    struct announce a;
    struct builder b;
    uint8_t *message;
    size_t room;

    handshake_identify(&s->handshake, &s->config, identity, &a);
    room = announce_room(&a);
    if (room > ANNOUNCE_MAX_BYTES || a.quote.len > QUOTE_MAX_BYTES)
        return STATUS_LIMIT;
    message = outbox_new_message(room);
    if (message == NULL)
        return STATUS_NO_MEMORY;
    b = builder_over(message, room);
    announce_encode(&a, &b);
    assert(builder_ok(&b));
    handshake_bind(&s->handshake, builder_view(&b));
    outbox_add(&s->mux.out, message, b.len);
    return STATUS_OK;
}

enum status
session_server_new(const struct session_config *config,
                   const uint8_t challenge[static SESSION_CHALLENGE_BYTES],
                   const struct session_identity *identity, int64_t now_ms,
                   struct session **out)
{
    struct session *s = make(config, false, challenge, now_ms);
    enum status st;

    *out = NULL;
    assert(config->streams_max > 0 && config->streams_max <= STREAMS_MAX);
    if (s == NULL)
        return STATUS_NO_MEMORY;
    st = purse_take(&s->mux.budget.purse, SESSION_OWN_BYTES)
             ? announce_self(s, identity)
             : STATUS_BUSY;
    if (st != STATUS_OK) {
        session_free(s);
        return st;
    }
    set_state(s, SESSION_WAITS_HELLO);
    *out = s;
    return STATUS_OK;
}

void session_free(struct session *s)
{
    if (s == NULL)
        return;
    assert(!s->in_input);
    handshake_fini(&s->handshake);
    record_fini(&s->in);
    mux_fini(&s->mux);
    secret_wipe(s, sizeof(*s));
    free(s);
}

/* The one end of every session. Output that was sealed can still be taken. */
static void finish(struct session *s, const struct why *why)
{
    set_state(s, SESSION_OVER);
    outbox_end(&s->mux.out);
    s->mux.over = true;
    mux_drop(&s->mux, 0,
             why->status == STATUS_OK ? STATUS_GOING_AWAY : why->status);
    handshake_fini(&s->handshake);
    record_fini(&s->in);
    flow_budget_fini(&s->mux.budget);
    log_why(s->config.log, LOG_DEBUG, "session.over", why, NULL);
    s->config.events->on_closed(s->config.ctx, why);
}

void session_close(struct session *s, const struct why *reason, int64_t now_ms)
{
    enum reason told = reason_of(reason->status);

    s->mux.now_ms = now_ms;
    if (s->state == SESSION_OVER)
        return;
    if (told == REASON_NONE && s->mux.streams > 0)
        told = REASON_GOING_AWAY;
    if (s->state == SESSION_READY)
        mux_goodbye(&s->mux, told, status_text(reason->status));
    finish(s, reason);
}

void session_carrier_lost(struct session *s, enum status reason, int64_t now_ms)
{
    struct why why;

    s->mux.now_ms = now_ms;
    if (s->state == SESSION_OVER)
        return;
    if (s->state == SESSION_READY || reason == STATUS_OK)
        (void)why_fail(&why, STATUS_CUT, "carrier", CLAUSE, "%s",
                       reason == STATUS_OK ? "it was closed"
                                           : status_text(reason));
    else
        (void)why_fail(&why, reason, "carrier", NULL, "%s",
                       status_text(reason));
    finish(s, &why);
}

/* After a goaway, when the last stream has ended. */
static void finish_if_done(struct session *s)
{
    static const struct why complete;

    if (s->state == SESSION_READY && mux_finished(&s->mux))
        finish(s, &complete);
}

/* Handshake. */

static enum status out_of_turn(struct session *s, uint8_t *message, size_t len,
                               struct why *why)
{
    (void)message;
    return why_fail(why, STATUS_BAD_STATE, "session", "PROTOCOL 3",
                    "a message of %zu bytes while %s", len,
                    states[s->state].name);
}

static enum status take_announcement(struct session *s, uint8_t *message,
                                     size_t len, struct why *why)
{
    struct session_evidence e;
    enum status st =
        handshake_take_announcement(&s->handshake, slice_of(message, len), why);

    if (st != STATUS_OK)
        return st;
    set_state(s, SESSION_JUDGING);
    e = handshake_evidence(&s->handshake);
    s->config.events->on_evidence(s->config.ctx, &e);
    return STATUS_OK;
}

/* A message of the handshake is written to |b|, then added. */
static enum status new_message(struct builder *b, struct why *why)
{
    uint8_t *message = outbox_new_message(HANDSHAKE_MAX_BYTES);

    *b = builder_over(message, HANDSHAKE_MAX_BYTES);
    if (message == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "handshake", NULL, "no memory");
    return STATUS_OK;
}

static enum status send_hello(struct session *s, struct why *why)
{
    struct builder b;
    enum status st = new_message(&b, why);

    if (st != STATUS_OK)
        return st;
    st = handshake_write_hello(&s->handshake, &b, why);
    if (st == STATUS_OK)
        outbox_add(&s->mux.out, b.out, b.len);
    else
        outbox_free_message(b.out);
    return st;
}

void session_accept(struct session *s, int64_t now_ms)
{
    struct why why;

    s->mux.now_ms = now_ms;
    if (s->state != SESSION_JUDGING)
        return;
    if (send_hello(s, &why) != STATUS_OK) {
        session_close(s, &why, now_ms);
        return;
    }
    set_state(s, SESSION_WAITS_REPLY);
    mux_tell_output(&s->mux);
}

/* Take the keys into use. */
static enum status begin(struct session *s, uint32_t streams_max,
                         const struct handshake_result *result, struct why *why)
{
    enum aead_suite suite = s->handshake.suite;
    enum status st = outbox_begin(&s->mux.out, suite, result->keys.send);

    if (st == STATUS_OK)
        st = record_init(&s->in, suite, result->keys.receive);
    handshake_fini(&s->handshake);
    if (st != STATUS_OK)
        return why_fail(why, st, "handshake", NULL, "no memory");
    keepalive_init(&s->alive, s->mux.now_ms);
    mux_begin(&s->mux, streams_max, result->first_credit);
    set_state(s, SESSION_READY);
    s->config.events->on_ready(s->config.ctx);
    return STATUS_OK;
}

static enum status take_reply(struct session *s, uint8_t *message, size_t len,
                              struct why *why)
{
    uint32_t theirs = s->handshake.announce.streams_max;
    struct handshake_result result;
    enum status st =
        handshake_take_reply(&s->handshake, message, len, &result, why);

    if (st == STATUS_OK)
        st = begin(s, MIN_OF(theirs, STREAMS_MAX), &result, why);
    secret_wipe(&result, sizeof(result));
    return st;
}

static enum status take_hello(struct session *s, uint8_t *message, size_t len,
                              struct why *why)
{
    struct handshake_result result;
    struct builder b;
    enum status st = new_message(&b, why);

    if (st != STATUS_OK)
        return st;
    st = handshake_take_hello(&s->handshake, message, len, &b, &result, why);
    if (st == STATUS_OK)
        outbox_add(&s->mux.out, b.out, b.len);
    else
        outbox_free_message(b.out);
    if (st == STATUS_OK)
        st = begin(s, s->config.streams_max, &result, why);
    secret_wipe(&result, sizeof(result));
    return st;
}

/* Records. */

static enum status take_goaway(struct session *s, const struct frame *f,
                               struct why *why)
{
    if (f->id > (s->client ? s->mux.last_id : 0))
        return why_fail(why, STATUS_BAD_STATE, "frame.goaway", CLAUSE,
                        "of stream %" PRIu32 ", which was not opened", f->id);
    if (f->number == REASON_NONE && s->goaway)
        return why_fail(why, STATUS_BAD_STATE, "frame.goaway", CLAUSE,
                        "a second one");
    s->goaway = s->mux.leaving = s->mux.no_opens = true;
    if (f->number != REASON_NONE) {
        (void)why_fail(why, reason_status(f->number), "frame.goaway", CLAUSE,
                       "the peer ended the session (%" PRIu32 "): %.*s",
                       f->number, (int)f->bytes.len, (const char *)f->bytes.at);
        finish(s, why);
        return STATUS_OK;
    }
    if (s->client)
        mux_drop(&s->mux, f->id, STATUS_GOING_AWAY);
    if (s->state == SESSION_READY)
        s->config.events->on_goaway(s->config.ctx);
    return STATUS_OK;
}

static uint64_t number_of(struct slice opaque)
{
    struct cursor c = cursor_over(opaque);

    return cursor_u64be(&c);
}

static enum status take_frame(struct session *s, const struct frame *f,
                              struct why *why)
{
    if (f->type < FRAME_PING)
        return mux_receive(&s->mux, f, why);
    if (f->type == FRAME_GOAWAY)
        return take_goaway(s, f, why);
    if (f->type == FRAME_PING) {
        s->mux.pong = number_of(f->bytes);
        mux_put_due(&s->mux, MUX_DUE_PONG);
        return STATUS_OK;
    }
    if (!keepalive_pong(&s->alive, number_of(f->bytes)))
        return why_fail(why, STATUS_BAD_STATE, "frame.pong", CLAUSE,
                        "no ping waits for it");
    return STATUS_OK;
}

static enum status take_record(struct session *s, uint8_t *message, size_t len,
                               struct why *why)
{
    struct slice plain;
    enum status st = record_open(&s->in, message, len, &plain, why);
    struct wire_in in = wire_in_over(plain, WIRE_DETERMINISTIC);

    if (st != STATUS_OK)
        return st;
    keepalive_heard(&s->alive, s->mux.now_ms);
    if (plain.len == 0)
        return why_fail(why, STATUS_BAD_FIELD, "record", "PROTOCOL 5",
                        "no frame is in it");
    /* A callback may have ended the session. */
    while (s->state == SESSION_READY && st == STATUS_OK &&
           !wire_in_finish(&in)) {
        struct frame f;

        st = frame_read(&in, &f, why);
        if (st == STATUS_OK)
            st = take_frame(s, &f, why);
    }
    return st;
}

enum status session_input(struct session *s, uint8_t *message, size_t len,
                          int64_t now_ms)
{
    struct why why = { 0 };
    enum status st;

    assert(!s->in_input);
    s->mux.now_ms = now_ms;
    if (s->state == SESSION_OVER)
        return STATUS_OK;
    s->in_input = true;
    st = states[s->state].take(s, message, len, &why);
    s->in_input = false;
    if (st != STATUS_OK)
        session_close(s, &why, now_ms);
    finish_if_done(s);
    mux_tell_output(&s->mux);
    return st;
}

/* Output. */

static void close_if_broken(struct session *s)
{
    struct why why;

    if (s->state != SESSION_READY || s->mux.out.failed == STATUS_OK)
        return;
    (void)why_fail(&why, s->mux.out.failed, "output", "PROTOCOL 4",
                   "no record can be made");
    session_close(s, &why, s->mux.now_ms);
}

size_t session_output(struct session *s, struct session_out *out, size_t max,
                      int64_t now_ms)
{
    size_t taken;

    s->mux.now_ms = now_ms;
    if (s->state == SESSION_READY) {
        mux_flush(&s->mux);
        outbox_seal(&s->mux.out);
        finish_if_done(s);
        close_if_broken(s);
    }
    taken = outbox_take(&s->mux.out, out, max);
    s->mux.told = mux_wants_output(&s->mux);
    return taken;
}

void session_output_done(struct session *s, size_t count)
{
    outbox_done(&s->mux.out, count);
    if (s->state != SESSION_READY)
        return;
    mux_flush(&s->mux); /* before data takes the room */
    mux_share_room(&s->mux);
    mux_tell_output(&s->mux);
}

/* Time. */

int64_t session_deadline(const struct session *s)
{
    return s->state == SESSION_READY ? keepalive_deadline(&s->alive)
                                     : s->deadline_ms;
}

static void tick_ready(struct session *s)
{
    struct why why;

    switch (keepalive_tick(&s->alive, s->mux.now_ms)) {
    case KEEPALIVE_WAIT:
        break;
    case KEEPALIVE_PING:
        outbox_trim(&s->mux.out); /* nothing comes: nothing much goes either */
        s->mux.ping = s->alive.pings;
        mux_put_due(&s->mux, MUX_DUE_PING);
        mux_tell_output(&s->mux);
        break;
    case KEEPALIVE_GONE:
        (void)why_fail(&why, STATUS_TIMED_OUT, "session", CLAUSE,
                       "no answer to a ping within %d ms", PING_DEADLINE_MS);
        session_close(s, &why, s->mux.now_ms);
        break;
    }
}

void session_tick(struct session *s, int64_t now_ms)
{
    struct why why;

    s->mux.now_ms = now_ms;
    if (s->state == SESSION_READY) {
        tick_ready(s);
        return;
    }
    if (now_ms < s->deadline_ms)
        return;
    (void)why_fail(&why, STATUS_TIMED_OUT, "handshake", "PROTOCOL 3",
                   "nothing came while %s, for %d ms", states[s->state].name,
                   HANDSHAKE_DEADLINE_MS);
    session_close(s, &why, now_ms);
}

void session_drain(struct session *s, int64_t now_ms)
{
    static const struct why complete;

    s->mux.now_ms = now_ms;
    if (s->state != SESSION_READY) {
        session_close(s, &complete, now_ms);
        return;
    }
    if (s->draining)
        return;
    s->draining = s->mux.leaving = true;
    s->mux.accept_up_to = s->client ? UINT32_MAX : s->mux.last_id;
    mux_put_due(&s->mux, MUX_DUE_GOAWAY);
    mux_tell_output(&s->mux);
}

/* For others to see. */

bool session_is_over(const struct session *s)
{
    return s->state == SESSION_OVER;
}

bool session_is_leaving(const struct session *s)
{
    return s->mux.leaving || s->state == SESSION_OVER;
}

const char *session_suite(const struct session *s)
{
    return aead_name(s->handshake.suite);
}

size_t session_streams(const struct session *s)
{
    return s->mux.streams;
}

uint64_t session_bytes_in(const struct session *s)
{
    return s->mux.bytes_in;
}

uint64_t session_bytes_out(const struct session *s)
{
    return s->mux.bytes_out;
}
