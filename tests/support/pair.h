/* tests/support/pair.h: a client's and a server's session in one process,
 * joined by a wire that a test can watch and bend. No socket, no clock. */
#ifndef TESTS_SUPPORT_PAIR_H
#define TESTS_SUPPORT_PAIR_H

#include "common/buffer.h"
#include "proxy/tunnel/frame.h"
#include "proxy/tunnel/session.h"

#define PAIR_STREAMS_MAX (STREAMS_MAX + 8)
#define PAIR_QUOTE_BYTES 64

/* One side's view of one stream. */
struct pair_end {
    struct pair_side *side;
    struct stream *stream; /* NULL once released */
    char target[TARGET_MAX_BYTES + 1];
    struct buffer got; /* what came, if |keep| */
    uint64_t bytes;    /* how many */
    size_t unread;     /* came and not yet given back */
    bool keep;
    bool stalled; /* gives nothing back by itself */
    bool opened;
    bool fin;
    bool reset;
    enum status reason;
    unsigned rooms;    /* calls of on_room() */
    uint64_t to_write; /* written whenever there is room, then a fin */
    uint64_t written;
};

struct pair_side {
    struct pair *pair;
    struct session *session;
    bool client;
    bool evidence;
    bool ready;
    bool goaway;
    bool closed;
    bool told; /* on_output() since the last flush */
    struct why why;
    size_t ends;
    struct pair_end end[PAIR_STREAMS_MAX];
    bool refuse_all; /* server: resets every open with |refusal| */
    enum status refusal;
    bool keep_silent; /* server: does not answer opens */
    bool stall_all;   /* new ends are stalled */
    bool any_data;    /* may come, not only the pattern of pair_write() */
    bool release_on_reset;
    uint64_t answer_bytes; /* server: to_write of each new end */
    /* Called first in on_data() if not NULL. */
    void (*on_data)(struct pair_end *e, struct slice data);
};

/* What the wire does with a message. */
enum pair_fate { PAIR_DELIVER, PAIR_DROP, PAIR_DELIVERED_BY_HOOK };

struct pair {
    struct pair_side client;
    struct pair_side server;
    int64_t now_ms;
    bool manual;          /* the client's verdict is not given by itself */
    bool epoch;           /* the server's quote is of an epoch */
    size_t flush_max;     /* messages a flush takes at once; 0: all */
    uint64_t messages[2]; /* delivered to the client, to the server */
    /* If not NULL, decides on each message before it is delivered. |message|
     * is a heap block of exactly |len| bytes and may be changed. */
    enum pair_fate (*wire)(struct pair *p, bool to_server, uint8_t *message,
                           size_t len);
    void *wire_ctx;
};

struct pair_options {
    bool client_aes;
    bool server_aes;
    bool client_no_chacha;
    bool server_no_chacha;
    bool epoch;
    bool manual;
    bool other_challenge;  /* the server was sent another one */
    uint32_t streams_max;  /* 0 is STREAMS_MAX */
    struct budget *budget; /* of the server */
    const struct session_stapled *stapled;
    const struct log *log;
};

/* Both sessions, with nothing delivered yet. Fails the test on an error. */
struct pair *pair_new(const struct pair_options *options);

/* As pair_new(), and the handshake is complete. */
struct pair *pair_ready(const struct pair_options *options);

/* Free both sessions, whatever their state. */
void pair_free(struct pair *p);

/* Deliver everything both ways until nothing more moves. */
void pair_run(struct pair *p);

/* Deliver what |from| has to say now; returns how many messages. */
size_t pair_flush(struct pair *p, struct pair_side *from);

/* Deliver one message to a side; the status of session_input(). */
enum status pair_deliver(struct pair *p, bool to_server, const uint8_t *message,
                         size_t len);

/* The client opens a stream; fails the test unless OK. */
struct pair_end *pair_open(struct pair *p, const char *target);

/* As stream_open(). */
enum status pair_try_open(struct pair *p, const char *target,
                          struct pair_end **out);

/* The server's end of the client's stream, by the target; NULL if none. */
struct pair_end *pair_other(struct pair *p, const struct pair_end *e);

/* Put a frame, or plain bytes, among what |from| says, whatever its state. */
void pair_inject(struct pair_side *from, const struct frame *f);
void pair_inject_bytes(struct pair_side *from, struct slice bytes);

/* Write |len| bytes of a fixed pattern as room allows, now and whenever there
 * is room again; then fin. */
void pair_write(struct pair_end *e, uint64_t len);

/* Give back what came. */
void pair_consume(struct pair_end *e);

void pair_release(struct pair_end *e);

/* The pattern at |offset| of every pair_write(). */
uint8_t pair_byte(uint64_t offset);

#endif
