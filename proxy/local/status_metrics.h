/* proxy/local/status_metrics.h: the state of the proxy for Prometheus, in its
 * text exposition format, version 0.0.4. */
#ifndef PROXY_LOCAL_STATUS_METRICS_H
#define PROXY_LOCAL_STATUS_METRICS_H

#include "common/buffer.h"
#include "proxy/local/status_data.h"

void status_metrics_write(const struct status_data *data, struct buffer *out);

#endif
