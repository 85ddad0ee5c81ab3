#include "proxy/local/upstream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/limits.h"
#include "policy/route.h"
#include "proxy/local/far_tunnel.h"

#define TICK_MS 1000

struct upstream {
    struct upstream_set *set;
    const struct service *service;
    struct attempts attempts;
    struct peer *peers[UPSTREAM_PEERS_MAX]; /* NULL where there is none */
    struct peer *present;           /* takes streams; NULL if none does */
    struct peer *next;              /* being made; NULL if none is */
    size_t turn;                    /* of the endpoints: the one tried last */
    size_t tries;                   /* endpoints tried since the last success */
    struct far_tunnel_list waiting; /* for a session */
    struct far_tunnel_list opening; /* for their target */
};

struct upstream_set {
    struct upstream_config config;
    uv_timer_t tick;
    bool closing;
    void (*on_closed)(void *ctx);
    void *closed_ctx;
    size_t count;
    struct upstream upstreams[]; /* in the order of the policy */
};

static int64_t now_ms(const struct upstream *u)
{
    return (int64_t)uv_now(u->set->config.loop);
}

static enum status start_next(struct upstream *u);

/* Give |p|'s place back; true if it had one. */
static void forget(struct upstream *u, const struct peer *p)
{
    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++)
        if (u->peers[i] == p)
            u->peers[i] = NULL;
    if (u->present == p)
        u->present = NULL;
    if (u->next == p)
        u->next = NULL;
}

/* Attach |f| to the present session. STATUS_GOING_AWAY or STATUS_LIMIT: it
 * takes no more streams and is not the present one any longer. */
static enum status attach(struct upstream *u, struct far_tunnel *f)
{
    struct peer *p = u->present;
    enum status st = peer_attach(p, f, &u->opening, now_ms(u));

    if (st == STATUS_GOING_AWAY || st == STATUS_LIMIT) {
        u->present = NULL;
        peer_drain(p);
    }
    return st;
}

/* Let who waits go on over the present session, as far as it takes them. */
static void attach_waiting(struct upstream *u)
{
    while (u->present != NULL && u->waiting.first != NULL) {
        struct far_tunnel *f = u->waiting.first;
        enum status st = attach(u, f);

        if (st == STATUS_NO_MEMORY || st == STATUS_BAD_ADDRESS) {
            struct far_failure failure = { .service = u->service->name };

            (void)why_fail(&failure.why, st, "stream", NULL, "%s",
                           status_text(st));
            far_tunnel_fail(f, &failure);
        }
    }
}

/* There is somebody to serve and nobody to serve them: make a session, or say
 * that it cannot be. Not from upstream_far_open(), which must not fail a far
 * side before it has returned it. */
static void serve_waiting(struct upstream *u)
{
    struct far_failure failure = { .service = u->service->name };
    enum status st;

    if (u->waiting.first == NULL || u->present != NULL || u->next != NULL)
        return;
    st = start_next(u);
    if (st == STATUS_OK)
        return;
    (void)why_fail(&failure.why, st, "session", NULL, "%s", status_text(st));
    far_tunnel_fail_all(&u->waiting, &failure);
}

static void on_peer_ready(void *ctx, struct peer *p)
{
    struct upstream *u = ctx;
    struct peer *old = u->present;

    assert(u->next == p);
    u->next = NULL;
    u->present = p;
    u->tries = 0;
    if (old != NULL)
        peer_drain(old);
    attach_waiting(u);
    serve_waiting(u);
}

static void on_peer_goaway(void *ctx, struct peer *p)
{
    struct upstream *u = ctx;

    if (u->present == p)
        u->present = NULL;
}

/* What came of |p|, for the status surface. */
static void note(struct upstream *u, const struct peer *p,
                 const struct why *why)
{
    const struct endpoint *e = peer_endpoint(p);
    const int64_t now_unix = (int64_t)time(NULL);

    attempts_note(&u->attempts, (size_t)(e - u->service->endpoints), now_unix,
                  peer_attestation(p), why);
    if (why->status != STATUS_OK)
        tally_refusal(u->set->config.tally, now_unix, u->service->name, e->url,
                      why);
}

static void tell_decided(struct upstream *u, const struct peer *p,
                         const struct why *why)
{
    const struct upstream_config *c = &u->set->config;

    note(u, p, why);
    if (why->status == STATUS_OK)
        c->tally->accepted++;
    else
        c->tally->failed[status_class(why->status)]++;
    if (c->on_decided != NULL)
        c->on_decided(c->ctx, u->service, peer_endpoint(p), peer_attestation(p),
                      why);
}

