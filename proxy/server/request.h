/* proxy/server/request.h: what a client asks of us, one request after the
 * other.
 *
 * Collects the head whole, up to a maximum that its owner gives, then lets
 * http_reader parse it, and the body as it comes. What the request says, others
 * judge. No I/O. Follows RFC 9112. */
#ifndef PROXY_SERVER_REQUEST_H
#define PROXY_SERVER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/slice.h"
#include "proxy/io/http_reader.h"

#define REQUEST_FIELDS_MAX 64

/* A plain struct, so that an owner can embed it; only request.c writes it. All
 * slices borrow from it, and live until request_next() or request_fini(). */
struct request {
    struct http_reader reader; /* pieces of the body, and why it is bad */
    struct buffer head;        /* its bytes, as they came */
    /* Once the head is complete. */
    struct slice method; /* "GET" */
    struct slice target; /* as sent: "/bytes/12?x" */
    bool keep_alive;     /* another request may follow on the connection */
};

/* Heads have |head_max| bytes at most, and no more than HTTP_HEAD_MAX_BYTES.
 * Allocates nothing yet. */
void request_init(struct request *r, size_t head_max);
void request_fini(struct request *r);

/* Get ready for the next request. */
void request_next(struct request *r);

/* Read on in |*in| and cut off what was used. After HTTP_GOT_END and HTTP_BAD
 * only request_next() and request_fini(). */
enum http_step request_read(struct request *r, struct slice *in);

/* The value of |name|; empty if there is none. Of several, the first. As
 * below, fields of the head; once a chunked body has ended, trailers. */
struct slice request_field(const struct request *r, const char *name);

/* How many fields are called |name|. */
size_t request_field_count(const struct request *r, const char *name);

/* The target without its query. */
struct slice request_path(const struct request *r);

/* Read a decimal number, at most |max|, from the query: "?n=3&ms=200".
 * |fallback| when there is no |name| or no such number. */
uint64_t request_query_number(const struct request *r, const char *name,
                              uint64_t max, uint64_t fallback);

#endif
