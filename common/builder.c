#include "common/builder.h"

#include <assert.h>

/* The only place that compares and the only place that advances. */
uint8_t *builder_reserve(struct builder *b, size_t len)
{
    uint8_t *field;

    assert(b->len <= b->room);
    if (b->failed || len > b->room - b->len) {
        b->failed = true;
        return NULL;
    }
    field = b->out + b->len;
    b->len += len;
    return field;
}

static void put_little(uint8_t *p, uint64_t v, size_t len)
{
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static void put_big(uint8_t *p, uint64_t v, size_t len)
{
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
}

static void little(struct builder *b, uint64_t v, size_t len)
{
    uint8_t *p = builder_reserve(b, len);

    if (p != NULL)
        put_little(p, v, len);
}

static void big(struct builder *b, uint64_t v, size_t len)
{
    uint8_t *p = builder_reserve(b, len);

    if (p != NULL)
        put_big(p, v, len);
}

void builder_u8(struct builder *b, uint8_t v)
{
    big(b, v, 1);
}

void builder_u16le(struct builder *b, uint16_t v)
{
    little(b, v, 2);
}

void builder_u32le(struct builder *b, uint32_t v)
{
    little(b, v, 4);
}

void builder_u64le(struct builder *b, uint64_t v)
{
    little(b, v, 8);
}

void builder_u16be(struct builder *b, uint16_t v)
{
    big(b, v, 2);
}

void builder_u32be(struct builder *b, uint32_t v)
{
    big(b, v, 4);
}

void builder_u64be(struct builder *b, uint64_t v)
{
    big(b, v, 8);
}

void builder_bytes(struct builder *b, struct slice bytes)
{
    uint8_t *p = builder_reserve(b, bytes.len);

    if (p != NULL && bytes.len > 0)
        memcpy(p, bytes.at, bytes.len);
}

void builder_text(struct builder *b, const char *text)
{
    builder_bytes(b, slice_text(text));
}

void builder_zeros(struct builder *b, size_t len)
{
    uint8_t *p = builder_reserve(b, len);

    if (p != NULL && len > 0)
        memset(p, 0, len);
}

struct hole builder_hole32le(struct builder *b)
{
    struct hole h = { .at = b->len };

    builder_u32le(b, 0);
    return h;
}

void builder_fill32le(struct builder *b, struct hole h)
{
    size_t inside;

    if (b->failed)
        return;
    inside = b->len - h.at - 4;
    if (inside > UINT32_MAX)
        b->failed = true;
    else
        put_little(b->out + h.at, inside, 4);
}
