#include "collateral/shelf.h"

static bool is_of(const struct bundle *b, struct item *const items[ITEM_COUNT])
{
    for (size_t i = 0; i < ITEM_COUNT; i++)
        if (b->items[i] != items[i])
            return false;
    return true;
}

struct bundle *shelf_bundle_of(struct shelf *s,
                               struct item *const items[ITEM_COUNT])
{
    struct bundle *b;

    for (size_t i = 0; i < SHELF_BUNDLES; i++)
        if (s->bundles[i] != NULL && is_of(s->bundles[i], items))
            return bundle_ref(s->bundles[i]);
    b = bundle_new(items);
    if (b == NULL)
        return NULL;
    bundle_unref(s->bundles[s->next]);
    s->bundles[s->next] = bundle_ref(b);
    s->next = (s->next + 1) % SHELF_BUNDLES;
    return b;
}

void shelf_clear(struct shelf *s)
{
    for (size_t i = 0; i < SHELF_BUNDLES; i++)
        bundle_unref(s->bundles[i]);
    *s = (struct shelf){ 0 };
}
