/* proxy/server/sim_der.h: writes DER (ITU-T X.690) with a builder.
 *
 * The twin of verifier/der.h, for the simulated TEE and for tests. Failure is
 * the builder's: write everything, then ask builder_ok(). Tags: enum der_tag. */
#ifndef PROXY_SERVER_SIM_DER_H
#define PROXY_SERVER_SIM_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/builder.h"
#include "common/slice.h"

/* Begin an element; what is written until sim_der_close() is its contents.
 * Returns what sim_der_close() wants to know. */
size_t sim_der_open(struct builder *b, uint8_t tag);
void sim_der_close(struct builder *b, size_t opened);

/* A whole element. */
void sim_der_put(struct builder *b, uint8_t tag, struct slice contents);

/* INTEGER of unsigned big-endian bytes, leading zeros allowed. */
void sim_der_unsigned(struct builder *b, struct slice bytes);

/* INTEGER, or ENUMERATED by |tag|. */
void sim_der_number(struct builder *b, uint8_t tag, uint64_t value);

void sim_der_boolean(struct builder *b, bool value);

/* BIT STRING of which the last |unused| bits, 0 to 7, are not in use. */
void sim_der_bits(struct builder *b, struct slice bytes, uint8_t unused);

/* UTCTime until 2049, then GeneralizedTime (RFC 5280 4.1.2.5). */
void sim_der_time(struct builder *b, int64_t unix_seconds);

#endif
