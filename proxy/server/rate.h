/* proxy/server/rate.h: no more than so many in a second.
 *
 * Credit for one second at most is kept, so that as many may come at once after
 * a rest. Pure: times are given, of any clock that does not go back; one that
 * does a little, as between threads, gives nothing away. */
#ifndef PROXY_SERVER_RATE_H
#define PROXY_SERVER_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero at first. */
struct rate {
    uint64_t credit;     /* thousandths of one */
    uint64_t counted_ms; /* when |credit| was */
};

/* One more: is there credit for it? |a_second| 0: always. */
bool rate_spend(struct rate *r, size_t a_second, uint64_t now_ms);

#endif
