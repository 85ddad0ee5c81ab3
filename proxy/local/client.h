/* proxy/local/client.h: one local connection, whatever it speaks.
 *
 * Owns the connection, what was read and not yet used, the far side, and the
 * relay that may follow. The first byte chooses a protocol, which decides the
 * rest: socks_front.h or http_front.h.
 *
 * Lifetime: client_close() and its like may be called from any callback, any
 * number of times; the memory goes when the outermost callback is over, in
 * one place. */
#ifndef PROXY_LOCAL_CLIENT_H
#define PROXY_LOCAL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/list.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/io/conn.h"
#include "proxy/local/far.h"
#include "proxy/local/front.h"
#include "proxy/local/http_front.h"
#include "proxy/local/relay.h"
#include "proxy/local/socks.h"
#include "proxy/local/target.h"

#define CLIENT_INPUT_BYTES (16 * 1024)

struct client;
struct tls; /* proxy/io/tls.h */

/* What a protocol does with a client. None is called after client_close(). */
struct client_protocol {
    /* Where the next bytes go instead of the input, and how many; NULL: to the
     * input. on_placed() says that |len| were put there. Both may be NULL. */
    uint8_t *(*on_place)(struct client *c, size_t *room);
    void (*on_placed)(struct client *c, size_t len);
    /* There is more input, or its end: see client_input() and |eof|. */
    void (*on_input)(struct client *c);
    /* The far side asked for by client_open(), as far.h has it. */
    void (*on_opened)(struct client *c);
    void (*on_data)(struct client *c, struct slice data);
    void (*on_fin)(struct client *c);
    /* |c->far| is still to be dropped. */
    void (*on_failed)(struct client *c, const struct far_failure *failure);
    void (*on_room)(struct client *c);
    /* Some of what was written has left. */
    void (*on_written)(struct client *c);
    /* The program is stopping: end now if nothing is going on. */
    void (*on_drain)(struct client *c);
};

struct client {
    struct list link; /* in front.clients */
    struct front *front;
    uint64_t id; /* for the log */
    uint16_t port;
    char service[FRONT_NAME_ROOM]; /* all requests lead to it; "": a proxy */
    const struct client_protocol *protocol; /* NULL until the first byte */
    struct conn *conn;                      /* NULL once given up or relayed */
    struct far *far;                        /* NULL if there is none */
    struct target target;                   /* of |far| */
    uint64_t routes;                        /* by which |far| was found */
    struct target
        origin;    /* of the https whose TLS ends here; port 0: of none */
    unsigned busy; /* callbacks that are not over */
    bool closed;
    bool known;  /* it gave the right password before */
    bool eof;    /* the application sends no more */
    bool placed; /* bytes that are read now do not go to the input */
    uint8_t *rx; /* CLIENT_INPUT_BYTES; NULL while there is no input */
    size_t rx_at, rx_len;
    size_t rx_high; /* bytes of |rx| that were ever written */
    struct socks socks;
    struct http_front http;
    struct relay relay;
};

/* Take |conn| over, which came to |port|, or to the address of |service| ("":
 * of none). False when out of memory: |conn| was reset. */
bool client_start(struct front *f, struct conn *conn, uint16_t port,
                  const char *service);

/* front_refreshed() of its front. */
void client_refreshed(struct client *c);

/* What was read and not yet used; borrowed until client_used(). */
struct slice client_input(const struct client *c);

/* The first |len| bytes of it are done with. */
void client_used(struct client *c, size_t len);

/* True when it must say who it is. */
bool client_is_asked(const struct client *c);

/* It says that it is |user|. Returns STATUS_OK, STATUS_NO_ACCESS when that is
 * wrong, or STATUS_TOO_MANY_TRIES when nothing was tried, because too many were
 * wrong. */
MUST_CHECK enum status client_login(struct client *c, struct slice user,
                                    struct slice password);

/* True at the address of one service. */
bool client_is_of_service(const struct client *c);

/* Ask the owner for a far side to |target|, which becomes |c->target|.
 * Returns STATUS_OK, and on_opened() or on_failed() follows; else |refusal| is
 * filled. There is none yet. */
MUST_CHECK enum status client_open(struct client *c,
                                   const struct target *target,
                                   struct far_failure *refusal);

/* Give the far side up, if there is one: |complete| when all that was to be
 * sent to it was; else it shall see that it was not. */
void client_drop_far(struct client *c, bool complete);

/* Write |data|. False: it cannot be, and the client is closed. */
bool client_write(struct client *c, struct slice data);

/* The same, of two pieces in one write. */
bool client_write_both(struct client *c, struct slice first,
                       struct slice second);

/* The same with bytes of the far side's on_data(). */
bool client_pass(struct client *c, struct slice data);

/* Does TLS to |target| end here? STATUS_OK: |*tls|, which the caller owns, is
 * for client_secure(), or NULL if it does not. Else |refusal| is filled. */
MUST_CHECK enum status client_end_tls(struct client *c,
                                      const struct target *target,
                                      struct tls **tls,
                                      struct far_failure *refusal);

/* From now on it is https to |origin|, by |tls|, which is taken: the requests
 * inside are read as http_front does. There is no far side. What was said to
 * the client so far is that a tunnel is open. */
void client_secure(struct client *c, const struct target *origin,
                   struct tls *tls);

/* From now on bytes go through as they are; input not yet used goes first,
 * and |owed| bytes of the far side are not yet given back. */
void client_relay(struct client *c, size_t owed);

/* The end: |why| is for the log. The application sees a proper end behind all
 * that was written, or a reset if it must not take what it got for the whole.
 * The far side is dropped, incomplete, if it is still there. */
void client_close(struct client *c, const struct why *why);
void client_reset(struct client *c, const struct why *why);

#endif
