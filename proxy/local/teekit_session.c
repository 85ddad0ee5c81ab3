#include "proxy/local/teekit_session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/limits.h"
#include "common/secret.h"
#include "common/text.h"
#include "proxy/io/ws_dial.h"
#include "proxy/io/ws_link.h"
#include "proxy/io/ws_queue.h"
#include "proxy/local/teekit_evidence.h"
#include "proxy/tunnel/teekit_envelope.h"
#include "proxy/tunnel/teekit_opening.h"

#define TICK_MS         500
#define FULL_BYTES      (1024 * 1024)
#define ID_SLOT_DIGITS  3
#define ID_RANDOM_BYTES 14
#define WORD_MAX_BYTES  512 /* of the client's messages of the handshake */

enum teekit_state {
    TEEKIT_NONE, /* illegal */
    TEEKIT_DIALLING,
    TEEKIT_WAITING, /* for server_kx */
    TEEKIT_JUDGING,
    TEEKIT_READY,
    TEEKIT_OVER /* on_closed() was called; only memory is left */
};

/* Freed in the close callback of the last of its handles. */
struct teekit_session {
    struct teekit_session_config config;
    enum teekit_state state;
    bool draining;
    bool broken;          /* it cannot send: the tick ends it */
    bool was_full;        /* users wait for on_room() */
    struct ws_dial *dial; /* owned while dialling, else NULL */
    struct ws_link *link; /* owned; NULL while dialling */
    uv_timer_t tick;
    uv_idle_t flush;  /* active while there is something new in |queue| */
    unsigned handles; /* that are not closed yet */
    uint8_t public_key[TEEKIT_KEY_BYTES]; /* the server's */
    struct teekit_key key;                /* zero until accepted */
    struct secret_pool pool;              /* of nonces and ids */
    struct ws_queue queue;                /* what is to be sent */
    size_t held;                          /* bytes that users hold */
    int64_t heard_ms;                     /* when something last came */
    int64_t pinged_ms;                    /* when a ping left that has no pong;
                                           * 0: none */
    struct teekit_traffic traffic;
    struct teekit_user *users[STREAMS_MAX];
    struct teekit_opening opening; /* of a large message that comes */
    struct teekit_message message; /* the one being read */
};

static int64_t now_ms(const struct teekit_session *s)
{
    return (int64_t)uv_now(s->config.loop);
}

static void set_state(struct teekit_session *s, enum teekit_state to)
{
    assert(to > s->state); /* never back */
    s->state = to;
}

/* --- the end ------------------------------------------------------------- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct teekit_session *s = handle->data;

    if (--s->handles == 0)
        free(s);
}

static void tell_lost(struct teekit_session *s, const struct why *why)
{
    for (size_t i = 0; i < COUNT_OF(s->users); i++) {
        struct teekit_user *u = s->users[i];

        if (u == NULL)
            continue;
        teekit_session_leave(u);
        u->events->on_lost(u, why);
    }
}

void teekit_session_close(struct teekit_session *s, const struct why *why)
{
    const struct why given = *why;
    struct why lost = given;

    if (s->state == TEEKIT_OVER)
        return;
    set_state(s, TEEKIT_OVER);
    if (lost.status == STATUS_OK)
        (void)why_fail(&lost, STATUS_CUT, "session", NULL, "it has ended");
    tell_lost(s, &lost);
    ws_dial_cancel(s->dial);
    ws_link_close(s->link, given.status == STATUS_OK ? WS_CLOSE_NORMAL
                                                     : WS_CLOSE_GOING_AWAY);
    ws_queue_drop(&s->queue);
    teekit_seal_wipe(&s->key);
    teekit_opening_reset(&s->opening);
    secret_wipe(&s->pool, sizeof(s->pool));
    s->config.events->on_closed(s->config.ctx, &given);
    uv_close((uv_handle_t *)&s->tick, on_handle_closed);
    uv_close((uv_handle_t *)&s->flush, on_handle_closed);
}

/* --- sending ------------------------------------------------------------- */

