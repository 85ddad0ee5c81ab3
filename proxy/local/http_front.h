/* proxy/local/http_front.h: a client that speaks HTTP/1.
 *
 * One request at a time; those that were sent ahead wait in the input. The
 * far side is kept for the next request to the same target, while both ends
 * want that. A request is sent once: if a kept far side turns out to be gone,
 * the client is told so, because nobody can know what became of it
 * (RFC 9110 section 9.2.2).
 *
 *               head          far side open       answer complete
 *   READING ----------> OPENING -------> EXCHANGING ----> READING ...
 *      |                  |                  |
 *      | CONNECT          | refused          | 101
 *      v                  v                  v
 *   TUNNELLING -----> an answer of ours    relay
 *      | far side open: 200, relay
 *      | TLS ends here: 200, TLS, READING of what is inside
 *
 * A request for a page of ours waits in ASKING while what the page tells is
 * gathered. READING also leads to LISTENING, by a request for our own "/events", until
 * the client ends.
 */
#ifndef PROXY_LOCAL_HTTP_FRONT_H
#define PROXY_LOCAL_HTTP_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/slice.h"
#include "proxy/local/far.h"
#include "proxy/local/http_request.h"
#include "proxy/local/http_response.h"
#include "proxy/local/refusal.h"

struct client;
struct client_protocol;

/* A head as we write it, or an input of chunks, with room to spare. */
#define HTTP_FRONT_UP_MAX_BYTES (4 * HTTP_HEAD_MAX_BYTES)

enum http_front_state {
    HTTP_FRONT_NONE, /* not started */
    HTTP_FRONT_READING,
    HTTP_FRONT_ASKING, /* what a page of ours will tell */
    HTTP_FRONT_OPENING,
    HTTP_FRONT_TUNNELLING,
    HTTP_FRONT_EXCHANGING,
    HTTP_FRONT_LISTENING /* to events, see live.h */
};

struct http_front {
    enum http_front_state state;
    struct http_request request;
    struct http_response response;
    enum refusal_form form; /* how this client wants to be told */
    bool head_timed;        /* the deadline of a head runs */
    bool last;              /* no other request is read after this one */
    bool reused;            /* the far side has answered before */
    /* The way up: what the far side has not taken yet. */
    struct buffer up;  /* heads and chunks */
    struct slice body; /* behind them; borrows from the client's input */
    bool request_read; /* to its end */
    bool request_done; /* and taken */
    /* The way down. */
    size_t owed;           /* bytes of the far side not yet given back */
    bool head_sent;        /* the client has the head of the answer */
    bool answer_done;      /* and its end */
    int64_t idle_since_ms; /* of a kept far side */
};

extern const struct client_protocol http_front_protocol;

/* Called once, before the first on_input(). */
void http_front_start(struct client *c);

/* Free what it holds; harmless if it was never started. */
void http_front_stop(struct http_front *h);

/* What a page of ours tells is there. Harmless if it is not waited for. */
void http_front_refreshed(struct client *c);

/* Drop a far side that was kept too long for a next request. */
void http_front_sweep(struct client *c);

/* For http_exchange: answer with |failure| instead of the far side, which is
 * dropped; |close| if nothing more can be read. */
void http_front_refuse(struct client *c, const struct far_failure *failure,
                       bool close);

/* For http_exchange: request and answer are complete; |keep| the far side for
 * the next. */
void http_front_exchanged(struct client *c, bool keep);

#endif
