/* proxy/local/local_worker.h: one thread of the proxy, with all that
 * connections need.
 *
 * Has its own loop, doors, front, sessions and direct connections. Attestations
 * are made by the daemon; policies come from it as snapshots. What a page of
 * ours tells is gathered from all workers by whichever was asked. The main
 * thread touches a worker by these functions only. */
#ifndef PROXY_LOCAL_LOCAL_WORKER_H
#define PROXY_LOCAL_LOCAL_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/log.h"
#include "common/status.h"
#include "proxy/io/activation.h"
#include "proxy/io/mailbox.h"
#include "proxy/local/attest_desk.h"
#include "proxy/local/gates.h"
#include "proxy/local/porter.h"
#include "proxy/local/snapshot.h"

struct local_worker;

/* What the main thread hears; on its loop. */
struct local_worker_events {
    /* A policy that local_worker_follow() gave is followed, or not, for |why|.
     */
    void (*on_followed)(void *ctx, const struct why *why);
    /* For |explain|: what came of a service, as text for people. */
    void (*on_explained)(void *ctx, struct slice text);
    /* The thread is over; |clean| unless it left something on its loop, which
     * stderr was told. Once. */
    void (*on_ended)(void *ctx, bool clean);
};

/* When what nobody uses ends; milliseconds, 0: never. */
struct local_worker_idle {
    uint64_t keep_alive_ms; /* a connection between two requests; not 0 */
    uint64_t stream_ms;     /* a tunnel or request, without a byte either way */
    uint64_t session_ms;    /* a session without a stream */
};

struct local_worker_config {
    const struct log *log; /* all borrowed until local_worker_free() */
    struct attest_desk *desk;
    struct mailbox *main;
    struct porter *porter;
    struct local_worker_idle idle;
    struct snapshot *snapshot;           /* the first; held */
    const struct gates *gates;           /* its, borrowed while it opens */
    const struct activation *passed;     /* where to listen; if there are none,
                                          * where the policy says */
    struct local_worker *const *workers; /* |count| of them, this one among
                                          * them; complete before any starts */
    size_t count;
    int64_t started_unix;
    bool explain; /* attest each service at the start; tell the verdicts */
    bool colour;  /* of the verdicts */
    const struct local_worker_events *events; /* static */
    void *ctx;
};

/* Listen where the policy says; |first| (NULL: be the first) already does.
 * |config| is copied. Returns STATUS_OK; or as listener_open() with |why|
 * filled, and |*out| is NULL. */
MUST_CHECK enum status
local_worker_open(const struct local_worker_config *config,
                  const struct local_worker *first, struct local_worker **out,
                  struct why *why);

/* Run its thread. Returns STATUS_OK; or STATUS_NO_MEMORY with |why| filled. */
MUST_CHECK enum status local_worker_start(struct local_worker *w,
                                          struct why *why);

/* The port of policy->listen[i], or of what was passed instead. */
uint16_t local_worker_port(const struct local_worker *w, size_t i);

/* After local_worker_start(): follow |snapshot| from now on and accept at its
 * |gates|, which are borrowed until on_followed(); that comes unless the worker
 * ends before. Returns STATUS_OK or STATUS_NO_MEMORY. */
MUST_CHECK enum status local_worker_follow(struct local_worker *w,
                                           struct snapshot *snapshot,
                                           const struct gates *gates);

/* Judge every session again: collateral was replaced. Returns STATUS_OK or
 * STATUS_NO_MEMORY. */
MUST_CHECK enum status local_worker_rejudge(struct local_worker *w);

/* Accept no more and let requests end; on_ended() follows. Again is harmless. */
void local_worker_drain(struct local_worker *w);

/* End everything now. local_worker_drain() comes first. Again is harmless. */
void local_worker_abort(struct local_worker *w);

/* After on_ended(), or if it was never started. NULL is allowed. */
void local_worker_free(struct local_worker *w);

#endif
