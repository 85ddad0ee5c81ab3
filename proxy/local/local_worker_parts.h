/* proxy/local/local_worker_parts.h: a worker as its own files know it. Private
 * to local_worker.c, worker_pages.c, worker_speech.c and worker_tls.c. */
#ifndef PROXY_LOCAL_LOCAL_WORKER_PARTS_H
#define PROXY_LOCAL_LOCAL_WORKER_PARTS_H

#include "common/limits.h"
#include "proxy/io/carrier.h"
#include "proxy/io/errand.h"
#include "proxy/io/listener.h"
#include "proxy/io/loop_thread.h"
#include "proxy/local/direct.h"
#include "proxy/local/figures.h"
#include "proxy/local/front.h"
#include "proxy/local/leaves.h"
#include "proxy/local/local_worker.h"
#include "proxy/local/upstream.h"

#define DOORS_MAX 16
_Static_assert(ACTIVATION_SOCKETS_MAX <= DOORS_MAX, "a door for each");

/* One address the worker listens on. */
struct door {
    struct local_worker *worker;
    struct listener *listener;
    uint16_t port;
};

/* A policy and the sessions that were made under it. */
struct generation {
    struct local_worker *worker;
    struct snapshot *snapshot; /* held */
    struct upstream_set *upstreams;
    struct generation *older; /* policies before it that still have sessions */
};

/* Freed in local_worker_free(). */
struct local_worker {
    struct local_worker_config config;
    struct loop_thread thread;
    struct loop_order drain, abort;

    /* The worker's own, from its thread's start to its end. */
    struct errand_office office; /* where others ask for figures */
    struct carrier_hub *hub;
    struct direct_set directs;
    struct generation *generation; /* the present one; NULL before start */
    struct front *front;
    struct leaves leaves; /* of the present CA */
    size_t door_count;
    struct door doors[DOORS_MAX];
    struct worker_gate *gates; /* where it accepts for one service */
    struct tally tally;
    size_t undecided;                    /* services still to be explained */
    struct figures *others[WORKERS_MAX]; /* as last gathered */
    size_t asked; /* others whose figures are under way */
};

static inline const struct policy *
local_worker_policy(const struct local_worker *w)
{
    return w->generation->snapshot->policy;
}

#endif
