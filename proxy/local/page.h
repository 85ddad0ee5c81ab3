/* proxy/local/page.h: what our pages have in common: a frame, a look, and text
 * that stays text.
 *
 * Pages stand alone: the style is inside and allowed by its digest, nothing
 * is loaded, no script runs. Light and dark follow the reader's system. */
#ifndef PROXY_LOCAL_PAGE_H
#define PROXY_LOCAL_PAGE_H

#include "common/buffer.h"
#include "common/slice.h"

/* The Content-Security-Policy of every page; the digest is of the style that
 * page_begin() writes. */
#define PAGE_CSP                                                               \
    "default-src 'none'; style-src "                                           \
    "'sha256-uQ/1qz7I48PGECLc0xKTNGMYwQE8elJ4A6UJM0sHurs='; "                  \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

#define PAGE_TYPE "text/html; charset=utf-8"

/* The document up to the heading, which is |title|; |title| is ours. */
void page_begin(const char *title, struct buffer *out);

void page_end(struct buffer *out);

/* Text from anywhere: markup is escaped, what is not UTF-8 replaced. */
void page_text(struct slice text, struct buffer *out);

/* A row "name: value" of a definition list; nothing when |value| is empty.
 * |name| is ours. */
void page_fact(const char *name, struct slice value, struct buffer *out);

#endif
