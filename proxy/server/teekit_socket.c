/* One WebSocket in a teekit session.
 * names: teekit_socket_ declared in teekit_parts.h */
#include <assert.h>
#include <stdlib.h>

#include "common/builder.h"
#include "common/compiler.h"
#include "proxy/io/ws_dial.h"
#include "proxy/server/teekit_head.h"
#include "proxy/server/teekit_parts.h"
#include "proxy/server/teekit_url.h"

#define OFFER_BYTES (TEEKIT_PROTOCOLS_MAX * (TEEKIT_WORD_MAX_BYTES + 2))
#define CLOSE_BYTES 123 /* of a reason */

/* Freed by socket_free() only. */
struct teekit_socket {
    struct teekit_guest *guest;
    UT_hash_handle hh; /* guest->sockets, by |id| */
    uint8_t id[TEEKIT_ID_MAX_BYTES];
    size_t id_len;
    char offer[OFFER_BYTES]; /* subprotocols */
    struct ws_dial *dial;    /* until the backend has answered */
    struct ws_link *link;    /* from then on */
    struct ws_queue out;     /* to the backend */
    bool closing; /* the client has closed it; when |out| is empty: */
    uint16_t close_code;
    uint8_t close_reason[CLOSE_BYTES];
    size_t close_len;
};

/* A message to the backend. */
struct socket_packet {
    struct ws_packet packet;
    struct teekit_socket *socket;
    uint8_t bytes[]; /* room for the header, then the data */
};

static void socket_free(struct teekit_socket *s)
{
    struct teekit_guest *g = s->guest;

    ws_dial_cancel(s->dial);
    ws_queue_drop(&s->out);
    meter_add(g->serve->config.meter, METER_TEEKIT, METER_STREAMS_ENDED, 1);
    HASH_DEL(g->sockets, s);
    free(s);
    teekit_guest_weigh(g);
    teekit_guest_settle(g);
}

/* Cut it towards the backend. */
static void cancel(struct teekit_socket *s)
{
    ws_link_close(s->link, 0);
    socket_free(s);
}

void teekit_socket_cancel_all(struct teekit_guest *g)
{
    struct teekit_socket *s, *next;

    HASH_ITER(hh, g->sockets, s, next) {
        cancel(s);
    }
}

/* --- to the client ------------------------------------------------------- */

static struct slice id_of(const struct teekit_socket *s)
{
    return slice_of(s->id, s->id_len);
}

static struct teekit_message about(struct slice id, enum teekit_event event)
{
    return (struct teekit_message){ .type = TEEKIT_WS_EVENT,
                                    .id = id,
                                    .event = event };
}

static void tell_close(struct teekit_guest *g, struct slice id, uint16_t code,
                       struct slice reason)
{
    struct teekit_message m = about(id, TEEKIT_CLOSE);

    m.has_code = code != WS_CLOSE_NO_CODE;
    m.code = m.has_code ? code : 0;
    m.has_reason = true;
    m.reason = reason;
    teekit_guest_send(g, &m);
}

/* A browser's WebSocket that fails has an error, then a close. */
static void tell_failure(struct teekit_guest *g, struct slice id,
                         const struct why *why)
{
    struct teekit_message m = about(id, TEEKIT_ERROR);
    char line[sizeof(why->found) + sizeof(why->expected) + 128];

    log_why(g->serve->config.log, LOG_WARN, "socket.failed", why,
            LOG_FIELDS(LOG_S("peer", g->peer)));
    meter_why(g->serve->config.meter, METER_STREAM_REFUSED, why->status);
    why_line(why, line, sizeof(line));
    m.error = slice_text(line);
    teekit_guest_send(g, &m);
    tell_close(g, id, 1006, (struct slice){ 0 });
}

/* May |len| bytes more wait? If not, the client is told of the end. */
static bool find_room(struct teekit_socket *s, size_t len)
{
    struct why why;

    if (teekit_guest_find(s->guest, len, &why) == STATUS_OK)
        return true;
    log_why(s->guest->serve->config.log, LOG_WARN, "socket.failed", &why,
            LOG_FIELDS(LOG_S("peer", s->guest->peer)));
    if (!s->closing)
        tell_close(s->guest, id_of(s), WS_CLOSE_TRY_LATER,
                   slice_text("too much at once"));
    return false;
}

/* --- the backend's side -------------------------------------------------- */

static void on_message(void *ctx, enum ws_opcode opcode, uint8_t *at,
                       size_t len)
{
    struct teekit_socket *s = ctx;
    struct teekit_message m = {
        .type = TEEKIT_WS_MESSAGE,
        .id = id_of(s),
        .body_kind = opcode == WS_TEXT ? TEEKIT_TEXT : TEEKIT_BYTES,
        .body = slice_of(at, len),
    };

    if (!find_room(s, len)) {
        cancel(s);
        return;
    }
    teekit_guest_send(s->guest, &m);
    if (s->guest->out.bytes > TEEKIT_QUEUED_BYTES) {
        s->guest->hushed = true;
        ws_link_pause(s->link); /* until teekit_socket_resume_all() */
    }
}

