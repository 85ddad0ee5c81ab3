#include "common/rate.h"

#include "common/compiler.h"

/* Credit for what has passed. */
static void earn(struct rate *r, const struct rate_limit *limit,
                 uint64_t now_ms)
{
    const uint64_t most = (uint64_t)limit->most * limit->period_ms;
    uint64_t passed_ms = 0;

    if (r->counted_ms == 0) /* the first time */
        r->credit = most;
    else if (now_ms > r->counted_ms)
        passed_ms = MIN_OF(now_ms - r->counted_ms, limit->period_ms);
    r->counted_ms = MAX_OF(now_ms, r->counted_ms);
    r->credit = MIN_OF(most, r->credit + passed_ms * limit->most);
}

uint64_t rate_wait_ms(struct rate *r, const struct rate_limit *limit,
                      uint64_t now_ms)
{
    if (limit->most == 0)
        return 0;
    earn(r, limit, now_ms);
    if (r->credit >= limit->period_ms)
        return 0;
    return (limit->period_ms - r->credit + limit->most - 1) / limit->most;
}

bool rate_is_left(struct rate *r, const struct rate_limit *limit,
                  uint64_t now_ms)
{
    return rate_wait_ms(r, limit, now_ms) == 0;
}

bool rate_spend(struct rate *r, const struct rate_limit *limit, uint64_t now_ms)
{
    if (!rate_is_left(r, limit, now_ms))
        return false;
    if (limit->most > 0)
        r->credit -= limit->period_ms;
    return true;
}
