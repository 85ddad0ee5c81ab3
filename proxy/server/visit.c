#include "proxy/server/visit.h"

#include <stdlib.h>

#include "common/builder.h"
#include "common/compiler.h"
#include "common/http_reason.h"
#include "common/limits.h"
#include "proxy/io/ws_handshake.h"
#include "proxy/server/guest.h"
#include "proxy/server/plain.h"
#include "proxy/server/request.h"
#include "proxy/server/teekit_guest.h"
#include "proxy/server/upgrade.h"

#define READ_BYTES   2048 /* a client has no reason to send more at once */
#define ANSWER_BYTES 1024 /* head and body */
#define HEALTH_PATH  "/healthz"
#define PIECES_MAX   4 /* of a head, before the rest of it has to wait */

enum visit_state {
    VISIT_HEAD,    /* the request head is being read */
    VISIT_TURN,    /* it is there, and waits for its turn to be answered */
    VISIT_QUOTE,   /* a quote was ordered */
    VISIT_ANSWERED /* all is said; it stays until the client has read it */
};

/* Freed by visit_end() only. */
struct visit {
    struct serve *serve;
    struct serve_member member;
    struct conn *conn; /* owned until a guest has it */
    struct peers_pass pass;
    enum visit_state state;
    char peer[CONN_PEER_ROOM];
    struct request request;
    uint8_t in[READ_BYTES]; /* read, and not used yet */
    size_t in_len;
    unsigned pieces; /* that the head came in */
    struct turnstile_place place;
    int http;       /* of VISIT_TURN, when it is refused: the code */
    struct why why; /* likewise */
    struct upgrade upgrade;
    struct keys_epoch *epoch; /* held from VISIT_QUOTE on */
    struct quote_call *call;  /* of VISIT_QUOTE */
    bool eof;                 /* the client sends no more */
    bool finished;            /* our answer has left */
};

/* The connection must be given up, or have another owner. */
static void visit_end(struct visit *v)
{
    turnstile_leave(&v->place);
    quote_desk_cancel(v->call);
    keys_let_go(v->epoch);
    request_fini(&v->request);
    peers_leave(&v->pass);
    serve_leave(v->serve, &v->member);
    free(v);
}

static void visit_close(struct visit *v)
{
    conn_close(v->conn);
    visit_end(v);
}

/* --- answers ------------------------------------------------------------- */

