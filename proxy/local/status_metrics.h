/* proxy/local/status_metrics.h: the state of the proxy for Prometheus, in its
 * text exposition format, version 0.0.4. */
#ifndef PROXY_LOCAL_STATUS_METRICS_H
#define PROXY_LOCAL_STATUS_METRICS_H

#include "common/buffer.h"
#include "proxy/local/status_data.h"

#define STATUS_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

void status_metrics_write(const struct status_data *data, struct buffer *out);

#endif
