/* tests/support/carriers.h: a client's and a server's carrier on one loop, and
 * between them a wire that a test can watch, bend and cut.
 *
 *   client carrier -- TCP -- wire -- TCP -- front, then server carrier
 */
#ifndef TESTS_SUPPORT_CARRIERS_H
#define TESTS_SUPPORT_CARRIERS_H

#include "proxy/io/carrier.h"
#include "proxy/io/listener.h"
#include "tests/support/loop.h"

/* One side's session and its only stream. */
struct carrier_side {
    struct carriers *all;
    struct carrier *carrier; /* NULL once closed */
    bool client;
    bool refuse; /* client: the evidence does not please */
    bool evidence, ready, opened, fin, reset, closed, goaway;
    enum status reason; /* of the reset */
    struct why why;     /* of the end */
    struct stream *stream;
    uint64_t to_write, written; /* a pattern, then a fin */
    uint64_t got;               /* bytes of the pattern, in order */
    bool stalled;               /* gives no credit back */
    /* Called first in on_data(), if not NULL. */
    void (*on_data)(struct carrier_side *s);
};

struct carriers {
    uv_loop_t loop;
    struct carrier_hub *hub;
    struct listener *wire_listener, *front_listener;
    uint16_t port; /* of the wire */
    struct dial *wire_dial;
    struct end near, far; /* the wire's two ends */
    size_t passed[2];     /* bytes to the server, to the client */
    int64_t flip_at[2];   /* bends bit 0 of that byte; -1: none */
    struct end front;     /* the server before the upgrade */
    char request[4096];   /* as the front read it */
    bool met;             /* the wire is whole */
    /* The wire's near end speaks TLS when there are such; borrowed. */
    struct tls_context *client_tls, *server_tls;
    struct conn *securing;
    const char *answer; /* of the front, instead of 101; NULL for none */
    struct carrier_side client, server;
};

/* Everything ready but the client's dial. */
void carriers_begin(struct carriers *x);

/* Dial; then run until both are ready. */
void carriers_dial(struct carriers *x, bool epoch);
void carriers_ready(struct carriers *x);

/* Client: open the stream, and let both sides write so many bytes. */
void carriers_open(struct carriers *x, uint64_t up, uint64_t down);

/* Close what is open, and end the loop. */
void carriers_end(struct carriers *x);

/* Cut the wire: with a clean end of stream to both, or a reset. */
void carriers_cut(struct carriers *x, bool reset);

#endif
