/* proxy/io/http_chunk.h: writes a body in chunks (RFC 9112 section 7.1). */
#ifndef PROXY_IO_HTTP_CHUNK_H
#define PROXY_IO_HTTP_CHUNK_H

#include "common/buffer.h"
#include "common/slice.h"
#include "proxy/io/http_fields.h"

/* Append |piece| as one chunk; an empty one is nothing, not the end. */
void http_chunk_write(struct slice piece, struct buffer *out);

/* Append the last chunk and |trailers| (NULL: none), without those that say
 * how or where a message goes (RFC 9110 section 6.5.1). */
void http_chunk_end(const struct http_fields *trailers, struct buffer *out);

#endif
