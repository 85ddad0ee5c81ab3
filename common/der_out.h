/* common/der_out.h: writes DER (ITU-T X.690) with a builder.
 *
 * The twin of verifier/der.h. Failure is the builder's: write everything, then
 * ask builder_ok(). Tags: enum der_tag. */
#ifndef COMMON_DER_OUT_H
#define COMMON_DER_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/builder.h"
#include "common/der_tag.h"
#include "common/slice.h"

/* Begin an element; what is written until der_out_close() is its contents.
 * Returns what der_out_close() wants to know. */
size_t der_out_open(struct builder *b, uint8_t tag);
void der_out_close(struct builder *b, size_t opened);

/* A whole element. */
void der_out_put(struct builder *b, uint8_t tag, struct slice contents);

/* INTEGER of unsigned big-endian bytes, leading zeros allowed. */
void der_out_unsigned(struct builder *b, struct slice bytes);

/* INTEGER, or ENUMERATED by |tag|. */
void der_out_number(struct builder *b, uint8_t tag, uint64_t value);

void der_out_boolean(struct builder *b, bool value);

/* BIT STRING of which the last |unused| bits, 0 to 7, are not in use. */
void der_out_bits(struct builder *b, struct slice bytes, uint8_t unused);

/* UTCTime until 2049, then GeneralizedTime (RFC 5280 4.1.2.5). */
void der_out_time(struct builder *b, int64_t unix_seconds);

#endif
