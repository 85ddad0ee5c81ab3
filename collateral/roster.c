#include "collateral/roster.h"

/* True if |a| should go before |b|. */
static bool goes_first(const struct slot *a, const struct slot *b)
{
    if (slot_has_item(a) != slot_has_item(b))
        return !slot_has_item(a);
    return slot_asked_unix(a) < slot_asked_unix(b);
}

/* Stop the slot that is missed least. False if all are in use. */
static bool make_room(struct roster *r)
{
    size_t least = r->count;

    for (size_t i = 0; i < r->count; i++) {
        if (!slot_is_idle(r->slots[i]))
            continue;
        if (least == r->count || goes_first(r->slots[i], r->slots[least]))
            least = i;
    }
    if (least == r->count)
        return false;
    slot_stop(r->slots[least]);
    r->slots[least] = r->slots[--r->count];
    return true;
}

struct slot *roster_slot_for(struct roster *r, const struct want *want,
                             struct slice root_der,
                             const struct source_list *sources, bool *is_new,
                             struct why *why)
{
    struct slot *s;

    *is_new = false;
    for (size_t i = 0; i < r->count; i++)
        if (slot_is_for(r->slots[i], want, sources))
            return r->slots[i];
    if (r->count == COLLATERAL_SLOTS_MAX && !make_room(r)) {
        (void)why_fail(why, STATUS_LIMIT, "collateral", NULL,
                       "%d items are looked for already", COLLATERAL_SLOTS_MAX);
        return NULL;
    }
    s = slot_new(r->env, want, root_der, sources);
    if (s == NULL) {
        (void)why_fail(why, STATUS_NO_MEMORY, "collateral", NULL, "no memory");
        return NULL;
    }
    *is_new = true;
    r->slots[r->count++] = s;
    return s;
}

void roster_tick(struct roster *r)
{
    for (size_t i = 0; i < r->count; i++)
        slot_tick(r->slots[i]);
}

void roster_stop(struct roster *r)
{
    while (r->count > 0)
        slot_stop(r->slots[--r->count]);
}
