/* proxy/local/status_page.h: the state of the proxy as a page for a person.
 *
 * Whole without a script; with one, pages/status.js replaces its parts, the
 * children of main, by those of a newer page. */
#ifndef PROXY_LOCAL_STATUS_PAGE_H
#define PROXY_LOCAL_STATUS_PAGE_H

#include "common/buffer.h"
#include "proxy/local/status_data.h"

/* Append the whole document. Claims and checks are left out of services that
 * come when the page is already long. */
void status_page_write(const struct status_data *data, struct buffer *out);

/* Append one event (docs/man/veritee.1 "/events"): what each service is at, and
 * a word that is another whenever the page says something else. */
#define STATUS_PAGE_EVENT_VERSION 1
void status_page_event(const struct status_data *data, struct buffer *out);

#endif
