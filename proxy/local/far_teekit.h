/* proxy/local/far_teekit.h: a far side that is a server of HTTP, whose
 * requests travel by teekit.
 *
 * teekit carries requests and messages of WebSockets, no bytes. So what an
 * application writes is read here as HTTP/1, each request becomes one message
 * once it is complete, and the answer is written back as HTTP/1; an upgrade to
 * WebSocket becomes a tunnelled one. Anything else is told so by an answer of
 * ours: 400, 405, 413, 502, 503 or 504, as the status table has it. One request
 * at a time; those sent ahead wait. A request is sent once. */
#ifndef PROXY_LOCAL_FAR_TEEKIT_H
#define PROXY_LOCAL_FAR_TEEKIT_H

#include "common/log.h"
#include "common/status.h"
#include "proxy/local/far_tunnel.h"
#include "proxy/local/teekit_session.h"

struct far_teekit_config {
    uv_loop_t *loop;
    struct blocks *blocks; /* of the loop */
    const struct log *log;
    const char *endpoint;      /* borrowed */
    int64_t answer_timeout_ms; /* of each request */
};

/* Make |f|, which waits for a session, a user of |s|. Its owner is told on a
 * later turn of the loop that it is open. Returns STATUS_OK, STATUS_NO_MEMORY,
 * STATUS_GOING_AWAY or STATUS_LIMIT; unless OK nothing has changed. */
MUST_CHECK enum status
far_teekit_attach(struct far_tunnel *f, struct teekit_session *s,
                  const struct far_teekit_config *config);

#endif
