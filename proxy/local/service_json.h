/* proxy/local/service_json.h: what the page of a service may know of the
 * session that brought it.
 *
 * Says to a server's own page what this computer found out about that server,
 * so that it can be shown there. It proves nothing to who looks at the page,
 * which could show anything: the status page does. Tells nothing that the
 * server does not know of itself, but the outcome; in particular nothing of
 * the policy but the name of the release that matched. docs/man/veritee.1. */
#ifndef PROXY_LOCAL_SERVICE_JSON_H
#define PROXY_LOCAL_SERVICE_JSON_H

#include "common/buffer.h"
#include "proxy/local/status_data.h"

#define SERVICE_JSON_VERSION 1

/* Append one JSON object. */
void service_json_write(const struct status_service *s, struct buffer *out);

#endif
