/* proxy/server/guest.h: one session with a client, and what it asks for. */
#ifndef PROXY_SERVER_GUEST_H
#define PROXY_SERVER_GUEST_H

#include "common/status.h"
#include "proxy/io/conn.h"
#include "proxy/server/serve.h"
#include "proxy/tunnel/session.h"

struct guest;

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

/* No new streams; ends when the open ones have. |g| may be gone afterwards. */
void guest_drain(struct guest *g);

/* End it if it had no stream for too long; |g| may be gone afterwards. */
void guest_sweep(struct guest *g, uint64_t now_ms);

/* End it now; |g| is gone afterwards. */
void guest_close(struct guest *g, const struct why *why);

struct guest *guest_next(const struct guest *g);

#endif
