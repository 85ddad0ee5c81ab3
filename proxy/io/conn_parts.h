/* proxy/io/conn_parts.h: what the files of a conn share, and nobody else sees.
 *
 * conn.c has lifetime, owner and reading; conn_out.c what leaves; gather.c what
 * leaves together; conn_tls.c the layer between, where there is one.
 *
 *   owner  on_alloc, on_read  <-- conn_tls_pump() <-- |
 *     |                                               | conn.c: on_read
 *   conn_write() -- conn_tls_write() --> conn_out_* --> socket */
#ifndef PROXY_IO_CONN_PARTS_H
#define PROXY_IO_CONN_PARTS_H

#include "common/buffer.h"
#include "common/compiler.h"
#include "proxy/io/conn.h"
#include "proxy/io/gather.h"

enum conn_state {
    CONN_NEW,       /* no owner yet */
    CONN_SECURING,  /* TLS handshake, no owner yet */
    CONN_OPEN,      /* an owner is attached */
    CONN_FAILED,    /* the owner was told, and has not given it up yet */
    CONN_LINGERING, /* given up, last words on their way */
    CONN_CLOSING    /* given up; only the memory is left */
};

struct conn {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } io;
    uv_timer_t timer;
    uv_idle_t kick;   /* asks on_alloc() again from the loop */
    unsigned handles; /* of those three, how many are not closed yet */
    enum conn_state state;
    bool loopback; /* a peer that cannot vanish without our kernel's knowing */

    const struct conn_events *events;
    void *ctx;

    conn_connected_fn *on_connected; /* while dialling */
    void *connected_ctx;
    uv_connect_t connect;

    struct buffer unread;     /* early bytes that the last owner left */
    enum status failed_early; /* it failed when it had no owner */
    bool asking;              /* inside on_alloc() */
    bool paused;              /* by the owner, until conn_resume() */
    bool eof;                 /* the peer sends no more */
    uint8_t *drop;      /* owned; where bytes go that nobody wants any more */
    size_t lingers_for; /* bytes still to be sent when lingering went on */

    size_t queue_max;      /* bytes of |next| that conn_write() may fill */
    bool writing;          /* |write| is on its way */
    uv_write_t write;      /* of |flight|, or of what the owner lent */
    struct buffer flight;  /* being written */
    struct buffer next;    /* to be written after that */
    size_t gathered;       /* bytes that |gather| has of it: then nothing else
                           * is pending */
    struct gather *gather; /* NULL if none; borrowed */
    bool finish;           /* send the end of stream behind it all */
    bool finished;         /* it has left */
    bool shutting;         /* |shutdown| is on its way */
    uv_shutdown_t shutdown;

    const char *waiting_for; /* static; of the deadline */
    int64_t idle_ms;         /* the deadline is for silence; 0 if not */
    uint64_t moved_ms;       /* when bytes last moved */

    struct tls *tls; /* owned; NULL without */
    conn_secured_fn *on_secured;
    void *secured_ctx;
};

/* conn.c */

/* It is unusable: stop, and tell the owner, who is told only once. */
PRINTF_LIKE(3, 4)
void conn_parts_fail(struct conn *c, enum status st, const char *found, ...);

/* The same with a reason that is already known. */
void conn_parts_fail_why(struct conn *c, const struct why *why);

/* Where the owner wants the next bytes; |*room| 0 if it does not. */
uint8_t *conn_parts_place(struct conn *c, size_t *room);

/* Go on with what needs no socket: on the next turn of the loop. */
void conn_parts_kick(struct conn *c);

/* Read from the socket, or do not. Any number of times. */
void conn_parts_read(struct conn *c, bool on);

/* Bytes moved: silence begins anew. */
void conn_parts_moved(struct conn *c);

/* The end of stream has left, or nothing is left to send. */
void conn_parts_finished(struct conn *c);

/* conn_out.c */

/* Send a copy. STATUS_OK or STATUS_NO_MEMORY. */
MUST_CHECK enum status conn_out_copy(struct conn *c, struct slice data);

/* Send |runs|, at most CONN_RUNS_MAX, and copy what the system does not take.
 * STATUS_OK or STATUS_NO_MEMORY. */
MUST_CHECK enum status conn_out_runs(struct conn *c, const struct slice *runs,
                                     size_t count);

/* Send the end of stream if it was asked for and nothing is before it. */
void conn_out_finish(struct conn *c);

void conn_out_free(struct conn *c);

/* gather.c */

/* Send what is gathered of |c| now. STATUS_OK or STATUS_NO_MEMORY. */
MUST_CHECK enum status gather_parts_send(struct conn *c);

/* It is given up: nothing of it may be sent any more. */
void gather_parts_forget(struct conn *c);

/* conn_tls.c */

/* Bytes came, or the owner wants to read again: handshake, or decrypt as much
 * as the owner takes. */
void conn_tls_pump(struct conn *c);

/* Encrypt and send. STATUS_OK or STATUS_NO_MEMORY. */
MUST_CHECK enum status conn_tls_write(struct conn *c, struct slice data);

/* Encrypt and send the proper close. */
void conn_tls_end(struct conn *c);

/* The peer's end of stream. */
void conn_tls_eof(struct conn *c);

#endif
