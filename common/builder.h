/* common/builder.h: writes into storage of a known size; the twin of cursor.
 *
 * A write that does not fit fails the builder, and it stays failed: later
 * writes change nothing. Write the whole message, then ask builder_ok().
 * The storage is the caller's. */
#ifndef COMMON_BUILDER_H
#define COMMON_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"

struct builder {
    uint8_t *out; /* the caller's */
    size_t room;  /* bytes of |out| */
    size_t len;   /* bytes written; never above |room| */
    bool failed;
};

/* A length that is known only afterwards. */
struct hole {
    size_t at; /* where the number goes */
};

static inline struct builder builder_over(uint8_t *out, size_t room)
{
    return (struct builder){ .out = out, .room = room };
}

void builder_u8(struct builder *b, uint8_t v);
void builder_u16le(struct builder *b, uint16_t v);
void builder_u32le(struct builder *b, uint32_t v);
void builder_u64le(struct builder *b, uint64_t v);
void builder_u16be(struct builder *b, uint16_t v);
void builder_u32be(struct builder *b, uint32_t v);
void builder_u64be(struct builder *b, uint64_t v);
void builder_bytes(struct builder *b, struct slice bytes);
void builder_text(struct builder *b, const char *text); /* without its NUL */
void builder_zeros(struct builder *b, size_t len);

/* Room for |len| bytes that the caller fills at once; NULL once failed. */
uint8_t *builder_reserve(struct builder *b, size_t len);

/* Reserve a little-endian length now; fill it when what it counts is written.
 * Filling fails the builder if the length does not fit. */
struct hole builder_hole32le(struct builder *b);
void builder_fill32le(struct builder *b, struct hole h);

static inline bool builder_ok(const struct builder *b)
{
    return !b->failed;
}

/* What was written; empty once failed. Borrows the storage. */
static inline struct slice builder_view(const struct builder *b)
{
    return b->failed ? (struct slice){ 0 } : slice_of(b->out, b->len);
}

#endif
