/* proxy/local/direct.h: a far side over plain TCP, for `default: direct`.
 *
 * Resolves the name, connects, and moves bytes; nothing is verified and
 * nothing encrypted. Never used for a named service: that is the caller's
 * duty (P2). Contract of the far side: far.h. */
#ifndef PROXY_LOCAL_DIRECT_H
#define PROXY_LOCAL_DIRECT_H

#include <stdbool.h>
#include <uv.h>

#include "common/list.h"
#include "common/status.h"
#include "proxy/local/far.h"
#include "proxy/local/target.h"

/* All direct far sides of a loop. */
struct direct_set {
    uv_loop_t *loop;
    struct list all;
};

/* |s| outlives what is opened in it. */
void direct_set_init(struct direct_set *s, uv_loop_t *loop);

/* The policy has changed: fail, with |why|, each far side whose target |may|
 * says no to. */
void direct_set_review(struct direct_set *s,
                       bool (*may)(void *ctx, const struct target *target),
                       void *ctx, const struct why *why);

/* Start to connect to |target|. Returns STATUS_OK, STATUS_NO_MEMORY or
 * STATUS_BAD_ADDRESS; |*out| is NULL unless OK, else the caller's to
 * far_close(). |events| and |ctx| as far.h has them. */
MUST_CHECK enum status direct_open(struct direct_set *set,
                                   const struct target *target,
                                   const struct far_events *events, void *ctx,
                                   struct far **out);

#endif
