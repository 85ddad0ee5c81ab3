/* proxy/local/status_text.h: the state of the proxy as plain text, for a
 * terminal. */
#ifndef PROXY_LOCAL_STATUS_TEXT_H
#define PROXY_LOCAL_STATUS_TEXT_H

#include "common/buffer.h"
#include "proxy/local/status_data.h"

/* Append a few lines a service, and what failed last. */
void status_text_write(const struct status_data *data, struct buffer *out);

#endif
