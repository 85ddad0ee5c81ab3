#include "tests/support/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>

/* ld --wrap=malloc: calls of malloc() come to __wrap_malloc(), and
 * __real_malloc() is the one of libc. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

/* Allocations before the one that fails; below 0: none fails any more. Atomic,
 * because our code also runs in the loop's thread pool. */
static atomic_long left = -1;
static atomic_bool failed;

void alloc_fail_after(size_t n)
{
    failed = false;
    left = (long)n;
}

bool alloc_failed(void)
{
    left = -1;
    return failed;
}

static bool must_fail(void)
{
    if (left < 0 || atomic_fetch_sub(&left, 1) != 0)
        return false;
    failed = true;
    return true;
}

void *alloc_malloc(size_t size)
{
    return __real_malloc(size);
}

void *alloc_calloc(size_t count, size_t size)
{
    return __real_calloc(count, size);
}

void *alloc_realloc(void *old, size_t size)
{
    return __real_realloc(old, size);
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return must_fail() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return must_fail() ? NULL : __real_aligned_alloc(alignment, size);
}
