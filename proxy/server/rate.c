#include "proxy/server/rate.h"

#include "common/compiler.h"

bool rate_spend(struct rate *r, size_t a_second, uint64_t now_ms)
{
    const uint64_t most = (uint64_t)a_second * 1000;
    uint64_t passed_ms = 0;

    if (a_second == 0)
        return true;
    if (r->counted_ms == 0) /* the first time */
        r->credit = most;
    else if (now_ms > r->counted_ms)
        passed_ms = MIN_OF(now_ms - r->counted_ms, (uint64_t)1000);
    r->counted_ms = MAX_OF(now_ms, r->counted_ms);
    r->credit = MIN_OF(most, r->credit + passed_ms * a_second);
    if (r->credit < 1000)
        return false;
    r->credit -= 1000;
    return true;
}
