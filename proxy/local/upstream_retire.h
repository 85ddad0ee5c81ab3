/* proxy/local/upstream_retire.h: the upstreams of a policy that is no more. */
#ifndef PROXY_LOCAL_UPSTREAM_RETIRE_H
#define PROXY_LOCAL_UPSTREAM_RETIRE_H

#include "proxy/local/upstream.h"

/* The policy has changed, and |next| is for the new one. Who waits in |old|
 * waits in |next| from now on, or fails if the new policy leads it elsewhere.
 * Sessions of |old| are judged by the new policy: those that pass go on until
 * their streams have ended, the others end as on-refusal says. |on_closed|
 * is called on the loop when all of |old| is gone. The policies of both must
 * live until then. */
void upstream_retire_set(struct upstream_set *old, struct upstream_set *next,
                         void (*on_closed)(void *ctx), void *ctx);

#endif
