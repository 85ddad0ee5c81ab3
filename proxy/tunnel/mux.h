/* proxy/tunnel/mux.h: many streams in one ordered sequence of frames.
 *
 * Keeps the streams by id, tells them of the peer's frames, writes theirs into
 * the outbox and shares its room out among them. Shared by mux.c, stream.c
 * (the stream_ functions of session.h) and session.c, and nobody else. The
 * handshake, time and the end of the session are session.c's.
 *
 * Nothing is queued: data is written straight into a record or not at all;
 * every other frame is a bit that says it is due, and is written when there is
 * room. So a peer that asks much and reads nothing costs no memory. */
#ifndef PROXY_TUNNEL_MUX_H
#define PROXY_TUNNEL_MUX_H

#include "common/list.h"
#include "proxy/tunnel/flow.h"
#include "proxy/tunnel/frame.h"
#include "proxy/tunnel/outbox.h"
#include "proxy/tunnel/reason.h"
#include "proxy/tunnel/session.h"
#include "proxy/tunnel/stream_state.h"

#define MUX_BUCKETS 256

/* Frames that are due, in the order in which they are written. */
enum mux_due {
    MUX_DUE_OPEN = 1 << FRAME_OPEN,
    MUX_DUE_OPENED = 1 << FRAME_OPENED,
    MUX_DUE_CREDIT = 1 << FRAME_CREDIT,
    MUX_DUE_FIN = 1 << FRAME_FIN,
    MUX_DUE_RESET = 1 << FRAME_RESET,
    /* Of the session. */
    MUX_DUE_PING = 1 << FRAME_PING,
    MUX_DUE_PONG = 1 << FRAME_PONG,
    MUX_DUE_GOAWAY = 1 << FRAME_GOAWAY,
};

/* A stream is live from its open frame until both halves are over and nothing
 * is due; then it waits for its owner's stream_release(). */
struct stream {
    struct mux *mux;
    void *ctx;             /* the owner's */
    struct list all;       /* in mux.all */
    struct list pending;   /* in mux.pending while something is due */
    struct list waiting;   /* in mux.waiting while it wants room there */
    struct stream *bucket; /* the next of its bucket; only if |live| */
    uint32_t id;
    enum stream_state send;    /* our half */
    enum stream_state receive; /* the peer's half */
    struct flow flow;          /* what the peer may send */
    uint32_t credit;           /* bytes that we may send */
    uint32_t turn;             /* bytes left of its turn, while others wait */
    uint32_t round;            /* of mux.round, when it last had a turn */
    unsigned due;              /* bits of enum mux_due */
    enum reason reason;        /* of a reset that is due */
    bool live;
    bool owned;  /* stream_release() was not called */
    bool deaf;   /* its owner hears no more: gave it up, or was told the end */
    bool hungry; /* its owner saw no room for want of credit */
    size_t target_len;
    uint8_t target[]; /* of an open that is due */
};

struct mux {
    struct session *session;             /* for stream_session() */
    const struct session_events *events; /* borrowed, static */
    void *ctx;
    const struct log *log; /* borrowed, or NULL */
    bool client;
    int64_t now_ms; /* as last told */
    struct outbox out;
    struct flow_budget budget;
    struct stream *buckets[MUX_BUCKETS]; /* live streams by id */
    struct list all;                     /* owns every stream */
    struct list pending;
    struct list waiting;
    uint32_t round;        /* counts the sharing out of room */
    uint32_t last_id;      /* the highest that was opened; 0 if none */
    uint32_t accept_up_to; /* server: opens above are passed over */
    uint32_t streams;      /* live */
    uint32_t streams_max;
    uint32_t first_credit; /* ours, on a new stream */
    size_t reserved_head;  /* of the last stream_reserve() */
    unsigned due;          /* bits of enum mux_due, the session's */
    uint64_t ping;         /* opaque of a ping that is due */
    uint64_t pong;         /* opaque of a pong that is due */
    bool leaving;          /* a goaway was sent or has come */
    bool no_opens;         /* server: the client said that it opens no more */
    bool sharing;          /* in mux_share_room() */
    bool told;             /* on_output() was called and output not taken */
    bool over;             /* no more callbacks */
    uint64_t bytes_in;
    uint64_t bytes_out;
};

void mux_init(struct mux *m, struct session *session,
              const struct session_config *config, bool client);

/* Free every stream and message. */
void mux_fini(struct mux *m);

/* The peer of a client takes |streams_max| streams; a stream of ours begins
 * with |first_credit|. */
void mux_begin(struct mux *m, uint32_t streams_max, uint32_t first_credit);

/* Frames of streams, open to reset. Returns STATUS_OK, or STATUS_BAD_STATE,
 * STATUS_FLOW, STATUS_LIMIT or STATUS_NO_MEMORY with |why| filled. Calls
 * back; the session may be over when it returns. */
MUST_CHECK enum status mux_receive(struct mux *m, const struct frame *f,
                                   struct why *why);

/* End live streams with an id above |above| here, without a frame. */
void mux_drop(struct mux *m, uint32_t above, enum status reason);

/* Write what is due, as far as there is room. */
void mux_flush(struct mux *m);

/* Write what is due of one stream; false when something still is. The stream
 * may be gone if it is not owned. */
bool mux_flush_stream(struct mux *m, struct stream *s);

/* Write a last goaway, even if the outbox is full. */
void mux_goodbye(struct mux *m, enum reason reason, const char *text);

/* Call on_room() for streams that wait, in turn, while there is room. */
void mux_share_room(struct mux *m);

/* The session has something to do in session_output(). */
bool mux_wants_output(const struct mux *m);

/* Call on_output() if that is so and it was not called. */
void mux_tell_output(struct mux *m);

/* Everything is said and done after a goaway. */
bool mux_finished(const struct mux *m);

/* Frames |due| of the session. */
void mux_put_due(struct mux *m, enum mux_due due);

/* For stream.c. */

/* The mux of a session; session.c has it. */
struct mux *session_mux(struct session *s);

/* A new live stream with |id|; NULL when out of memory. */
struct stream *mux_add_stream(struct mux *m, uint32_t id, struct slice target);

/* Take a step of our half or the peer's; false if it is illegal. */
MUST_CHECK bool mux_step(struct stream *s, enum stream_state *half,
                         enum stream_event event);

/* No callback for |s| from now on. */
void mux_silence(struct stream *s);

/* Frames |due| of |s|. */
void mux_put_stream_due(struct stream *s, unsigned due);

/* See whether |s| is over; it may be gone afterwards if it is not owned. */
void mux_settle(struct stream *s);

void mux_free_stream(struct stream *s);

#endif