/* All has been said that the client said before it closed. */
static void finish(struct teekit_socket *s)
{
    ws_link_close_with(s->link, s->close_code,
                       slice_of(s->close_reason, s->close_len));
    socket_free(s);
}

static void on_sent(void *ctx)
{
    struct teekit_socket *s = ctx;

    if (ws_queue_sent(&s->out) != STATUS_OK)
        cancel(s);
    else if (s->closing && ws_queue_empty(&s->out))
        finish(s);
    else
        teekit_guest_weigh(s->guest);
}

static void on_end(void *ctx, const struct why *why)
{
    struct teekit_socket *s = ctx;
    struct slice reason = { 0 };
    uint16_t code = 1006;

    if (why->status == STATUS_OK)
        code = ws_link_peer_close(s->link, &reason);
    if (!s->closing)
        tell_close(s->guest, id_of(s), code, reason);
    ws_link_close(s->link, WS_CLOSE_NORMAL); /* it was answered already */
    socket_free(s);
}

static void on_dialled(void *ctx, struct conn *conn, const struct why *why)
{
    static const struct ws_link_events events = { .on_message = on_message,
                                                  .on_sent = on_sent,
                                                  .on_end = on_end };
    struct teekit_socket *s = ctx;
    const struct ws_link_config config = {
        .role = WS_CLIENT,
        .scratch = carrier_hub_scratch(s->guest->serve->config.hub),
        .message_max = SERVE_TEEKIT_BODY_MAX,
        .purse = &s->guest->purse,
        .events = &events,
        .ctx = s,
    };
    struct teekit_message m = about(id_of(s), TEEKIT_OPEN);

    s->dial = NULL;
    if (conn == NULL) {
        tell_failure(s->guest, id_of(s), why);
        socket_free(s);
        return;
    }
    if (ws_link_open(conn, &config, &s->link) != STATUS_OK) {
        conn_reset(conn);
        tell_close(s->guest, id_of(s), 1011, (struct slice){ 0 });
        socket_free(s);
        return;
    }
    if (!s->closing)
        teekit_guest_send(s->guest, &m);
    s->out.link = s->link;
    on_sent(s); /* what came early */
}

/* --- the client's side --------------------------------------------------- */

static void offer(struct teekit_socket *s, const struct teekit_message *m)
{
    struct builder b = builder_over((uint8_t *)s->offer, sizeof(s->offer));

    for (size_t i = 0; i < m->protocol_count; i++) {
        builder_text(&b, i == 0 ? "" : ", ");
        builder_bytes(&b, m->protocols[i]);
    }
    builder_u8(&b, '\0');
    assert(builder_ok(&b)); /* OFFER_BYTES */
}

/* Subprotocols are tokens (RFC 6455 section 4.1). */
static enum status check_protocols(const struct teekit_message *m,
                                   struct why *why)
{
    for (size_t i = 0; i < m->protocol_count; i++)
        for (size_t k = 0; k < m->protocols[i].len; k++) {
            uint8_t c = m->protocols[i].at[k];

            if (c <= ' ' || c >= 0x7f || c == ',')
                return why_fail(why, STATUS_BAD_REQUEST, "protocols",
                                "PROTOCOL 13.6", "not a word");
        }
    return STATUS_OK;
}

static enum status dial(struct teekit_socket *s, const struct teekit_url *url,
                        const struct rules_backend *to)
{
    const struct ws_line lines[] = {
        { TEEKIT_HEAD_ENCRYPTED, "yes" },
        { TEEKIT_HEAD_SESSION, s->guest->label },
    };
    char host[TEEKIT_HOST_BYTES], path[4096];
    const struct slice authority = teekit_guest_host(s->guest, url);
    const struct slice target = buffer_view(&url->target);
    const struct ws_dial_target way = {
        .dial = { .host = to->host, .port = to->port },
        .host = host,
        .path = path,
        .protocol = s->offer[0] != '\0' ? s->offer : NULL,
        .lines = lines,
        .line_count = COUNT_OF(lines),
    };

    if (target.len >= sizeof(path) || authority.len >= sizeof(host))
        return STATUS_BAD_ADDRESS;
    (void)snprintf(host, sizeof(host), "%.*s", (int)authority.len,
                   (const char *)authority.at);
    (void)snprintf(path, sizeof(path), "%.*s", (int)target.len,
                   (const char *)target.at);
    return ws_dial_open(s->guest->serve->config.loop, &way, on_dialled, s,
                        &s->dial);
}

static enum status begin(struct teekit_socket *s,
                         const struct teekit_message *m, struct why *why)
{
    struct teekit_url url;
    struct rules_backend to;
    enum status st = teekit_guest_find(s->guest, TEEKIT_LOW_BYTES, why);

    if (st == STATUS_OK)
        st = check_protocols(m, why);
    if (st == STATUS_OK)
        st = teekit_guest_route(s->guest, m->url, &url, &to, why);
    if (st != STATUS_OK)
        return st;
    offer(s, m);
    st = dial(s, &url, &to);
    if (st != STATUS_OK)
        (void)why_fail(why, st, "backend", NULL, "%s", status_text(st));
    teekit_url_fini(&url);
    return st;
}

