#include "proxy/server/teekit_guest.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/compiler.h"
#include "common/secret.h"
#include "proxy/server/teekit_evidence.h"
#include "proxy/server/teekit_parts.h"
#include "proxy/server/teekit_url.h"

/* --- the end ------------------------------------------------------------- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct teekit_guest *g = handle->data;

    if (--g->handles == 0)
        free(g);
}

/* The connection must be given up. |g| is gone afterwards. */
static void guest_end(struct teekit_guest *g, uint16_t code,
                      const struct why *why)
{
    struct serve *serve = g->serve;
    const bool failed = !g->has_key && why->status != STATUS_OK;

    if (g->closing)
        return;
    g->closing = true;
    log_why(serve->config.log, failed ? LOG_WARN : LOG_INFO,
            failed ? "session.failed" : "session.down", why,
            LOG_FIELDS(LOG_S("peer", g->peer), LOG_S("protocol", "teekit")));
    meter_add(serve->config.meter, METER_TEEKIT,
              g->has_key ? METER_SESSIONS_ENDED : METER_SESSIONS_FAILED, 1);
    teekit_socket_cancel_all(g);
    teekit_call_cancel_all(g);
    ws_link_close(g->link, code);
    ws_queue_drop(&g->out);
    teekit_seal_wipe(&g->key);
    teekit_opening_reset(&g->opening);
    keys_let_go(g->epoch);
    purse_close(&g->purse);
    peers_leave(&g->pass);
    uv_close((uv_handle_t *)&g->timer, on_handle_closed);
    uv_close((uv_handle_t *)&g->flush, on_handle_closed);
    serve_leave(serve, &g->member);
}

static bool is_asked(const struct teekit_guest *g)
{
    return !list_empty(&g->calls) || g->sockets != NULL;
}

static struct teekit_guest *self(struct serve_member *m)
{
    return CONTAINER_OF(m, struct teekit_guest, member);
}

static void close_now(struct serve_member *m, const struct why *why)
{
    guest_end(self(m), WS_CLOSE_GOING_AWAY, why);
}

/* End it if nothing was asked for too long. */
static void sweep(struct serve_member *m, uint64_t now_ms)
{
    struct teekit_guest *g = self(m);
    struct why why;

    if (!g->has_key || is_asked(g)) {
        g->used_ms = now_ms;
        return;
    }
    if (now_ms - g->used_ms < g->serve->config.session_idle_ms)
        return;
    (void)why_fail(&why, STATUS_TIMED_OUT, "session", NULL, "idle");
    guest_end(g, WS_CLOSE_GOING_AWAY, &why);
}

static void on_broken(uv_timer_t *timer)
{
    struct teekit_guest *g = CONTAINER_OF(timer, struct teekit_guest, timer);

    guest_end(g,
              g->why.status == STATUS_OK ? WS_CLOSE_GOING_AWAY
                                         : WS_CLOSE_INTERNAL,
              &g->why);
}

/* End it on the next turn: whoever calls is still in need of it. */
static void end_soon(struct teekit_guest *g, enum status st, const char *found)
{
    if (g->broken || g->closing)
        return;
    g->broken = true;
    if (st != STATUS_OK)
        (void)why_fail(&g->why, st, "session", NULL, "%s", found);
    (void)uv_timer_start(&g->timer, on_broken, 0, 0); /* it is not closing */
}

void teekit_guest_settle(struct teekit_guest *g)
{
    if (g->serve->draining && !is_asked(g) && ws_queue_empty(&g->out))
        end_soon(g, STATUS_OK, "");
}

/* No new requests; it ends when those there are have been answered. */
static void drain(struct serve_member *m)
{
    teekit_guest_settle(self(m));
}

static const struct serve_member_ops member_ops = { .sweep = sweep,
                                                    .drain = drain,
                                                    .close = close_now };

/* --- sending ------------------------------------------------------------- */

static void on_flush(uv_idle_t *idle);

struct blocks *teekit_guest_blocks(const struct teekit_guest *g)
{
    return &carrier_hub_scratch(g->serve->config.hub)->blocks;
}

