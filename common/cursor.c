#include "common/cursor.h"

#include <assert.h>

/* The only place that compares and the only place that advances. */
static const uint8_t *advance(struct cursor *c, size_t len)
{
    static const uint8_t nothing[1];
    const uint8_t *field;

    assert(c->pos <= c->in.len);
    if (c->failed || len > c->in.len - c->pos) {
        c->failed = true;
        return NULL;
    }
    if (len == 0)
        return nothing; /* an empty slice may hold NULL: no arithmetic on it */
    field = c->in.at + c->pos;
    c->pos += len;
    return field;
}

static uint64_t little(struct cursor *c, size_t len)
{
    const uint8_t *p = advance(c, len);
    uint64_t v = 0;

    if (p == NULL)
        return 0;
    for (size_t i = len; i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

static uint64_t big(struct cursor *c, size_t len)
{
    const uint8_t *p = advance(c, len);
    uint64_t v = 0;

    if (p == NULL)
        return 0;
    for (size_t i = 0; i < len; i++)
        v = v << 8 | p[i];
    return v;
}

uint8_t cursor_u8(struct cursor *c)
{
    return (uint8_t)little(c, 1);
}

uint16_t cursor_u16le(struct cursor *c)
{
    return (uint16_t)little(c, 2);
}

uint32_t cursor_u32le(struct cursor *c)
{
    return (uint32_t)little(c, 4);
}

uint64_t cursor_u64le(struct cursor *c)
{
    return little(c, 8);
}

uint16_t cursor_u16be(struct cursor *c)
{
    return (uint16_t)big(c, 2);
}

uint32_t cursor_u32be(struct cursor *c)
{
    return (uint32_t)big(c, 4);
}

uint64_t cursor_u64be(struct cursor *c)
{
    return big(c, 8);
}

struct slice cursor_take(struct cursor *c, size_t len)
{
    const uint8_t *p = advance(c, len);

    return p == NULL ? (struct slice){ 0 } : slice_of(p, len);
}

struct slice cursor_rest(struct cursor *c)
{
    return cursor_take(c, cursor_left(c));
}

void cursor_copy(struct cursor *c, uint8_t *out, size_t len)
{
    const uint8_t *p = advance(c, len);

    if (p == NULL)
        memset(out, 0, len);
    else
        memcpy(out, p, len);
}

bool cursor_skip(struct cursor *c, const char *text)
{
    struct cursor ahead = *c;
    struct slice next = cursor_take(&ahead, strlen(text));

    if (!cursor_ok(&ahead) || !slice_equal(next, slice_text(text)))
        return false;
    *c = ahead;
    return true;
}

struct slice cursor_until(struct cursor *c, const char *ends)
{
    struct cursor ahead = *c;
    struct slice rest = cursor_rest(&ahead);
    size_t len = 0;

    while (len < rest.len && memchr(ends, rest.at[len], strlen(ends)) == NULL)
        len++;
    return cursor_take(c, len);
}

void cursor_fail(struct cursor *c)
{
    c->failed = true;
}
