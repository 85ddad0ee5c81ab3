/* proxy/local/worker_gates.h: a worker accepts at services' own addresses, and
 * what comes there leads to the service. On the worker's thread. */
#ifndef PROXY_LOCAL_WORKER_GATES_H
#define PROXY_LOCAL_WORKER_GATES_H

#include "common/status.h"
#include "proxy/local/far.h"
#include "proxy/local/gates.h"
#include "proxy/local/local_worker.h"
#include "proxy/local/target.h"

/* Accept at |gates| from now on, and nowhere else. Returns STATUS_OK, or as
 * listener_adopt() with |why| filled: then at some of them only. */
MUST_CHECK enum status worker_gates_follow(struct local_worker *w,
                                           const struct gates *gates,
                                           struct why *why);

/* Accept at none of them. */
void worker_gates_close(struct local_worker *w);

/* The service of the present policy that is called |name| and has an address of
 * its own; NULL if there is none. Borrowed. */
const struct service *worker_gates_service(const struct local_worker *w,
                                           const char *name);

/* Of struct front_owner. */
enum status worker_gates_target(void *ctx, const char *service,
                                struct target *out, struct why *why);

#endif
