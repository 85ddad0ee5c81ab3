/* proxy/local/teekit_http.h: HTTP/1 and the messages of teekit, each as the
 * other.
 *
 * A request loses what is said between neighbours only, and what ends teekit's
 * servers: Host, Content-Length, Connection and their like. An answer is
 * written as a server of HTTP/1.1 would write it; one that cannot be written so
 * is refused, whatever its peer does with it. No I/O. */
#ifndef PROXY_LOCAL_TEEKIT_HTTP_H
#define PROXY_LOCAL_TEEKIT_HTTP_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/status.h"
#include "proxy/io/http_reader.h"
#include "proxy/tunnel/teekit_message.h"

/* The request whose head |r| has just read, to |authority| ("host" or
 * "host:port"), without id and body. |text| is
 * emptied and holds what |m| borrows, besides what it borrows from |r|. Fields
 * of one name become one; bytes above ASCII are taken as ISO 8859-1, as
 * JavaScript does. Returns STATUS_OK; STATUS_BAD_METHOD, STATUS_BAD_REQUEST,
 * STATUS_HEAD_TOO_LARGE or STATUS_NO_MEMORY with |why| filled. */
MUST_CHECK enum status teekit_http_request(const struct http_reader *r,
                                           struct slice authority,
                                           struct buffer *text,
                                           struct teekit_message *m,
                                           struct why *why);

/* The head of |r| asks for a WebSocket. */
bool teekit_http_is_websocket(const struct http_reader *r);

/* The same as ws_connect, for teekit_http_is_websocket(). |accept| is what goes
 * into the answer. STATUS_BAD_REQUEST too when it is no request that may be
 * answered by 101. */
MUST_CHECK enum status teekit_http_connect(const struct http_reader *r,
                                           struct slice authority,
                                           struct buffer *text,
                                           struct teekit_message *m,
                                           struct why *why);

/* Append the answer |m|. |to_head|: no body; |close|: no other follows. Returns
 * STATUS_OK, or STATUS_BAD_FIELD with |why| filled and nothing appended; |out|
 * may have failed. */
MUST_CHECK enum status teekit_http_response(const struct teekit_message *m,
                                            bool to_head, bool close,
                                            struct buffer *out,
                                            struct why *why);

/* Append the 101 that answers the head of |r|. */
void teekit_http_switch(const struct http_reader *r, struct buffer *out);

#endif
