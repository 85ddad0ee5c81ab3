/* proxy/io/http_reader.h: one HTTP/1 message after another, from bytes.
 *
 * A coat on llhttp, which is used strictly: no leniency is ever switched on.
 * Each call returns the next thing in the input: the head, a run of the body,
 * the end. A head that is malformed, over a limit, or not clear about where
 * its body ends is refused; what it says, the programs judge.
 *
 * No I/O; memory is the fields of one head. Follows RFC 9112. */
#ifndef PROXY_IO_HTTP_READER_H
#define PROXY_IO_HTTP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <llhttp.h>

#include "common/buffer.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/io/http_fields.h"

enum http_kind { HTTP_REQUESTS, HTTP_RESPONSES };

/* What was found. */
enum http_step {
    HTTP_WANT_MORE, /* all input was used; give more */
    HTTP_GOT_HEAD,  /* the head is complete */
    HTTP_GOT_BODY,  /* the piece is part of the body */
    HTTP_GOT_END, /* the message is complete; |fields| are its trailers if it was
                 * chunked */
    HTTP_BAD      /* malformed: see |why|; nothing more can be read */
};

#define HTTP_UNTIL_EOF UINT64_MAX /* the body ends with the input */

struct http_reader {
    llhttp_t parser;
    enum http_kind kind;
    enum http_step found;      /* by the callbacks of this call */
    struct slice piece;        /* of HTTP_GOT_BODY; borrows from the input */
    struct http_fields fields; /* of the head; once chunks end, trailers */
    struct buffer line;        /* a request's URI; a response's reason */
    bool started;              /* a byte of the message was read */
    bool in_body;              /* the head was given out */
    bool version_seen;
    /* The first line, once the head is complete. */
    const char *method; /* static; of requests */
    int code;           /* of responses */
    bool http10;        /* else HTTP/1.1 */
    bool no_body;       /* the answer to HEAD, whatever it says */
    bool may_have_body; /* neither that, nor 1xx, 204 or 304 */
    bool chunked;       /* the body comes in chunks, and llhttp reads it */
    bool has_length;    /* Content-Length was given, if only as 0 */
    uint64_t length;    /* what it says */
    uint64_t left;      /* bytes of an unchunked body to come */
    size_t used;        /* bytes of the head, or of chunk extensions */
    struct why why;     /* of HTTP_BAD; STATUS_BAD_REQUEST for a request that is
                         * malformed, BAD_FIELD or BAD_VERSION for a response;
                         * BAD_METHOD, HEAD_TOO_LARGE or NO_MEMORY */
};

/* For messages of |kind|. Allocates nothing before there is a head. */
void http_reader_init(struct http_reader *r, enum http_kind kind);
void http_reader_fini(struct http_reader *r);

/* Get ready for the next message. |no_body|: it answers HEAD. */
void http_reader_next(struct http_reader *r, bool no_body);

/* Read on in |*in| and cut off what was used. After HTTP_GOT_END and HTTP_BAD
 * only http_reader_next() and http_reader_fini(). */
enum http_step http_reader_read(struct http_reader *r, struct slice *in);

/* Bytes of an unchunked body that may pass by without being read here; then
 * |len| of them did. */
uint64_t http_reader_skippable(const struct http_reader *r);
void http_reader_skip(struct http_reader *r, size_t len);

/* The input ended. HTTP_GOT_END if the message may end so, else HTTP_BAD with
 * STATUS_TRUNCATED. */
enum http_step http_reader_eof(struct http_reader *r);

#endif
