#include "common/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "common/text.h"

#define HUGE_PAGE_BYTES ((size_t)2 << 20)

void buffer_free(struct buffer *b)
{
    if (b == NULL)
        return;
    free(b->at);
    *b = buffer_with_max(b->max);
}

void buffer_clear(struct buffer *b)
{
    b->len = 0;
    b->failed = false;
}

static size_t grown(const struct buffer *b, size_t need)
{
    size_t cap = b->cap < 256 ? 256 : b->cap;

    while (cap < need)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    return MIN_OF(cap, b->max);
}

/* Blocks of megabytes are filled from end to end. In huge pages the system has
 * a small part of the work with them; without, as on a system that has none,
 * it takes half of the time of a large message to hand over its memory. */
static void prefer_huge_pages(uint8_t *at, size_t cap)
{
    const size_t skip = HUGE_PAGE_BYTES - (uintptr_t)at % HUGE_PAGE_BYTES;

    if (cap >= 2 * HUGE_PAGE_BYTES)
        (void)madvise(at + skip,
                      (cap - skip) / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES,
                      MADV_HUGEPAGE); /* advice only */
}

/* Room for |len| more bytes; where there is none, have |cap| in all. */
static uint8_t *reserve(struct buffer *b, size_t len, size_t cap)
{
    uint8_t *at;

    if (b->at != NULL && len <= b->cap - b->len)
        return b->at + b->len;
    at = realloc(b->at, MAX_OF(cap, 1));
    if (at == NULL) {
        b->failed = true;
        return NULL;
    }
    prefer_huge_pages(at, cap);
    b->at = at;
    b->cap = cap;
    return b->at + b->len;
}

/* Whether |len| more bytes are within the maximum; sticky. */
static bool may_hold(struct buffer *b, size_t len)
{
    assert(b->len <= b->max);
    b->failed = b->failed || len > b->max - b->len;
    return !b->failed;
}

uint8_t *buffer_reserve(struct buffer *b, size_t len)
{
    return may_hold(b, len) ? reserve(b, len, grown(b, b->len + len)) : NULL;
}

uint8_t *buffer_fit(struct buffer *b, size_t len)
{
    return may_hold(b, len) ? reserve(b, len, b->len + len) : NULL;
}

void buffer_commit(struct buffer *b, size_t len)
{
    assert(len <= b->cap - b->len);
    b->len += len;
}

void buffer_add(struct buffer *b, struct slice bytes)
{
    uint8_t *p = buffer_reserve(b, bytes.len);

    if (p == NULL || bytes.len == 0)
        return;
    memcpy(p, bytes.at, bytes.len);
    buffer_commit(b, bytes.len);
}

void buffer_text(struct buffer *b, const char *text)
{
    buffer_add(b, slice_text(text));
}

void buffer_byte(struct buffer *b, uint8_t byte)
{
    buffer_add(b, slice_of(&byte, 1));
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
    const size_t room = b->failed ? 0 : b->cap - b->len;
    va_list args, again;
    int need;
    uint8_t *p;

    va_start(args, format);
    va_copy(again, args);
    need =
        vsnprintf(room > 0 ? (char *)b->at + b->len : NULL, room, format, args);
    va_end(args);
    p = need < 0 ? NULL : buffer_reserve(b, (size_t)need + 1);
    if (p != NULL && (size_t)need >= room)
        (void)vsnprintf((char *)p, (size_t)need + 1, format, again);
    if (p != NULL)
        buffer_commit(b, (size_t)need);
    va_end(again);
    b->failed = b->failed || need < 0;
}

void buffer_decimal(struct buffer *b, uint64_t number)
{
    uint8_t digits[20]; /* of UINT64_MAX */
    size_t at = sizeof(digits);

    do {
        digits[--at] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_add(b, slice_of(digits + at, sizeof(digits) - at));
}

void buffer_hex(struct buffer *b, struct slice bytes)
{
    char pair[3];

    for (size_t i = 0; i < bytes.len; i++) {
        text_hex(slice_of(bytes.at + i, 1), pair, sizeof(pair));
        buffer_add(b, slice_of((const uint8_t *)pair, 2));
    }
}

void buffer_drop(struct buffer *b, size_t len)
{
    len = MIN_OF(len, b->len);
    if (len == 0)
        return;
    memmove(b->at, b->at + len, b->len - len);
    b->len -= len;
}
