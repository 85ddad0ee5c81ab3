/* common/rate.h: no more than so many in a while.
 *
 * Credit for one such while at most is kept, so that as many may come at once
 * after a rest. Pure: times are given, of any clock that does not go back; one
 * that does a little, as between threads, gives nothing away. */
#ifndef COMMON_RATE_H
#define COMMON_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rate_limit {
    size_t most;        /* 0: any */
    uint64_t period_ms; /* in so long */
};

/* All zero at first. */
struct rate {
    uint64_t credit;     /* of one, in parts of the period's ms */
    uint64_t counted_ms; /* when |credit| was */
};

/* One more: is there credit for it? */
bool rate_spend(struct rate *r, const struct rate_limit *limit,
                uint64_t now_ms);

/* Would there be? */
bool rate_is_left(struct rate *r, const struct rate_limit *limit,
                  uint64_t now_ms);

/* How long until there is, if nothing is spent; 0: now. */
uint64_t rate_wait_ms(struct rate *r, const struct rate_limit *limit,
                      uint64_t now_ms);

#endif
