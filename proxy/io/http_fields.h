/* proxy/io/http_fields.h: the fields of one HTTP message, or its trailers.
 *
 * An ordered list of names and values, copied as they arrive in parts, with a
 * maximum of fields and bytes. Names compare without regard to case, values
 * are as sent without the white space around them. Knows which fields belong
 * to one hop only. Follows RFC 9110 sections 5 and 7.6.1. */
#ifndef PROXY_IO_HTTP_FIELDS_H
#define PROXY_IO_HTTP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/limits.h"
#include "common/slice.h"
#include "common/status.h"

/* Offsets into the text; a field has a name of at least one byte. */
struct http_field {
    uint16_t name_at;
    uint16_t name_len;
    uint16_t value_at;
    uint16_t value_len;
};

struct http_fields {
    struct buffer text;
    struct http_field at[HTTP_HEADERS_MAX];
    size_t count;
    bool in_name; /* the last part was of a name */
};

void http_fields_init(struct http_fields *f);
void http_fields_fini(struct http_fields *f);

/* Forget all, keep the memory. */
void http_fields_clear(struct http_fields *f);

/* The next part of a name; a part that follows a value begins a new field.
 * Return STATUS_OK, STATUS_HEAD_TOO_LARGE or STATUS_NO_MEMORY. */
MUST_CHECK enum status http_fields_add_name(struct http_fields *f,
                                            struct slice part);

/* The next part of the last field's value. Same results. */
MUST_CHECK enum status http_fields_add_value(struct http_fields *f,
                                             struct slice part);

/* Field |i|, below |count|. Borrowed until the next change. */
struct slice http_fields_name(const struct http_fields *f, size_t i);
struct slice http_fields_value(const struct http_fields *f, size_t i);

/* How many fields are called |name|. */
size_t http_fields_count(const struct http_fields *f, const char *name);

/* How many items the fields called |name|, read as lists, have. */
size_t http_fields_items(const struct http_fields *f, const char *name);

/* The value of the first field called |name|; empty if there is none. */
struct slice http_fields_get(const struct http_fields *f, const char *name);

/* True when a field called |name|, read as a list, has the item |token|. */
bool http_fields_has(const struct http_fields *f, const char *name,
                     const char *token);

/* True when field |i| belongs to the connection it came on, or describes the
 * framing of its message: both are written anew for the next hop. These are
 * Connection and what it names, Keep-Alive, TE, Transfer-Encoding, Upgrade,
 * Content-Length, and all that begins with "Proxy-". */
bool http_fields_is_hop(const struct http_fields *f, size_t i);

/* Append field |i| to |out| as a line. */
void http_fields_write(const struct http_fields *f, size_t i,
                       struct buffer *out);

#endif
