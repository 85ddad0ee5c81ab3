/* common/slice.h: a borrowed run of bytes, by value.
 *
 * A slice owns nothing: it dies with what it was taken from. An empty slice
 * may have a null pointer. Comparing here is for public data only; secrets
 * are compared by secret_equal(). */
#ifndef COMMON_SLICE_H
#define COMMON_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const uint8_t *at;
    size_t len; /* bytes */
};

/* The bytes of an array whose size the compiler knows. */
#define SLICE_OF(array) ((struct slice){ (array), sizeof(array) })

static inline struct slice slice_of(const void *at, size_t len)
{
    return (struct slice){ at, len };
}

/* The characters of |text| without its final NUL. */
static inline struct slice slice_text(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    /* memcmp: public data */
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Where |part|, which was cut out of |whole|, begins in it. */
static inline size_t slice_offset(struct slice whole, struct slice part)
{
    return (size_t)(part.at - whole.at);
}

/* True when every byte is zero, and for an empty slice. */
static inline bool slice_is_zero(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] != 0)
            return false;
    return true;
}

#endif
