/* verifier/wolf.h: hashes and signature checks, by wolfCrypt.
 *
 * The only file of verifier/ that knows wolfSSL. Holds no keys and no state;
 * what it handles is public. Every check answers false unless wolfCrypt
 * returned success and also said that the signature holds.
 *
 * FIPS 180-4 (SHA-2), FIPS 186-5 (ECDSA), RFC 8017 8.1.2 (RSASSA-PSS),
 * SP 800-56A revision 3, 5.6.2.3.4 (points of a curve with cofactor 1). */
#ifndef VERIFIER_WOLF_H
#define VERIFIER_WOLF_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"

#define WOLF_SHA256_BYTES   32
#define WOLF_SHA384_BYTES   48
#define WOLF_P256_BYTES     64  /* a key x || y, or a signature r || s */
#define WOLF_P384_BYTES     96  /* likewise */
#define WOLF_RSA_4096_BYTES 512 /* a modulus, or a signature */

/* Hash |a| followed by |b|; either may be empty. Cannot fail. */
void wolf_sha256(struct slice a, struct slice b,
                 uint8_t out[WOLF_SHA256_BYTES]);
void wolf_sha384(struct slice a, struct slice b,
                 uint8_t out[WOLF_SHA384_BYTES]);

/* True when x || y, big endian, are below p and satisfy the equation of
 * P-256: then it is a public key, because the cofactor is 1. */
MUST_CHECK bool wolf_p256_is_point(const uint8_t key[WOLF_P256_BYTES]);

/* True when |rs| (r || s, big endian) is |key|'s ECDSA signature over |message|:
 * P-256 with SHA-256. |key| is proved to be a point first; r and s must be
 * 1 to n-1. High s is allowed: Intel's signers do not normalise it. */
MUST_CHECK bool wolf_p256_verify(const uint8_t key[WOLF_P256_BYTES],
                                 struct slice message,
                                 const uint8_t rs[WOLF_P256_BYTES]);

/* The same for P-384 with SHA-384. */
MUST_CHECK bool wolf_p384_verify(const uint8_t key[WOLF_P384_BYTES],
                                 struct slice message,
                                 const uint8_t rs[WOLF_P384_BYTES]);

/* True when |signature| is RSASSA-PSS over |message| with SHA-384, MGF1 with
 * SHA-384 and a salt of 48 bytes, by the key of 4096 bits |modulus| and
 * |exponent| (unsigned, big endian). Any other size is refused. */
MUST_CHECK bool wolf_rsa_pss_verify(struct slice modulus, struct slice exponent,
                                    struct slice message,
                                    struct slice signature);

#endif
