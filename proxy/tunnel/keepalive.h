/* proxy/tunnel/keepalive.h: is the peer still there?
 *
 * After PING_INTERVAL_MS without a message from the peer it is asked; when
 * nothing at all came PING_DEADLINE_MS after that, it is gone. Numbers only:
 * frames and clocks are session.h's and the caller's. */
#ifndef PROXY_TUNNEL_KEEPALIVE_H
#define PROXY_TUNNEL_KEEPALIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/limits.h"

struct keepalive {
    int64_t heard_ms; /* last message of the peer */
    int64_t asked_ms; /* last ping; only if |asking| */
    bool asking;      /* nothing was heard since the ping */
    uint64_t pings;   /* how many were sent; each carries its number */
    uint64_t pongs;   /* number of the last that was answered */
};

enum keepalive_step { KEEPALIVE_WAIT, KEEPALIVE_PING, KEEPALIVE_GONE };

void keepalive_init(struct keepalive *k, int64_t now_ms);

/* A message arrived that opened. */
void keepalive_heard(struct keepalive *k, int64_t now_ms);

/* A pong arrived; false when no ping with this number waits for it. */
MUST_CHECK bool keepalive_pong(struct keepalive *k, uint64_t number);

/* When keepalive_tick() is due. */
int64_t keepalive_deadline(const struct keepalive *k);

/* What to do now. KEEPALIVE_PING: send |k->pings|. */
enum keepalive_step keepalive_tick(struct keepalive *k, int64_t now_ms);

#endif
