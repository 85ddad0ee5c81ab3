/* proxy/server/teekit_guest.h: one session with a client of teekit.
 *
 *   visit --> teekit_guest: announcement, key, heartbeats
 *               http_request --> teekit_call   --> ask     --> backend
 *               ws_connect   --> teekit_socket --> ws_link --> backend
 *
 * What the protocol cannot see (replay, reflection, order) docs/THREAT-MODEL.md
 * says; what it can, ends the session here: a message that does not open, or
 * that is no message at all. docs/PROTOCOL.md section 13. */
#ifndef PROXY_SERVER_TEEKIT_GUEST_H
#define PROXY_SERVER_TEEKIT_GUEST_H

#include "common/slice.h"
#include "common/status.h"
#include "proxy/io/conn.h"
#include "proxy/server/keys.h"
#include "proxy/server/peers.h"
#include "proxy/server/serve.h"

#define TEEKIT_GUEST_OWN_BYTES (64 * 1024) /* beside what it is asked */

struct teekit_invitation {
    struct conn *conn;        /* the 101 answer was written; has no owner */
    struct keys_epoch *epoch; /* held; taken over when OK */
    struct slice host;        /* Host of the request; copied */
    const char *peer;         /* as conn_peer() has it */
    struct peers_pass pass;   /* taken over when OK */
};

/* Begin a session. Returns STATUS_OK, and then the connection is taken over;
 * else STATUS_NO_MEMORY, or STATUS_BUSY when the epoch has no quote for this
 * protocol. */
MUST_CHECK enum status teekit_guest_open(struct serve *serve,
                                         const struct teekit_invitation *i);

#endif
