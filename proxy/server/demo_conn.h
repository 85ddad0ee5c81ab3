/* proxy/server/demo_conn.h: one connection to the demo site.
 *
 * Reads request after request and lets a struct demo_path answer each; knows
 * how answers are framed, not what they say. Output never queues beyond
 * DEMO_QUEUE_BYTES: a request is read on only while there is room for one
 * more step. */
#ifndef PROXY_SERVER_DEMO_CONN_H
#define PROXY_SERVER_DEMO_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/buffer.h"
#include "common/list.h"
#include "common/log.h"
#include "common/slice.h"
#include "proxy/io/conn.h"
#include "proxy/io/listener.h"
#include "proxy/io/ws_reader.h"
#include "proxy/server/request.h"

#define DEMO_IN_BYTES        (64 * 1024)
#define DEMO_QUEUE_BYTES     (4 * DEMO_IN_BYTES)
#define DEMO_STEP_BYTES      (2 * DEMO_IN_BYTES) /* written at most in one */
#define DEMO_CONNECTIONS_MAX 16384

/* /bytes/N: byte i is i modulo DEMO_PATTERN_PERIOD, a prime, so that blocks
 * that were swapped or shifted show. */
#define DEMO_PATTERN_PERIOD 251
#define DEMO_PATTERN_BYTES  (256 * DEMO_PATTERN_PERIOD)

#define DEMO_CHAT_LINES      50   /* what who comes in hears */
#define DEMO_CHAT_LINE_BYTES 2048 /* of one message */

struct demo_conn;

/* How one path is answered. Any of them but |on_end| may be NULL. */
struct demo_path {
    const char *path; /* a final '/' means that more follows */
    const char *type; /* of |text|, which is the whole answer; or NULL */
    const char *text;
    void (*on_head)(struct demo_conn *c);
    void (*on_body)(struct demo_conn *c, struct slice piece);
    void (*on_end)(struct demo_conn *c);  /* the request is complete */
    void (*on_time)(struct demo_conn *c); /* demo_conn_wait() is over */
    void (*on_sent)(struct demo_conn *c); /* what was written has left */
};

/* What was ever seen. */
struct demo_counts {
    uint64_t connections;
    uint64_t requests;
    uint64_t bytes;
};

/* One thing said in the room of demo_chat.h. */
struct demo_line {
    size_t len;
    uint8_t text[DEMO_CHAT_LINE_BYTES];
};

struct demo_chat {
    size_t count; /* ever said; the last are kept, each at its number modulo */
    struct demo_line lines[DEMO_CHAT_LINES];
};

/* The whole site. */
struct demo {
    uv_loop_t *loop;
    const struct log *log;
    struct listener *listener;
    struct list conns;
    size_t conn_count;
    struct demo_counts counts;
    struct demo_chat chat;
    uint64_t counter;             /* how often anybody pressed it */
    uint8_t in[DEMO_IN_BYTES];    /* where one read goes */
    uint8_t out[DEMO_STEP_BYTES]; /* where one write is put together */
    uint8_t pattern[DEMO_PATTERN_BYTES];
};

enum demo_state {
    DEMO_REQUEST, /* a request is being read */
    DEMO_ANSWER,  /* it is complete, the answer is not */
    DEMO_SOCKET,  /* a WebSocket */
    DEMO_LAST     /* nothing follows what is on its way */
};

#define DEMO_HEAD_BYTES 512

/* Freed in on_timer_closed() only. */
struct demo_conn {
    struct demo *demo;
    struct list link;  /* in demo.conns */
    struct conn *conn; /* owned */
    uv_timer_t timer;
    enum demo_state state;
    const struct demo_path *path; /* static */
    struct request request;
    struct buffer in;           /* read, and not used yet */
    bool busy;                  /* reading on: not to be entered again */
    bool eof;                   /* the client sends no more */
    bool counted;               /* in |counts.connections| */
    bool asked;                 /* a request that counts has come */
    bool begun;                 /* the answer's head was written */
    bool head_only;             /* the answer has no body, whatever it is */
    bool chunked;               /* the answer is */
    bool keep;                  /* another request may follow */
    const char *field;          /* of the next head; NULL if there is none */
    char head[DEMO_HEAD_BYTES]; /* of the answer */
    uint64_t left;              /* what the path counts */
    uint64_t events;            /* sent so far */
    uint64_t pause_ms;
    struct ws_reader reader; /* of DEMO_SOCKET */
    bool chats;              /* in the room, else an echo */
    struct demo_line said;   /* so far, in the room */
};

/* Take over |conn|; reset it when there are too many. */
void demo_conn_open(struct demo *d, struct conn *conn);

/* Give it up; NULL is allowed. */
void demo_conn_close(struct demo_conn *c);

/* For paths. */

#define DEMO_CHUNKED UINT64_MAX

/* Begin the answer: |length| bytes of |type|, or DEMO_CHUNKED. */
void demo_conn_head(struct demo_conn *c, int http, const char *type,
                    uint64_t length);

/* The same, but it is not sent: it lies in |c| until the next answer. */
struct slice demo_conn_make_head(struct demo_conn *c, int http,
                                 const char *type, uint64_t length);

/* One more field of the next head, whole and with its CR LF; borrowed until
 * then. */
void demo_conn_field(struct demo_conn *c, const char *line);

/* Part of its body, at most DEMO_IN_BYTES. */
void demo_conn_send(struct demo_conn *c, struct slice piece);

/* All of a small answer. */
void demo_conn_answer(struct demo_conn *c, int http, const char *type,
                      struct slice body);

/* Call on_turn() in |ms|. */
void demo_conn_wait(struct demo_conn *c, uint64_t ms);

/* The answer is complete. */
void demo_conn_done(struct demo_conn *c);

/* Nothing more will be said here. */
void demo_conn_last(struct demo_conn *c);

/* Send bytes as they are, at most DEMO_STEP_BYTES. */
void demo_conn_raw(struct demo_conn *c, struct slice bytes);

#endif
