/* proxy/local/refusal_page.h: a refusal as a page for a person. */
#ifndef PROXY_LOCAL_REFUSAL_PAGE_H
#define PROXY_LOCAL_REFUSAL_PAGE_H

#include "common/buffer.h"
#include "proxy/local/refusal.h"

/* Append the whole document: what was asked, which check failed, what was
 * found and expected, whose side it is on, what to do. */
void refusal_page_write(const struct refusal *r, struct buffer *out);

#endif
