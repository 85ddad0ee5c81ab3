/* policy/arena.h: many small objects that die together.
 *
 * Everything is zeroed. Nothing is freed before arena_free(), and then all of
 * it, by one call. */
#ifndef POLICY_ARENA_H
#define POLICY_ARENA_H

#include <stddef.h>

#include "common/compiler.h"
#include "common/slice.h"

struct arena;

/* An empty arena that gives out |max| bytes at most; NULL if out of memory. */
struct arena *arena_new(size_t max);

/* NULL is allowed. */
void arena_free(struct arena *a);

/* Room for |count| zeroed objects of |size| bytes each, aligned for any type;
 * never NULL for a |count| of 0. NULL when out of memory or over the maximum.
 */
MUST_CHECK void *arena_take(struct arena *a, size_t count, size_t size);

/* A copy of |text| with a final NUL; NULL as above. */
MUST_CHECK char *arena_text(struct arena *a, struct slice text);

#endif
