/* proxy/server/plain.h: one request that came in clear, passed to a backend.
 *
 *   client --request--> visit --> plain --> backend
 *
 * Only where a rule says "plain", so that a page can load whose script then
 * opens a session. The backend is told that it came in clear; what the client
 * says of that is left out. One request a connection, bodies streamed both
 * ways; nothing is upgraded. Follows RFC 9110 section 7 and RFC 9112. */
#ifndef PROXY_SERVER_PLAIN_H
#define PROXY_SERVER_PLAIN_H

#include "common/buffer.h"
#include "common/status.h"
#include "proxy/io/conn.h"
#include "proxy/server/request.h"
#include "proxy/server/serve.h"

#define PLAIN_QUEUE_BYTES (256 * 1024) /* on their way to either side */

/* What one may need: both queues, what is read, and what is being passed on. */
#define PLAIN_OWN_BYTES (2 * PLAIN_QUEUE_BYTES + 128 * 1024)

/* Where a request may go. */
struct plain_way {
    struct rules_backend to;
    struct buffer head; /* what the backend is asked, without a body */
};

/* May |r|, whose head is complete, pass? Returns STATUS_OK; STATUS_NOT_SERVICE
 * when no rule lets anything for its host pass in clear, STATUS_NOT_ALLOWED
 * when one does, but not for its path, STATUS_BAD_REQUEST or STATUS_NO_MEMORY,
 * with |why| filled. |way| is all zero unless OK; then plain_open() takes what
 * it holds. */
MUST_CHECK enum status plain_check(const struct serve *serve,
                                   const struct request *r,
                                   struct plain_way *way, struct why *why);

/* Pass it. |conn|, without an owner, and |way| are taken over in every case,
 * |request| and |pass| too unless there is no memory, and are empty then. */
void plain_open(struct serve *serve, struct conn *conn, struct request *request,
                struct plain_way *way, struct peers_pass *pass);

#endif
