#include "proxy/local/upstream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/limits.h"
#include "proxy/local/upstream_idle.h"
#include "proxy/local/upstream_parts.h"

#define TICK_MS 1000

/* Where a service has several endpoints: so many sessions share its load at
 * most, and one is added when each has so many streams. A session costs its
 * server a quote. */
#define SPREAD_SESSIONS_MAX 4
#define SPREAD_STREAMS      4

static int64_t now_ms(const struct upstream *u)
{
    return (int64_t)uv_now(u->set->config.loop);
}

static enum status start_next(struct upstream *u);
static void spread(struct upstream *u);

static size_t endpoint_of(const struct upstream *u, const struct peer *p)
{
    return (size_t)(peer_endpoint(p) - u->service->endpoints);
}

/* |p| gets no more streams from us. */
static void stop_using(struct upstream *u, const struct peer *p)
{
    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++)
        if (u->peers[i] == p)
            u->takes[i] = false;
}

/* Give |p|'s place back. */
static void forget(struct upstream *u, const struct peer *p)
{
    stop_using(u, p);
    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++)
        if (u->peers[i] == p)
            u->peers[i] = NULL;
    if (u->next == p)
        u->next = NULL;
}

/* The session with the fewest streams, of those that take some; NULL if none
 * does. */
static struct peer *present(const struct upstream *u)
{
    struct peer *best = NULL;
    size_t fewest = SIZE_MAX;

    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++) {
        size_t streams =
            u->takes[i] ? peer_traffic(u->peers[i]).streams : SIZE_MAX;

        if (streams < fewest) {
            best = u->peers[i];
            fewest = streams;
        }
    }
    return best;
}

/* Attach |f| to a session. STATUS_GOING_AWAY or STATUS_LIMIT: that takes no more
 * streams, and is not asked any more. */
static enum status attach(struct upstream *u, struct peer *p,
                          struct far_tunnel *f)
{
    enum status st = peer_attach(p, f, &u->opening, now_ms(u));

    if (st == STATUS_GOING_AWAY || st == STATUS_LIMIT) {
        stop_using(u, p);
        peer_drain(p);
    }
    return st;
}

/* Let who waits go on over the present sessions, as far as they take them. */
static void attach_waiting(struct upstream *u)
{
    struct peer *p = present(u);

    for (; p != NULL && u->waiting.count > 0; p = present(u)) {
        struct far_tunnel *f = far_tunnel_first(&u->waiting);
        enum status st = attach(u, p, f);

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

    attach_waiting(u);
    if (u->waiting.count == 0 || u->next != NULL)
        return;
    st = start_next(u);
    if (st == STATUS_OK)
        return;
    (void)why_fail(&failure.why, st, "session", NULL, "%s", status_text(st));
    far_tunnel_fail_all(&u->waiting, &failure);
}

/* |p|, which is new, stands for older sessions with its endpoint. */
static void use(struct upstream *u, struct peer *p)
{
    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++) {
        if (u->peers[i] == p) {
            u->takes[i] = true;
        } else if (u->takes[i] &&
                   peer_endpoint(u->peers[i]) == peer_endpoint(p)) {
            u->takes[i] = false;
            peer_drain(u->peers[i]);
        }
    }
}

static void on_peer_ready(void *ctx, struct peer *p)
{
    struct upstream *u = ctx;

    assert(u->next == p);
    u->next = NULL;
    health_succeeded(&u->health, endpoint_of(u, p));
    health_begin(&u->health);
    use(u, p);
    serve_waiting(u);
    spread(u);
}

static void on_peer_goaway(void *ctx, struct peer *p)
{
    stop_using(ctx, p);
}

