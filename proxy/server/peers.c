#include "proxy/server/peers.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <uv.h>

#include "common/rate.h"
#include "common/secret.h"
#include "proxy/io/origin.h"

/* A rate must outlive its peer's connections, or connecting again would give
 * new credit; a table of fixed size does that without a list of the past. */
#define RATES   4096
#define RATE_MS 1000

#define MIB ((size_t)1024 * 1024)

struct peer {
    struct origin origin;
    size_t pending;
    size_t all;
    size_t asking; /* for a quote */
    struct budget budget;
    UT_hash_handle hh;
};

struct peers {
    struct peers_limits limits;
    struct budget budget; /* of all peers */
    uv_mutex_t lock;      /* of all that follows */
    struct peer *table;   /* those with a connection */
    size_t pending;
    size_t all;
    size_t asking;
    uint64_t entered;
    uint64_t refused[PEERS_LIMITS];
    uint64_t secret; /* so that nobody knows who shares a rate with whom */
    struct rate rates[RATES];
};

static const char *const limit_fields[PEERS_LIMITS] = {
    [PEERS_ALL] = "limit.connections",
    [PEERS_PENDING] = "limit.pending",
    [PEERS_ONE_ALL] = "limit.peer-connections",
    [PEERS_ONE_PENDING] = "limit.peer-pending",
};

const char *peers_limit_name(enum peers_limit limit)
{
    return limit_fields[limit] + strlen("limit.");
}

enum status peers_new(const struct peers_limits *limits, struct peers **out)
{
    struct peers *p = calloc(1, sizeof(*p));

    *out = NULL;
    if (p == NULL)
        return STATUS_NO_MEMORY;
    if (uv_mutex_init(&p->lock) != 0) {
        free(p);
        return STATUS_NO_MEMORY;
    }
    p->limits = *limits;
    budget_init(&p->budget, limits->queued_mib * MIB, NULL);
    secret_random(&p->secret, sizeof(p->secret));
    *out = p;
    return STATUS_OK;
}

void peers_free(struct peers *p)
{
    if (p == NULL)
        return;
    assert(p->all == 0 && budget_used(&p->budget) == 0);
    uv_mutex_destroy(&p->lock);
    free(p);
}

static struct peer *find_or_add(struct peers *p, const struct origin *origin)
{
    struct peer *peer = NULL;

    HASH_FIND(hh, p->table, origin, sizeof(*origin), peer);
    if (peer != NULL)
        return peer;
    peer = calloc(1, sizeof(*peer));
    if (peer == NULL)
        return NULL;
    peer->origin = *origin;
    budget_init(&peer->budget, p->limits.peer_queued_mib * MIB, &p->budget);
    HASH_ADD(hh, p->table, origin, sizeof(peer->origin), peer);
    if (peer->hh.tbl == NULL) { /* out of memory */
        free(peer);
        return NULL;
    }
    return peer;
}

static void remove_if_gone(struct peers *p, struct peer *peer)
{
    if (peer->all > 0)
        return;
    assert(budget_used(&peer->budget) == 0);
    HASH_DEL(p->table, peer);
    free(peer);
}

/* One may not have more than are left for all others: so, while many hold as
 * many as they can, there is room for who holds few. */
static size_t share(size_t limit, size_t used, size_t peer_limit)
{
    return MIN_OF(peer_limit, used < limit ? limit - used : 0);
}

static enum status check_limits(struct peers *p, const struct peer *peer,
                                struct why *why)
{
    const struct {
        size_t used;
        size_t most;
    } rows[PEERS_LIMITS] = {
        [PEERS_ALL] = { p->all, p->limits.all },
        [PEERS_PENDING] = { p->pending, p->limits.pending },
        [PEERS_ONE_ALL] = { peer->all, p->limits.peer_all },
        [PEERS_ONE_PENDING] = { peer->pending,
                                share(p->limits.pending, p->pending,
                                      p->limits.peer_pending) },
    };

    for (size_t i = 0; i < PEERS_LIMITS; i++) {
        if (rows[i].used < rows[i].most)
            continue;
        p->refused[i]++;
        return why_fail(why, STATUS_LIMIT, limit_fields[i], NULL,
                        "%zu connections", rows[i].used);
    }
    return STATUS_OK;
}

