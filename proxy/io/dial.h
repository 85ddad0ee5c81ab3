/* proxy/io/dial.h: resolve a name, connect, and put TLS on it if asked.
 *
 * Addresses of both families are raced as in RFC 8305, simply: in the order
 * the resolver gave, families alternating, one more attempt every
 * DIAL_STAGGER_MS or as soon as one fails; the first that connects wins. */
#ifndef PROXY_IO_DIAL_H
#define PROXY_IO_DIAL_H

#include <stdint.h>
#include <uv.h>

#include "common/slice.h"
#include "common/status.h"
#include "proxy/io/conn.h"
#include "proxy/io/tls_context.h"

struct dial;

#define DIAL_STAGGER_MS    250
#define DIAL_ADDRESSES_MAX 16 /* of one name; others are not tried */

struct dial_target {
    struct slice host; /* name, IPv4 or IPv6 literal without brackets; or the
                        * path of a UNIX socket, which begins with '/' and
                        * has no |tls| */
    uint16_t port;     /* not for a UNIX socket */
    struct tls_context *tls; /* borrowed until the dial is over; NULL: none */
    int64_t deadline_ms;     /* for all of it; 0 is DIAL_DEADLINE_MS */
};

/* The dial is over and its memory no longer the caller's. |conn| is the
 * caller's, without an owner yet; or NULL, and |why| says what failed:
 * STATUS_NO_NAME, REFUSED, UNREACHABLE, TIMED_OUT, NETWORK, CUT, TLS, LIMIT
 * or NO_MEMORY. */
typedef void dial_done_fn(void *ctx, struct conn *conn, const struct why *why);

/* Start. |target| is copied. |on_done| is called once, never from within
 * dial_open(). Returns STATUS_OK, STATUS_NO_MEMORY, or STATUS_BAD_ADDRESS for
 * a host that no host can have; |*out| is NULL unless OK. */
MUST_CHECK enum status dial_open(uv_loop_t *loop,
                                 const struct dial_target *target,
                                 dial_done_fn *on_done, void *ctx,
                                 struct dial **out);

/* Give it up; on_done() will not be called. From any callback; NULL is
 * allowed. Not after on_done() was called. */
void dial_cancel(struct dial *d);

#endif
