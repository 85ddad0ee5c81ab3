/* proxy/local/live.h: those who listen at "/events".
 *
 * Server-sent events (HTML standard, section 9.2), one a second at most, and
 * only when there is news. Nothing is looked at while nobody listens; who does
 * not read is dropped; the front's sweep is the only timer. */
#ifndef PROXY_LOCAL_LIVE_H
#define PROXY_LOCAL_LIVE_H

#include <stdbool.h>

#include "proxy/local/front.h"

#define LIVE_LISTENERS_MAX   32
#define LIVE_EVENT_MAX_BYTES (128 * 1024) /* 512 services: near 60 */

/* May one more listen? */
bool live_has_room(const struct front *f);

/* Called once a second: tell those who listen what has changed, or every 15 s
 * that we are still here. */
void live_tell(struct front *f);

#endif
