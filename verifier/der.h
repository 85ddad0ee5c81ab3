/* verifier/der.h: ASN.1 DER (ITU-T X.690), read strictly through a cursor.
 *
 * Tags of one byte, lengths definite and minimal, no recursion: the nesting is
 * that of the caller's code. What is not DER fails the cursor, and it stays
 * failed, so read a whole structure, then ask cursor_ok(). Everything borrows
 * from the input. */
#ifndef VERIFIER_DER_H
#define VERIFIER_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/cursor.h"
#include "common/der_tag.h"
#include "common/slice.h"

/* Does another element follow, with this tag? Moves nothing. */
bool der_next_is(const struct cursor *c, uint8_t tag);

/* The contents of the next element, which must have |tag|. */
struct slice der_take(struct cursor *c, uint8_t tag);

/* The next element with its identifier and length octets. */
struct slice der_take_whole(struct cursor *c, uint8_t tag);

/* A cursor over the contents of the next element; failed if |c| is. End it
 * with der_leave(). */
struct cursor der_enter(struct cursor *c, uint8_t tag);

/* Fail |c| unless |inner| was read to its end without failure. */
void der_leave(struct cursor *c, const struct cursor *inner);

/* An INTEGER that is not negative: its bytes, big endian, without the leading
 * zero that DER wants before a high bit; a single zero byte for 0. */
struct slice der_unsigned(struct cursor *c);

/* An INTEGER, or another type of |tag| that is encoded like it, from 0 to
 * |max|; 0 once failed. */
uint64_t der_number(struct cursor *c, uint8_t tag, uint64_t max);

bool der_boolean(struct cursor *c);

/* BOOLEAN DEFAULT FALSE: true when it is there, and then it must be true (X.690
 * 11.5: a default is left out). */
bool der_default_false(struct cursor *c);

/* A BIT STRING of whole bytes, as keys and signatures are. */
struct slice der_bit_bytes(struct cursor *c);

/* A BIT STRING of at most 16 named bits: bit 0 of the string is the most
 * significant bit of the result. */
uint16_t der_named_bits(struct cursor *c);

/* UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 allows them (seconds, Z, no
 * fraction), as unix time; 0 once failed. */
int64_t der_time(struct cursor *c);

/* Ecdsa-Sig-Value (RFC 3279 2.2.3), which must be all of |der|, as r || s of
 * |half| bytes each. False when it is something else or does not fit. */
MUST_CHECK bool der_ecdsa_signature(struct slice der, uint8_t *rs, size_t half);

#endif
