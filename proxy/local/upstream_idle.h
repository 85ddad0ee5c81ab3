/* proxy/local/upstream_idle.h: sessions that nobody uses.
 *
 * Such a session costs its server memory, and a quote each time it is made
 * anew: it ends, and whoever asks gets another. */
#ifndef PROXY_LOCAL_UPSTREAM_IDLE_H
#define PROXY_LOCAL_UPSTREAM_IDLE_H

#include <stdint.h>

#include "proxy/local/upstream.h"

/* Now and then: note whether |u| is used, and end its sessions once it was not
 * for as long as its config says. Monotonic time. */
void upstream_idle_tick(struct upstream *u, int64_t now_ms);

#endif
