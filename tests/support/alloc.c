#include "tests/support/alloc.h"

#include <stdlib.h>

/* ld --wrap=malloc: calls of malloc() come to __wrap_malloc(), and
 * __real_malloc() is the one of libc. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool armed;
static bool failed;
static size_t left; /* allocations that succeed before one fails */

void alloc_fail_after(size_t n)
{
    armed = true;
    failed = false;
    left = n;
}

bool alloc_failed(void)
{
    armed = false;
    return failed;
}

static bool must_fail(void)
{
    if (!armed || left-- > 0)
        return false;
    armed = false;
    failed = true;
    return true;
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
