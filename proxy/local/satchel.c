#include "proxy/local/satchel.h"

#include <stdint.h>

#include "common/builder.h"

void satchel_add(struct buffer *out, struct slice name, struct slice body)
{
    uint8_t lengths[8];
    struct builder b = builder_over(lengths, sizeof(lengths));

    builder_u32be(&b, (uint32_t)name.len);
    builder_u32be(&b, (uint32_t)body.len);
    buffer_add(out, builder_view(&b));
    buffer_add(out, name);
    buffer_add(out, body);
}

bool satchel_next(struct cursor *c, struct slice *name, struct slice *body)
{
    uint32_t name_len, body_len;

    *name = *body = (struct slice){ 0 };
    if (!cursor_ok(c) || cursor_left(c) == 0)
        return false;
    name_len = cursor_u32be(c);
    body_len = cursor_u32be(c);
    *name = cursor_take(c, name_len);
    *body = cursor_take(c, body_len);
    return cursor_ok(c);
}

bool satchel_find(struct slice bytes, struct slice name, struct slice *body)
{
    struct cursor c = cursor_over(bytes);
    struct slice found;

    while (satchel_next(&c, &found, body))
        if (slice_equal(found, name))
            return true;
    *body = (struct slice){ 0 };
    return false;
}
