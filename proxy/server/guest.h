/* proxy/server/guest.h: one session with a client, and what it asks for. */
#ifndef PROXY_SERVER_GUEST_H
#define PROXY_SERVER_GUEST_H

#include "common/status.h"
#include "proxy/io/conn.h"
#include "proxy/server/serve.h"
#include "proxy/tunnel/session.h"

struct guest_invitation {
    struct conn *conn;        /* the 101 answer was written; has no owner */
    const uint8_t *challenge; /* SESSION_CHALLENGE_BYTES */
    const struct session_identity *identity;
    const char *peer;       /* as conn_peer() has it */
    struct peers_pass pass; /* taken over when OK */
};

/* Begin a session. Returns STATUS_OK, and then the connection is taken over;
 * else as carrier_accept(). */
MUST_CHECK enum status guest_open(struct serve *serve,
                                  const struct guest_invitation *i);

#endif
