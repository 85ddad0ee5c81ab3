/* proxy/server/demo_site.h: what the demo site says, path by path. */
#ifndef PROXY_SERVER_DEMO_SITE_H
#define PROXY_SERVER_DEMO_SITE_H

#include "common/slice.h"
#include "proxy/server/demo_conn.h"

/* How |path| is answered; never NULL. Static. */
const struct demo_path *demo_site_find(struct slice path);

/* The path whose requests are not counted. */
#define DEMO_SITE_COUNT "/count"

#endif
