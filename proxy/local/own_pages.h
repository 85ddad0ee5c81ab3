/* proxy/local/own_pages.h: the pages of this program, by their paths.
 *
 * Who may ask is local_page.h's business. */
#ifndef PROXY_LOCAL_OWN_PAGES_H
#define PROXY_LOCAL_OWN_PAGES_H

#include <stdbool.h>

#include "common/slice.h"
#include "proxy/local/front.h"
#include "proxy/local/status_data.h"

/* Fill |page| with what is at |path|: "/", "/status.json", "/status.txt",
 * "/readyz", "/metrics" or "/proxy.pac". False: there is no such page. */
bool own_pages_find(const struct status_data *data, struct slice path,
                    struct front_page *page);

#endif
