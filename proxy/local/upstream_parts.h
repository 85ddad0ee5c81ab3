/* proxy/local/upstream_parts.h: upstreams as their own files know them. Private
 * to upstream*.c. */
#ifndef PROXY_LOCAL_UPSTREAM_PARTS_H
#define PROXY_LOCAL_UPSTREAM_PARTS_H

#include "proxy/local/far_tunnel.h"
#include "proxy/local/health.h"
#include "proxy/local/upstream.h"

struct upstream {
    struct upstream_set *set;
    const struct service *service;
    struct attempts attempts;
    struct peer *peers[UPSTREAM_PEERS_MAX]; /* NULL where there is none */
    bool takes[UPSTREAM_PEERS_MAX];         /* streams */
    struct peer *next;                      /* being made; NULL if none is */
    int64_t used_ms;      /* when somebody asked, or had a stream, last */
    struct health health; /* of the endpoints */
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

/* Is a set that closes without peers now? Then it ends. */
void upstream_set_settle(struct upstream_set *set);

#endif
