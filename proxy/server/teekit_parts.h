/* proxy/server/teekit_parts.h: what a teekit session, its requests and its
 * WebSockets know of each other, and nobody else. */
#ifndef PROXY_SERVER_TEEKIT_PARTS_H
#define PROXY_SERVER_TEEKIT_PARTS_H

/* So that no memory is a case, not the end. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <uv.h>

#include "common/limits.h"
#include "common/list.h"
#include "common/purse.h"
#include "proxy/io/teekit_parcel.h"
#include "proxy/io/ws_link.h"
#include "proxy/io/ws_queue.h"
#include "proxy/server/teekit_guest.h"
#include "proxy/tunnel/teekit_message.h"
#include "proxy/tunnel/teekit_opening.h"
#include "proxy/tunnel/teekit_seal.h"

/* Requests and answers of one session that are in memory; beyond that it is
 * not read, and answers fail. */
#define TEEKIT_GUEST_BYTES (256 * 1024 * 1024)
#define TEEKIT_CALLS_MAX   256 /* requests at once; then it is not read */

/* What waits for a client, and for a backend, before the other is not read. */
#define TEEKIT_QUEUED_BYTES (4 * 1024 * 1024)

/* A session that has something to do is not read while less than this may be
 * taken from its address' budget, and no new request is begun for less. */
#define TEEKIT_LOW_BYTES ((size_t)1024 * 1024)

#define TEEKIT_HOST_BYTES  (256 + 8) /* "host:port" and a NUL */
#define TEEKIT_LABEL_BYTES 32        /* "teekit-" and 16 digits */

/* Freed in the close callback of the last of its handles. */
struct teekit_guest {
    struct serve *serve;
    struct serve_member member;
    struct ws_link *link;
    struct ws_queue out;
    uv_timer_t timer; /* the handshake's deadline, then heartbeats */
    uv_idle_t flush;  /* active while there is something new in |out| */
    unsigned handles; /* that are not closed yet */
    struct peers_pass pass;
    struct purse purse;
    size_t paid;              /* from it, but for messages that come in parts */
    struct keys_epoch *epoch; /* held until there is a key */
    bool has_key;
    uint64_t used_ms; /* when something was going on last */
    struct teekit_key key;
    struct secret_pool pool;       /* of nonces */
    struct teekit_opening opening; /* of a large message that comes */
    bool asked;                    /* a ping was sent, and not answered */
    bool crowded;                  /* the link is paused: a place is missing */
    bool hushed;  /* links to backends are paused: the client is slow */
    bool broken;  /* to be closed on the next turn, for |why| */
    bool closing; /* only the timer is left */
    struct why why;
    char peer[CONN_PEER_ROOM];
    char host[TEEKIT_HOST_BYTES];   /* of the upgrade: "host:port" */
    char name[TEEKIT_HOST_BYTES];   /* and its host alone */
    char label[TEEKIT_LABEL_BYTES]; /* for backends */

    struct list calls;
    size_t call_count;
    struct teekit_socket *sockets; /* by id */
    size_t held;  /* bytes of requests and answers of all calls */
    size_t inbox; /* bytes that wait for the backends of sockets */
};

/* Seal and send |m|, without a parcel. Never gives up |g| from within. */
void teekit_guest_send(struct teekit_guest *g, struct teekit_message *m);

/* Seal |p| as |m|, or end one that was begun, and send it; |p| is taken over. */
void teekit_guest_post(struct teekit_guest *g, struct teekit_message *m,
                       struct teekit_parcel *p, enum teekit_body kind);

/* Where memory of large messages is from. */
struct blocks *teekit_guest_blocks(const struct teekit_guest *g);

/* Have the purse pay for what is in memory now. */
void teekit_guest_pay(struct teekit_guest *g);

/* May |bytes| more be in memory? Returns STATUS_OK or STATUS_BUSY with |why|
 * filled. */
MUST_CHECK enum status teekit_guest_find(const struct teekit_guest *g,
                                         size_t bytes, struct why *why);

/* Something became less, or more: pay, and pause or resume the client's side. */
void teekit_guest_weigh(struct teekit_guest *g);

/* A call or socket has gone: is a draining guest done? On the next turn. */
void teekit_guest_settle(struct teekit_guest *g);

/* Where |url| leads. Returns STATUS_OK; STATUS_BAD_REQUEST, STATUS_NOT_ALLOWED
 * or STATUS_NO_MEMORY with |why| filled. */
struct teekit_url;
MUST_CHECK enum status teekit_guest_route(const struct teekit_guest *g,
                                          struct slice text,
                                          struct teekit_url *url,
                                          struct rules_backend *to,
                                          struct why *why);

/* The Host of a request for |url|. */
struct slice teekit_guest_host(const struct teekit_guest *g,
                               const struct teekit_url *url);

/* --- requests ------------------------------------------------------------ */

/* Do what the http_request |m| asks for, or answer why not. */
void teekit_call_open(struct teekit_guest *g, const struct teekit_message *m);

/* Answer |id| by an error of ours. */
void teekit_call_refuse(struct teekit_guest *g, struct slice id,
                        const struct why *why);

/* Give all up; nobody is told. */
void teekit_call_cancel_all(struct teekit_guest *g);

/* --- WebSockets ---------------------------------------------------------- */

/* As the messages ws_connect, ws_message and ws_close ask. */
void teekit_socket_open(struct teekit_guest *g, const struct teekit_message *m);
void teekit_socket_message(struct teekit_guest *g,
                           const struct teekit_message *m);
void teekit_socket_close(struct teekit_guest *g,
                         const struct teekit_message *m);

/* The client takes more again: read on from all backends. */
void teekit_socket_resume_all(struct teekit_guest *g);

/* The session is over: cut all towards their backends. */
void teekit_socket_cancel_all(struct teekit_guest *g);

#endif
