/* collateral/pace.h: when to ask again.
 *
 * Pure: times and random numbers come in. All times are unix seconds of a
 * clock that may jump, so nothing waits longer than it could have been told
 * to. Jitter keeps many machines from asking in the same second. */
#ifndef COLLATERAL_PACE_H
#define COLLATERAL_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_REST_FIRST_SECONDS 2    /* after a first failure; then doubled */
#define PACE_REST_MAX_SECONDS   60   /* ... up to this */
#define PACE_ASKED_MAX_SECONDS  3600 /* the most a server can ask for */
#define PACE_REFRESH_MIN_SECONDS                                               \
    60                                /* between two background searches, of
                                        * an item that ends soon */
#define PACE_REFRESH_FAST_SECONDS 900 /* the most between failed ones */

#define PACE_CONFIRM_MAX_SECONDS 10 /* until the network is asked too */

/* How long to leave a source alone after |failures| (1 or more) in a row, if
 * it asked for |asked_s| (0: it did not). PACE_REST_FIRST_SECONDS / 2 to
 * PACE_ASKED_MAX_SECONDS. */
int64_t pace_rest_seconds(unsigned failures, int64_t asked_s, uint32_t random);

/* When to look for a newer item in the background: when nine tenths of
 * |every_s| are over, so that who looks at the clock ten times in it is not
 * late, and before two thirds of what was left at |fetched_unix| are. */
int64_t pace_refresh_unix(int64_t fetched_unix, int64_t next_update_unix,
                          int64_t every_s, uint32_t random);

/* When to ask the network about an item that a peer gave us at |now_unix|: at
 * once, but for the jitter. Who staples may choose, of all sets that are still
 * good, the one that says least of himself. */
int64_t pace_confirm_unix(int64_t now_unix, uint32_t random);

/* When to look again after |failures| (1 or more) background searches in a
 * row, in seconds from now. */
int64_t pace_retry_seconds(unsigned failures, uint32_t random);

/* True from |at_unix| on; also when it is further away than |longest_s|, as
 * after a clock was set back. */
bool pace_is_due(int64_t now_unix, int64_t at_unix, int64_t longest_s);

#endif
