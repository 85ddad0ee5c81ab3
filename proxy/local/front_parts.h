/* proxy/local/front_parts.h: the front as its own files know it. Private to
 * front.c, client.c and the protocols. */
#ifndef PROXY_LOCAL_FRONT_PARTS_H
#define PROXY_LOCAL_FRONT_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "common/buffer.h"
#include "common/list.h"
#include "proxy/local/front.h"

/* Freed in the close callback of |sweep|, once the last client is gone. */
struct front {
    struct front_config config;
    struct list clients; /* all, latest first */
    size_t count;
    uint64_t next_id;
    uint64_t routes;       /* how often they have changed */
    struct buffer scratch; /* what one callback writes; empty between two */
    struct buffer told;    /* the last event of live.h; empty if none listen */
    unsigned quiet;        /* sweeps since something was told */
    uv_timer_t sweep;      /* ends far sides kept too long for a next request,
                            * and tells who listens */
    bool draining;         /* no client starts anything new */
    bool ending;           /* |sweep| is closing */
    void (*on_closed)(void *ctx);
    void *closed_ctx;
};

void front_parts_add(struct front *f, struct client *c);
void front_parts_remove(struct front *f, struct client *c);

/* The scratch buffer, empty. */
struct buffer *front_parts_scratch(struct front *f);

#endif
