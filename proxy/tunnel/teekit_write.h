/* proxy/tunnel/teekit_write.h: CBOR for teekit, in our hand or in its own.
 *
 * Both are read by every teekit program. Ours is what is sent; teekit's, which
 * is cbor-x's, exists so that recorded sessions can be written again byte for
 * byte. Failure is the builder's. */
#ifndef PROXY_TUNNEL_TEEKIT_WRITE_H
#define PROXY_TUNNEL_TEEKIT_WRITE_H

#include <stddef.h>

#include "common/builder.h"
#include "common/slice.h"

enum teekit_style {
    TEEKIT_OURS,   /* deterministic as wire_out.h has it; absent is left out */
    TEEKIT_NODE,   /* maps with heads of 3 bytes, byte strings with tag 64 (a
                    * Uint8Array), absent is undefined */
    TEEKIT_BUFFER, /* the same without tags: a Buffer, or a browser */
};

/* Bytes that a byte string takes up, and a map, beyond what is in them. */
#define TEEKIT_WRITE_HEAD_BYTES 11

void teekit_write_map(struct builder *b, enum teekit_style style, size_t pairs);
void teekit_write_bytes(struct builder *b, enum teekit_style style,
                        struct slice bytes);

/* The head of a byte string of |len| bytes, which the caller writes. */
void teekit_write_head(struct builder *b, enum teekit_style style, size_t len);

/* A pair of texts. */
void teekit_write_pair(struct builder *b, const char *key, const char *value);

void teekit_write_undefined(struct builder *b);

#endif
