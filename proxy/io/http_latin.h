/* proxy/io/http_latin.h: text of HTTP heads, which is ISO 8859-1 on the wire
 * (RFC 9110 section 5.5) and UTF-8 in messages of teekit.
 *
 * Each appends to |out|, whose owner asks buffer_ok(). */
#ifndef PROXY_IO_HTTP_LATIN_H
#define PROXY_IO_HTTP_LATIN_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/slice.h"

/* A field's name, in small letters. */
void http_latin_name(struct slice name, struct buffer *out);

/* Bytes of a head as UTF-8: at most twice as many. Control characters but the
 * tab are left out. */
void http_latin_read(struct slice bytes, struct buffer *out);

/* UTF-8 as bytes of a head. False when a character is beyond ISO 8859-1, or has
 * no place there: the end of a line, above all. Some of it may then stand in
 * |out|. */
MUST_CHECK bool http_latin_write(struct slice text, struct buffer *out);

#endif
