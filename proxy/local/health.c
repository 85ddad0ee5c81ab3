#include "proxy/local/health.h"

#include <assert.h>
#include <stdlib.h>

#include "common/compiler.h"
#include "common/secret.h"

static uint32_t random_below(uint32_t limit)
{
    uint32_t r;

    secret_random(&r, sizeof(r));
    return r % limit; /* a little uneven, which nobody notices here */
}

enum status health_init(struct health *h, size_t count)
{
    assert(count > 0 && count <= UINT32_MAX);
    *h = (struct health){ 0 };
    h->endpoints = calloc(count, sizeof(h->endpoints[0]));
    if (h->endpoints == NULL)
        return STATUS_NO_MEMORY;
    h->count = count;
    h->turn = random_below((uint32_t)count);
    return STATUS_OK;
}

void health_fini(struct health *h)
{
    free(h->endpoints);
    *h = (struct health){ 0 };
}

bool health_is_rested(const struct health *h, size_t i, int64_t now_ms)
{
    return now_ms >= h->endpoints[i].rested_at_ms;
}

/* Is |a| to be tried rather than |b|, which has its turn earlier? */
static bool is_better(const struct health *h, size_t a, size_t b,
                      int64_t now_ms)
{
    return !health_is_rested(h, b, now_ms) &&
           h->endpoints[a].rested_at_ms < h->endpoints[b].rested_at_ms;
}

void health_begin(struct health *h)
{
    for (size_t i = 0; i < h->count; i++)
        h->endpoints[i].tried = false;
}

/* |i| has its turn; |count| is none. */
static size_t take_turn(struct health *h, size_t i)
{
    if (i < h->count)
        h->turn = (i + 1) % h->count;
    return i;
}

size_t health_next(struct health *h, int64_t now_ms)
{
    size_t best = h->count;

    for (size_t k = 0; k < h->count; k++) {
        const size_t i = (h->turn + k) % h->count;

        if (h->endpoints[i].tried)
            continue;
        if (best == h->count || is_better(h, i, best, now_ms))
            best = i;
    }
    if (best < h->count)
        h->endpoints[best].tried = true;
    return take_turn(h, best);
}

size_t health_spare(struct health *h, int64_t now_ms,
                    bool (*in_use)(const void *ctx, size_t i), const void *ctx)
{
    for (size_t k = 0; k < h->count; k++) {
        const size_t i = (h->turn + k) % h->count;

        if (health_is_rested(h, i, now_ms) && !in_use(ctx, i))
            return take_turn(h, i);
    }
    return h->count;
}

void health_failed(struct health *h, size_t i, int64_t now_ms)
{
    struct health_endpoint *e = &h->endpoints[i];
    uint32_t rest_ms = HEALTH_REST_MS;

    for (unsigned n = 0; n < e->failures && rest_ms < HEALTH_REST_MAX_MS; n++)
        rest_ms *= 2;
    rest_ms = MIN_OF(rest_ms, (uint32_t)HEALTH_REST_MAX_MS);
    e->failures++;
    e->rested_at_ms = now_ms + rest_ms - random_below(rest_ms / 2);
}

void health_succeeded(struct health *h, size_t i)
{
    h->endpoints[i].failures = 0;
    h->endpoints[i].rested_at_ms = 0;
}
