/* common/budget.h: so many bytes, for those who share them.
 *
 * A budget is for all threads, and may be part of a whole: then its share is
 * also no more than the whole has left for all others, so that, while some
 * hold as much as they can, there is room for who holds little.
 *
 *      whole:   |<- others' ->|<- this budget's used ->|<- left ->|
 *
 * Arithmetic only; a user has a purse (common/purse.h). */
#ifndef COMMON_BUDGET_H
#define COMMON_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"

struct budget {
    atomic_size_t used;   /* bytes */
    size_t max;           /* bytes */
    struct budget *whole; /* what it is part of; borrowed; NULL: of nothing */
};

/* |max| 0: any. */
void budget_init(struct budget *b, size_t max, struct budget *whole);

/* Bytes that could be taken now. Another thread may be faster. */
size_t budget_left(const struct budget *b);

/* Bytes of which a user may well have none: what is left of the first half, so
 * that luxury never takes what others cannot do without. */
size_t budget_spare(const struct budget *b);

/* Take |n| bytes; false, and nothing is taken, when they are not left. */
MUST_CHECK bool budget_take(struct budget *b, size_t n);

/* Take |n| bytes, left or not: they are in use already. */
void budget_force(struct budget *b, size_t n);

void budget_give(struct budget *b, size_t n);

/* Bytes in use. */
size_t budget_used(const struct budget *b);

#endif
