/* proxy/tunnel/wire_out.h: writes CBOR in its one deterministic form.
 *
 * Shortest heads, definite lengths (RFC 8949 section 4.2.1); the order of map
 * keys is the caller's. Failure is the builder's: ask builder_ok() at the
 * end. The caller writes as many items as it announced. */
#ifndef PROXY_TUNNEL_WIRE_OUT_H
#define PROXY_TUNNEL_WIRE_OUT_H

#include "common/builder.h"

/* The longest head: a byte, and a number of 8 bytes. */
#define WIRE_HEAD_MAX_BYTES 9

void wire_out_uint(struct builder *b, uint64_t v);
void wire_out_bytes(struct builder *b, struct slice bytes);
void wire_out_text(struct builder *b, const char *text);
void wire_out_text_slice(struct builder *b, struct slice text); /* UTF-8 */
void wire_out_array(struct builder *b, size_t items);
void wire_out_map(struct builder *b, size_t pairs);
void wire_out_bool(struct builder *b, bool v);
void wire_out_null(struct builder *b);

/* How long the head of a string of |len| bytes is. */
size_t wire_out_head_bytes(size_t len);

/* The head of a byte or text string of |len| bytes, which the caller writes. */
void wire_out_bytes_head(struct builder *b, size_t len);
void wire_out_text_head(struct builder *b, size_t len);

#endif
