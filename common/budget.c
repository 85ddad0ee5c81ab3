#include "common/budget.h"

#include <assert.h>
#include <stdint.h>

/* No order is needed: what is counted is no access to anything else. */
static size_t read(const struct budget *b)
{
    return atomic_load_explicit(&b->used, memory_order_relaxed);
}

void budget_init(struct budget *b, size_t max, struct budget *whole)
{
    atomic_init(&b->used, 0);
    b->max = max > 0 ? max : SIZE_MAX / 2;
    b->whole = whole;
}

static size_t above(size_t from, size_t less)
{
    return from > less ? from - less : 0;
}

/* What |b| may have in all, as things are. */
static size_t share(const struct budget *b)
{
    if (b->whole == NULL)
        return b->max;
    return MIN_OF(b->max, above(b->whole->max, read(b->whole)));
}

size_t budget_left(const struct budget *b)
{
    return above(share(b), read(b));
}

size_t budget_spare(const struct budget *b)
{
    return above(share(b) / 2, read(b));
}

static bool raise(atomic_size_t *used, size_t max, size_t n)
{
    size_t had = atomic_load_explicit(used, memory_order_relaxed);

    do {
        if (had > max || n > max - had)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(
        used, &had, had + n, memory_order_relaxed, memory_order_relaxed));
    return true;
}

static void lower(struct budget *b, size_t n)
{
    const size_t had =
        atomic_fetch_sub_explicit(&b->used, n, memory_order_relaxed);

    assert(had >= n);
    (void)had; /* without asserts */
}

bool budget_take(struct budget *b, size_t n)
{
    if (!raise(&b->used, share(b), n))
        return false;
    if (b->whole == NULL || raise(&b->whole->used, b->whole->max, n))
        return true;
    lower(b, n);
    return false;
}

void budget_force(struct budget *b, size_t n)
{
    (void)atomic_fetch_add_explicit(&b->used, n, memory_order_relaxed);
    if (b->whole != NULL)
        budget_force(b->whole, n);
}

void budget_give(struct budget *b, size_t n)
{
    if (b->whole != NULL)
        lower(b->whole, n);
    lower(b, n);
}

size_t budget_used(const struct budget *b)
{
    return read(b);
}
