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
 * "/readyz", "/metrics", "/proxy.pac", "/ca.pem" if there is one, or what the page at "/" needs. False:
 * there is no such page. */
bool own_pages_find(const struct status_data *data, struct slice path,
                    struct front_page *page);

/* Fill |page| with what the page of |service|, one of the policy's, may know. */
void own_pages_of_service(const struct status_data *data,
                          const struct service *service,
                          struct front_page *page);

#endif
