#include "proxy/server/staple.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct staple {
    uv_mutex_t lock;        /* of |set|, against staple_hold() */
    struct staple_set *set; /* held; NULL: nothing */
};

struct staple *staple_new(void)
{
    struct staple *s = calloc(1, sizeof(*s));

    if (s != NULL && uv_mutex_init(&s->lock) != 0) {
        free(s);
        return NULL;
    }
    return s;
}

void staple_free(struct staple *s)
{
    if (s == NULL)
        return;
    staple_let_go(s->set);
    uv_mutex_destroy(&s->lock);
    free(s);
}

static struct staple_set *copy(const struct session_stapled *items)
{
    struct staple_set *set;
    size_t used = 0;

    for (size_t i = 0; i < SESSION_STAPLED_ITEMS; i++)
        used += items->item[i].len;
    set = calloc(1, sizeof(*set) + used);
    if (set == NULL)
        return NULL;
    atomic_init(&set->holders, 1);
    used = 0;
    for (size_t i = 0; i < SESSION_STAPLED_ITEMS; i++) {
        const struct slice item = items->item[i];

        if (item.len == 0)
            continue;
        memcpy(set->bytes + used, item.at, item.len);
        set->items.item[i] = slice_of(set->bytes + used, item.len);
        used += item.len;
    }
    return set;
}

enum status staple_put(struct staple *s, const struct session_stapled *items)
{
    struct staple_set *set = copy(items), *old;

    if (set == NULL)
        return STATUS_NO_MEMORY;
    uv_mutex_lock(&s->lock);
    old = s->set;
    s->set = set;
    uv_mutex_unlock(&s->lock);
    staple_let_go(old);
    return STATUS_OK;
}

struct staple_set *staple_hold(struct staple *s)
{
    struct staple_set *set;

    if (s == NULL)
        return NULL;
    uv_mutex_lock(&s->lock);
    set = s->set;
    if (set != NULL)
        atomic_fetch_add(&set->holders, 1);
    uv_mutex_unlock(&s->lock);
    return set;
}

void staple_let_go(struct staple_set *set)
{
    if (set == NULL || atomic_fetch_sub(&set->holders, 1) > 1)
        return;
    free(set);
}
