#include "proxy/server/guest.h"

#include <stdlib.h>

#include "proxy/io/carrier.h"
#include "proxy/server/backend.h"
#include "proxy/tunnel/aead.h"

/* Freed in on_closed(), the last event of its session. */
struct guest {
    struct serve *serve;
    struct serve_member member;
    struct carrier *carrier;
    struct peers_pass pass;
    bool ready;       /* the handshake is complete */
    uint64_t used_ms; /* when it had a stream last, or began */
    char peer[CONN_PEER_ROOM];
};

static void on_ready(void *ctx)
{
    struct guest *g = ctx;

    g->ready = true;
    g->used_ms = uv_now(g->serve->config.loop);
    meter_add(g->serve->config.meter, METER_VERITEE, METER_SESSIONS, 1);
    peers_ready(&g->pass);
    log_event(g->serve->config.log, LOG_INFO, "session.up",
              LOG_FIELDS(LOG_S("peer", g->peer),
                         LOG_S("suite",
                               session_suite(carrier_session(g->carrier)))));
}

static void refuse(struct guest *g, struct stream *s, struct slice target,
                   enum status st)
{
    log_event(g->serve->config.log, LOG_WARN, "stream.refused",
              LOG_FIELDS(LOG_S("peer", g->peer), LOG_B("target", target),
                         LOG_S("status", status_name(st))));
    meter_why(g->serve->config.meter, METER_STREAM_REFUSED, st);
    stream_reset(s, st);
    stream_release(s);
}

static void on_open(void *ctx, struct stream *s, struct slice target)
{
    struct guest *g = ctx;
    struct rules_backend to;
    enum status st;

    g->used_ms = uv_now(g->serve->config.loop);
    st = stream_claim(s);
    if (st == STATUS_OK)
        st = rules_find(g->serve->config.rules, target, &to);
    if (st == STATUS_OK)
        st = backend_open(&g->serve->backends, &to, s);
    if (st != STATUS_OK) {
        refuse(g, s, target, st);
        return;
    }
    log_event(g->serve->config.log, LOG_DEBUG, "stream.open",
              LOG_FIELDS(LOG_S("peer", g->peer), LOG_B("target", target)));
}

static void on_data(void *ctx, struct stream *s, struct slice data)
{
    (void)ctx;
    backend_on_data(s, data);
}

static void on_fin(void *ctx, struct stream *s)
{
    (void)ctx;
    backend_on_fin(s);
}

static void on_reset(void *ctx, struct stream *s, enum status reason)
{
    struct guest *g = ctx;

    log_event(g->serve->config.log, LOG_DEBUG, "stream.reset",
              LOG_FIELDS(LOG_S("peer", g->peer),
                         LOG_S("status", status_name(reason))));
    backend_on_reset(s, reason);
}

static void on_room(void *ctx, struct stream *s)
{
    (void)ctx;
    backend_on_room(s);
}

/* A client that opens no more streams: those it has go on. */
static void on_goaway(void *ctx)
{
    (void)ctx;
}

static void on_closed(void *ctx, const struct why *why)
{
    struct guest *g = ctx;
    struct serve *serve = g->serve;
    const bool failed = !g->ready && why->status != STATUS_OK;

    log_why(serve->config.log, failed ? LOG_WARN : LOG_INFO,
            failed ? "session.failed" : "session.down", why,
            LOG_FIELDS(LOG_S("peer", g->peer)));
    meter_add(serve->config.meter, METER_VERITEE,
              g->ready ? METER_SESSIONS_ENDED : METER_SESSIONS_FAILED, 1);
    peers_leave(&g->pass);
    serve_leave(serve, &g->member);
    free(g);
}

/* Evidence and opened streams are for clients, output is the carrier's. */
static const struct session_events session_events = {
    .on_ready = on_ready,
    .on_open = on_open,
    .on_data = on_data,
    .on_fin = on_fin,
    .on_reset = on_reset,
    .on_room = on_room,
    .on_goaway = on_goaway,
    .on_closed = on_closed,
};

static struct guest *self(struct serve_member *m)
{
    return CONTAINER_OF(m, struct guest, member);
}

/* No new streams; it ends when the open ones have. */
static void drain(struct serve_member *m)
{
    struct guest *g = self(m);

    session_drain(carrier_session(g->carrier), carrier_now_ms(g->carrier));
}

static void sweep(struct serve_member *m, uint64_t now_ms)
{
    struct guest *g = self(m);
    const struct session *s = carrier_session(g->carrier);

    if (!g->ready || session_streams(s) > 0)
        g->used_ms = now_ms;
    else if (now_ms - g->used_ms >= g->serve->config.session_idle_ms &&
             !session_is_leaving(s)) {
        log_event(g->serve->config.log, LOG_INFO, "session.idle",
                  LOG_FIELDS(LOG_S("peer", g->peer)));
        drain(m);
    }
}

static void close_now(struct serve_member *m, const struct why *why)
{
    carrier_close(self(m)->carrier, why);
}

static const struct serve_member_ops member_ops = {
    .sweep = sweep,
    .drain = drain,
    .close = close_now,
};

enum status guest_open(struct serve *serve, const struct guest_invitation *i)
{
    struct guest *g = calloc(1, sizeof(*g));
    const struct session_config config = {
        .events = &session_events,
        .ctx = g,
        .log = serve->config.log,
        .aes = aead_has_aes(),
        .allow_chacha = true,
        .streams_max = serve->config.streams_max,
        .budget = peers_budget(&i->pass),
    };
    enum status st;

    if (g == NULL)
        return STATUS_NO_MEMORY;
    g->serve = serve;
    g->pass = i->pass;
    memcpy(g->peer, i->peer, sizeof(g->peer));
    serve_join(serve, &g->member, &member_ops);
    st = carrier_accept(serve->config.hub, i->conn, i->challenge, i->identity,
                        &config, &g->carrier);
    if (st != STATUS_OK) {
        serve_leave(serve, &g->member);
        free(g);
    }
    return st;
}