/* What came of |p|, for the status surface. */
static void note(struct upstream *u, const struct peer *p,
                 const struct why *why)
{
    const struct endpoint *e = peer_endpoint(p);
    const int64_t now_unix = (int64_t)time(NULL);

    attempts_note(&u->attempts, endpoint_of(u, p), now_unix,
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

/* The peer that was being made could not be had: another endpoint, or the
 * truth for those who wait. */
static void next_failed(struct upstream *u, struct peer *p,
                        const struct why *why)
{
    const struct attestation *a = peer_attestation(p);
    const struct far_failure failure = {
        .why = *why,
        .service = u->service->name,
        .endpoint = peer_endpoint(p)->url,
        .verdict = a != NULL ? &a->verdict : NULL,
        .judgement = a != NULL ? &a->decision.verdict : NULL,
    };

    log_why(u->set->config.log, LOG_WARN, "session.refused", why,
            LOG_FIELDS(LOG_S("service", u->service->name),
                       LOG_S("endpoint", peer_endpoint(p)->url)));
    tell_decided(u, p, why);
    health_failed(&u->health, endpoint_of(u, p), now_ms(u));
    if (present(u) != NULL || start_next(u) == STATUS_OK)
        return;
    health_begin(&u->health);
    far_tunnel_fail_all(&u->waiting, &failure);
}

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
        health_failed(&u->health, endpoint_of(u, p), now_ms(u));
        u->set->config.tally->lost++;
        log_why(u->set->config.log, LOG_WARN, "session.lost", why,
                LOG_FIELDS(LOG_S("service", u->service->name),
                           LOG_S("endpoint", peer_endpoint(p)->url)));
    }
    serve_waiting(u);
    upstream_set_settle(u->set);
}

static void on_peer_refused(void *ctx, struct peer *p, const struct why *why)
{
    struct upstream *u = ctx;

    stop_using(u, p);
    note(u, p, why);
    log_why(u->set->config.log, LOG_WARN, "session.draining", why,
            LOG_FIELDS(LOG_S("service", u->service->name),
                       LOG_S("endpoint", peer_endpoint(p)->url)));
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
    .on_refused = on_peer_refused,
    .on_closed = on_peer_closed,
};

static struct peer **free_place(struct upstream *u)
{
    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++)
        if (u->peers[i] == NULL)
            return &u->peers[i];
    return NULL;
}

/* Make a session with endpoint |i|. Returns STATUS_OK, STATUS_SHUTTING_DOWN,
 * STATUS_NO_MEMORY, STATUS_BAD_ADDRESS or STATUS_LIMIT (old sessions whose
 * streams do not end). */
static enum status start_with(struct upstream *u, size_t i)
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
        .endpoint = &u->service->endpoints[i],
        .events = &peer_events,
        .ctx = u,
    };
    enum status st;

    assert(u->next == NULL);
    if (u->set->closing)
        return STATUS_SHUTTING_DOWN;
    if (place == NULL)
        return STATUS_LIMIT;
    st = peer_open(&config, place);
    if (st == STATUS_OK)
        u->next = *place;
    return st;
}

/* Make a session with the endpoint whose turn it is. Returns as above, or
 * STATUS_UNREACHABLE when all had theirs since the last success. */
static enum status start_next(struct upstream *u)
{
    const size_t i = health_next(&u->health, now_ms(u));

    return i < u->health.count ? start_with(u, i) : STATUS_UNREACHABLE;
}

static bool is_in_use(const void *ctx, size_t endpoint)
{
    const struct upstream *u = ctx;

    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++)
        if (u->takes[i] && endpoint_of(u, u->peers[i]) == endpoint)
            return true;
    return false;
}

static size_t count_present(const struct upstream *u)
{
    size_t count = 0;

    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++)
        count += u->takes[i];
    return count;
}

/* All sessions have much to do, and another endpoint might help. */
static void spread(struct upstream *u)
{
    const struct peer *p = present(u);
    size_t i;

    if (p == NULL || u->next != NULL ||
        peer_traffic(p).streams < SPREAD_STREAMS ||
        count_present(u) >= SPREAD_SESSIONS_MAX)
        return;
    i = health_spare(&u->health, now_ms(u), is_in_use, u);
    if (i < u->health.count)
        (void)start_with(u, i); /* there are others */
}

/* Past the deadline of its attestation: no new streams. At two thirds of the
 * way there: make the next. */
