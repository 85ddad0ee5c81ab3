/* common/buffer.h: bytes on the heap that grow up to a maximum given at birth.
 *
 * For text whose length is known only afterwards: JSON, pages, files. Failure
 * (no memory, or over the maximum) is sticky as in builder.h. Not for
 * secrets: growing leaves copies behind. */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"

struct buffer {
    uint8_t *at; /* owned; NULL while empty */
    size_t len;  /* bytes in use */
    size_t cap;  /* bytes allocated */
    size_t max;  /* bytes, never above */
    bool failed;
};

/* An empty buffer that will hold |max| bytes at most. Allocates nothing. */
static inline struct buffer buffer_with_max(size_t max)
{
    return (struct buffer){ .max = max };
}

/* Free what it holds and empty it; |max| stays. NULL is allowed. */
void buffer_free(struct buffer *b);

/* Forget the content, keep the memory. Clears the failure. */
void buffer_clear(struct buffer *b);

void buffer_add(struct buffer *b, struct slice bytes);
void buffer_text(struct buffer *b, const char *text);
void buffer_byte(struct buffer *b, uint8_t byte);

/* Formatted text. */
PRINTF_LIKE(2, 3) void buffer_printf(struct buffer *b, const char *format, ...);

void buffer_decimal(struct buffer *b, uint64_t number);

/* Lower-case hexadecimal. */
void buffer_hex(struct buffer *b, struct slice bytes);

/* Room for |len| more bytes, not yet counted in |len|; NULL once failed. */
uint8_t *buffer_reserve(struct buffer *b, size_t len);

/* The same where no more than |len| will follow: nothing is set aside for
 * more. */
uint8_t *buffer_fit(struct buffer *b, size_t len);

/* Count |len| bytes that were written to what buffer_reserve() gave. */
void buffer_commit(struct buffer *b, size_t len);

/* Drop the first |len| bytes, at most all. */
void buffer_drop(struct buffer *b, size_t len);

static inline bool buffer_ok(const struct buffer *b)
{
    return !b->failed;
}

/* The content, borrowed until the next change; empty once failed. */
static inline struct slice buffer_view(const struct buffer *b)
{
    return b->failed ? (struct slice){ 0 } : slice_of(b->at, b->len);
}

#endif
