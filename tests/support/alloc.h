/* tests/support/alloc.h: allocations that fail when a test wants them to.
 *
 * For tests/unit/ files whose names end in _alloc_test.c: they are linked so
 * that malloc(), calloc(), realloc() and aligned_alloc() of our code (not of
 * libraries) come here. */
#ifndef TESTS_SUPPORT_ALLOC_H
#define TESTS_SUPPORT_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* Let |n| allocations succeed and the next one fail, once. */
void alloc_fail_after(size_t n);

/* Let all succeed again. True if one has failed since alloc_fail_after(). */
bool alloc_failed(void);

/* Those of libc, which never fail on purpose: for a library that is linked in
 * and can be told what to call. */
void *alloc_malloc(size_t size);
void *alloc_calloc(size_t count, size_t size);
void *alloc_realloc(void *old, size_t size);

#endif
