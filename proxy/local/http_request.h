/* proxy/local/http_request.h: what a local program asks, and how it is passed
 * on.
 *
 * Three forms: an http:// URI (absolute-form), CONNECT (authority-form), and
 * a path of this program itself (origin-form). A request that could be read
 * in two ways is refused, not repaired. What is passed on is written anew:
 * origin-form, one Host from the URI, no field that belongs to one hop,
 * nothing about the client or this proxy added (no Via, no X-Forwarded-For:
 * the far end learns no more than it would without us).
 *
 * Inside of https whose TLS ends here, all requests are for its one origin:
 * what names another host is refused, and what is passed on is http to that
 * host, with "X-Forwarded-Proto: https", so that the far end still knows what
 * the browser sees.
 *
 * No I/O. Follows RFC 9110 and RFC 9112. */
#ifndef PROXY_LOCAL_HTTP_REQUEST_H
#define PROXY_LOCAL_HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/slice.h"
#include "proxy/io/http_reader.h"
#include "proxy/local/target.h"

enum http_form {
    HTTP_TO_TARGET, /* to be passed on to |target| */
    HTTP_TUNNEL,    /* CONNECT to |target|; never inside of https */
    HTTP_TO_US      /* |target| is what Host says; all zero without Host */
};

struct http_request {
    struct http_reader reader;
    struct target origin; /* of the https that they are inside of; port 0: they
                           * are not. The caller's to set after init */
    /* The rest is known once the head is read. */
    enum http_form form;
    const char *method; /* static; NULL before */
    struct target target;
    struct slice path; /* and query; may be empty; borrows from |reader| */
    bool is_head;      /* the answer has no body */
    bool http10;
    bool keep_alive; /* the client will send more requests */
    bool upgrade;    /* and to another protocol, if the far end agrees */
};

void http_request_init(struct http_request *r);
void http_request_fini(struct http_request *r);

/* Get ready for the next request on the connection. */
void http_request_next(struct http_request *r);

/* Read on in |*in|, as http_reader_read() does; a head that may not be passed
 * on is HTTP_BAD too. reader.why.status is then STATUS_BAD_REQUEST,
 * BAD_METHOD, BAD_ADDRESS, HEAD_TOO_LARGE, NO_MEMORY or, inside of https,
 * MISDIRECTED. */
enum http_step http_request_read(struct http_request *r, struct slice *in);

/* What came as a path is for |target|: pass it on. */
void http_request_lead(struct http_request *r, const struct target *target);

/* True when a body of at least one byte, or of chunks, follows the head. */
bool http_request_has_body(const struct http_request *r);

/* True for a method that asks for no change: GET, HEAD, OPTIONS, TRACE
 * (RFC 9110 section 9.2.1). */
bool http_request_is_safe(const struct http_request *r);

/* Append the head as the far end shall see it. After HTTP_GOT_HEAD, for
 * HTTP_TO_TARGET. |out|'s failure is the only error, here and below. */
void http_request_write_head(const struct http_request *r, struct buffer *out);

/* Append a piece of the body, and its end with the trailers. */
void http_request_write_body(const struct http_request *r, struct slice piece,
                             struct buffer *out);
void http_request_write_end(const struct http_request *r, struct buffer *out);

#endif