void teekit_guest_post(struct teekit_guest *g, struct teekit_message *m,
                       struct teekit_parcel *p, enum teekit_body kind)
{
    if (g->broken || g->closing) {
        teekit_parcel_free(p);
        return;
    }
    assert(g->has_key); /* nothing is asked before */
    if (p->begun)
        teekit_parcel_end(p);
    else
        teekit_parcel_seal(p, m, kind, &g->key, &g->pool);
    meter_add(g->serve->config.meter, METER_TEEKIT, METER_SENT_BYTES,
              p->packet.out.len);
    ws_queue_append(&g->out, &p->packet);
    (void)uv_idle_start(&g->flush, on_flush); /* cannot fail */
}

void teekit_guest_send(struct teekit_guest *g, struct teekit_message *m)
{
    const struct slice body = m->body;
    const enum teekit_body kind = m->body_kind;
    struct teekit_parcel *p;
    uint8_t *at;

    if (teekit_parcel_new(teekit_guest_blocks(g), m, body.len, &p) !=
        STATUS_OK) {
        end_soon(g, STATUS_NO_MEMORY, "no memory to answer");
        return;
    }
    at = teekit_parcel_reserve(p, body.len);
    if (at == NULL) {
        teekit_parcel_free(p);
        end_soon(g, STATUS_LIMIT, "a message over the limit");
        return;
    }
    if (body.len > 0)
        memcpy(at, body.at, body.len);
    teekit_parcel_commit(p, body.len);
    teekit_guest_post(g, m, p, kind);
}

void teekit_guest_pay(struct teekit_guest *g)
{
    const size_t all =
        TEEKIT_GUEST_OWN_BYTES + g->held + g->out.bytes + g->inbox;

    if (all > g->paid)
        purse_force(&g->purse, all - g->paid);
    else
        purse_give(&g->purse, g->paid - all);
    g->paid = all;
}

enum status teekit_guest_find(const struct teekit_guest *g, size_t bytes,
                              struct why *why)
{
    const size_t left = purse_left(&g->purse);

    if (bytes <= left)
        return STATUS_OK;
    (void)why_fail(why, STATUS_BUSY, "limit.peer-queued-mib", NULL,
                   "%zu bytes left", left);
    return why_expect(why, "%zu", bytes);
}

/* What is paid for ends, and then it is looked at again, as it is at each beat:
 * that may take long, and what is left is also for others to say. */
static bool is_poor(const struct teekit_guest *g)
{
    return g->paid > TEEKIT_GUEST_OWN_BYTES &&
           purse_left(&g->purse) < TEEKIT_LOW_BYTES;
}

static bool is_crowded(const struct teekit_guest *g)
{
    return is_poor(g) || g->held > TEEKIT_GUEST_BYTES / 2 ||
           g->out.bytes > TEEKIT_GUEST_BYTES / 2 ||
           g->call_count >= TEEKIT_CALLS_MAX || g->inbox > TEEKIT_QUEUED_BYTES;
}

void teekit_guest_weigh(struct teekit_guest *g)
{
    bool crowded;

    if (g->closing)
        return;
    teekit_guest_pay(g);
    crowded = is_crowded(g);
    if (crowded == g->crowded)
        return;
    g->crowded = crowded;
    if (crowded)
        ws_link_pause(g->link);
    else
        ws_link_resume(g->link);
}

/* |st| is what came of sending. */
static void after_sending(struct teekit_guest *g, enum status st)
{
    if (st != STATUS_OK) {
        end_soon(g, STATUS_NO_MEMORY, "no memory to send");
        return;
    }
    if (g->hushed && g->out.bytes <= TEEKIT_QUEUED_BYTES) {
        g->hushed = false;
        teekit_socket_resume_all(g);
    }
    teekit_guest_weigh(g);
    teekit_guest_settle(g);
}

static void on_sent(void *ctx)
{
    struct teekit_guest *g = ctx;

    after_sending(g, ws_queue_sent(&g->out));
}

/* What was posted in one turn of the loop leaves together. */
static void on_flush(uv_idle_t *idle)
{
    struct teekit_guest *g = idle->data;

    (void)uv_idle_stop(idle); /* cannot fail */
    after_sending(g, ws_queue_flush(&g->out));
}

/* --- routes -------------------------------------------------------------- */

