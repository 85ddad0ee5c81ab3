#include "proxy/local/upstream_retire.h"

#include <string.h>

#include "policy/route.h"
#include "proxy/local/service_gate.h"
#include "proxy/local/upstream_parts.h"

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

/* Does the service's own address lead to |target|? */
static bool is_for_gate(const struct service *service,
                        const struct target *target)
{
    struct target own;
    struct why why;

    return service->local != NULL &&
           service_gate_target(service, &own, &why) == STATUS_OK &&
           target_equal(&own, target);
}

/* Does the policy of |u| lead the target of |f| to |u|? */
static bool is_for(const struct upstream *u, const struct far_tunnel *f)
{
    struct target target;
    struct route route;
    struct why why;

    if (target_parse(&target, slice_text(f->target), 0, &why) != STATUS_OK)
        return false;
    if (is_for_gate(u->service, &target))
        return true;
    return route_find(u->set->config.snapshot->policy, slice_text(target.host),
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
    while (u->waiting.count > 0) {
        struct far_tunnel *f = far_tunnel_first(&u->waiting);

        if (next != NULL && is_for(next, f))
            far_tunnel_move(f, next->service->name, &next->waiting);
        else
            far_tunnel_fail(f, &failure);
    }
}

static void retire(struct upstream *u, struct upstream *next)
{
    move_waiting(u, next);
    if (next != NULL && next->waiting.count > 0)
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

void upstream_retire_set(struct upstream_set *old, struct upstream_set *next,
                         void (*on_closed)(void *ctx), void *ctx)
{
    old->closing = true;
    old->on_closed = on_closed;
    old->closed_ctx = ctx;
    for (size_t i = 0; i < old->count; i++) {
        struct upstream *u = &old->upstreams[i];
        memset(u->takes, 0, sizeof(u->takes));
        u->opening.again = NULL; /* no session is made here any more */
        retire(u, find_name(next, u->service->name));
    }
    upstream_set_settle(old);
}
