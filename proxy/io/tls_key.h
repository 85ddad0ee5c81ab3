/* proxy/io/tls_key.h: P-256 keys that sign certificates and the like.
 *
 * Keys of our own making: of the CA for interception, of its leaves, and of
 * the simulated TEE. With wolfCrypt. FIPS 186-5 (ECDSA). */
#ifndef PROXY_IO_TLS_KEY_H
#define PROXY_IO_TLS_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/builder.h"
#include "common/compiler.h"
#include "common/slice.h"

struct tls_key {
    uint8_t secret[32];
    uint8_t point[64]; /* x || y */
};

/* Make a fresh key; |out| is all zero when there is no randomness or memory. */
MUST_CHECK bool tls_key_make(struct tls_key *out);

void tls_key_wipe(struct tls_key *key);

/* Sign |message|, hashed with SHA-256, as r || s. Any thread, any time. False
 * when there is no randomness or memory; |rs| is all zero then. */
MUST_CHECK bool tls_key_sign(const struct tls_key *key, struct slice message,
                             uint8_t rs[64]);

/* What certificates name the key by: the first 20 bytes of the SHA-256 of the
 * point (RFC 7093 section 2, method 1). */
void tls_key_id(const struct tls_key *key, uint8_t id[20]);

/* SubjectPublicKeyInfo, DER. */
void tls_key_spki(const struct tls_key *key, struct builder *b);

/* AlgorithmIdentifier of ecdsa-with-SHA256, DER. */
void tls_key_algorithm(struct builder *b);

/* SEQUENCE { |tbs|, ecdsa-with-SHA256, signature }: a certificate or a
 * revocation list. Fails |b| when signing does. */
void tls_key_seal(const struct tls_key *key, struct slice tbs,
                  struct builder *b);

/* The secret key as ECPrivateKey (RFC 5915), DER, at most TLS_KEY_DER_ROOM
 * bytes: for the caller to wipe. */
#define TLS_KEY_DER_ROOM 160
void tls_key_write(const struct tls_key *key, struct builder *b);

/* Read such a key from PEM ("EC PRIVATE KEY"). False when |pem| holds no key
 * of this curve; |out| is all zero then. */
MUST_CHECK bool tls_key_read(struct slice pem, struct tls_key *out);

#endif
