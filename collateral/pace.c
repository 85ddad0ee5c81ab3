#include "collateral/pace.h"

#include <assert.h>

#include "common/compiler.h"

/* |first| doubled |times| times, at most |most|. */
static int64_t doubled(int64_t first, unsigned times, int64_t most)
{
    int64_t s = first;

    while (times > 0 && s < most) {
        s *= 2;
        times--;
    }
    return MIN_OF(s, most);
}

/* Somewhere in the upper half of |s|, both ends included. */
static int64_t upper_half(int64_t s, uint32_t random)
{
    return s - (int64_t)random % (s / 2 + 1);
}

int64_t pace_rest_seconds(unsigned failures, int64_t asked_s, uint32_t random)
{
    int64_t s =
        doubled(PACE_REST_FIRST_SECONDS, failures - 1, PACE_REST_MAX_SECONDS);

    assert(failures > 0);
    return MAX_OF(upper_half(s, random),
                  MIN_OF(asked_s, PACE_ASKED_MAX_SECONDS));
}

int64_t pace_refresh_unix(int64_t fetched_unix, int64_t next_update_unix,
                          int64_t every_s, uint32_t random)
{
    int64_t left = MAX_OF(next_update_unix - fetched_unix, 0);
    int64_t latest = MIN_OF(every_s - every_s / 10, left / 3 * 2);
    int64_t jitter = (int64_t)random % (latest / 10 + 1);

    return fetched_unix + MAX_OF(latest - jitter,
                                 MIN_OF(every_s / 2, PACE_REFRESH_MIN_SECONDS));
}

int64_t pace_confirm_unix(int64_t now_unix, uint32_t random)
{
    return now_unix + (int64_t)random % (PACE_CONFIRM_MAX_SECONDS + 1);
}

int64_t pace_retry_seconds(unsigned failures, uint32_t random)
{
    assert(failures > 0);
    return upper_half(doubled(2 * PACE_REFRESH_MIN_SECONDS, failures - 1,
                              PACE_REFRESH_FAST_SECONDS),
                      random);
}

bool pace_is_due(int64_t now_unix, int64_t at_unix, int64_t longest_s)
{
    return now_unix >= at_unix || at_unix - now_unix > longest_s;
}
