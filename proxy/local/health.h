/* proxy/local/health.h: which endpoint of a service to try next.
 *
 * In turn, beginning anywhere, so that many clients spread over all. An endpoint
 * that failed rests, each time for twice as long, up to HEALTH_REST_MAX_MS, and
 * by chance for up to half of that less, so that not all clients come back at
 * once. Resting only decides the order: when all rest, the one that has rested
 * most is tried. Knows endpoints by their numbers. */
#ifndef PROXY_LOCAL_HEALTH_H
#define PROXY_LOCAL_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

#define HEALTH_REST_MS     1000 /* after the first failure */
#define HEALTH_REST_MAX_MS 60000

struct health_endpoint {
    bool tried;           /* in this round */
    unsigned failures;    /* since the last success */
    int64_t rested_at_ms; /* not before that; 0: it does not rest */
};

struct health {
    size_t count;
    size_t turn;                       /* whose turn it is */
    struct health_endpoint *endpoints; /* owned */
};

/* |count| endpoints, at least 1. Returns STATUS_OK or STATUS_NO_MEMORY, and then
 * |h| is all zero. */
MUST_CHECK enum status health_init(struct health *h, size_t count);
void health_fini(struct health *h);

/* Begin a round: nothing was tried. */
void health_begin(struct health *h);

/* The endpoint to try at |now_ms|, once a round; |count| when all were tried. */
size_t health_next(struct health *h, int64_t now_ms);

/* One that is rested and not in use, beside any round; |count| if there is
 * none. */
size_t health_spare(struct health *h, int64_t now_ms,
                    bool (*in_use)(const void *ctx, size_t i), const void *ctx);

/* True when |i| would be tried gladly at |now_ms|. */
bool health_is_rested(const struct health *h, size_t i, int64_t now_ms);

/* It could not be had, or was lost. */
void health_failed(struct health *h, size_t i, int64_t now_ms);

/* There is a session with it. */
void health_succeeded(struct health *h, size_t i);

#endif
