/* common/compiler.h: attributes and small macros, behind names of our own.
 *
 * The only place that knows which compiler this is. C11 without extensions
 * everywhere else. */
#ifndef COMMON_COMPILER_H
#define COMMON_COMPILER_H

#include <stddef.h>

#if defined(__GNUC__) || defined(__clang__)
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, args_at)                                        \
    __attribute__((format(printf, format_at, args_at)))
#else
#define MUST_CHECK
#define PRINTF_LIKE(format_at, args_at)
#endif

/* Elements of an array whose size the compiler knows. */
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of |type| whose |member| is at |ptr|. */
#define CONTAINER_OF(ptr, type, member)                                        \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* The lesser of two values; arguments are evaluated twice. */
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

#endif