enum status teekit_guest_route(const struct teekit_guest *g, struct slice text,
                               struct teekit_url *url, struct rules_backend *to,
                               struct why *why)
{
    struct slice host;
    enum status st = teekit_url_read(text, url, why);

    if (st != STATUS_OK)
        return st;
    host = url->host.len > 0 ? url->host : slice_text(g->name);
    /* The session stands for the host's port for plain HTTP: the port in the
     * URL, if any, is where the session was dialled. */
    st = rules_find_web(g->serve->config.rules, host, to);
    if (st == STATUS_OK)
        return st;
    (void)why_fail(why, st, "url", "PROTOCOL 13.5", "\"%.*s\"", (int)host.len,
                   (const char *)host.at);
    teekit_url_fini(url);
    return st;
}

struct slice teekit_guest_host(const struct teekit_guest *g,
                               const struct teekit_url *url)
{
    return url->authority.len > 0 ? url->authority : slice_text(g->host);
}

/* What follows "Host:" in the request that opened the session. */
static void take_host(struct teekit_guest *g, struct slice host)
{
    char text[TEEKIT_HOST_BYTES + 2];
    struct teekit_url url;
    struct why why;

    (void)snprintf(g->host, sizeof(g->host), "localhost");
    (void)snprintf(g->name, sizeof(g->name), "localhost");
    if (host.len == 0 || host.len >= TEEKIT_HOST_BYTES)
        return;
    (void)snprintf(text, sizeof(text), "//%.*s", (int)host.len,
                   (const char *)host.at);
    if (teekit_url_read(slice_text(text), &url, &why) != STATUS_OK)
        return;
    (void)snprintf(g->host, sizeof(g->host), "%.*s", (int)url.authority.len,
                   (const char *)url.authority.at);
    (void)snprintf(g->name, sizeof(g->name), "%.*s", (int)url.host.len,
                   (const char *)url.host.at);
    teekit_url_fini(&url);
}

/* --- receiving ----------------------------------------------------------- */

/* A beat without an answer to the last one is the end. While we do not read,
 * an answer may have come all the same. */
static void on_beat(uv_timer_t *timer)
{
    struct teekit_guest *g = CONTAINER_OF(timer, struct teekit_guest, timer);
    struct why why;

    if (g->asked && !g->crowded) {
        (void)why_fail(&why, STATUS_TIMED_OUT, "ws.pong", "PROTOCOL 13.7",
                       "none within %" PRIu64 " ms",
                       g->serve->config.teekit_beat_ms);
        guest_end(g, 0, &why);
        return;
    }
    g->asked = true;
    ws_link_ping(g->link);
    teekit_guest_weigh(g); /* others may have given memory back */
}

static void on_pong(void *ctx)
{
    struct teekit_guest *g = ctx;

    g->asked = false;
}

/* A second key would turn against its client what was asked under the first,
 * and is what a client sends whom somebody replayed our announcement to: it
 * ends the session, and the client makes another. */
static void take_key(struct teekit_guest *g, const struct teekit_envelope *e)
{
    const uint64_t beat_ms = g->serve->config.teekit_beat_ms;
    struct why why;
    enum status st = STATUS_BAD_STATE;

    if (!g->has_key)
        st = teekit_seal_unseal(g->epoch->pair->public_key,
                                g->epoch->pair->secret_key, e->sealed, &g->key);
    if (st != STATUS_OK) {
        (void)why_fail(&why, st, "client_kx", "PROTOCOL 13.2", "%s",
                       g->has_key ? "a second key" : "sealed to another key");
        guest_end(g, WS_CLOSE_PROTOCOL, &why);
        return;
    }
    g->has_key = true;
    meter_add(g->serve->config.meter, METER_TEEKIT, METER_SESSIONS, 1);
    keys_let_go(g->epoch);
    g->epoch = NULL;
    peers_ready(&g->pass);
    ws_link_limit(g->link, TEEKIT_MESSAGE_MAX_BYTES);
    (void)uv_timer_start(&g->timer, on_beat, beat_ms, beat_ms);
    log_event(g->serve->config.log, LOG_INFO, "session.up",
              LOG_FIELDS(LOG_S("peer", g->peer), LOG_S("suite", "teekit"),
                         LOG_S("session", g->label)));
}

/* What a client asks for. One that cannot be read is answered if it has an
 * id, and passed over if not: the client is as it is. */
