/* proxy/io/ws_handshake.h: the opening handshake of a WebSocket (RFC 6455
 * section 4), bytes only.
 *
 * The client's request is written and the server's answer read here. A
 * server reads requests with its own HTTP parser, and hands the values of the
 * headers to ws_handshake_check_upgrade(). */
#ifndef PROXY_IO_WS_HANDSHAKE_H
#define PROXY_IO_WS_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/builder.h"
#include "common/slice.h"
#include "common/status.h"

#define WS_KEY_BYTES    24 /* Sec-WebSocket-Key: 16 bytes in base64 */
#define WS_ACCEPT_BYTES 28 /* Sec-WebSocket-Accept: 20 bytes in base64 */

/* One more header line of the request. */
struct ws_line {
    const char *name;
    const char *value;
};

struct ws_request {
    const char *host; /* "name", "name:port", "[v6]:port" */
    const char *path; /* begins with '/' */
    char key[WS_KEY_BYTES + 1];
    const char *protocol; /* the subprotocols offered, a list; NULL for none */
    const struct ws_line *lines; /* borrowed; NULL when |line_count| is 0 */
    size_t line_count;
};

/* Fill |key| with a fresh one. */
void ws_handshake_key(struct ws_request *r);

void ws_handshake_request(struct builder *b, const struct ws_request *r);

/* Bytes of the head at the start of |bytes|, with its empty line; 0 when it
 * has not ended yet. */
size_t ws_handshake_head_length(struct slice bytes);

/* Check the answer to |r|: exactly one head, as ws_handshake_head_length()
 * measured it.
 *
 * Returns STATUS_OK; STATUS_BUSY for 503 and 429; STATUS_BAD_HANDSHAKE for
 * another answer than 101, and for one that does not agree with the request;
 * STATUS_BAD_FIELD for a malformed head; |why| is filled. */
MUST_CHECK enum status ws_handshake_check_response(struct slice head,
                                                   const struct ws_request *r,
                                                   struct why *why);

/* The values of an upgrade request; a header that is absent is empty, one
 * that came more than once is joined by ", ". */
struct ws_upgrade {
    struct slice upgrade;
    struct slice connection;
    struct slice key;
    struct slice version;
    struct slice protocol; /* list of those offered */
};

/* Is it one that a server may answer? STATUS_OK, or STATUS_BAD_REQUEST with
 * |why| filled. */
MUST_CHECK enum status ws_handshake_check_upgrade(const struct ws_upgrade *u,
                                                  struct why *why);

/* The 101 answer; |protocol| NULL for none. */
void ws_handshake_respond(struct builder *b, struct slice key,
                          const char *protocol);

#endif
