/* proxy/local/front.h: local connections, from accept to close.
 *
 * One port for all: the first byte of a connection says SOCKS5 (0x05), SOCKS4
 * and 4a (0x04) or HTTP. Each request becomes a target; the owner's
 * route_and_open() decides where it leads. The front knows nothing of
 * policies, sessions or attestation, and resolves no name.
 *
 * Nothing is sent to a far side, and no success is told to the application,
 * before that far side is open (P1, P3). A far side that ends before its time
 * becomes a visibly failed transfer, never a short success. A request is
 * never sent twice. */
#ifndef PROXY_LOCAL_FRONT_H
#define PROXY_LOCAL_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "common/buffer.h"
#include "common/log.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/local/far.h"
#include "proxy/local/target.h"

struct conn;  /* proxy/io/conn.h */
struct tls;   /* proxy/io/tls.h */
struct front; /* all local connections of a program */

/* A page of our own, for a request to this program itself. */
struct front_page {
    int code;            /* HTTP status, 200 to 599 */
    const char *type;    /* media type; static */
    struct buffer *body; /* the front's, empty; to be filled */
    bool listens;        /* the body is the first of events, others follow */
};

/* Whoever runs the front. All callbacks run on the loop. */
struct front_owner {
    /* Decide where |target| leads and start to open it. STATUS_OK: |*out| is
   * a far side that calls |events| with |far_ctx|, never before this
   * returns, and that the front will far_close(). Anything else is a
   * refusal: |*out| is NULL and |refusal| is filled; what it points to must
   * live until the callback returns to the loop. */
    enum status (*route_and_open)(void *ctx, const struct target *target,
                                  const struct far_events *events,
                                  void *far_ctx, struct far **out,
                                  struct far_failure *refusal);
    /* For connections of front_accept_for(): where requests of |service| lead,
   * or STATUS_NOT_SERVICE with |why| filled when it has no address of its own
   * any more; and route_and_open() for that, straight to |service|. NULL if
   * there are none. */
    enum status (*service_target)(void *ctx, const char *service,
                                  struct target *out, struct why *why);
    enum status (*service_open)(void *ctx, const char *service,
                                const struct target *target,
                                const struct far_events *events, void *far_ctx,
                                struct far **out, struct far_failure *refusal);
    /* Shall TLS to |target| end here, so that the requests inside are ours to
   * route, one by one? May be NULL: never. */
    bool (*ends_tls)(void *ctx, const struct target *target);
    /* The server's side of it, if ends_tls() says so. STATUS_OK: |*out| is the
   * front's; else a refusal, as of route_and_open(). */
    enum status (*end_tls)(void *ctx, const struct target *target,
                           struct tls **out, struct far_failure *refusal);
    /* A GET or HEAD of |path| ("/", "/status.json" ...) from this machine, not
   * from another site's page. True: |page| is filled. False: 404. May be
   * NULL. "/healthz" and "/events" never get here. */
    bool (*local_page)(void *ctx, struct slice path, struct front_page *page);
    /* What our pages tell may have to be asked for elsewhere. True: it is at
   * hand; false: it will be, and then front_refreshed() is called. May be
   * NULL: it always is. */
    bool (*refresh)(void *ctx);
    /* Append what those who listen at "/events" shall know now, one event;
   * the same text as before is no news. May be NULL: nobody can listen. */
    void (*local_event)(void *ctx, struct buffer *out);
    /* A page of |target| asks what is known of the service that it is from.
   * False: |target| is no service's. May be NULL. */
    bool (*service_page)(void *ctx, const struct target *target,
                         struct front_page *page);
    /* True when these are right. Must compare in constant time. Nobody is asked
   * at a UNIX socket, nor if this is NULL, nor if asks_user (NULL: true) says
   * so. */
    bool (*check_user)(void *ctx, struct slice user, struct slice password);
    bool (*asks_user)(void *ctx);
};

struct front_config {
    uv_loop_t *loop;
    const struct log *log;           /* borrowed; NULL is silence */
    const struct front_owner *owner; /* borrowed, static */
    void *ctx;                       /* of |owner| */
    struct porter *porter; /* borrowed; lets in, or a connection is reset and a
                            * password not tried; NULL: whoever comes */
    unsigned head_deadline_ms; /* for a whole request head */
    unsigned idle_deadline_ms; /* between two requests */
    unsigned stream_idle_ms;   /* without a byte either way; 0: any */
    unsigned far_idle_ms;      /* a far side kept for a next request */
};

/* The config with the limits of common/limits.h; loop, log, owner and ctx are
 * the caller's to set. */
struct front_config front_defaults(void);

/* Returns STATUS_OK or STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status front_new(const struct front_config *config,
                                 struct front **out);

/* One accepted connection, taken: the front closes it. |port| is the one it
 * came to, by which a request to this program itself is known; 0 for a UNIX
 * socket. */
void front_accept(struct front *f, struct conn *c, uint16_t port);

/* The same, at an address that leads to one service: |service|, a name that is
 * copied, at most FRONT_NAME_ROOM - 1 bytes. It is an HTTP server there, and
 * no proxy. */
#define FRONT_NAME_ROOM 65
void front_accept_for(struct front *f, struct conn *c, const char *service);

/* Targets may lead elsewhere from now on: each later request is routed anew,
 * and no far side of before is used for another one. */
void front_reroute(struct front *f);

/* What owner->refresh() began is complete: whoever waits for a page of ours
 * gets it. */
void front_refreshed(struct front *f);

/* Connections that are not yet closed. */
size_t front_count(const struct front *f);

/* Accept nothing more and end every connection: idle ones now, the others
 * when their request or relay is over, or at once with |abort|. |on_closed|
 * (may be NULL) is called when none is left, perhaps before this returns;
 * then |f| is freed and must not be touched. May be called again to abort. */
void front_close(struct front *f, bool abort, void (*on_closed)(void *ctx),
                 void *ctx);

#endif