static void on_plain(struct teekit_guest *g, uint8_t *text, size_t len)
{
    struct teekit_message m;
    struct why why;

    if (teekit_message_parse(text, len, &m, &why) != STATUS_OK) {
        log_why(g->serve->config.log, LOG_DEBUG, "message.refused", &why,
                LOG_FIELDS(LOG_S("peer", g->peer)));
        if (m.type == TEEKIT_HTTP_REQUEST && m.id.len > 0) {
            if (why.status != STATUS_HEAD_TOO_LARGE)
                why.status = STATUS_BAD_REQUEST;
            teekit_call_refuse(g, m.id, &why);
        }
        return;
    }
    switch (m.type) {
    case TEEKIT_HTTP_REQUEST:
        teekit_call_open(g, &m);
        return;
    case TEEKIT_WS_CONNECT:
        teekit_socket_open(g, &m);
        return;
    case TEEKIT_WS_MESSAGE:
        teekit_socket_message(g, &m);
        return;
    case TEEKIT_WS_CLOSE:
        teekit_socket_close(g, &m);
        return;
    case TEEKIT_UNKNOWN:
    case TEEKIT_HTTP_RESPONSE:
    case TEEKIT_WS_EVENT:
        return; /* not a client's to send: teekit's servers pass them over */
    }
}

/* |st| says whether |text| could be opened. */
static void on_opened(struct teekit_guest *g, enum status st, uint8_t *text,
                      size_t len)
{
    struct why why;

    if (st == STATUS_OK) {
        on_plain(g, text, len);
        return;
    }
    (void)why_fail(&why, st, "enc", "PROTOCOL 13.3", "%s",
                   g->has_key ? "not sealed with the session's key"
                              : "before there is a key");
    guest_end(g, WS_CLOSE_PROTOCOL, &why);
}

static void take_enc(struct teekit_guest *g, uint8_t *at,
                     const struct teekit_envelope *e)
{
    enum status st = STATUS_BAD_STATE;
    uint8_t *text = NULL;
    size_t len = 0;

    if (g->has_key)
        st = teekit_seal_open(&g->key, at, e, &text, &len);
    on_opened(g, st, text, len);
}

/* It is opened while it comes; what it asks is not looked at before all of it
 * has been found to be the client's. */
static void on_part(void *ctx, uint8_t *at, size_t len, size_t total)
{
    struct teekit_guest *g = ctx;

    if (g->has_key)
        teekit_opening_more(&g->opening, &g->key, at, len, total);
}

/* A message that was opened as it came is complete. */
static void on_came(struct teekit_guest *g, uint8_t *at, size_t len)
{
    uint8_t *text;
    size_t text_len;
    enum status st = teekit_opening_end(&g->opening, at, len, &text, &text_len);

    on_opened(g, st, text, text_len);
}

static void on_message(void *ctx, enum ws_opcode opcode, uint8_t *at,
                       size_t len)
{
    struct teekit_guest *g = ctx;
    struct teekit_envelope e;
    struct why why;

    if (g->broken) { /* on_broken() is next, and its timer must stay its own */
        teekit_opening_reset(&g->opening);
        return;
    }
    g->used_ms = uv_now(g->serve->config.loop);
    meter_add(g->serve->config.meter, METER_TEEKIT, METER_RECEIVED_BYTES, len);
    if (opcode == WS_BINARY && teekit_opening_is_on(&g->opening)) {
        on_came(g, at, len);
        return;
    }
    teekit_opening_reset(&g->opening);
    if (opcode != WS_BINARY) {
        (void)why_fail(&why, STATUS_BAD_FIELD, "ws", "PROTOCOL 13.1",
                       "a text message");
        guest_end(g, WS_CLOSE_BAD_DATA, &why);
        return;
    }
    if (teekit_envelope_parse(slice_of(at, len), &e, &why) != STATUS_OK) {
        guest_end(g, WS_CLOSE_BAD_DATA, &why);
        return;
    }
    switch (e.type) {
    case TEEKIT_CLIENT_KX:
        take_key(g, &e);
        return;
    case TEEKIT_ENC:
        take_enc(g, at, &e);
        return;
    case TEEKIT_CLIENT_READY:
    case TEEKIT_SERVER_KX:
    case TEEKIT_OTHER:
        return; /* teekit's servers pass them over */
    }
}

