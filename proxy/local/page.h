/* proxy/local/page.h: what our pages have in common: a frame, a look, and text
 * that stays text.
 *
 * Style and icons are those of common/pages; they stand inside each page, allowed by
 * their digest, so that a refusal, which comes under another site's name, looks
 * as it should though it may load nothing and run nothing. Light and dark
 * follow the reader's system. */
#ifndef PROXY_LOCAL_PAGE_H
#define PROXY_LOCAL_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/slice.h"
#include "verifier/verify.h"

#define PAGE_TYPE "text/html; charset=utf-8"

/* Append the Content-Security-Policy of a page; |own|: of one under our own
 * name, which may run our script and listen to us. */
void page_csp(bool own, struct buffer *out);

/* The document up to the first part of its main. |title| is ours; |own| as
 * above. */
void page_begin(const char *title, bool own, struct buffer *out);

void page_end(struct buffer *out);

/* Text from anywhere: markup is escaped, what is not UTF-8 replaced. */
void page_text(struct slice text, struct buffer *out);

/* One of the symbols of common/pages/icons.svg. */
void page_icon(const char *name, struct buffer *out);

/* A row "name: value" of a definition list; nothing when |value| is NULL or
 * empty. |name| is ours. */
void page_fact(const char *name, const char *value, struct buffer *out);

/* The same for a sentence of ours, whose first letter becomes a capital. */
void page_sentence(const char *name, const char *value, struct buffer *out);

/* "2026-11-22 17:04 UTC" */
void page_time(int64_t unix_seconds, struct buffer *out);

/* "s" unless there is one of it; static. */
const char *page_plural(size_t count);

/* "999 bytes", "1.5 MiB" */
void page_bytes(uint64_t bytes, struct buffer *out);

/* What |why| says, as rows of a definition list: where, found, expected, the
 * rule, and whose side it is on. */
void page_why(const struct why *why, struct buffer *out);

/* The rows of |v| as items of a list, numbered from |first|. */
void page_checks(const struct verdict *v, size_t first, struct buffer *out);

#endif
