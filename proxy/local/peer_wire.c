#include "proxy/local/peer_wire.h"

#include <assert.h>

#include "proxy/local/far_teekit.h"
#include "proxy/local/teekit_session.h"
#include "proxy/tunnel/aead.h"

static struct tls_context *tls_of(const struct peer_config *config)
{
    struct tls_context *tls =
        config->endpoint->tls ? snapshot_tls(config->snapshot, config->service)
                              : NULL;

    assert(!config->endpoint->tls || tls != NULL);
    return tls;
}

static enum status dial_native(struct peer_wire *w,
                               const struct peer_config *config,
                               const struct session_events *events, void *ctx)
{
    const struct endpoint *e = config->endpoint;
    const struct carrier_endpoint to = {
        .host = slice_text(e->host),
        .port = e->port,
        .path = e->path,
        .tls = tls_of(config),
        .epoch = config->service->accept.freshness == FRESH_EPOCH,
    };
    const struct session_config session = {
        .events = events,
        .ctx = ctx,
        .log = config->log,
        .aes = aead_has_aes(),
        .allow_chacha = true,
        .streams_max = STREAMS_MAX,
    };

    return carrier_dial(config->hub, &to, &session, &w->carrier);
}

static enum status dial_teekit(struct peer_wire *w,
                               const struct peer_config *config,
                               const struct session_events *events, void *ctx)
{
    const struct teekit_session_config session = {
        .loop = config->loop,
        .scratch = carrier_hub_scratch(config->hub),
        .log = config->log,
        .endpoint = config->endpoint,
        .tls = tls_of(config),
        .tee = config->service->accept.tee,
        .events = events,
        .ctx = ctx,
    };

    return teekit_session_dial(&session, &w->teekit);
}

enum status peer_wire_dial(struct peer_wire *w,
                           const struct peer_config *config,
                           const struct session_events *events, void *ctx)
{
    *w = (struct peer_wire){ 0 };
    return config->service->protocol == PROTOCOL_TEEKIT
               ? dial_teekit(w, config, events, ctx)
               : dial_native(w, config, events, ctx);
}

void peer_wire_accept(struct peer_wire *w)
{
    if (w->teekit != NULL)
        teekit_session_accept(w->teekit);
    else
        session_accept(carrier_session(w->carrier), carrier_now_ms(w->carrier));
}

void peer_wire_drain(struct peer_wire *w)
{
    if (w->teekit != NULL)
        teekit_session_drain(w->teekit);
    else
        session_drain(carrier_session(w->carrier), carrier_now_ms(w->carrier));
}

void peer_wire_close(struct peer_wire *w, const struct why *why)
{
    if (w->teekit != NULL)
        teekit_session_close(w->teekit, why);
    else
        carrier_close(w->carrier, why);
}

enum status peer_wire_attach(struct peer_wire *w,
                             const struct peer_config *config,
                             struct far_tunnel *f,
                             struct far_tunnel_list *opening, int64_t now_ms)
{
    const char *endpoint = config->endpoint->url;
    const struct far_teekit_config teekit = {
        .loop = config->loop,
        .blocks = &carrier_hub_scratch(config->hub)->blocks,
        .log = config->log,
        .endpoint = endpoint,
        .answer_timeout_ms = config->service->answer_timeout_ms,
    };

    if (w->teekit != NULL)
        return far_teekit_attach(f, w->teekit, &teekit);
    return far_tunnel_attach(f, carrier_session(w->carrier), endpoint, opening,
                             now_ms);
}

static struct peer_traffic native_traffic(const struct peer_wire *w)
{
    const struct session *s = carrier_session(w->carrier);

    if (s == NULL)
        return (struct peer_traffic){ .suite = "" };
    return (struct peer_traffic){ .suite = session_suite(s),
                                  .streams = session_streams(s),
                                  .bytes_in = session_bytes_in(s),
                                  .bytes_out = session_bytes_out(s) };
}

struct peer_traffic peer_wire_traffic(const struct peer_wire *w)
{
    struct teekit_traffic t;

    if (w->teekit == NULL)
        return native_traffic(w);
    t = teekit_session_traffic(w->teekit);
    return (struct peer_traffic){ .suite = "XSalsa20",
                                  .streams = t.users,
                                  .bytes_in = t.bytes_in,
                                  .bytes_out = t.bytes_out };
}
