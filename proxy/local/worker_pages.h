/* proxy/local/worker_pages.h: our own pages, which tell of all workers.
 *
 * The worker that was asked takes its own state as it is, and the figures that
 * the others copied for it. As struct front_owner has them; |ctx| is the struct
 * local_worker. */
#ifndef PROXY_LOCAL_WORKER_PAGES_H
#define PROXY_LOCAL_WORKER_PAGES_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/slice.h"
#include "proxy/local/front.h"

bool worker_pages_local(void *ctx, struct slice path, struct front_page *page);
bool worker_pages_service(void *ctx, const struct target *target,
                          struct front_page *page);
bool worker_pages_refresh(void *ctx);
void worker_pages_event(void *ctx, struct buffer *out);

#endif