static void tell_room(struct teekit_session *s)
{
    s->was_full = false;
    for (size_t i = 0; i < COUNT_OF(s->users) && !s->was_full; i++)
        if (s->users[i] != NULL)
            s->users[i]->events->on_room(s->users[i]);
}

static void tick_now(struct teekit_session *s);

static bool is_full(const struct teekit_session *s)
{
    return s->queue.bytes >= FULL_BYTES;
}

bool teekit_session_is_full(struct teekit_session *s)
{
    s->was_full = s->was_full || is_full(s);
    return is_full(s);
}

/* |st| is what came of sending. */
static void after_sending(struct teekit_session *s, enum status st)
{
    s->broken = s->broken || st != STATUS_OK;
    if (s->broken)
        tick_now(s);
    else if (s->was_full && !is_full(s))
        tell_room(s);
}

/* What the link had has left: more may go. */
static void on_sent(void *ctx)
{
    struct teekit_session *s = ctx;

    after_sending(s, ws_queue_sent(&s->queue));
}

static void on_flush(uv_idle_t *idle)
{
    struct teekit_session *s = idle->data;

    (void)uv_idle_stop(idle); /* cannot fail */
    after_sending(s, ws_queue_flush(&s->queue));
}

/* |p| is complete: it leaves with all that is sent in this turn. */
static void enqueue(struct teekit_session *s, struct teekit_parcel *p)
{
    ws_queue_append(&s->queue, &p->packet);
    (void)uv_idle_start(&s->flush, on_flush); /* cannot fail */
}

void teekit_session_send(struct teekit_user *u, struct teekit_parcel *p,
                         struct teekit_message *m, enum teekit_body kind)
{
    struct teekit_session *s = u->session;

    assert(s->state == TEEKIT_READY && u->id.len > 0);
    m->id = u->id;
    s->traffic.bytes_out += teekit_parcel_body(p);
    if (p->begun)
        teekit_parcel_end(p);
    else
        teekit_parcel_seal(p, m, kind, &s->key, &s->pool);
    enqueue(s, p);
}

/* A message of the handshake, which is not sealed. */
static enum status say(struct teekit_session *s,
                       const struct teekit_envelope *e)
{
    const struct teekit_message none = { .type = TEEKIT_UNKNOWN };
    struct teekit_parcel *p;
    struct builder b;
    enum status st = teekit_parcel_new(NULL, &none, WORD_MAX_BYTES, &p);

    if (st != STATUS_OK)
        return st;
    b = builder_over(teekit_parcel_reserve(p, WORD_MAX_BYTES), WORD_MAX_BYTES);
    teekit_envelope_encode(e, TEEKIT_OURS, &b);
    assert(builder_ok(&b));
    p->packet.out = (struct ws_out){ b.out, b.len };
    enqueue(s, p);
    return STATUS_OK;
}

/* --- users --------------------------------------------------------------- */

enum status teekit_session_join(struct teekit_session *s, struct teekit_user *u)
{
    assert(u->session == NULL);
    if (teekit_session_is_leaving(s))
        return STATUS_GOING_AWAY;
    for (size_t i = 0; i < COUNT_OF(s->users); i++) {
        if (s->users[i] != NULL)
            continue;
        s->users[i] = u;
        u->session = s;
        u->slot = i;
        s->traffic.users++;
        return STATUS_OK;
    }
    return STATUS_LIMIT;
}

static void end_if_drained(struct teekit_session *s);

void teekit_session_leave(struct teekit_user *u)
{
    struct teekit_session *s = u->session;

    if (s == NULL)
        return;
    teekit_session_forget(u);
    s->users[u->slot] = NULL;
    s->traffic.users--;
    u->session = NULL;
    end_if_drained(s);
}

/* A new id for |u|. */
static void name(struct teekit_user *u)
{
    uint8_t random[ID_RANDOM_BYTES];
    char text[ID_SLOT_DIGITS + TEXT_BASE64_ROOM(ID_RANDOM_BYTES)];

    secret_draw(&u->session->pool, random, sizeof(random));
    (void)snprintf(text, sizeof(text), "%03x", (unsigned)u->slot);
    text_base64url(SLICE_OF(random), text + ID_SLOT_DIGITS,
                   sizeof(text) - ID_SLOT_DIGITS);
    u->id = teekit_message_id(text, u->id_bytes);
}

