/* proxy/local/running.h: the proxy that runs on this machine, asked by tools.
 *
 * Blocks, at most for some seconds. Whoever listens there may be another
 * program: what it says is not to be believed, nor to be shown as it is. */
#ifndef PROXY_LOCAL_RUNNING_H
#define PROXY_LOCAL_RUNNING_H

#include "common/buffer.h"
#include "common/status.h"
#include "proxy/local/target.h"

/* Read "host[:port]", port 8118 by default, of this machine. NULL: where the
 * policy that `veritee run` would read listens first, else localhost:8118.
 * Returns STATUS_OK, or STATUS_BAD_ADDRESS with |why| filled. */
MUST_CHECK enum status running_address(const char *text, struct target *out,
                                       struct why *why);

/* Ask it for |path|. |body| borrows from |answer|, which is the caller's to
 * free when OK and empty otherwise. Returns STATUS_OK, STATUS_REFUSED when
 * nothing can be reached there, or STATUS_BAD_FIELD when no page comes back,
 * with |why| filled. */
MUST_CHECK enum status running_ask(const struct target *proxy, const char *path,
                                   struct buffer *answer, struct slice *body,
                                   struct why *why);

/* Is there a veritee? Returns as running_ask() does. */
MUST_CHECK enum status running_find(const struct target *proxy,
                                    struct why *why);

#endif
