#include "collateral/item.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collateral/source.h"
#include "common/builder.h"
#include "common/limits.h"

struct item *item_new(enum collateral_item kind, struct slice body,
                      struct slice chain, const char *origin,
                      int64_t fetched_unix, const struct item_facts *facts)
{
    size_t origin_len = strlen(origin) + 1;
    size_t room = body.len + chain.len + origin_len;
    struct item *item = malloc(sizeof(*item) + room);
    struct builder b;

    assert(body.len <= COLLATERAL_MAX_BYTES);
    assert(chain.len <= COLLATERAL_MAX_BYTES);
    if (item == NULL)
        return NULL;
    b = builder_over(item->bytes, room);
    builder_bytes(&b, body);
    builder_bytes(&b, chain);
    builder_bytes(&b, slice_of(origin, origin_len));
    assert(builder_ok(&b) && b.len == room);
    item->kind = kind;
    item->body = slice_of(item->bytes, body.len);
    item->chain = slice_of(item->bytes + body.len, chain.len);
    item->origin = (const char *)item->bytes + body.len + chain.len;
    item->fetched_unix = fetched_unix;
    item->facts = *facts;
    item->refs = 1;
    return item;
}

struct item *item_ref(struct item *item)
{
    assert(item->refs > 0);
    item->refs++;
    return item;
}

void item_unref(struct item *item)
{
    if (item == NULL)
        return;
    assert(item->refs > 0);
    if (--item->refs == 0)
        free(item);
}

bool item_is_stapled(const struct item *item)
{
    return strcmp(item->origin, source_name(SOURCE_STAPLED)) == 0;
}

bool item_same(const struct item *a, const struct item *b)
{
    return slice_equal(a->body, b->body) && slice_equal(a->chain, b->chain);
}

bool item_usable(const struct item *item, int64_t now_unix)
{
    return now_unix <= item->facts.next_update_unix;
}