void teekit_session_begin(struct teekit_user *u, struct teekit_parcel *p,
                          struct teekit_message *m, size_t len)
{
    struct teekit_session *s = u->session;

    assert(s->state == TEEKIT_READY);
    name(u);
    m->id = u->id;
    teekit_parcel_begin(p, m, TEEKIT_TEXT, len, &s->key, &s->pool);
}

void teekit_session_ask(struct teekit_user *u, int64_t ms)
{
    if (u->id.len == 0)
        name(u);
    u->asked_ms = now_ms(u->session);
    u->deadline_ms = u->asked_ms + ms;
}

void teekit_session_forget(struct teekit_user *u)
{
    u->id = (struct slice){ 0 };
    u->deadline_ms = 0;
}

bool teekit_session_is_leaving(const struct teekit_session *s)
{
    return s->draining || s->state != TEEKIT_READY;
}

struct buffer teekit_session_take(struct teekit_session *s)
{
    struct buffer taken;

    ws_link_take(s->link, &taken);
    return taken;
}

bool teekit_session_hold(struct teekit_session *s, size_t bytes)
{
    if (bytes > TEEKIT_HELD_MAX_BYTES - s->held)
        return false;
    s->held += bytes;
    return true;
}

void teekit_session_release(struct teekit_session *s, size_t bytes)
{
    assert(bytes <= s->held);
    s->held -= bytes;
}

struct teekit_traffic teekit_session_traffic(const struct teekit_session *s)
{
    return s->traffic;
}

/* --- receiving ----------------------------------------------------------- */

/* The user whose id stands in a message: an id begins with its slot. NULL: it
 * is of nobody, any more. */
static struct teekit_user *find_user(struct teekit_session *s, struct slice id)
{
    struct teekit_user *u;
    size_t slot = 0;

    if (id.len <= ID_SLOT_DIGITS)
        return NULL;
    for (size_t i = 1; i <= ID_SLOT_DIGITS; i++) {
        uint8_t c = id.at[i]; /* behind the head of the text */

        slot = slot * 16 + (size_t)(c >= 'a' ? c - 'a' + 10 : c - '0') % 16;
    }
    u = slot < COUNT_OF(s->users) ? s->users[slot] : NULL;
    return u != NULL && slice_equal(u->id, id) ? u : NULL;
}

static void drop(const struct teekit_session *s, const struct why *why)
{
    log_why(s->config.log, LOG_DEBUG, "teekit.dropped", why,
            LOG_FIELDS(LOG_S("endpoint", s->config.endpoint->url)));
}

/* |text| came sealed: it is the server's. */
static void on_plain(struct teekit_session *s, uint8_t *text, size_t len)
{
    struct teekit_message *m = &s->message;
    struct why why = { 0 };
    enum status st = teekit_message_parse(text, len, m, &why);
    struct teekit_user *u = find_user(s, m->id);

    s->traffic.bytes_in += m->body.len;
    if (u != NULL)
        u->events->on_message(u, m, st == STATUS_OK ? NULL : &why);
    else if (st != STATUS_OK)
        drop(s, &why);
}

/* |st| says whether |text| could be opened. */
static void on_opened(struct teekit_session *s, enum status st, uint8_t *text,
                      size_t len)
{
    struct why why;

    if (st == STATUS_OK) {
        on_plain(s, text, len);
        return;
    }
    (void)why_fail(&why, STATUS_BAD_RECORD, "enc", NULL,
                   "a message that was not sealed with our key");
    teekit_session_close(s, &why);
}

