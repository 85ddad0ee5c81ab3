/* common/cursor.h: the one door for bytes from outside.
 *
 * A cursor reads forward over a borrowed slice. A read past the end fails the
 * cursor, and it stays failed: every later read yields zero and moves
 * nothing. So read a whole structure, then ask cursor_ok(). Ask earlier
 * before a value decides anything. End with cursor_finish(): leftovers are an
 * error. Nothing here allocates or copies, except cursor_copy(). */
#ifndef COMMON_CURSOR_H
#define COMMON_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"

struct cursor {
    struct slice in; /* borrowed */
    size_t pos;      /* bytes read; never above in.len */
    bool failed;
};

static inline struct cursor cursor_over(struct slice in)
{
    return (struct cursor){ .in = in };
}

/* Unsigned numbers, little and big endian; 0 once failed. */
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16le(struct cursor *c);
uint32_t cursor_u32le(struct cursor *c);
uint64_t cursor_u64le(struct cursor *c);
uint16_t cursor_u16be(struct cursor *c);
uint32_t cursor_u32be(struct cursor *c);
uint64_t cursor_u64be(struct cursor *c);

/* The next |len| bytes, borrowed from the input; empty once failed. */
struct slice cursor_take(struct cursor *c, size_t len);

/* All that is left. */
struct slice cursor_rest(struct cursor *c);

/* Copy the next |len| bytes to |out|, which is all zero once failed. */
void cursor_copy(struct cursor *c, uint8_t *out, size_t len);

/* Text. Read |text| if it is what comes next; else read nothing and say false.
 * Never fails the cursor; false once failed. */
bool cursor_skip(struct cursor *c, const char *text);

/* All bytes before the first that is one of |ends| (not empty), or all that is
 * left if there is none. That byte itself is not read. Empty once failed. */
struct slice cursor_until(struct cursor *c, const char *ends);

/* Fail it by hand, when a value makes the rest meaningless. */
void cursor_fail(struct cursor *c);

static inline bool cursor_ok(const struct cursor *c)
{
    return !c->failed;
}

/* Bytes read, and bytes left, both 0 to in.len. */
static inline size_t cursor_offset(const struct cursor *c)
{
    return c->pos;
}

static inline size_t cursor_left(const struct cursor *c)
{
    return c->in.len - c->pos;
}

/* True when nothing failed and nothing is left. */
static inline bool cursor_finish(const struct cursor *c)
{
    return !c->failed && c->pos == c->in.len;
}

#endif