/* The rows that say why: the verifier's, or if those passed the policy's. */
static const struct verdict *telling_rows(const struct attestation *a)
{
    if (a == NULL)
        return NULL;
    if (verdict_failed(&a->verdict) == NULL && a->decision.verdict.count > 0)
        return &a->decision.verdict;
    return &a->verdict;
}

/* The peer that was being made could not be had: another endpoint, or the
 * truth for those who wait. */
static void next_failed(struct upstream *u, struct peer *p,
                        const struct why *why)
{
    const struct far_failure failure = {
        .why = *why,
        .service = u->service->name,
        .endpoint = peer_endpoint(p)->url,
        .verdict = telling_rows(peer_attestation(p)),
    };

    log_why(u->set->config.log, LOG_WARN, "session.refused", why,
            LOG_FIELDS(LOG_S("service", u->service->name),
                       LOG_S("endpoint", peer_endpoint(p)->url)));
    tell_decided(u, p, why);
    if (u->tries < u->service->endpoint_count && start_next(u) == STATUS_OK)
        return;
    u->tries = 0;
    far_tunnel_fail_all(&u->waiting, &failure);
}

static void maybe_closed(struct upstream_set *set);

static void on_peer_closed(void *ctx, struct peer *p, const struct why *why)
{
    struct upstream *u = ctx;
    const struct peer_traffic traffic = peer_traffic(p);
    bool was_next = u->next == p;

    u->set->config.tally->ended_in += traffic.bytes_in;
    u->set->config.tally->ended_out += traffic.bytes_out;
    forget(u, p);
    if (was_next) {
        next_failed(u, p, why);
    } else if (why->status != STATUS_OK &&
               why->status != STATUS_SHUTTING_DOWN) {
        note(u, p, why);
        u->set->config.tally->lost++;
        log_why(u->set->config.log, LOG_WARN, "session.lost", why,
                LOG_FIELDS(LOG_S("service", u->service->name),
                           LOG_S("endpoint", peer_endpoint(p)->url)));
    }
    serve_waiting(u);
    maybe_closed(u->set);
}

/* Accepted, and still to shake hands: said as soon as it is known. */
static void on_peer_ready_told(void *ctx, struct peer *p)
{
    const struct why none = { .status = STATUS_OK };

    tell_decided(ctx, p, &none);
    on_peer_ready(ctx, p);
}

static const struct peer_events peer_events = {
    .on_ready = on_peer_ready_told,
    .on_goaway = on_peer_goaway,
    .on_closed = on_peer_closed,
};

static struct peer **free_place(struct upstream *u)
{
    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++)
        if (u->peers[i] == NULL)
            return &u->peers[i];
    return NULL;
}

/* Make a session with the endpoint whose turn it is. Returns STATUS_OK,
 * STATUS_SHUTTING_DOWN, STATUS_NO_MEMORY, STATUS_BAD_ADDRESS or STATUS_LIMIT
 * (old sessions whose streams do not end). */
static enum status start_next(struct upstream *u)
{
    const struct upstream_config *c = &u->set->config;
    struct peer **place = free_place(u);
    struct peer_config config = {
        .loop = c->loop,
        .hub = c->hub,
        .line = c->line,
        .log = c->log,
        .snapshot = c->snapshot,
        .service = u->service,
        .endpoint = &u->service->endpoints[u->turn],
        .events = &peer_events,
        .ctx = u,
    };
    enum status st;

    assert(u->next == NULL);
    if (u->set->closing)
        return STATUS_SHUTTING_DOWN;
    if (place == NULL)
        return STATUS_LIMIT;
    u->turn = (u->turn + 1) % u->service->endpoint_count;
    u->tries++;
    st = peer_open(&config, place);
    if (st == STATUS_OK)
        u->next = *place;
    return st;
}

/* Past the deadline of its attestation: no new streams. At two thirds of the
 * way there: make the next. */
static void tick_present(struct upstream *u, int64_t now_unix)
{
    const struct attestation *a;

    if (u->present == NULL)
        return;
    a = peer_attestation(u->present);
    if (now_unix > a->deadline_unix) {
        struct peer *p = u->present;

        u->present = NULL;
        peer_drain(p);
        return;
    }
    if (u->next == NULL && now_unix - a->attested_unix >
                               (a->deadline_unix - a->attested_unix) / 3 * 2)
        (void)start_next(u); /* else at the next tick */
}

static void tick_next(struct upstream *u)
{
    struct why why = { 0 };

    if (u->next == NULL ||
        now_ms(u) - peer_since_ms(u->next) < ATTEST_DEADLINE_MS)
        return;
    (void)why_fail(&why, STATUS_TIMED_OUT, "session", NULL, "%d s while %s %s",
                   ATTEST_DEADLINE_MS / 1000,
                   peer_state_name(peer_state_of(u->next)),
                   peer_endpoint(u->next)->url);
    peer_close(u->next, &why);
}

