#include "proxy/local/porter.h"

#include <assert.h>
#include <stdlib.h>

#include <uv.h>

#include "common/secret.h"
#include "proxy/io/origin.h"

/* A table of fixed size: addresses may have to share a row, by chance. */
#define ROWS 256

struct porter {
    uv_mutex_t lock; /* of what follows |tries| */
    size_t conns_max;
    struct rate_limit tries;
    uint64_t secret; /* so that nobody knows who shares a row with whom */
    size_t conns;
    struct rate rows[ROWS];
};

enum status porter_new(size_t conns_max, struct rate_limit tries,
                       struct porter **out)
{
    struct porter *p = calloc(1, sizeof(*p));

    *out = NULL;
    if (p == NULL)
        return STATUS_NO_MEMORY;
    if (uv_mutex_init(&p->lock) != 0) {
        free(p);
        return STATUS_NO_MEMORY;
    }
    p->conns_max = conns_max;
    p->tries = tries;
    secret_random(&p->secret, sizeof(p->secret));
    *out = p;
    return STATUS_OK;
}

void porter_free(struct porter *p)
{
    if (p == NULL)
        return;
    assert(p->conns == 0);
    uv_mutex_destroy(&p->lock);
    free(p);
}

bool porter_enter(struct porter *p)
{
    bool room;

    uv_mutex_lock(&p->lock);
    room = p->conns < p->conns_max;
    p->conns += room;
    uv_mutex_unlock(&p->lock);
    return room;
}

void porter_leave(struct porter *p)
{
    uv_mutex_lock(&p->lock);
    assert(p->conns > 0);
    p->conns--;
    uv_mutex_unlock(&p->lock);
}

static struct rate *row_of(struct porter *p, const char *peer)
{
    static const struct origin this_machine = { .family = 4,
                                                .prefix = { 127 } };
    const struct origin o = origin_of(peer);

    return &p->rows[origin_hash(origin_is_loopback(&o) ? &this_machine : &o,
                                p->secret) %
                    ROWS];
}

bool porter_may_try(struct porter *p, const char *peer, uint64_t now_ms)
{
    bool left;

    uv_mutex_lock(&p->lock);
    left = rate_is_left(row_of(p, peer), &p->tries, now_ms);
    uv_mutex_unlock(&p->lock);
    return left;
}

bool porter_wrong(struct porter *p, const char *peer, uint64_t now_ms)
{
    struct rate *row = row_of(p, peer);
    bool last;

    uv_mutex_lock(&p->lock);
    last = rate_spend(row, &p->tries, now_ms) &&
           !rate_is_left(row, &p->tries, now_ms);
    uv_mutex_unlock(&p->lock);
    return last;
}
