#include "proxy/server/staple.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/limits.h"

/* A session that has no room for what it announces is none: quote, the
 * certificates of proof.h, what is stapled, and all else of announce.h. */
static_assert(QUOTE_MAX_BYTES + 3 * 2 * CERT_MAX_BYTES + STAPLED_MAX_BYTES +
                      8192 <=
                  ANNOUNCE_MAX_BYTES,
              "an announcement has room for all that is stapled");

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

/* Where |from| was copied to, behind the |*used| bytes that are there. */
static struct slice put_bytes(struct staple_set *set, size_t *used,
                              struct slice from)
{
    uint8_t *to = set->bytes + *used;

    if (from.len == 0)
        return (struct slice){ 0 };
    memcpy(to, from.at, from.len);
    *used += from.len;
    return slice_of(to, from.len);
}

static enum status copy(const struct session_stapled *items, struct slice vcek,
                        struct staple_set **out)
{
    struct staple_set *set;
    size_t room = STAPLED_MAX_BYTES, used = 0;

    *out = NULL;
    for (size_t i = 0; i < SESSION_STAPLED_ITEMS; i++) {
        if (items->item[i].len > room)
            return STATUS_LIMIT;
        room -= items->item[i].len;
    }
    if (vcek.len > room)
        return STATUS_LIMIT;
    set = calloc(1, sizeof(*set) + STAPLED_MAX_BYTES - (room - vcek.len));
    if (set == NULL)
        return STATUS_NO_MEMORY;
    atomic_init(&set->holders, 1);
    for (size_t i = 0; i < SESSION_STAPLED_ITEMS; i++)
        set->items.item[i] = put_bytes(set, &used, items->item[i]);
    set->vcek = put_bytes(set, &used, vcek);
    *out = set;
    return STATUS_OK;
}

/* Let |set|, which is taken, stand where another did. */
static void replace(struct staple *s, struct staple_set *set)
{
    struct staple_set *old;

    uv_mutex_lock(&s->lock);
    old = s->set;
    s->set = set;
    uv_mutex_unlock(&s->lock);
    staple_let_go(old);
}

enum status staple_put(struct staple *s, const struct session_stapled *items,
                       struct slice vcek)
{
    struct staple_set *set;
    enum status st = copy(items, vcek, &set);

    if (st == STATUS_OK)
        replace(s, set);
    return st;
}

void staple_clear(struct staple *s)
{
    replace(s, NULL);
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
