/* proxy/server/request.h: HTTP/1 requests, one after the other, from bytes.
 *
 * A thin coat on llhttp, used strictly: no leniency is ever switched on. The
 * head is collected whole before it is parsed, so that its parts lie in one
 * piece. No I/O. Follows RFC 9112. */
#ifndef PROXY_SERVER_REQUEST_H
#define PROXY_SERVER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <llhttp.h>

#include "common/buffer.h"
#include "common/slice.h"
#include "common/status.h"

#define REQUEST_FIELDS_MAX 64

/* What was found. */
enum request_step {
    REQUEST_MORE, /* all input was used; give more */
    REQUEST_HEAD, /* the head is complete */
    REQUEST_BODY, /* |piece| is the next part of the body */
    REQUEST_END,  /* the request is complete */
    REQUEST_BAD   /* malformed, see |why|; nothing more can be read */
};

struct request_field {
    struct slice name;
    struct slice value; /* without blanks around it; may be empty */
};

/* A plain struct, so that an owner can embed it; only request.c writes it. All
 * slices borrow from it, and live until request_next() or request_fini(). */
struct request {
    struct slice method; /* "GET" */
    struct slice target; /* as sent: "/bytes/12?x" */
    bool keep_alive;     /* another request may follow on the connection */
    bool http_1_0;
    bool chunked;
    uint64_t length; /* of a body that is not chunked, bytes; 0 for none */
    struct request_field fields[REQUEST_FIELDS_MAX];
    size_t field_count;
    struct slice piece; /* of REQUEST_BODY; borrows from the input */
    struct why why;     /* of REQUEST_BAD: STATUS_BAD_REQUEST, BAD_METHOD,
                         * HEAD_TOO_LARGE or NO_MEMORY */

    llhttp_t parser;
    struct buffer head; /* the head's bytes */
    bool has_head;
    uint64_t left; /* bytes of a body that is not chunked */
    bool ended;
};

/* Heads have |head_max| bytes at most. Allocates nothing yet. */
void request_init(struct request *r, size_t head_max);
void request_fini(struct request *r);

/* Get ready for the next request. */
void request_next(struct request *r);

/* Read on in |*in| and cut off what was used. After REQUEST_END and
 * REQUEST_BAD only request_next() and request_fini(). */
enum request_step request_read(struct request *r, struct slice *in);

/* The value of |name|; empty if there is none. Of several, the first. */
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
