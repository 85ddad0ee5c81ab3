/* proxy/local/worker_tls.h: https that ends on this computer, for a worker's
 * front.
 *
 * By the policy alone: only what its services with `tls: intercept` are for,
 * at the port of https; the CA of this computer must vouch for it. */
#ifndef PROXY_LOCAL_WORKER_TLS_H
#define PROXY_LOCAL_WORKER_TLS_H

#include "proxy/local/front.h"

/* As front_owner has them; |ctx| is a struct local_worker. */
bool worker_tls_ends(void *ctx, const struct target *target);
enum status worker_tls_end(void *ctx, const struct target *target,
                           struct tls **out, struct far_failure *refusal);

#endif
