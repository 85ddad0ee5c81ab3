/* proxy/local/status_page.h: the state of the proxy as a page for a person.
 *
 * Stands alone, as page.h has it: no script, nothing loaded. All that comes
 * from policy or evidence is escaped. */
#ifndef PROXY_LOCAL_STATUS_PAGE_H
#define PROXY_LOCAL_STATUS_PAGE_H

#include "common/buffer.h"
#include "proxy/local/status_data.h"

/* Append the whole document. Evidence and checks are left out of services
 * that come when the text is already long. */
void status_page_write(const struct status_data *data, struct buffer *out);

#endif