static void on_end(void *ctx, const struct why *why)
{
    guest_end(ctx, WS_CLOSE_NORMAL, why);
}

/* --- the start ----------------------------------------------------------- */

static void on_deadline(uv_timer_t *timer)
{
    struct teekit_guest *g = CONTAINER_OF(timer, struct teekit_guest, timer);
    struct why why;

    (void)why_fail(&why, STATUS_TIMED_OUT, "client_kx", "PROTOCOL 13.2",
                   "no key within %d ms", HANDSHAKE_DEADLINE_MS);
    guest_end(g, WS_CLOSE_PROTOCOL, &why);
}

/* The announcement, on its way. */
struct announcement {
    struct ws_packet packet;
    uint8_t bytes[]; /* room for the frame's header, then the message */
};

static void on_announced(struct ws_packet *packet)
{
    free(CONTAINER_OF(packet, struct announcement, packet));
}

static enum status announce(struct teekit_guest *g,
                            const struct teekit_envelope *kx)
{
    const size_t room = teekit_envelope_room(kx);
    struct announcement *a = malloc(sizeof(*a) + WS_HEADER_MAX_BYTES + room);
    struct builder b;

    if (a == NULL)
        return STATUS_NO_MEMORY;
    b = builder_over(a->bytes + WS_HEADER_MAX_BYTES, room);
    teekit_envelope_encode(kx, TEEKIT_OURS, &b);
    assert(builder_ok(&b)); /* teekit_envelope_room() */
    a->packet = (struct ws_packet){ .opcode = WS_BINARY,
                                    .out = { b.out, b.len },
                                    .done = on_announced };
    return ws_queue_add(&g->out, &a->packet);
}

static struct teekit_guest *guest_new(struct serve *serve,
                                      const struct teekit_invitation *i)
{
    struct teekit_guest *g = calloc(1, sizeof(*g));
    uint64_t number;

    if (g == NULL)
        return NULL;
    g->serve = serve;
    memcpy(g->peer, i->peer, sizeof(g->peer));
    take_host(g, i->host);
    secret_random(&number, sizeof(number));
    (void)snprintf(g->label, sizeof(g->label), "teekit-%016" PRIx64, number);
    return g;
}

static enum status open_link(struct teekit_guest *g, struct conn *conn)
{
    static const struct ws_link_events events = { .on_part = on_part,
                                                  .on_message = on_message,
                                                  .on_sent = on_sent,
                                                  .on_pong = on_pong,
                                                  .on_end = on_end };
    const struct ws_link_config config = {
        .role = WS_SERVER,
        .scratch = carrier_hub_scratch(g->serve->config.hub),
        .message_max = TEEKIT_EARLY_MAX_BYTES,
        .purse = &g->purse,
        .events = &events,
        .ctx = g,
    };

    return ws_link_open(conn, &config, &g->link);
}

enum status teekit_guest_open(struct serve *serve,
                              const struct teekit_invitation *i)
{
    uint8_t issued[TEEKIT_EVIDENCE_ISSUED_BYTES];
    struct teekit_envelope kx;
    struct teekit_guest *g;

    if (!teekit_evidence_announce(i->epoch, issued, &kx))
        return STATUS_BUSY;
    g = guest_new(serve, i);
    if (g == NULL || open_link(g, i->conn) != STATUS_OK) {
        free(g);
        return STATUS_NO_MEMORY;
    }
    g->epoch = i->epoch;
    g->pass = i->pass;
    purse_open(&g->purse, peers_budget(&g->pass));
    teekit_guest_pay(g);
    g->out.link = g->link;
    serve_join(serve, &g->member, &member_ops);
    (void)uv_timer_init(serve->config.loop, &g->timer); /* neither can fail */
    (void)uv_idle_init(serve->config.loop, &g->flush);
    g->timer.data = g;
    g->flush.data = g;
    g->handles = 2;
    (void)uv_timer_start(&g->timer, on_deadline, HANDSHAKE_DEADLINE_MS, 0);
    if (announce(g, &kx) != STATUS_OK)
        end_soon(g, STATUS_NO_MEMORY, "no memory to announce");
    return STATUS_OK;
}
