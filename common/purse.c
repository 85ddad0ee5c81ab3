#include "common/purse.h"

#include <assert.h>
#include <stdint.h>

void purse_open(struct purse *p, struct budget *from)
{
    *p = (struct purse){ .from = from };
}

void purse_close(struct purse *p)
{
    if (p->from != NULL)
        budget_give(p->from, p->taken);
    *p = (struct purse){ 0 };
}

/* |n| in whole steps. */
static size_t steps(size_t n)
{
    return (n + PURSE_STEP_BYTES - 1) / PURSE_STEP_BYTES * PURSE_STEP_BYTES;
}

/* Take so that |n| more can be paid: in whole steps, or just as many. */
static bool fill(struct purse *p, size_t n)
{
    const size_t missing = p->used + n > p->taken ? p->used + n - p->taken : 0;
    size_t more = steps(missing);

    if (missing == 0)
        return true;
    if (!budget_take(p->from, more)) {
        more = missing;
        if (!budget_take(p->from, more))
            return false;
    }
    p->taken += more;
    return true;
}

bool purse_take(struct purse *p, size_t n)
{
    if (p->from == NULL)
        return true;
    if (n > SIZE_MAX / 4 || !fill(p, n))
        return false;
    p->used += n;
    return true;
}

/* Keep a step or less of what is not used. */
static void empty(struct purse *p)
{
    const size_t change = p->taken - p->used;

    if (change < 2 * PURSE_STEP_BYTES)
        return;
    budget_give(p->from, change - PURSE_STEP_BYTES);
    p->taken -= change - PURSE_STEP_BYTES;
}

void purse_give(struct purse *p, size_t n)
{
    if (p->from == NULL)
        return;
    assert(n <= p->used);
    p->used -= n;
    empty(p);
}

void purse_force(struct purse *p, size_t n)
{
    if (p->from == NULL)
        return;
    if (!fill(p, n)) {
        const size_t missing = p->used + n - p->taken;

        budget_force(p->from, missing);
        p->taken += missing;
    }
    p->used += n;
}

size_t purse_left(const struct purse *p)
{
    if (p->from == NULL)
        return SIZE_MAX;
    return p->taken - p->used + budget_left(p->from);
}

size_t purse_spare(const struct purse *p)
{
    return p->from == NULL ? SIZE_MAX : budget_spare(p->from);
}
