#include "proxy/tunnel/keepalive.h"

void keepalive_init(struct keepalive *k, int64_t now_ms)
{
    *k = (struct keepalive){ .heard_ms = now_ms };
}

void keepalive_heard(struct keepalive *k, int64_t now_ms)
{
    k->heard_ms = now_ms;
    k->asking = false;
}

/* Pongs may skip pings, as one answer stands for all before it, but come in
 * order. */
bool keepalive_pong(struct keepalive *k, uint64_t number)
{
    if (number <= k->pongs || number > k->pings)
        return false;
    k->pongs = number;
    return true;
}

int64_t keepalive_deadline(const struct keepalive *k)
{
    return k->asking ? k->asked_ms + PING_DEADLINE_MS
                     : k->heard_ms + PING_INTERVAL_MS;
}

enum keepalive_step keepalive_tick(struct keepalive *k, int64_t now_ms)
{
    if (now_ms < keepalive_deadline(k))
        return KEEPALIVE_WAIT;
    if (k->asking)
        return KEEPALIVE_GONE;
    k->asking = true;
    k->asked_ms = now_ms;
    k->pings++;
    return KEEPALIVE_PING;
}
