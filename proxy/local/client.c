#include "proxy/local/client.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/limits.h"
#include "common/secret.h"
#include "proxy/io/tls.h"
#include "proxy/local/front_parts.h"
#include "proxy/local/porter.h"
#include "proxy/local/socks_front.h"

/* More than any credit and the framing of a body in chunks, so that a far
 * side that keeps to its own cannot fill it. */
#define QUEUE_MAX_BYTES (2 * STREAM_WINDOW_MAX_BYTES)

#define SOCKS5_VERSION 5
#define SOCKS4_VERSION 4

/* --- life ---------------------------------------------------------------- */

static struct client *enter(void *ctx)
{
    struct client *c = ctx;

    assert(!c->closed);
    c->busy++;
    return c;
}

/* It may have held a password. */
static void free_input(struct client *c)
{
    if (c->rx != NULL)
        secret_wipe(c->rx, c->rx_high);
    free(c->rx);
    c->rx = NULL;
    c->rx_at = c->rx_len = c->rx_high = 0;
}

static void leave(struct client *c)
{
    if (--c->busy > 0)
        return;
    if (c->rx_len == 0)
        free_input(c); /* idle connections need none */
    if (!c->closed)
        return;
    front_parts_remove(c->front, c);
    http_front_stop(&c->http);
    free_input(c);
    free(c);
}

/* Is something going on that the far side is needed for? */
static bool is_under_way(const struct client *c)
{
    return c->conn == NULL || c->http.state == HTTP_FRONT_EXCHANGING;
}

static void log_end(const struct client *c, const struct why *why)
{
    const bool idle = why->status == STATUS_TIMED_OUT && is_under_way(c);
    char target[TARGET_TEXT_ROOM] = "";

    if (c->target.port != 0)
        target_text(&c->target, target);
    log_why(c->front->config.log, idle ? LOG_INFO : LOG_DEBUG,
            idle ? "stream.idle" : "client.closed", why,
            LOG_FIELDS(LOG_N("client", c->id), LOG_S("target", target),
                       LOG_N("up", c->relay.up_bytes),
                       LOG_N("down", c->relay.down_bytes)));
}

/* What both ends of a client have in common. */
static void close_with(struct client *c, const struct why *why,
                       void (*give_up)(struct conn *conn))
{
    if (c->closed)
        return;
    c->busy++;
    c->closed = true;
    log_end(c, why);
    relay_abort(&c->relay);
    client_drop_far(c, false);
    give_up(c->conn);
    c->conn = NULL;
    leave(c);
}

void client_close(struct client *c, const struct why *why)
{
    close_with(c, why, conn_linger);
}

void client_reset(struct client *c, const struct why *why)
{
    close_with(c, why, conn_reset);
}

/* --- input --------------------------------------------------------------- */

struct slice client_input(const struct client *c)
{
    if (c->rx == NULL)
        return (struct slice){ 0 };
    return slice_of(c->rx + c->rx_at, c->rx_len - c->rx_at);
}

void client_used(struct client *c, size_t len)
{
    bool was_full = c->rx_len == CLIENT_INPUT_BYTES;

    assert(len <= c->rx_len - c->rx_at);
    c->rx_at += len;
    if (c->rx_at < c->rx_len)
        return;
    c->rx_at = c->rx_len = 0;
    if (was_full && !c->eof && c->conn != NULL)
        conn_resume(c->conn);
}

/* Bytes are never moved, because input may be borrowed: the place is free
 * again once all of it was used, and client_used() resumes reading. */
static uint8_t *on_alloc(void *ctx, size_t *room)
{
    struct client *c = ctx;
    uint8_t *place = NULL;

    if (c->protocol != NULL && c->protocol->on_place != NULL)
        place = c->protocol->on_place(c, room);
    c->placed = place != NULL;
    if (c->placed)
        return place;
    if (c->rx == NULL)
        c->rx = malloc(CLIENT_INPUT_BYTES);
    /* Without memory nothing is read, until a deadline ends it. */
    *room = c->rx != NULL ? CLIENT_INPUT_BYTES - c->rx_len : 0;
    return *room > 0 ? c->rx + c->rx_len : NULL;
}

static void choose_protocol(struct client *c)
{
    const uint8_t first = c->rx[0];
    const bool is_socks = first == SOCKS5_VERSION || first == SOCKS4_VERSION;

    if (is_socks && !client_is_of_service(c)) {
        c->protocol = &socks_front_protocol;
        socks_front_start(c);
    } else {
        c->protocol = &http_front_protocol;
        http_front_start(c);
    }
}

