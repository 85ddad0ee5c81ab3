/* proxy/io/conn.h: one stream connection on the loop, TCP or UNIX, with or
 * without TLS on it.
 *
 * Moves bytes and nothing else: what they mean is the owner's business. Made
 * by a listener or a dial; the owner attaches itself by conn_start().
 *
 * Lifetime: the owner may use a conn until it calls conn_close(),
 * conn_reset() or conn_linger(); each may be called from any callback but
 * on_alloc(), and no callback follows it, nor is borrowed memory touched
 * again. Its own memory goes in the last close callback. No callback is made
 * from within a call of this header.
 *
 * Reading: the owner offers the place, so that bytes go straight to where
 * they are wanted; when it has none, reading pauses until conn_resume().
 * Writing: tried at once; what the system does not take waits in a queue of
 * at most |queue_max| bytes. conn_pending() says how many wait, and
 * on_written() when that became less: an owner that owes credit for the bytes
 * it wrote gives back what is not pending any more. */
#ifndef PROXY_IO_CONN_H
#define PROXY_IO_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/slice.h"
#include "common/status.h"

struct conn;
struct gather;
struct tls;

struct conn_events {
    /* Where the next bytes go, and how many fit. |*room| 0 pauses reading;
     * the owner resumes it by conn_resume(). This one alone must neither
     * pause nor give up the connection. */
    uint8_t *(*on_alloc)(void *ctx, size_t *room);
    /* |len| > 0 bytes were put at |at|, the place of the last on_alloc(). */
    void (*on_read)(void *ctx, uint8_t *at, size_t len);
    /* The peer sends no more; writing may go on. */
    void (*on_eof)(void *ctx);
    /* conn_pending() became less. Never called while it stays 0. */
    void (*on_written)(void *ctx);
    /* All bytes and the end of stream asked for by conn_finish() have left.
     * May be NULL. */
    void (*on_finished)(void *ctx);
    /* The connection is unusable, or its deadline passed. Called once; only
     * conn_close() and its like may follow. */
    void (*on_failed)(void *ctx, const struct why *why);
};

/* Attach the owner and start reading. |events| is borrowed and static. */
void conn_start(struct conn *c, const struct conn_events *events, void *ctx,
                size_t queue_max);

/* Detach the owner, so that another can be attached: no callback comes until
 * conn_start(), and the deadline ends. |early| are bytes that were read but
 * are for the next owner; they are copied, and come first. Returns STATUS_OK,
 * or STATUS_NO_MEMORY, after which the connection can only be given up. */
MUST_CHECK enum status conn_detach(struct conn *c, struct slice early);

/* Stop calling on_alloc() until conn_resume(). */
void conn_pause(struct conn *c);

/* Ask on_alloc() again, on a later turn of the loop. Harmless when reading. */
void conn_resume(struct conn *c);

/* Write a copy of |data|, all or nothing. Returns STATUS_OK; STATUS_LIMIT
 * when conn_room() is less than |data| has; STATUS_NO_MEMORY, after which it
 * can only be given up. A connection that fails takes what it is given, and
 * says so by on_failed(). Not after conn_finish(). */
MUST_CHECK enum status conn_write(struct conn *c, struct slice data);

/* As conn_write(), of |count| runs of bytes, 1 to CONN_RUNS_MAX, in one system
 * call where there is no TLS. */
#define CONN_RUNS_MAX 64
MUST_CHECK enum status conn_write_runs(struct conn *c, const struct slice *runs,
                                       size_t count);

/* As conn_write(), and |data| leaves when what |g| gathers does. It must stay
 * as it is until then. If |g| is NULL or not on, just as conn_write(). */
MUST_CHECK enum status conn_write_gathered(struct conn *c, struct gather *g,
                                           struct slice data);

/* Write |count| runs of bytes, 1 to CONN_RUNS_MAX, without a copy. Only when
 * conn_pending() is 0, and not bounded by |queue_max|. The runs must stay as
 * they are until conn_pending() is 0 again or the connection is given up.
 * Returns as conn_write(), but for STATUS_LIMIT. */
MUST_CHECK enum status
conn_write_borrowed(struct conn *c, const struct slice *runs, size_t count);

/* Bytes that were written but have not left our memory. With TLS these are
 * the bytes on the wire, somewhat more than those written. */
size_t conn_pending(const struct conn *c);

/* How many bytes conn_write() takes now. */
size_t conn_room(const struct conn *c);

/* Nothing more will be written: send the end of stream behind what is
 * pending. Reading goes on. Any number of times. */
void conn_finish(struct conn *c);

/* Fail with STATUS_TIMED_OUT in |ms| from now, whatever happens; |what|, a
 * static text, says what was waited for. Replaces any other deadline. */
void conn_set_deadline(struct conn *c, int64_t ms, const char *what);

/* Fail with STATUS_TIMED_OUT once nothing was read or has left for |ms|. */
void conn_set_idle(struct conn *c, int64_t ms);

/* None of the two any more. */
void conn_clear_deadline(struct conn *c);

/* Give it up now; pending bytes are dropped. NULL is allowed, also below. */
void conn_close(struct conn *c);

/* As conn_close(), but the peer sees a reset instead of a clean end, so that
 * it cannot take what it got for the whole. */
void conn_reset(struct conn *c);

/* Give it up politely: send what is pending and the end of stream, and drop
 * what the peer still sends until its own end or for CONN_LINGER_MS, so that
 * it can read our last words. A peer that takes none of what is pending for
 * that long gets a reset, not the end. Nothing borrowed may be pending. */
#define CONN_LINGER_MS 2000
void conn_linger(struct conn *c);

/* Put TLS on a connection that has no owner: not yet, or not any more, and then
 * the early bytes that conn_detach() was given are the first of TLS, at most
 * CONN_EARLY_TLS_MAX. Takes |tls| over in every case. |on_secured| is called
 * once, unless the connection is given up first: with NULL when the handshake
 * is complete, else with the reason (STATUS_TLS, STATUS_CUT, STATUS_NETWORK,
 * STATUS_NO_MEMORY), after which only conn_close() may follow. The caller sets
 * a deadline, which ends with the handshake. */
#define CONN_EARLY_TLS_MAX (16 * 1024)
typedef void conn_secured_fn(void *ctx, const struct why *why);
void conn_secure(struct conn *c, struct tls *tls, conn_secured_fn *on_secured,
                 void *ctx);

/* The far end as "127.0.0.1:4242", "[::1]:4242" or "unix", always
 * terminated. */
#define CONN_PEER_ROOM 64
void conn_peer(const struct conn *c, char out[CONN_PEER_ROOM]);

/* For listeners: a connection around an open socket, which is taken over in
 * every case. Returns STATUS_OK, STATUS_NO_MEMORY or STATUS_NETWORK; |*out| is
 * NULL unless OK. */
MUST_CHECK enum status conn_from_fd(uv_loop_t *loop, int fd, struct conn **out);

/* For dials: connect to |to|, of family AF_INET, AF_INET6 or AF_UNIX.
 * |on_connected| is called once, unless the connection is closed first, with 0
 * or a number of libuv's; after a failure only conn_close() may follow.
 * Returns 0, or a number of libuv's and |*out| is NULL. */
typedef void conn_connected_fn(void *ctx, struct conn *c, int rc);
MUST_CHECK int conn_connect(uv_loop_t *loop, const struct sockaddr *to,
                            conn_connected_fn *on_connected, void *ctx,
                            struct conn **out);

#endif
