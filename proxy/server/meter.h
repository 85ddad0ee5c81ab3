/* proxy/server/meter.h: what a worker counts, for who watches the server.
 *
 * Written by the worker's thread alone, read by any at any time: each number is
 * whole, and the sum of several may be a moment old. Counts only go up. */
#ifndef PROXY_SERVER_METER_H
#define PROXY_SERVER_METER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

enum meter_protocol { METER_VERITEE, METER_TEEKIT, METER_PROTOCOLS };

/* Of one protocol. */
enum meter_count {
    METER_SESSIONS,        /* that got ready */
    METER_SESSIONS_ENDED,  /* of those */
    METER_SESSIONS_FAILED, /* that did not get ready */
    METER_RECEIVED_BYTES,  /* what streams carry, and teekit's messages */
    METER_SENT_BYTES,
    METER_STREAMS, /* streams; requests and WebSockets of teekit */
    METER_STREAMS_ENDED,
    METER_COUNTS
};

/* With a reason. */
enum meter_reason {
    METER_REQUEST_REFUSED, /* on the port, before there was a session */
    METER_STREAM_REFUSED,  /* no rule, or no room */
    METER_STREAM_CUT,      /* by us, or by the backend */
    METER_STREAM_RESET,    /* by the client */
    METER_REASONS
};

/* All zero at first. */
struct meter {
    atomic_uint_fast64_t count[METER_PROTOCOLS][METER_COUNTS];
    atomic_uint_fast64_t reason[METER_REASONS][STATUS_COUNT];
};

/* One writer, so that nothing need be locked. */
static inline void meter_raise(atomic_uint_fast64_t *at, uint64_t n)
{
    atomic_store_explicit(at,
                          atomic_load_explicit(at, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* |m| NULL: nobody watches. */
static inline void meter_add(struct meter *m, enum meter_protocol p,
                             enum meter_count which, uint64_t n)
{
    if (m != NULL)
        meter_raise(&m->count[p][which], n);
}

static inline void meter_why(struct meter *m, enum meter_reason which,
                             enum status st)
{
    if (m != NULL)
        meter_raise(&m->reason[which][st], 1);
}

/* What several have counted. */
struct meter_sum {
    uint64_t count[METER_PROTOCOLS][METER_COUNTS];
    uint64_t reason[METER_REASONS][STATUS_COUNT];
};

/* From any thread: add |m| to |sum|. */
void meter_read(const struct meter *m, struct meter_sum *sum);

#endif
