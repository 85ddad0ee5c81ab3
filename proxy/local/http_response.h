/* proxy/local/http_response.h: what the far end answers, and how it is passed
 * back.
 *
 * A body keeps its length or its chunks. One that ends with the connection
 * becomes chunks, so that a client can tell its end from a cut; an HTTP/1.0
 * client gets it as it is, and the caller resets its connection after a cut.
 * Fields of one hop are removed. An answer that could be read in two ways is
 * refused.
 *
 * No I/O. Follows RFC 9110 and RFC 9112. */
#ifndef PROXY_LOCAL_HTTP_RESPONSE_H
#define PROXY_LOCAL_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/slice.h"
#include "proxy/io/http_reader.h"
#include "proxy/local/http_request.h"

/* How the client sees where the body ends. */
enum http_framing {
    HTTP_NO_BODY,
    HTTP_LENGTH,
    HTTP_CHUNKS,
    HTTP_CLOSE /* HTTP/1.0 only */
};

struct http_response {
    struct http_reader reader;
    /* Of the request that is answered. */
    bool to_head;
    bool to_http10;
    bool to_upgrade;
    bool answered; /* by an interim answer, at least */
    /* The rest is known once the head is read. */
    enum http_framing framing;
    bool interim;  /* 1xx: the answer itself is still to come */
    bool upgraded; /* 101: what follows is not HTTP */
    bool reusable; /* the far end takes another request after this */
};

void http_response_init(struct http_response *r);
void http_response_fini(struct http_response *r);

/* Get ready for the answer to |question|, whose head was read. */
void http_response_next(struct http_response *r,
                        const struct http_request *question);

/* Read on in |*in|, as http_reader_read() does; a head that may not be passed
 * back is HTTP_BAD too. After the end of an |interim| answer it reads the
 * next by itself: HTTP_GOT_END is the end of the answer. */
enum http_step http_response_read(struct http_response *r, struct slice *in);

/* The far end sends no more. HTTP_GOT_END if the answer may end so. */
enum http_step http_response_eof(struct http_response *r);

/* True when nothing of the answer was read, interim ones included. */
bool http_response_untouched(const struct http_response *r);

/* Append the head as the client shall see it; |close|: no other answer comes
 * after this one. |out|'s failure is the only error, here and below. */
void http_response_write_head(const struct http_response *r, bool close,
                              struct buffer *out);

/* Append a piece of the body, and its end with the trailers. */
void http_response_write_body(const struct http_response *r, struct slice piece,
                              struct buffer *out);
void http_response_write_end(const struct http_response *r, struct buffer *out);

#endif
