/* proxy/local/peer_wire.h: what a peer is reached by: a native session on its
 * carrier, or a teekit session.
 *
 * The same few calls for both; the events are those of session.h for both, too.
 * Which one it is, the policy says. */
#ifndef PROXY_LOCAL_PEER_WIRE_H
#define PROXY_LOCAL_PEER_WIRE_H

#include <stdint.h>

#include "common/status.h"
#include "proxy/local/far_tunnel.h"
#include "proxy/local/peer.h"
#include "proxy/tunnel/session.h"

struct carrier;
struct teekit_session;

/* One of the two; all zero before peer_wire_dial(). */
struct peer_wire {
    struct carrier *carrier;
    struct teekit_session *teekit;
};

/* As carrier_dial() and teekit_session_dial() have it. |events| get |ctx|;
 * after on_closed() the wire is dead. */
MUST_CHECK enum status peer_wire_dial(struct peer_wire *w,
                                      const struct peer_config *config,
                                      const struct session_events *events,
                                      void *ctx);

/* The evidence was accepted. */
void peer_wire_accept(struct peer_wire *w);

/* Take no new streams, and end when there are none. */
void peer_wire_drain(struct peer_wire *w);

void peer_wire_close(struct peer_wire *w, const struct why *why);

/* Lead |f| through it, as far_tunnel_attach() has it; only when ready. */
MUST_CHECK enum status peer_wire_attach(struct peer_wire *w,
                                        const struct peer_config *config,
                                        struct far_tunnel *f,
                                        struct far_tunnel_list *opening,
                                        int64_t now_ms);

struct peer_traffic peer_wire_traffic(const struct peer_wire *w);

#endif