static void on_tick(uv_timer_t *timer)
{
    struct upstream_set *set = timer->data;

    for (size_t i = 0; i < set->count; i++) {
        struct upstream *u = &set->upstreams[i];

        tick_present(u, (int64_t)time(NULL));
        tick_next(u);
        far_tunnel_expire(&u->opening, now_ms(u));
        serve_waiting(u);
    }
}

static enum status upstream_init(struct upstream *u, struct upstream_set *set,
                                 const struct service *service, struct why *why)
{
    *u = (struct upstream){ .set = set, .service = service };
    if (attempts_init(&u->attempts, service->endpoint_count) == STATUS_OK)
        return STATUS_OK;
    return why_fail(why, STATUS_NO_MEMORY, "services", NULL,
                    "no memory for %zu endpoints", service->endpoint_count);
}

static void upstream_set_free(struct upstream_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        attempts_fini(&set->upstreams[i].attempts);
    }
    free(set);
}

static void on_tick_closed(uv_handle_t *handle)
{
    struct upstream_set *set = handle->data;

    if (set->on_closed != NULL)
        set->on_closed(set->closed_ctx);
    upstream_set_free(set);
}

enum status upstream_set_open(const struct upstream_config *config,
                              struct upstream_set **out, struct why *why)
{
    size_t count = config->snapshot->policy->service_count;
    struct upstream_set *set =
        calloc(1, sizeof(*set) + count * sizeof(set->upstreams[0]));
    enum status st = STATUS_OK;

    *out = NULL;
    if (set == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "services", NULL,
                        "no memory for %zu services", count);
    set->config = *config;
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        set->count++;
        st = upstream_init(&set->upstreams[i], set,
                           &config->snapshot->policy->services[i], why);
    }
    if (st == STATUS_OK && uv_timer_init(config->loop, &set->tick) != 0)
        st = why_fail(why, STATUS_NO_MEMORY, "services", NULL, "no timer");
    if (st != STATUS_OK) {
        upstream_set_free(set); /* libuv knows of no handle yet */
        return st;
    }
    set->tick.data = set;
    (void)uv_timer_start(&set->tick, on_tick, TICK_MS, TICK_MS);
    uv_unref((uv_handle_t *)&set->tick);
    *out = set;
    return STATUS_OK;
}

static bool has_peers(const struct upstream *u)
{
    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++)
        if (u->peers[i] != NULL)
            return true;
    return false;
}

static void maybe_closed(struct upstream_set *set)
{
    if (!set->closing || uv_is_closing((uv_handle_t *)&set->tick))
        return;
    for (size_t i = 0; i < set->count; i++)
        if (has_peers(&set->upstreams[i]))
            return;
    uv_close((uv_handle_t *)&set->tick, on_tick_closed);
}

void upstream_set_close(struct upstream_set *set, const struct why *why,
                        void (*on_closed)(void *ctx), void *ctx)
{
    set->closing = true;
    set->on_closed = on_closed;
    set->closed_ctx = ctx;
    for (size_t i = 0; i < set->count; i++) {
        struct upstream *u = &set->upstreams[i];
        const struct far_failure failure = { .why = *why,
                                             .service = u->service->name };

        far_tunnel_fail_all(&u->waiting, &failure);
        for (size_t k = 0; k < UPSTREAM_PEERS_MAX; k++)
            if (u->peers[k] != NULL)
                peer_close(u->peers[k], why);
    }
    maybe_closed(set);
}

static struct slice root_of(const struct upstream *u)
{
    return snapshot_root(u->set->config.snapshot, u->service);
}

/* |next| is that of the new policy; NULL if it has no such service. */
static void end_peer(struct upstream *u, struct peer *p,
                     const struct upstream *next)
{
    struct why why = { 0 };

    if (next == NULL) {
        (void)why_fail(&why, STATUS_NOT_SERVICE, "policy", NULL,
                       "the new policy has no service %s", u->service->name);
        peer_close(p, &why);
    } else if (!slice_equal(root_of(u), root_of(next))) {
        (void)why_fail(&why, STATUS_POLICY, "root", NULL,
                       "verified under another root");
        (void)why_expect(&why, "the root that the new policy names");
        peer_close(p, &why);
    } else if (peer_state_of(p) < PEER_READY) {
        (void)why_fail(&why, STATUS_SHUTTING_DOWN, "policy", NULL,
                       "the policy has changed");
        peer_close(p, &why);
    } else if (peer_judge_by(p, next->set->config.snapshot, next->service) ==
               STATUS_OK) {
        peer_drain(p);
    }
}

