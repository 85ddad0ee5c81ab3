/* proxy/io/carrier.h: puts a session on a connection; the only such place,
 * for both programs.
 *
 * A client dials, makes the WebSocket and the session; a server has read and
 * judged the upgrade request, and hands over its connection. From then on the
 * carrier owns connection and session, moves messages both ways, runs the
 * session's clock, and flushes its output once a turn of the loop, gathered
 * into one write.
 *
 * Lifetime: exactly one on_closed() of the owner's session_events ends it,
 * also when there was no session yet; it may come from within
 * carrier_close(). Carrier, session and streams are dead to the owner once it
 * returns. Whatever is still to be sent is the carrier's business. */
#ifndef PROXY_IO_CARRIER_H
#define PROXY_IO_CARRIER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/slice.h"
#include "common/status.h"
#include "proxy/io/conn.h"
#include "proxy/io/scratch.h"
#include "proxy/io/tls_context.h"
#include "proxy/tunnel/session.h"

/* Words of the upgrade request, docs/PROTOCOL.md: the challenge is 32 bytes in
 * base64url, the freshness one of two words. */
#define CARRIER_PROTOCOL            "veritee.2"
#define CARRIER_PATH                "/__ra__"
#define CARRIER_CHALLENGE           "Veritee-Challenge"
#define CARRIER_FRESHNESS           "Veritee-Freshness"
#define CARRIER_FRESHNESS_CHALLENGE "challenge"
#define CARRIER_FRESHNESS_EPOCH     "epoch"

struct carrier;
struct gather;

/* What the carriers of one loop share. One a loop, made first. */
struct carrier_hub;

/* Returns STATUS_OK or STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status carrier_hub_open(uv_loop_t *loop,
                                        struct carrier_hub **out);

/* After the last on_closed(). Its memory goes when the last carrier's is
 * gone. NULL is allowed. */
void carrier_hub_close(struct carrier_hub *hub);

/* What the bytes of a session's on_data() outlive: they stay where they are
 * until it ends. */
struct gather *carrier_hub_gather(struct carrier_hub *hub);

/* Memory of the loop, for other links than carriers'; borrowed, good until
 * carrier_hub_close(). */
struct scratch *carrier_hub_scratch(const struct carrier_hub *hub);

struct carrier_endpoint {
    struct slice host; /* name or IP literal, without brackets */
    uint16_t port;
    const char *path;        /* NULL is CARRIER_PATH */
    struct tls_context *tls; /* wss://; borrowed until the carrier is closed;
                              * NULL is ws:// */
    bool epoch;              /* freshness: epoch instead of challenge */
};

/* Client: dial, upgrade, begin the session. |session| (copied; its events and
 * log borrowed) names the owner: on_evidence() comes when the server has
 * announced itself. Dial and upgrade end within DIAL_DEADLINE_MS, the rest is
 * for the owner to bound. No callback from within.
 *
 * on_closed() tells any failure: those of dial.h, of
 * ws_handshake_check_response() and of the session; STATUS_CUT when the server
 * went without a close.
 *
 * Returns STATUS_OK, STATUS_NO_MEMORY or STATUS_BAD_ADDRESS; |*out| is NULL
 * unless OK. */
MUST_CHECK enum status carrier_dial(struct carrier_hub *hub,
                                    const struct carrier_endpoint *endpoint,
                                    const struct session_config *session,
                                    struct carrier **out);

/* Server: take over |conn|, on which the 101 answer was already written.
 * It has no owner: its last one called conn_detach(). |challenge| as it stood
 * in the request.
 *
 * Returns STATUS_OK, or STATUS_NO_MEMORY or STATUS_LIMIT (see
 * session_server_new()), and then |conn| stays the caller's; |*out| is NULL
 * unless OK. */
MUST_CHECK enum status
carrier_accept(struct carrier_hub *hub, struct conn *conn,
               const uint8_t challenge[static SESSION_CHALLENGE_BYTES],
               const struct session_identity *identity,
               const struct session_config *session, struct carrier **out);

/* NULL until the server has answered the upgrade. Streams may be opened and
 * written as session.h has it; output leaves by itself. */
struct session *carrier_session(const struct carrier *c);

/* End it now with |why|: session_close() if there is a session. on_closed()
 * is called before return. NULL is allowed. */
void carrier_close(struct carrier *c, const struct why *why);

/* Monotonic milliseconds, the clock that every session_*() call on this loop
 * must be given. */
int64_t carrier_now_ms(const struct carrier *c);

#endif
