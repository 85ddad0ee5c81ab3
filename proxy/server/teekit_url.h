/* proxy/server/teekit_url.h: the URL of a teekit request.
 *
 * Clients send what their user wrote: a path, a whole URL with its fragment, or
 * something relative. It is read as a browser would that is on the site's root
 * (URL standard). Whoever asks for nothing in particular asks for the host that
 * the session was opened with. */
#ifndef PROXY_SERVER_TEEKIT_URL_H
#define PROXY_SERVER_TEEKIT_URL_H

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"

struct teekit_url {
    struct slice authority; /* "host" or "host:port", for Host; borrowed from
                             * the URL; empty if it has none */
    struct slice host;      /* the host of it, without brackets */
    struct buffer target;   /* "/path?query", ASCII */
};

/* Read |url|. Returns STATUS_OK, STATUS_BAD_REQUEST with |why| filled, or
 * STATUS_NO_MEMORY; |out| is all zero unless OK, else teekit_url_fini() ends
 * it. */
MUST_CHECK enum status teekit_url_read(struct slice url, struct teekit_url *out,
                                       struct why *why);

void teekit_url_fini(struct teekit_url *u);

#endif
