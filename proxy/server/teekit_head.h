/* proxy/server/teekit_head.h: heads of HTTP/1.1, from and to teekit's messages.
 *
 * What a client may not say for itself is left out: how its message is framed,
 * what belongs to one hop, the host, and whatever begins with "Veritee-", which
 * is ours to say. Text is taken as ISO 8859-1, as JavaScript's own headers
 * are. An answer is bent to what teekit's clients survive. No I/O. */
#ifndef PROXY_SERVER_TEEKIT_HEAD_H
#define PROXY_SERVER_TEEKIT_HEAD_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/io/http_reader.h"
#include "proxy/tunnel/teekit_message.h"

/* How a backend learns where a request came from; man veriteed(8) has them. */
#define TEEKIT_HEAD_ENCRYPTED "Veritee-Encrypted" /* "yes" or "no" */
#define TEEKIT_HEAD_SESSION   "Veritee-Session"

/* Is the field |name| ours to say, or of one hop, in any request to a
 * backend? */
bool teekit_head_is_ours(struct slice name);

/* Where a request is to go. */
struct teekit_way {
    struct slice authority; /* for Host */
    struct slice target;    /* of the request line */
    struct slice session;   /* for TEEKIT_HEAD_SESSION */
};

/* What the method of |m| says of the request. */
struct teekit_method {
    struct slice name;
    bool is_head;
    bool repeatable; /* asking twice does what asking once does */
    bool has_body;   /* a body is usual */
};

/* Read the method: letters of either case for those everybody knows. Returns
 * STATUS_OK, or STATUS_BAD_METHOD with |why| filled. */
MUST_CHECK enum status teekit_head_method(struct slice name,
                                          struct teekit_method *out,
                                          struct why *why);

/* Append the head of the request |m|. Returns STATUS_OK; STATUS_BAD_REQUEST
 * with |why| filled for a header that cannot be sent. |out| may have failed. */
MUST_CHECK enum status teekit_head_request(const struct teekit_message *m,
                                           const struct teekit_method *method,
                                           const struct teekit_way *way,
                                           struct buffer *out, struct why *why);

/* Fill in |m| what the answer's head says, but for id and body. |text| is
 * emptied and holds what |m| borrows. Returns STATUS_OK; STATUS_BAD_FIELD for a
 * code that no client takes, STATUS_HEAD_TOO_LARGE or STATUS_NO_MEMORY, with
 * |why| filled. */
MUST_CHECK enum status teekit_head_answer(const struct http_reader *r,
                                          bool to_head, struct buffer *text,
                                          struct teekit_message *m,
                                          struct why *why);

/* Has an answer of this code no body, not even an empty one? */
bool teekit_head_bare(unsigned code);

#endif
