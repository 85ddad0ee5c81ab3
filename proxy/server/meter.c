#include "proxy/server/meter.h"

static uint64_t read_count(const atomic_uint_fast64_t *at)
{
    return atomic_load_explicit(at, memory_order_relaxed);
}

void meter_read(const struct meter *m, struct meter_sum *sum)
{
    /* What ends is read first: so no more has ended than has begun. */
    for (size_t p = 0; p < METER_PROTOCOLS; p++)
        for (size_t i = METER_COUNTS; i-- > 0;)
            sum->count[p][i] += read_count(&m->count[p][i]);
    for (size_t r = 0; r < METER_REASONS; r++)
        for (size_t s = 0; s < STATUS_COUNT; s++)
            sum->reason[r][s] += read_count(&m->reason[r][s]);
}