static void on_announced(struct teekit_session *s,
                         const struct teekit_envelope *e)
{
    struct session_evidence evidence;
    struct why why = { 0 };

    set_state(s, TEEKIT_JUDGING);
    memcpy(s->public_key, e->public_key.at, TEEKIT_KEY_BYTES);
    if (teekit_evidence_read(s->config.tee, e, (int64_t)time(NULL), &evidence,
                             &why) == STATUS_OK)
        s->config.events->on_evidence(s->config.ctx, &evidence);
    else
        teekit_session_close(s, &why);
}

static void on_pong(void *ctx);

/* It is opened while it comes; what it says is not looked at before all of it
 * has been found to be the server's. */
static void on_part(void *ctx, uint8_t *at, size_t len, size_t total)
{
    struct teekit_session *s = ctx;

    if (s->state == TEEKIT_READY)
        teekit_opening_more(&s->opening, &s->key, at, len, total);
}

static void on_message(void *ctx, enum ws_opcode opcode, uint8_t *at,
                       size_t len)
{
    struct teekit_session *s = ctx;
    struct teekit_envelope e = { .type = TEEKIT_OTHER };
    struct why why = { 0 };
    uint8_t *text;
    size_t text_len;
    enum status st;

    on_pong(s); /* as good as one */
    if (opcode == WS_BINARY && teekit_opening_is_on(&s->opening)) {
        st = teekit_opening_end(&s->opening, at, len, &text, &text_len);
        on_opened(s, st, text, text_len);
        return;
    }
    teekit_opening_reset(&s->opening);
    if (opcode != WS_BINARY)
        st = why_fail(&why, STATUS_BAD_FIELD, "ws.opcode", NULL, "text");
    else
        st = teekit_envelope_parse(slice_of(at, len), &e, &why);
    if (st != STATUS_OK) {
        teekit_session_close(s, &why);
        return;
    }
    if (e.type == TEEKIT_SERVER_KX && s->state == TEEKIT_WAITING)
        on_announced(s, &e);
    if (e.type != TEEKIT_ENC || s->state != TEEKIT_READY)
        return;
    st = teekit_seal_open(&s->key, at, &e, &text, &text_len);
    on_opened(s, st, text, text_len);
}

static void on_link_end(void *ctx, const struct why *why)
{
    struct why cut = *why;

    /* Anybody on the way can say that it is over: nothing vouches for it. */
    if (why->status == STATUS_OK)
        (void)why_fail(&cut, STATUS_CUT, "ws.close", NULL,
                       "a close frame: %.100s", why->found);
    teekit_session_close(ctx, &cut);
}

/* --- time ---------------------------------------------------------------- */

/* A server that has said nothing since it was asked may be busy, or gone. */
static void on_late(struct teekit_session *s, struct teekit_user *u)
{
    if (s->heard_ms <= u->asked_ms && s->pinged_ms == 0) {
        s->pinged_ms = now_ms(s);
        ws_link_ping(s->link);
    }
    u->deadline_ms = 0;
    u->events->on_deadline(u);
}

static void on_pong(void *ctx)
{
    struct teekit_session *s = ctx;

    s->heard_ms = now_ms(s);
    s->pinged_ms = 0;
}

/* True when there is a reason to end it, which |why| says. */
static bool must_end(const struct teekit_session *s, struct why *why)
{
    *why = (struct why){ .status = STATUS_OK };
    if (s->broken)
        (void)why_fail(why, STATUS_NO_MEMORY, "session", NULL, "no memory");
    else if (s->pinged_ms != 0 && now_ms(s) - s->pinged_ms >= PING_DEADLINE_MS)
        (void)why_fail(why, STATUS_TIMED_OUT, "session", NULL,
                       "no pong in %d s", PING_DEADLINE_MS / 1000);
    else
        return s->draining && s->traffic.users == 0 &&
               ws_queue_empty(&s->queue);
    return true;
}

static void on_tick(uv_timer_t *timer)
{
    struct teekit_session *s = timer->data;
    struct why why;

    if (must_end(s, &why)) {
        teekit_session_close(s, &why);
        return;
    }
    for (size_t i = 0; s->state != TEEKIT_OVER && i < COUNT_OF(s->users); i++) {
        struct teekit_user *u = s->users[i];

        if (u != NULL && u->deadline_ms != 0 && u->deadline_ms <= now_ms(s))
            on_late(s, u);
    }
}

