/* common/purse.h: one owner's hand in a budget, for one thread.
 *
 * Takes from the budget in steps, so that what many threads write is written
 * seldom, and gives all back when it is closed, whatever became of what was
 * paid from it.
 *
 *      taken:   |<- used ->|<- change ->|
 */
#ifndef COMMON_PURSE_H
#define COMMON_PURSE_H

#include "common/budget.h"

/* From the budget at once, and at most twice as much stays for the next. */
#define PURSE_STEP_BYTES ((size_t)64 * 1024)

/* All zero is of no budget: it has whatever is asked. */
struct purse {
    struct budget *from; /* borrowed; NULL: none */
    size_t taken;        /* from it */
    size_t used;         /* of that, by the owner */
};

void purse_open(struct purse *p, struct budget *from); /* NULL is allowed */

/* Give all back: it is of no budget then. Any number of times. */
void purse_close(struct purse *p);

/* Pay |n| bytes; false, and nothing changes, when there are not as many. */
MUST_CHECK bool purse_take(struct purse *p, size_t n);

/* |n| bytes that were paid are free again. */
void purse_give(struct purse *p, size_t n);

/* Pay |n| bytes, left or not: they are in use already, after purse_left() said
 * that they may be. */
void purse_force(struct purse *p, size_t n);

/* What could be paid now, and, of that, luxury. */
size_t purse_left(const struct purse *p);
size_t purse_spare(const struct purse *p);

#endif
