#include "proxy/local/upstream_idle.h"

#include "proxy/local/upstream_parts.h"

static bool is_in_demand(const struct upstream *u)
{
    if (u->waiting.count > 0)
        return true;
    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++)
        if (u->takes[i] && peer_traffic(u->peers[i]).streams > 0)
            return true;
    return false;
}

/* False: there was none that takes streams. */
static bool drain_all(struct upstream *u)
{
    bool any = false;

    for (size_t i = 0; i < UPSTREAM_PEERS_MAX; i++) {
        if (!u->takes[i])
            continue;
        any = true;
        u->takes[i] = false;
        peer_drain(u->peers[i]);
    }
    return any;
}

void upstream_idle_tick(struct upstream *u, int64_t now_ms)
{
    const int64_t most_ms = u->set->config.session_idle_ms;
    const int64_t idle_ms = now_ms - u->used_ms;

    if (is_in_demand(u))
        u->used_ms = now_ms;
    else if (most_ms > 0 && idle_ms >= most_ms && drain_all(u))
        log_event(u->set->config.log, LOG_INFO, "session.idle",
                  LOG_FIELDS(LOG_S("service", u->service->name),
                             LOG_N("seconds", idle_ms / 1000)));
}