/* With the lock held. */
static enum status enter(struct peers *p, const struct origin *origin,
                         struct peers_pass *out, struct why *why)
{
    struct peer *peer = find_or_add(p, origin);
    enum status st;

    if (peer == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "peers", NULL, "out of memory");
    st = check_limits(p, peer, why);
    if (st != STATUS_OK) {
        remove_if_gone(p, peer);
        return st;
    }
    p->entered++;
    p->all++;
    p->pending++;
    peer->all++;
    peer->pending++;
    *out = (struct peers_pass){ .peers = p, .peer = peer, .pending = true };
    return STATUS_OK;
}

enum status peers_enter(struct peers *p, const char *address,
                        struct peers_pass *out, struct why *why)
{
    const struct origin origin = origin_of(address);
    enum status st;

    *out = (struct peers_pass){ 0 };
    uv_mutex_lock(&p->lock);
    st = enter(p, &origin, out, why);
    uv_mutex_unlock(&p->lock);
    return st;
}

void peers_ready(struct peers_pass *pass)
{
    struct peers *p = pass->peers;

    assert(pass->peer != NULL);
    if (!pass->pending)
        return;
    pass->pending = false;
    uv_mutex_lock(&p->lock);
    p->pending--;
    pass->peer->pending--;
    uv_mutex_unlock(&p->lock);
}

struct budget *peers_budget(const struct peers_pass *pass)
{
    return pass->peer == NULL ? NULL : &pass->peer->budget;
}

struct budget *peers_whole(struct peers *p)
{
    return &p->budget;
}

static struct rate *rate_of(struct peers *p, const struct origin *origin)
{
    return &p->rates[origin_hash(origin, p->secret) % RATES];
}

static size_t or_any(size_t limit)
{
    return limit > 0 ? limit : SIZE_MAX;
}

/* With the lock held. */
static enum status ask(struct peers *p, struct peer *peer, uint64_t now_ms,
                       struct why *why)
{
    const struct peers_limits *l = &p->limits;
    const struct rate_limit rate = { l->peer_quote_rate, RATE_MS };
    const size_t most =
        share(or_any(l->quotes), p->asking, or_any(l->peer_quotes));

    if (peer->asking >= MAX_OF(most, (size_t)1))
        return why_fail(why, STATUS_BUSY, "limit.peer-quotes", NULL,
                        "%zu at once, %zu of all", peer->asking, p->asking);
    if (!rate_spend(rate_of(p, &peer->origin), &rate, now_ms))
        return why_fail(why, STATUS_BUSY, "limit.peer-quote-rate", NULL,
                        "more than %zu in a second", l->peer_quote_rate);
    peer->asking++;
    p->asking++;
    return STATUS_OK;
}

enum status peers_ask(struct peers_pass *pass, uint64_t now_ms, struct why *why)
{
    struct peers *p = pass->peers;
    enum status st;

    assert(!pass->asking);
    uv_mutex_lock(&p->lock);
    st = ask(p, pass->peer, now_ms, why);
    uv_mutex_unlock(&p->lock);
    pass->asking = st == STATUS_OK;
    return st;
}

void peers_answered(struct peers_pass *pass)
{
    struct peers *p = pass->peers;

    if (!pass->asking)
        return;
    pass->asking = false;
    uv_mutex_lock(&p->lock);
    pass->peer->asking--;
    p->asking--;
    uv_mutex_unlock(&p->lock);
}

void peers_leave(struct peers_pass *pass)
{
    struct peers *p = pass->peers;

    if (pass->peer == NULL)
        return;
    peers_answered(pass);
    peers_ready(pass);
    uv_mutex_lock(&p->lock);
    p->all--;
    pass->peer->all--;
    remove_if_gone(p, pass->peer);
    uv_mutex_unlock(&p->lock);
    *pass = (struct peers_pass){ 0 };
}

void peers_read(struct peers *p, struct peers_figures *out)
{
    uv_mutex_lock(&p->lock);
    *out = (struct peers_figures){
        .entered = p->entered,
        .all = p->all,
        .pending = p->pending,
        .peers = HASH_COUNT(p->table),
        .queued = budget_used(&p->budget),
    };
    memcpy(out->refused, p->refused, sizeof(out->refused));
    uv_mutex_unlock(&p->lock);
}
