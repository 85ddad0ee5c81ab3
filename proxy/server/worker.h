/* proxy/server/worker.h: one thread of veriteed, with all that connections
 * need.
 *
 * Has its own loop, listeners, connections, sessions and backends. Keys,
 * quotes and the count of peers are the server's. A worker is made, told to
 * end and joined by the main thread, and touched by it in no other way. */
#ifndef PROXY_SERVER_WORKER_H
#define PROXY_SERVER_WORKER_H

#include "common/status.h"
#include "proxy/io/activation.h"
#include "proxy/io/mailbox.h"
#include "proxy/server/keys.h"
#include "proxy/server/meter.h"
#include "proxy/server/options.h"
#include "proxy/server/peers.h"
#include "proxy/server/quote_desk.h"
#include "proxy/tunnel/session.h"

struct worker;

struct worker_config {
    const struct options *options; /* all borrowed until worker_free() */
    struct keys *keys;
    struct quote_desk *desk;
    struct peers *peers;
    struct staple *staple; /* NULL: nothing is stapled */
    struct rules *rules;   /* to begin with; held */
    struct mailbox *main;
    struct worker *first; /* whose addresses to listen on; NULL: be the first */
    bool shared;          /* others will follow the first */
    const struct activation *passed; /* sockets to listen on, too: who connects
                                      * waits for worker_begin() */
    /* The thread is over; |clean| unless it left something on its loop, which
     * stderr was told. On the loop of |main|; once. */
    void (*on_ended)(void *ctx, bool clean);
    /* An answer to worker_follow(). On the loop of |main|; not after
     * on_ended(). */
    void (*on_followed)(void *ctx);
    void *ctx;
};

/* Listen, and run. |config| is copied. Returns STATUS_OK; or as
 * listener_open() with |why| filled, and |*out| is NULL. */
MUST_CHECK enum status worker_open(const struct worker_config *config,
                                   struct worker **out, struct why *why);

/* There is a key: accept from |passed| too, whose callers have waited for it.
 * Again is harmless. */
void worker_begin(struct worker *w);

/* The port of options->listen[i]; 0 for a UNIX socket. */
uint16_t worker_port(const struct worker *w, size_t i);

/* What it counts, until worker_free(). */
const struct meter *worker_meter(const struct worker *w);

/* Lead what is asked from now on by |rules|, which are held; on_followed()
 * follows, unless the worker ends before. Not again before that. */
void worker_follow(struct worker *w, struct rules *rules);

/* Accept no more and let streams end; on_ended() follows. Again is harmless. */
void worker_drain(struct worker *w);

/* End everything now. worker_drain() comes first. Again is harmless. */
void worker_abort(struct worker *w);

/* After on_ended(). NULL is allowed. */
void worker_free(struct worker *w);

#endif