static void on_read(void *ctx, uint8_t *at, size_t len)
{
    struct client *c = enter(ctx);

    if (c->placed) {
        c->protocol->on_placed(c, len);
    } else {
        assert(at == c->rx + c->rx_len);
        c->rx_len += len;
        c->rx_high = MAX_OF(c->rx_high, c->rx_len);
        if (c->protocol == NULL)
            choose_protocol(c);
        c->protocol->on_input(c);
    }
    leave(c);
}

static void on_eof(void *ctx)
{
    static const struct why nothing;
    struct client *c = enter(ctx);

    c->eof = true;
    if (c->protocol == NULL)
        client_close(c, &nothing);
    else
        c->protocol->on_input(c);
    leave(c);
}

static void on_written(void *ctx)
{
    struct client *c = enter(ctx);

    if (c->protocol != NULL)
        c->protocol->on_written(c);
    leave(c);
}

static void on_failed(void *ctx, const struct why *why)
{
    struct client *c = enter(ctx);

    client_reset(c, why);
    leave(c);
}

static const struct conn_events conn_events = {
    .on_alloc = on_alloc,
    .on_read = on_read,
    .on_eof = on_eof,
    .on_written = on_written,
    .on_failed = on_failed,
};

void client_refreshed(struct client *c)
{
    if (c->closed || c->protocol != &http_front_protocol)
        return;
    (void)enter(c);
    http_front_refreshed(c);
    leave(c);
}

bool client_start(struct front *f, struct conn *conn, uint16_t port,
                  const char *service)
{
    struct client *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        conn_reset(conn);
        return false;
    }
    c->front = f;
    c->id = f->next_id++;
    c->port = port;
    (void)snprintf(c->service, sizeof(c->service), "%s", service);
    c->conn = conn;
    front_parts_add(f, c);
    conn_start(conn, &conn_events, c, QUEUE_MAX_BYTES);
    conn_set_deadline(conn, f->config.head_deadline_ms, "a request");
    return true;
}

static bool written(struct client *c, enum status st)
{
    struct why why;

    if (st == STATUS_OK)
        return true;
    (void)why_fail(&why, st, "client", NULL, "%zu bytes wait to be written",
                   conn_pending(c->conn));
    client_reset(c, &why);
    return false;
}

bool client_write(struct client *c, struct slice data)
{
    return written(c, conn_write(c->conn, data));
}

bool client_write_both(struct client *c, struct slice first,
                       struct slice second)
{
    const struct slice runs[] = { first, second };

    return written(c, conn_write_runs(c->conn, runs, COUNT_OF(runs)));
}

bool client_pass(struct client *c, struct slice data)
{
    return written(c, conn_write_gathered(c->conn, c->far->gather, data));
}

/* --- the far side -------------------------------------------------------- */

static void on_far_opened(void *ctx)
{
    struct client *c = enter(ctx);

    c->protocol->on_opened(c);
    leave(c);
}

static void on_far_data(void *ctx, struct slice data)
{
    struct client *c = enter(ctx);

    c->protocol->on_data(c, data);
    leave(c);
}

static void on_far_fin(void *ctx)
{
    struct client *c = enter(ctx);

    c->protocol->on_fin(c);
    leave(c);
}

static void on_far_failed(void *ctx, const struct far_failure *failure)
{
    struct client *c = enter(ctx);

    c->protocol->on_failed(c, failure);
    leave(c);
}

static void on_far_room(void *ctx)
{
    struct client *c = enter(ctx);

    c->protocol->on_room(c);
    leave(c);
}

static const struct far_events far_events = {
    .on_opened = on_far_opened,
    .on_data = on_far_data,
    .on_fin = on_far_fin,
    .on_failed = on_far_failed,
    .on_room = on_far_room,
};

bool client_is_asked(const struct client *c)
{
    const struct front_config *config = &c->front->config;

    return c->port != 0 && config->owner->check_user != NULL &&
           (config->owner->asks_user == NULL ||
            config->owner->asks_user(config->ctx));
}

static void note_wrong(struct client *c, const char *peer)
{
    const struct front_config *config = &c->front->config;

    if (config->porter != NULL &&
        porter_wrong(config->porter, peer, uv_now(config->loop)))
        log_event(config->log, LOG_WARN, "login.limited",
                  LOG_FIELDS(LOG_N("client", c->id), LOG_S("peer", peer)));
}

