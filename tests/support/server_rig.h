/* tests/support/server_rig.h: a server with a simulated TEE, its clients and a
 * backend, all on one loop, with real sockets on loopback.
 *
 * Clients accept any evidence: verifying it is others' business. The backend
 * accepts connections and does nothing by itself; tests drive its ends. */
#ifndef TESTS_SUPPORT_SERVER_RIG_H
#define TESTS_SUPPORT_SERVER_RIG_H

#include "proxy/io/carrier.h"
#include "proxy/io/listener.h"
#include "proxy/server/serve.h"
#include "proxy/server/sim_source.h"
#include "tests/support/loop.h"

#define RIG_BACKENDS_MAX 8

struct server_rig {
    uv_loop_t loop;
    struct carrier_hub *hub;
    struct sim_source *sim;
    struct staple *staple;
    struct quote_source *source;
    struct keys *keys;
    struct rules *rules;
    struct mailbox *mailbox;
    struct quote_desk *desk;
    struct peers *peers;
    struct serve *serve;
    struct listener *listener;
    bool empty; /* the server's on_empty() came */

    struct listener *backend;
    size_t backend_count;
    struct end backends[RIG_BACKENDS_MAX]; /* in the order they came */
};

/* Change, then server_rig_begin(). */
struct server_rig_limits {
    struct peers_limits peers;
    uint32_t streams;
};

struct server_rig_limits server_rig_limits(void);

/* Until the server can answer. demo.test:80 leads to the backend. */
void server_rig_begin(struct server_rig *rig,
                      const struct server_rig_limits *limits);

/* Who is there. */
struct peers_figures server_rig_peers(const struct server_rig *rig);

/* Another rule. */
void server_rig_rule(struct server_rig *rig, const char *line);

/* Drain the server if need be, end everything, prove the loop empty. */
void server_rig_end(struct server_rig *rig);

/* Wait until the backend has |count| connections; the last one. */
struct end *server_rig_backend(struct server_rig *rig, size_t count);

/* A session to the server. */
struct rig_client {
    struct server_rig *rig;
    struct carrier *carrier;
    bool ready;
    bool goaway;
    bool closed;
    struct why why; /* of on_closed() */
    bool challenged;
};

/* One stream of it. Data is given back when |stalled| is not set. */
struct rig_stream {
    struct stream *stream; /* NULL once released */
    bool stalled;
    bool opened;
    bool fin;
    bool reset;
    enum status reason;
    struct buffer got;
    uint64_t unread;   /* came while stalled */
    uint64_t to_write; /* bytes of a pattern to send as room allows */
    bool then_fin;     /* and the end behind them */
};

/* Begin a session, and wait until it is ready. */
void rig_client_open(struct rig_client *c, struct server_rig *rig, bool epoch);
void rig_client_close(struct rig_client *c);

void rig_stream_open(struct rig_stream *s, struct rig_client *c,
                     const char *target);
void rig_stream_text(struct rig_stream *s, const char *text);

/* Write what is still to be written, as far as there is room. */
void rig_stream_pump(struct rig_stream *s);

/* Give back what came while stalled. */
void rig_stream_consume(struct rig_stream *s);
void rig_stream_release(struct rig_stream *s);

#endif
