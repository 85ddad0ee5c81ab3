/* proxy/server/serve.h: what happens to accepted connections.
 *
 *   visit: reads one request head          guest: a session
 *     GET /__ra__, an upgrade   --> quote -->  streams --> rules --> backend
 *       of a client of teekit   ----------->  teekit_guest: requests --> same
 *     GET /healthz              --> 200; 503 without a key
 *     anything else, by rules   --> plain --> backend
 *                     otherwise --> 404, or why not
 *
 * Counts and bounds them, and ends them all. One a loop: what others share is
 * keys, rules, quotes and the count of peers. */
#ifndef PROXY_SERVER_SERVE_H
#define PROXY_SERVER_SERVE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/list.h"
#include "common/log.h"
#include "proxy/io/carrier.h"
#include "proxy/io/conn.h"
#include "proxy/server/ask_pool.h"
#include "proxy/server/backend.h"
#include "proxy/server/keys.h"
#include "proxy/server/meter.h"
#include "proxy/server/peers.h"
#include "proxy/server/quote_desk.h"
#include "proxy/server/rules.h"
#include "proxy/server/staple.h"
#include "proxy/server/turnstile.h"
#include "proxy/tunnel/session.h"

/* What a body may have, so that all of its message fits the limit of teekit's
 * own servers. */
#define SERVE_TEEKIT_BODY_MAX (100 * 1024 * 1024 - 128 * 1024)

/* From one ping of a client of teekit to the next, as its servers do it. */
#define SERVE_TEEKIT_BEAT_MS 30000

struct serve_config {
    uv_loop_t *loop;
    struct carrier_hub *hub;
    struct keys *keys;
    struct quote_line quotes;
    struct peers *peers;   /* counts connections; perhaps of other loops too */
    struct staple *staple; /* NULL: nothing is stapled */
    const struct rules *rules;
    const struct log *log;
    struct meter *meter;      /* NULL: nothing is counted */
    uint32_t streams_max;     /* of one session */
    uint64_t session_idle_ms; /* see serve_sweep(); 0: for ever */
    uint64_t stream_idle_ms;  /* likewise */
    bool teekit;              /* clients of teekit are served too */
    size_t teekit_body;       /* bytes, up to SERVE_TEEKIT_BODY_MAX */
    uint64_t teekit_beat_ms;  /* SERVE_TEEKIT_BEAT_MS, but in tests */
    /* serve_drain() was called, and nobody is left. Called once. */
    void (*on_empty)(void *ctx);
    void *ctx;
};

/* What a connection is now: a field of each visit, guest, teekit_guest and
 * plain, which may be gone after any of these. */
struct serve_member {
    struct list link; /* in serve.members */
    const struct serve_member_ops *ops;
};

struct serve_member_ops {
    /* End it if it was idle for too long. NULL: others look after that. */
    void (*sweep)(struct serve_member *m, uint64_t now_ms);
    /* Begin nothing new, and end once that is done which goes on. NULL: it does
     * so by itself. */
    void (*drain)(struct serve_member *m);
    /* End it now; it is gone afterwards. */
    void (*close)(struct serve_member *m, const struct why *why);
};

/* Everything borrowed outlives it. Fields are for serve.c, visit.c, guest.c,
 * plain.c and teekit_*.c. */
struct serve {
    struct serve_config config;
    struct list members;
    struct backend_set backends;
    struct ask_pool asks;
    struct turnstile turnstile; /* of visits */
    bool draining;
    bool told_empty;
};

/* |config| is copied. Returns STATUS_OK or STATUS_NO_MEMORY; |*out| is NULL
 * unless OK. */
MUST_CHECK enum status serve_new(const struct serve_config *config,
                                 struct serve **out);

/* When the loop is empty, or nothing was ever accepted. NULL is allowed. */
void serve_free(struct serve *s);

/* Take over |conn|. */
void serve_accept(struct serve *s, struct conn *conn);

/* What is asked from now on is led by |rules|, borrowed; what goes on, goes on.
 * The rules before are not touched any more. */
void serve_follow(struct serve *s, const struct rules *rules);

/* Look at the clock, now and then: end sessions that had no stream, and cut
 * streams that had no byte, for as long as |config| says. */
void serve_sweep(struct serve *s);

/* Refuse what has not begun, and let sessions end: no new streams, open ones
 * go on. on_empty() may be called from within, also below. */
void serve_drain(struct serve *s);

/* End everything now. serve_drain() comes first. */
void serve_abort(struct serve *s);

/* |m|, all zero, is there from now on. */
void serve_join(struct serve *s, struct serve_member *m,
                const struct serve_member_ops *ops);

/* |m| is about to be freed. */
void serve_leave(struct serve *s, struct serve_member *m);

#endif