enum status client_login(struct client *c, struct slice user,
                         struct slice password)
{
    const struct front_config *config = &c->front->config;
    char peer[CONN_PEER_ROOM];

    conn_peer(c->conn, peer);
    if (!c->known && config->porter != NULL &&
        !porter_may_try(config->porter, peer, uv_now(config->loop)))
        return STATUS_TOO_MANY_TRIES;
    c->known = config->owner->check_user(config->ctx, user, password);
    if (!c->known)
        note_wrong(c, peer);
    return c->known ? STATUS_OK : STATUS_NO_ACCESS;
}

bool client_is_of_service(const struct client *c)
{
    return c->service[0] != '\0';
}

enum status client_open(struct client *c, const struct target *target,
                        struct far_failure *refusal)
{
    const struct front_config *config = &c->front->config;

    assert(c->far == NULL);
    c->target = *target;
    c->routes = c->front->routes;
    *refusal = (struct far_failure){ 0 };
    if (client_is_of_service(c))
        return config->owner->service_open(config->ctx, c->service, target,
                                           &far_events, c, &c->far, refusal);
    return config->owner->route_and_open(config->ctx, target, &far_events, c,
                                         &c->far, refusal);
}

void client_drop_far(struct client *c, bool complete)
{
    struct far *far = c->far;

    c->far = NULL;
    if (far == NULL)
        return;
    if (complete)
        far_fin(far);
    far_close(far);
}

/* --- https --------------------------------------------------------------- */

enum status client_end_tls(struct client *c, const struct target *target,
                           struct tls **tls, struct far_failure *refusal)
{
    const struct front_config *config = &c->front->config;

    *tls = NULL;
    *refusal = (struct far_failure){ 0 };
    if (config->owner->ends_tls == NULL ||
        !config->owner->ends_tls(config->ctx, target))
        return STATUS_OK;
    return config->owner->end_tls(config->ctx, target, tls, refusal);
}

/* Most often a browser that does not trust the CA: it says so by an alert. */
static void on_not_secured(struct client *c, const struct why *why)
{
    char origin[TARGET_TEXT_ROOM];
    struct why told = *why;

    if (told.expected[0] == '\0')
        (void)why_expect(&told, "a program that trusts the CA of this "
                                "computer: see 'veritee ca show'");
    target_text(&c->origin, origin);
    log_why(c->front->config.log, LOG_WARN, "https.failed", &told,
            LOG_FIELDS(LOG_N("client", c->id), LOG_S("origin", origin)));
    client_reset(c, why);
}

static void on_secured(void *ctx, const struct why *why)
{
    struct client *c = enter(ctx);

    if (why != NULL) {
        on_not_secured(c, why);
    } else {
        c->protocol = &http_front_protocol;
        conn_start(c->conn, &conn_events, c, QUEUE_MAX_BYTES);
        conn_set_deadline(c->conn, c->front->config.head_deadline_ms,
                          "a request");
        http_front_start(c);
    }
    leave(c);
}

void client_secure(struct client *c, const struct target *origin,
                   struct tls *tls)
{
    enum status st = conn_detach(c->conn, client_input(c));
    struct why why;

    assert(c->far == NULL);
    if (st != STATUS_OK) {
        tls_free(tls);
        (void)why_fail(&why, st, "client", NULL, "%s", status_text(st));
        client_reset(c, &why);
        return;
    }
    c->origin = *origin;
    c->protocol = NULL; /* until the handshake is over */
    http_front_stop(&c->http);
    free_input(c);
    conn_secure(c->conn, tls, on_secured, c);
    conn_set_deadline(c->conn, c->front->config.head_deadline_ms,
                      "a TLS handshake");
}

/* --- relaying ------------------------------------------------------------ */

static void on_relay_done(void *ctx, const struct why *why)
{
    client_reset(ctx, why); /* nothing is left to reset */
}

void client_relay(struct client *c, size_t owed)
{
    enum status st =
        relay_start(&c->relay, c->conn, c->far, client_input(c), owed,
                    c->front->config.stream_idle_ms, on_relay_done, c);
    struct why why;

    if (st != STATUS_OK) {
        (void)why_fail(&why, st, "client", NULL, "%s", status_text(st));
        client_reset(c, &why);
        return;
    }
    c->conn = NULL;
    c->far = NULL;
    free_input(c);
}
