/* proxy/local/status_json.h: the state of the proxy for tools.
 *
 * docs/schema/status.schema.json says what is in it. Members may be added;
 * when one goes or changes its meaning, the version counts up. */
#ifndef PROXY_LOCAL_STATUS_JSON_H
#define PROXY_LOCAL_STATUS_JSON_H

#include "common/buffer.h"
#include "proxy/local/status_data.h"

#define STATUS_JSON_VERSION 1

/* Append one JSON object. Claims and checks are left out of services that
 * come when the text is already long. */
void status_json_write(const struct status_data *data, struct buffer *out);

#endif
