/* tests/support/loop.h: a loop for one test, and connections on it that record
 * what happens to them.
 *
 * A test waits for something by loop_until(), which fails it when that does
 * not come in LOOP_PATIENCE_MS, whatever else happens; no test sleeps. */
#ifndef TESTS_SUPPORT_LOOP_H
#define TESTS_SUPPORT_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/buffer.h"
#include "common/status.h"
#include "proxy/io/conn.h"

#define LOOP_PATIENCE_MS 180000 /* a busy machine; a hang still ends */

void loop_begin(uv_loop_t *loop);

/* Run until |*done|. */
void loop_until(uv_loop_t *loop, const bool *done);

/* Run until |done| says so. */
void loop_while(uv_loop_t *loop, bool (*going_on)(void *ctx), void *ctx);

/* Run what is under way to its end; fails the test if a handle is left. */
void loop_end(uv_loop_t *loop);

/* One end of a connection, attached to |conn| by end_attach(). */
struct end {
    struct conn *conn; /* NULL once given up */
    struct buffer got; /* what was read, up to 64 MiB */
    uint8_t place[4096];
    size_t room;      /* offered to on_alloc(); 0 pauses */
    bool eof;         /* on_eof() was called */
    bool finished;    /* on_finished() was called */
    bool failed;      /* on_failed() was called */
    struct why why;   /* with this */
    unsigned written; /* calls of on_written() */
    /* Called first in each callback, if not NULL; may give up |conn|. The
     * name is that of the callback. */
    void (*hook)(struct end *e, const char *name);
    void *user; /* the hook's */
};

/* Attach |e|, which is emptied but for |hook| and |user|, offering all of
 * |place|. */
void end_attach(struct end *e, struct conn *conn, size_t queue_max);

/* Write |text|, which must be taken. */
void end_write(struct end *e, const char *text);

/* Run until |e| has got |text|, no more and no less. */
void end_expect(struct end *e, uv_loop_t *loop, const char *text);

/* conn_close(), once. */
void end_close(struct end *e);

/* Free what |e| recorded. */
void end_fini(struct end *e);

/* Two connections that are each other's peer: TCP by way of a listener and a
 * dial, or a UNIX socket pair. */
void end_pair_tcp(uv_loop_t *loop, struct conn **a, struct conn **b);
void end_pair_unix(uv_loop_t *loop, struct conn **a, struct conn **b);

/* Two ends, each other's peer over TCP, on a loop of their own. */
struct ends {
    uv_loop_t loop;
    struct end a, b;
};

#define ENDS_QUEUE_BYTES (64 * 1024) /* |queue_max| of both */
void ends_begin(struct ends *p);

/* Close both, and loop_end(). */
void ends_end(struct ends *p);

#endif
