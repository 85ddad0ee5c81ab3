/* proxy/local/relay.h: bytes between a local connection and a far side.
 *
 * No byte waits in a queue of the relay: what the application sends is read
 * straight to where the far side wants it, and only as much as it has room
 * for; what the far side sends is bounded by the credit it gets back when it
 * has left. An end of either direction is passed on, and the other goes on.
 * A far side that fails becomes a reset, never a clean end, and the other way
 * round. */
#ifndef PROXY_LOCAL_RELAY_H
#define PROXY_LOCAL_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"
#include "proxy/io/conn.h"
#include "proxy/local/far.h"

/* The owner's storage, all zero until relay_start(). */
struct relay {
    struct conn *conn; /* owned; NULL once over */
    struct far *far;   /* owned; NULL once over */
    /* It is over, for |why| (status OK: both directions ended well). The last
     * thing done: the storage may go. */
    void (*on_done)(void *ctx, const struct why *why);
    void *ctx;
    int64_t idle_ms; /* cut after so long without a byte either way; 0: never */
    size_t owed;     /* bytes of the far side not yet given back */
    bool local_ended;    /* the application sends no more */
    bool local_told;     /* the far side's end was passed on, and has left */
    uint64_t up_bytes;   /* from the application */
    uint64_t down_bytes; /* to the application */
};

/* Relay between |conn|, whose owner has read |early| but not passed it on, and
 * |far|, which is open; |owed| bytes of it are written or pending, but not
 * given back. Cut after |idle_ms| without a byte either way; 0: never. Takes
 * both over when it returns STATUS_OK; else, with
 * STATUS_NO_MEMORY, both are the caller's to give up. */
MUST_CHECK enum status
relay_start(struct relay *r, struct conn *conn, struct far *far,
            struct slice early, size_t owed, int64_t idle_ms,
            void (*on_done)(void *ctx, const struct why *why), void *ctx);

/* End it now; both sides see a reset. No callback follows. Harmless when it
 * is over or was never started. */
void relay_abort(struct relay *r);

#endif