/* Does the policy of |u| lead the target of |f| to |u|? */
static bool is_for(const struct upstream *u, const struct far_tunnel *f)
{
    struct target target;
    struct route route;
    struct why why;

    return target_parse(&target, slice_text(f->target), 0, &why) == STATUS_OK &&
           route_find(u->set->config.snapshot->policy, slice_text(target.host),
                      target.port, &route, &why) == STATUS_OK &&
           route.kind == ROUTE_SERVICE && route.service == u->service;
}

/* Who waits for a session waits for the next one, unless the new policy leads
 * them elsewhere. */
static void move_waiting(struct upstream *u, struct upstream *next)
{
    struct far_failure failure = { .service = u->service->name };

    (void)why_fail(&failure.why, STATUS_NOT_SERVICE, "policy", NULL,
                   "the new policy does not lead to service %s any more",
                   u->service->name);
    while (u->waiting.first != NULL) {
        struct far_tunnel *f = u->waiting.first;

        if (next != NULL && is_for(next, f))
            far_tunnel_move(f, next->service->name, &next->waiting);
        else
            far_tunnel_fail(f, &failure);
    }
}

static void retire(struct upstream *u, struct upstream *next)
{
    move_waiting(u, next);
    if (next != NULL && next->waiting.first != NULL)
        upstream_connect(next);
    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++)
        if (u->peers[i] != NULL)
            end_peer(u, u->peers[i], next);
}

/* The service that |next| has under |name|; NULL if none. */
static struct upstream *find_name(struct upstream_set *next, const char *name)
{
    for (size_t i = 0; i < next->count; i++)
        if (strcmp(next->upstreams[i].service->name, name) == 0)
            return &next->upstreams[i];
    return NULL;
}

void upstream_set_retire(struct upstream_set *old, struct upstream_set *next,
                         void (*on_closed)(void *ctx), void *ctx)
{
    old->closing = true;
    old->on_closed = on_closed;
    old->closed_ctx = ctx;
    for (size_t i = 0; i < old->count; i++) {
        struct upstream *u = &old->upstreams[i];
        u->present = NULL;
        retire(u, find_name(next, u->service->name));
    }
    maybe_closed(old);
}

void upstream_set_rejudge(struct upstream_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        for (size_t k = 0; k < UPSTREAM_PEERS_MAX; k++)
            if (set->upstreams[i].peers[k] != NULL)
                peer_rejudge(set->upstreams[i].peers[k]);
}

struct upstream *upstream_find(struct upstream_set *set,
                               const struct service *service)
{
    size_t i = (size_t)(service - set->config.snapshot->policy->services);

    assert(i < set->count && set->upstreams[i].service == service);
    return &set->upstreams[i];
}

enum status upstream_far_open(struct upstream *u, const struct target *target,
                              const struct far_events *events, void *ctx,
                              struct far **out)
{
    struct far_tunnel *f;
    enum status st;

    *out = NULL;
    if (u->set->closing)
        return STATUS_SHUTTING_DOWN;
    if (u->waiting.count >= STREAMS_MAX)
        return STATUS_LIMIT;
    /* The tick may be late: a machine that wakes has not ticked yet. */
    tick_present(u, (int64_t)time(NULL));
    st = far_tunnel_new(u->service->name, target, events, ctx,
                        carrier_hub_gather(u->set->config.hub), &u->waiting,
                        now_ms(u), &f);
    if (st != STATUS_OK)
        return st;
    if (u->present != NULL)
        st = attach(u, f);
    if (st == STATUS_NO_MEMORY || st == STATUS_BAD_ADDRESS) {
        far_close(&f->far);
        return st;
    }
    upstream_connect(u);
    u->set->config.tally->streams++;
    *out = &f->far;
    return STATUS_OK;
}

void upstream_connect(struct upstream *u)
{
    /* If it cannot even begin, serve_waiting() says so at the next tick. */
    if (u->present == NULL && u->next == NULL)
        (void)start_next(u);
}

size_t upstream_set_count(const struct upstream_set *set)
{
    return set->count;
}

struct upstream_view upstream_set_view(const struct upstream_set *set, size_t i)
{
    const struct upstream *u = &set->upstreams[i];

    return (struct upstream_view){
        .service = u->service,
        .waiting = u->waiting.count,
        .present = u->present,
        .next = u->next,
        .peers = (const struct peer *const *)u->peers,
        .attempts = &u->attempts,
    };
}