static void tick_now(struct teekit_session *s)
{
    (void)uv_timer_start(&s->tick, on_tick, 0, TICK_MS); /* cannot fail */
}

/* On the next turn, because who leaves may be in the middle of something. */
static void end_if_drained(struct teekit_session *s)
{
    if (s->draining && s->traffic.users == 0 && s->state != TEEKIT_OVER)
        tick_now(s);
}

void teekit_session_drain(struct teekit_session *s)
{
    s->draining = true;
    end_if_drained(s);
}

/* --- beginning ----------------------------------------------------------- */

static enum status open_link(struct teekit_session *s, struct conn *conn)
{
    static const struct ws_link_events events = {
        .on_part = on_part,
        .on_message = on_message,
        .on_pong = on_pong,
        .on_sent = on_sent,
        .on_end = on_link_end,
    };
    const struct ws_link_config config = {
        .role = WS_CLIENT,
        .scratch = s->config.scratch,
        .message_max = TEEKIT_KX_MAX_BYTES,
        .events = &events,
        .ctx = s,
    };
    const struct teekit_envelope ready = { .type = TEEKIT_CLIENT_READY };
    enum status st = ws_link_open(conn, &config, &s->link);

    if (st != STATUS_OK) {
        conn_close(conn);
        return st;
    }
    s->queue.link = s->link;
    return say(s, &ready);
}

static void on_dialled(void *ctx, struct conn *conn, const struct why *why)
{
    struct teekit_session *s = ctx;
    struct why failed;

    s->dial = NULL;
    if (conn == NULL) {
        teekit_session_close(s, why);
        return;
    }
    set_state(s, TEEKIT_WAITING);
    if (open_link(s, conn) == STATUS_OK)
        return;
    (void)why_fail(&failed, STATUS_NO_MEMORY, "session", NULL, "no memory");
    teekit_session_close(s, &failed);
}

void teekit_session_accept(struct teekit_session *s)
{
    uint8_t sealed[TEEKIT_SEALED_BYTES];
    const struct teekit_envelope kx = { .type = TEEKIT_CLIENT_KX,
                                        .sealed = SLICE_OF(sealed) };
    struct why why;
    enum status st;

    assert(s->state == TEEKIT_JUDGING);
    st = teekit_seal_key(s->public_key, &s->key, sealed);
    if (st == STATUS_OK)
        st = say(s, &kx);
    if (st != STATUS_OK) {
        (void)why_fail(&why, st, "server_kx.x25519PublicKey", NULL, "%s",
                       status_text(st));
        teekit_session_close(s, &why);
        return;
    }
    set_state(s, TEEKIT_READY);
    ws_link_limit(s->link, TEEKIT_MESSAGE_MAX_BYTES);
    s->config.events->on_ready(s->config.ctx);
}

enum status teekit_session_dial(const struct teekit_session_config *config,
                                struct teekit_session **out)
{
    const struct endpoint *e = config->endpoint;
    const struct ws_dial_target target = {
        .dial = { .host = slice_text(e->host),
                  .port = e->port,
                  .tls = e->tls ? config->tls : NULL },
        .path = e->path,
    };
    struct teekit_session *s = calloc(1, sizeof(*s));
    enum status st;

    *out = NULL;
    if (s == NULL)
        return STATUS_NO_MEMORY;
    s->config = *config;
    set_state(s, TEEKIT_DIALLING);
    st = ws_dial_open(config->loop, &target, on_dialled, s, &s->dial);
    if (st != STATUS_OK) {
        free(s); /* libuv knows of no handle yet */
        return st;
    }
    (void)uv_timer_init(config->loop, &s->tick); /* neither can fail */
    (void)uv_idle_init(config->loop, &s->flush);
    s->tick.data = s;
    s->flush.data = s;
    s->handles = 2;
    (void)uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
    *out = s;
    return STATUS_OK;
}