static struct teekit_socket *find(struct teekit_guest *g, struct slice id)
{
    struct teekit_socket *s;

    HASH_FIND(hh, g->sockets, id.at, id.len, s);
    return s;
}

static struct teekit_socket *socket_new(struct teekit_guest *g, struct slice id)
{
    struct teekit_socket *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->guest = g;
    s->id_len = id.len;
    memcpy(s->id, id.at, id.len); /* TEEKIT_ID_MAX_BYTES, as was read */
    HASH_ADD_KEYPTR(hh, g->sockets, s->id, s->id_len, s);
    if (s->hh.tbl == NULL) {
        free(s);
        return NULL;
    }
    meter_add(g->serve->config.meter, METER_TEEKIT, METER_STREAMS, 1);
    return s;
}

/* An id that is used again means another WebSocket; the first is cut. */
void teekit_socket_open(struct teekit_guest *g, const struct teekit_message *m)
{
    struct teekit_socket *s = find(g, m->id);
    struct why why = { 0 };

    if (s != NULL)
        cancel(s);
    s = socket_new(g, m->id);
    if (s == NULL)
        (void)why_fail(&why, STATUS_NO_MEMORY, "socket", NULL, "no memory");
    else if (HASH_COUNT(g->sockets) > g->serve->config.streams_max)
        (void)why_fail(&why, STATUS_LIMIT, "sockets", NULL, "more than %u",
                       (unsigned)g->serve->config.streams_max);
    else if (g->serve->draining)
        (void)why_fail(&why, STATUS_SHUTTING_DOWN, "server", NULL, "stopping");
    else if (begin(s, m, &why) == STATUS_OK)
        return;
    tell_failure(g, m->id, &why);
    if (s != NULL)
        socket_free(s);
}

static void on_packet_done(struct ws_packet *packet)
{
    struct socket_packet *l =
        CONTAINER_OF(packet, struct socket_packet, packet);

    l->socket->guest->inbox -= packet->out.len;
    free(l);
}

static struct socket_packet *packet_new(struct teekit_socket *s,
                                        const struct teekit_message *m)
{
    struct socket_packet *l =
        malloc(sizeof(*l) + WS_HEADER_MAX_BYTES + m->body.len);

    if (l == NULL)
        return NULL;
    l->socket = s;
    l->packet = (struct ws_packet){
        .opcode = m->body_kind == TEEKIT_TEXT ? WS_TEXT : WS_BINARY,
        .out = { l->bytes + WS_HEADER_MAX_BYTES, m->body.len },
        .done = on_packet_done,
    };
    if (m->body.len > 0)
        memcpy(l->packet.out.at, m->body.at, m->body.len);
    s->guest->inbox += m->body.len;
    return l;
}

void teekit_socket_message(struct teekit_guest *g,
                           const struct teekit_message *m)
{
    struct teekit_socket *s = find(g, m->id);
    struct socket_packet *l;

    if (s == NULL || s->closing)
        return; /* it has ended, or never was */
    if (!find_room(s, m->body.len)) {
        cancel(s);
        return;
    }
    l = packet_new(s, m);
    if (l == NULL || ws_queue_add(&s->out, &l->packet) != STATUS_OK) {
        tell_close(s->guest, id_of(s), 1011, (struct slice){ 0 });
        cancel(s);
        return;
    }
    teekit_guest_weigh(g);
}

/* May |code| stand in a close frame (RFC 6455 section 7.4)? */
static bool is_sendable(uint32_t code)
{
    return (code >= 3000 && code <= 4999) ||
           (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 &&
            code != 1006);
}

/* At most CLOSE_BYTES of |reason|, without half a character. */
static void keep_reason(struct teekit_socket *s, struct slice reason)
{
    size_t len = MIN_OF(reason.len, (size_t)CLOSE_BYTES);

    while (len < reason.len && len > 0 && (reason.at[len] & 0xc0) == 0x80)
        len--;
    if (len > 0)
        memcpy(s->close_reason, reason.at, len);
    s->close_len = len;
}

void teekit_socket_close(struct teekit_guest *g, const struct teekit_message *m)
{
    struct teekit_socket *s = find(g, m->id);

    if (s == NULL || s->closing)
        return;
    s->closing = true;
    s->close_code = m->has_code && is_sendable(m->code) ? (uint16_t)m->code
                                                        : WS_CLOSE_NORMAL;
    keep_reason(s, m->reason);
    if (s->link != NULL && ws_queue_empty(&s->out))
        finish(s);
}

void teekit_socket_resume_all(struct teekit_guest *g)
{
    struct teekit_socket *s, *next;

    HASH_ITER(hh, g->sockets, s, next) {
        if (s->link != NULL)
            ws_link_resume(s->link);
    }
}
