/* proxy/local/forecast_page.h: a forecast, on a page for a person. */
#ifndef PROXY_LOCAL_FORECAST_PAGE_H
#define PROXY_LOCAL_FORECAST_PAGE_H

#include "common/buffer.h"
#include "proxy/local/forecast.h"

/* A warning with what changes, since when that is public, why it breaks the
 * service and what to do; nothing unless it does. */
void forecast_page_warning(const struct forecast *f, struct buffer *out);

/* The outlook as one of the facts of a service; nothing for OUTLOOK_NONE. */
void forecast_page_fact(const struct forecast *f, struct buffer *out);

#endif
