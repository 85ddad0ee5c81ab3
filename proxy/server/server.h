/* proxy/server/server.h: all parts of the running veriteed, from start to an
 * empty loop. */
#ifndef PROXY_SERVER_SERVER_H
#define PROXY_SERVER_SERVER_H

#include <stdio.h>

#include "common/status.h"
#include "proxy/server/options.h"

/* Run until a signal says stop. |out| gets what people and scripts wait for:
 *
 *   demo: http://HOST:PORT                 with --demo
 *   metrics: ADDRESS:PORT                  with --metrics
 *   ready: listening on ADDRESS:PORT       one a listener, when it can answer
 *
 * "ready: SIMULATED, listening on ..." with --simulate. With --demo and no
 * rule, one is added to |options|. Returns STATUS_OK after a clean stop; else
 * what kept it from starting, with |why| filled. */
MUST_CHECK enum status server_run(struct options *options, FILE *out,
                                  struct why *why);

#endif
