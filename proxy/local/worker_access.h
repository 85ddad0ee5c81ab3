/* proxy/local/worker_access.h: who may use the proxy, by the policy that a
 * worker follows now. On the worker's thread. */
#ifndef PROXY_LOCAL_WORKER_ACCESS_H
#define PROXY_LOCAL_WORKER_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/slice.h"
#include "proxy/local/local_worker.h"

/* Of struct front_owner. */
bool worker_access_asks_user(void *ctx);
bool worker_access_check_user(void *ctx, struct slice user,
                              struct slice password);

/* May |uid| use our UNIX sockets? */
bool worker_access_admits(const struct local_worker *w, uid_t uid);

#endif