static void tick_peer(struct upstream *u, struct peer *p, int64_t now_unix)
{
    const struct attestation *a = peer_attestation(p);
    const size_t i = endpoint_of(u, p);

    if (now_unix > a->deadline_unix) {
        stop_using(u, p);
        peer_drain(p);
    } else if (u->next == NULL && health_is_rested(&u->health, i, now_ms(u)) &&
               now_unix - a->attested_unix >
                   (a->deadline_unix - a->attested_unix) / 3 * 2) {
        (void)start_with(u, i); /* else at a later tick */
    }
}

static void tick_present(struct upstream *u, int64_t now_unix)
{
    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++)
        if (u->takes[i])
            tick_peer(u, u->peers[i], now_unix);
}

static void tick_all(struct upstream *u, int64_t now_unix)
{
    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++)
        if (u->peers[i] != NULL)
            peer_tick(u->peers[i], now_ms(u), now_unix);
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

        upstream_idle_tick(u, now_ms(u));
        tick_present(u, (int64_t)time(NULL));
        tick_all(u, (int64_t)time(NULL));
        tick_next(u);
        far_tunnel_expire(&u->opening, now_ms(u));
        serve_waiting(u);
    }
}

static enum status upstream_init(struct upstream *u, struct upstream_set *set,
                                 const struct service *service, struct why *why)
{
    *u = (struct upstream){ .set = set, .service = service };
    u->opening.again = &u->waiting;
    /* Where there is more than one endpoint, what has sent nothing can go to
     * another when a session is lost, and that is worth the wait. */
    u->waiting.early =
        service->endpoint_count == 1 && service->protocol == PROTOCOL_NATIVE;
    u->opening.early = u->waiting.early;
    if (attempts_init(&u->attempts, service->endpoint_count) == STATUS_OK &&
        health_init(&u->health, service->endpoint_count) == STATUS_OK)
        return STATUS_OK;
    return why_fail(why, STATUS_NO_MEMORY, "services", NULL,
                    "no memory for %zu endpoints", service->endpoint_count);
}

static void upstream_set_free(struct upstream_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        attempts_fini(&set->upstreams[i].attempts);
        health_fini(&set->upstreams[i].health);
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

void upstream_set_settle(struct upstream_set *set)
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

        u->opening.again = NULL;
        far_tunnel_fail_all(&u->waiting, &failure);
        for (size_t k = 0; k < UPSTREAM_PEERS_MAX; k++)
            if (u->peers[k] != NULL)
                peer_close(u->peers[k], why);
    }
    upstream_set_settle(set);
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
    struct peer *p;
    enum status st;

    *out = NULL;
    if (u->set->closing)
        return STATUS_SHUTTING_DOWN;
    if (u->waiting.count >= STREAMS_MAX)
        return STATUS_LIMIT;
    u->used_ms = now_ms(u);
    /* The tick may be late: a machine that wakes has not ticked yet. */
    tick_present(u, (int64_t)time(NULL));
    st = far_tunnel_new(u->service->name, target, events, ctx,
                        carrier_hub_gather(u->set->config.hub), &u->waiting,
                        now_ms(u), &f);
    if (st != STATUS_OK)
        return st;
    for (p = present(u); p != NULL; p = present(u)) {
        st = attach(u, p, f);
        if (st != STATUS_GOING_AWAY && st != STATUS_LIMIT)
            break;
    }
    if (st == STATUS_NO_MEMORY || st == STATUS_BAD_ADDRESS) {
        far_close(&f->far);
        return st;
    }
    upstream_connect(u);
    spread(u);
    u->set->config.tally->streams++;
    *out = &f->far;
    return STATUS_OK;
}

void upstream_connect(struct upstream *u)
{
    u->used_ms = now_ms(u);
    /* If it cannot even begin, serve_waiting() says so at the next tick. */
    if (present(u) == NULL && u->next == NULL)
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
        .present = present(u),
        .next = u->next,
        .peers = (const struct peer *const *)u->peers,
        .attempts = &u->attempts,
    };
}
