/* proxy/tunnel/flow.h: credit, in bytes.
 *
 * A side may send on a stream only what the other granted. What is granted or
 * delivered and not yet consumed is at most the stream's window; all windows
 * of a session together are at most SESSION_QUEUED_MAX_BYTES. Arithmetic only:
 * frames and streams are others' business.
 *
 *      window:  |<- unread ->|<- credit ->|<- to be granted ->|
 *
 * Every stream owns STREAM_CREDIT_BYTES of the whole; what is left is lent to
 * streams whose readers keep up, so that a stalled stream cannot take from
 * another what that was promised. docs/PROTOCOL.md section 7.
 *
 * Who shares memory with other sessions pays for windows from a purse: for the
 * first credit by flow_claim(), and windows are raised only from what others
 * can spare. */
#ifndef PROXY_TUNNEL_FLOW_H
#define PROXY_TUNNEL_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "common/purse.h"

#define FLOW_CREDIT_MAX INT32_MAX /* bytes a sender may ever hold */

/* What a session lends to its streams. */
struct flow_budget {
    uint32_t left;      /* bytes */
    struct purse purse; /* what pays for them; of no budget: they are free */
};

/* Our side of what the peer sends on one stream. unread + credit <= window. */
struct flow {
    uint32_t window;    /* bytes; only grows */
    uint32_t unread;    /* arrived, not yet consumed */
    uint32_t credit;    /* granted, not yet arrived */
    uint32_t paid;      /* of the window, from the purse */
    int64_t granted_ms; /* when credit was last granted */
};

/* A reader that comes back sooner for half a window keeps up. */
#define FLOW_FAST_MS 500

/* |from| NULL: nobody shares it. flow_budget_fini(), again harmless, gives back
 * what is paid; what is still lent is free then. */
void flow_budget_init(struct flow_budget *b, struct budget *from);
void flow_budget_fini(struct flow_budget *b);

/* Begin with the first credit, which needs no frame. */
void flow_init(struct flow *f);

/* Pay for the first credit, once. False when the purse cannot: what comes
 * should not be kept. */
MUST_CHECK bool flow_claim(struct flow *f, struct flow_budget *b);

/* Give back what was lent and paid. */
void flow_fini(struct flow *f, struct flow_budget *b);

/* Raise the window towards |window|, as far as the budget lends: at most an
 * eighth of what is left here and can be spared in the purse, so that neither
 * runs out. */
void flow_raise(struct flow *f, struct flow_budget *b, uint32_t window);

/* |len| bytes arrived; false when the peer had less credit. */
MUST_CHECK bool flow_arrived(struct flow *f, size_t len);

/* |len| of the unread bytes have left our memory. */
void flow_consumed(struct flow *f, size_t len);

/* True when enough can be granted to be worth a frame: half the window. */
bool flow_is_due(const struct flow *f);

/* Grant all that can be: the number for the frame, 0 if none. A window whose
 * reader keeps up is doubled first, up to STREAM_WINDOW_MAX_BYTES. */
uint32_t flow_grant(struct flow *f, struct flow_budget *b, int64_t now_ms);

/* The sender's side: add |granted| to what |credit| holds; false, and nothing
 * added, when that is 0 or more than FLOW_CREDIT_MAX in all. */
MUST_CHECK bool flow_add_credit(uint32_t *credit, uint64_t granted);

#endif
