/* proxy/io/ws_dial.h: dial, and ask for a WebSocket.
 *
 * The client's half of the opening handshake, on the loop. What is said on
 * the WebSocket is not its business. */
#ifndef PROXY_IO_WS_DIAL_H
#define PROXY_IO_WS_DIAL_H

#include <stddef.h>
#include <uv.h>

#include "common/status.h"
#include "proxy/io/conn.h"
#include "proxy/io/dial.h"
#include "proxy/io/ws_handshake.h"

struct ws_dial;

struct ws_dial_target {
    struct dial_target dial; /* its deadline is for the handshake too */
    const char *host;        /* for Host; NULL: that of |dial| */
    const char *path;        /* begins with '/' */
    const char *protocol;    /* a list, borrowed until it is over; NULL: none */
    const struct ws_line
        *lines; /* further headers; NULL if |line_count| is 0 */
    size_t line_count;
};

/* Start. |target| is copied, but for the TLS context. |on_done| is called
 * once, never from within: with a connection ready for ws_link_open(), or with
 * a reason: those of dial.h, of ws_handshake_check_response(), and
 * STATUS_BAD_HANDSHAKE for an answer over HTTP_HEAD_MAX_BYTES. Returns
 * STATUS_OK, STATUS_NO_MEMORY or STATUS_BAD_ADDRESS; |*out| is NULL unless
 * OK. */
MUST_CHECK enum status ws_dial_open(uv_loop_t *loop,
                                    const struct ws_dial_target *target,
                                    dial_done_fn *on_done, void *ctx,
                                    struct ws_dial **out);

/* Give it up; on_done() will not be called. NULL is allowed. Not after
 * on_done() was called. */
void ws_dial_cancel(struct ws_dial *d);

#endif