static void write_head(struct builder *b, int http, size_t body_len)
{
    char line[128];

    (void)snprintf(line, sizeof(line), "HTTP/1.1 %d %s\r\n", http,
                   http_reason(http));
    builder_text(b, line);
    (void)snprintf(line, sizeof(line),
                   "Content-Type: text/plain; charset=utf-8\r\n"
                   "Content-Length: %zu\r\n"
                   "Cache-Control: no-store\r\n",
                   body_len);
    builder_text(b, line);
    if (http == 426)
        builder_text(b, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    if (http == 405)
        builder_text(b, "Allow: GET\r\n");
    if (http == 503)
        builder_text(b, "Retry-After: 1\r\n");
    builder_text(b, "Connection: close\r\n\r\n");
}

/* The last thing we say. */
static void answer(struct visit *v, int http, const char *body)
{
    uint8_t bytes[ANSWER_BYTES];
    struct builder b = builder_over(bytes, sizeof(bytes));

    write_head(&b, http, strlen(body));
    if (!slice_equal(v->request.method, slice_text("HEAD")))
        builder_text(&b, body);
    v->state = VISIT_ANSWERED;
    if (conn_write(v->conn, builder_view(&b)) != STATUS_OK) {
        visit_close(v);
        return;
    }
    conn_set_deadline(v->conn, CONN_LINGER_MS, "the client's end");
    conn_finish(v->conn);
    conn_resume(v->conn);
}

static struct visit *self(struct turnstile_place *place)
{
    return CONTAINER_OF(place, struct visit, place);
}

/* Let |on_turn| answer, when there is time; |v| may be gone then. */
static void pass(struct visit *v,
                 void (*on_turn)(struct turnstile_place *place))
{
    v->state = VISIT_TURN;
    turnstile_pass(&v->serve->turnstile, &v->place, on_turn);
}

static void tell_why(struct turnstile_place *place)
{
    struct visit *v = self(place);
    char line[sizeof(v->why.found) + sizeof(v->why.expected) + 128];
    char body[sizeof(line) + 16];

    log_why(v->serve->config.log, LOG_WARN, "request.refused", &v->why,
            LOG_FIELDS(LOG_S("peer", v->peer), LOG_N("http", v->http)));
    meter_why(v->serve->config.meter, METER_REQUEST_REFUSED, v->why.status);
    why_line(&v->why, line, sizeof(line));
    (void)snprintf(body, sizeof(body), "veriteed: %s\n", line);
    answer(v, v->http, body);
}

/* When there is time, or at once in its turn; |v| may be gone then. */
static void refuse(struct visit *v, int http, const struct why *why)
{
    v->http = http;
    v->why = *why;
    if (v->state == VISIT_TURN)
        tell_why(&v->place);
    else
        pass(v, tell_why);
}

static void refuse_status(struct visit *v, enum status st, const char *field)
{
    struct why why;

    (void)why_fail(&why, st, field, NULL, "%s", status_text(st));
    refuse(v, status_http(st), &why);
}

/* Answer that the server stops. */
static void drain(struct serve_member *m)
{
    struct visit *v = CONTAINER_OF(m, struct visit, member);

    turnstile_leave(&v->place);
    quote_desk_cancel(v->call);
    v->call = NULL;
    if (v->state == VISIT_HEAD && v->request.head.len == 0)
        visit_close(v); /* nothing was asked */
    else if (v->state != VISIT_ANSWERED)
        refuse_status(v, STATUS_SHUTTING_DOWN, "server");
}

/* True when its peer may have |bytes| more in memory; else it was told. */
static bool find_room(struct visit *v, size_t bytes)
{
    const size_t left = budget_left(peers_budget(&v->pass));
    struct why why;

    if (left >= bytes)
        return true;
    (void)why_fail(&why, STATUS_BUSY, "limit.peer-queued-mib", NULL,
                   "%zu bytes left", left);
    (void)why_expect(&why, "%zu", bytes);
    refuse(v, status_http(why.status), &why);
    return false;
}

/* --- the upgrade --------------------------------------------------------- */

static enum status write_101(struct visit *v)
{
    const char *protocol = v->upgrade.teekit ? NULL : CARRIER_PROTOCOL;
    uint8_t bytes[ANSWER_BYTES];
    struct builder b = builder_over(bytes, sizeof(bytes));

    ws_handshake_respond(&b, v->upgrade.key, protocol);
    return conn_write(v->conn, builder_view(&b));
}

/* The last step before a guest has the connection. */
static enum status leave(struct visit *v)
{
    enum status st = write_101(v);

    return st == STATUS_OK ? conn_detach(v->conn, slice_of(v->in, v->in_len))
                           : st;
}

/* The connection is a guest's, or nobody's. */
static void handed_over(struct visit *v, enum status st)
{
    if (st == STATUS_OK) {
        v->pass = (struct peers_pass){ 0 };
    } else {
        log_event(v->serve->config.log, LOG_ERROR, "session.failed",
                  LOG_FIELDS(LOG_S("peer", v->peer),
                             LOG_S("status", status_name(st))));
        conn_reset(v->conn);
    }
    visit_end(v);
}

/* A platform that gives reports alone leaves it to us to find its VCEK. */
static struct session_snp snp_of(const struct proof *proof,
                                 const struct staple_set *set)
{
    struct session_snp snp = proof_snp(proof);

    if (snp.vcek.len == 0 && set != NULL)
        snp.vcek = set->vcek;
    return snp;
}

static void welcome(struct visit *v, const struct proof *proof)
{
    struct staple_set *set = staple_hold(v->serve->config.staple);
    const struct session_snp snp = snp_of(proof, set);
    const struct session_identity identity = {
        .public_key = v->epoch->pair->public_key,
        .secret_key = v->epoch->pair->secret_key,
        .quote = buffer_view(&proof->quote),
        .challenged = !v->upgrade.epoch,
        .epoch = v->epoch->number,
        .nonce = v->upgrade.epoch ? v->epoch->nonce : NULL,
        .issued_unix = v->epoch->issued_unix,
        .stapled = set != NULL ? &set->items : NULL,
        .snp = proof->is_snp ? &snp : NULL,
    };
    const struct guest_invitation invitation = {
        .conn = v->conn,
        .challenge = v->upgrade.challenge,
        .identity = &identity,
        .peer = v->peer,
        .pass = v->pass,
    };
    enum status st = leave(v);

    if (st == STATUS_OK)
        st = guest_open(v->serve, &invitation);
    staple_let_go(set); /* it was copied */
    handed_over(v, st);
}

static void welcome_teekit(struct visit *v)
{
    const struct teekit_invitation invitation = {
        .conn = v->conn,
        .epoch = v->epoch,
        .host = request_field(&v->request, "Host"),
        .peer = v->peer,
        .pass = v->pass,
    };
    enum status st = leave(v);

    if (st == STATUS_OK)
        st = teekit_guest_open(v->serve, &invitation);
    if (st == STATUS_OK)
        v->epoch = NULL; /* taken over */
    handed_over(v, st);
}
static void on_quote(void *ctx, const struct proof *proof,
                     const struct why *why)
{
    struct visit *v = ctx;

    v->call = NULL;
    peers_answered(&v->pass);
    if (why != NULL)
        refuse_status(v, STATUS_BUSY, "quote"); /* the log has the reason */
    else if (find_room(v, SESSION_OWN_BYTES)) /* others came while it waited */
        welcome(v, proof);
}

static void order_quote(struct visit *v)
{
    uint8_t binding[QUOTE_REPORT_DATA_BYTES];
    struct why why;
    enum status st = peers_ask(&v->pass, uv_now(v->serve->config.loop), &why);

    if (st != STATUS_OK) {
        refuse(v, status_http(st), &why);
        return;
    }
    session_challenge_binding(v->upgrade.challenge, v->epoch->pair->public_key,
                              binding);
    st = quote_desk_get(&v->serve->config.quotes, binding, on_quote, v,
                        &v->call);
    if (st != STATUS_OK) {
        refuse_status(v, st, "quote");
        return;
    }
    v->state = VISIT_QUOTE;
    conn_set_deadline(v->conn, QUOTE_DEADLINE_MS, "a quote");
}

static void let_in(struct turnstile_place *place)
{
    struct visit *v = self(place);

    if (!find_room(v, v->upgrade.teekit ? TEEKIT_GUEST_OWN_BYTES
                                        : SESSION_OWN_BYTES))
        return;
    v->epoch = keys_hold(v->serve->config.keys);
    if (v->epoch == NULL)
        refuse_status(v, STATUS_BUSY, "key");
    else if (v->upgrade.teekit)
        welcome_teekit(v);
    else if (v->upgrade.epoch)
        welcome(v, &v->epoch->proof);
    else
        order_quote(v);
}

static void begin_upgrade(struct visit *v)
{
    struct why why;

    if (upgrade_check(&v->request, v->serve->config.teekit, &v->upgrade,
                      &why) == STATUS_OK)
        pass(v, let_in);
    else
        refuse(v, v->upgrade.http, &why);
}

/* --- the request --------------------------------------------------------- */

static void tell_not_found(struct turnstile_place *place)
{
    answer(self(place), 404,
           "veriteed: nothing here but /__ra__ and /healthz\n");
}

/* To a backend, if a rule lets it pass in clear. */
static void pass_on(struct visit *v)
{
    struct plain_way way;
    struct why why;
    enum status st = plain_check(v->serve, &v->request, &way, &why);

    if (st == STATUS_NOT_SERVICE) {
        pass(v, tell_not_found);
        return;
    }
    if (st != STATUS_OK) {
        refuse(v, status_http(st), &why);
        return;
    }
    if (!find_room(v, PLAIN_OWN_BYTES)) {
        buffer_free(&way.head);
        return;
    }
    if (conn_detach(v->conn, slice_of(v->in, v->in_len)) != STATUS_OK) {
        buffer_free(&way.head);
        visit_close(v);
        return;
    }
    plain_open(v->serve, v->conn, &v->request, &way, &v->pass);
    visit_end(v);
}

/* To balancers: without a key no session can begin here. */
static void answer_health(struct visit *v)
{
    if (keys_ready(v->serve->config.keys))
        answer(v, 200, "ok\n");
    else
        answer(v, 503, KEYS_NONE_TEXT);
}

static void on_request(struct visit *v)
{
    struct slice path = request_path(&v->request);

    if (slice_equal(path, slice_text(CARRIER_PATH)))
        begin_upgrade(v);
    else if (slice_equal(path, slice_text(HEALTH_PATH)))
        answer_health(v);
    else
        pass_on(v);
}

static void read_on(struct turnstile_place *place)
{
    conn_resume(self(place)->conn);
}

/* Who sends a head byte by byte has us read as often. */
static void count_piece(struct visit *v)
{
    if (++v->pieces < PIECES_MAX)
        return;
    conn_pause(v->conn);
    turnstile_pass(&v->serve->turnstile, &v->place, read_on);
}

static void read_request(struct visit *v)
{
    struct slice in = slice_of(v->in, v->in_len);
    enum http_step step = request_read(&v->request, &in);

    memmove(v->in, in.at, in.len);
    v->in_len = in.len;
    switch (step) {
    case HTTP_WANT_MORE:
        count_piece(v);
        return;
    case HTTP_GOT_HEAD:
        on_request(v);
        return;
    case HTTP_BAD:
        refuse(v, status_http(v->request.reader.why.status),
               &v->request.reader.why);
        return;
    case HTTP_GOT_BODY:
    case HTTP_GOT_END:
        return; /* not before the head */
    }
}

/* --- the connection ------------------------------------------------------ */

static uint8_t *on_alloc(void *ctx, size_t *room)
{
    struct visit *v = ctx;

    if (v->state == VISIT_ANSWERED)
        v->in_len = 0; /* dropped */
    /* No room pauses: answer() or the next owner resumes. */
    *room = sizeof(v->in) - v->in_len;
    return v->in + v->in_len;
}

static void on_read(void *ctx, uint8_t *at, size_t len)
{
    struct visit *v = ctx;

    (void)at; /* the end of |in| */
    v->in_len += len;
    if (v->state == VISIT_HEAD)
        read_request(v);
}

static void on_eof(void *ctx)
{
    struct visit *v = ctx;

    v->eof = true;
    if (v->state != VISIT_ANSWERED || v->finished)
        visit_close(v);
}

static void on_written(void *ctx)
{
    (void)ctx; /* one small answer: nothing waits for room */
}

static void on_finished(void *ctx)
{
    struct visit *v = ctx;

    v->finished = true;
    if (v->eof)
        visit_close(v);
}

static void on_failed(void *ctx, const struct why *why)
{
    struct visit *v = ctx;

    log_why(v->serve->config.log, LOG_DEBUG, "request.failed", why,
            LOG_FIELDS(LOG_S("peer", v->peer)));
    visit_close(v);
}

static const struct conn_events conn_events = {
    .on_alloc = on_alloc,
    .on_read = on_read,
    .on_eof = on_eof,
    .on_written = on_written,
    .on_finished = on_finished,
    .on_failed = on_failed,
};

static void close_now(struct serve_member *m, const struct why *why)
{
    (void)why; /* nobody is told */
    visit_close(CONTAINER_OF(m, struct visit, member));
}

static const struct serve_member_ops member_ops = {
    .drain = drain,
    .close = close_now,
};

void visit_open(struct serve *serve, struct conn *conn)
{
    struct visit *v = calloc(1, sizeof(*v));
    struct why why;

    if (v == NULL) {
        conn_reset(conn);
        return;
    }
    conn_peer(conn, v->peer);
    if (peers_enter(serve->config.peers, v->peer, &v->pass, &why) !=
        STATUS_OK) {
        log_why(serve->config.log, LOG_WARN, "connection.refused", &why,
                LOG_FIELDS(LOG_S("peer", v->peer)));
        conn_reset(conn);
        free(v);
        return;
    }
    v->serve = serve;
    v->conn = conn;
    request_init(&v->request, SERVER_HEAD_MAX_BYTES);
    serve_join(serve, &v->member, &member_ops);
    conn_start(conn, &conn_events, v, ANSWER_BYTES);
    conn_set_deadline(conn, SERVER_HEAD_DEADLINE_MS, "a request");
}
