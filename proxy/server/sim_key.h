/* proxy/server/sim_key.h: P-256 keys of the simulated TEE, and signing.
 *
 * With wolfCrypt. The keys are secret only by habit: who runs the simulation
 * has them all. FIPS 186-5 (ECDSA). */
#ifndef PROXY_SERVER_SIM_KEY_H
#define PROXY_SERVER_SIM_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/builder.h"
#include "common/compiler.h"
#include "common/slice.h"

struct sim_key {
    uint8_t secret[32];
    uint8_t point[64]; /* x || y */
};

/* All keys of one simulation. */
struct sim_keys {
    struct sim_key root, pck_ca, pck, tcb_signing; /* of the certificates */
    struct sim_key attestation;
    struct sim_key rogue; /* nobody vouches for it */
};

/* Make a fresh key; |out| is all zero when there is no randomness or memory. */
MUST_CHECK bool sim_key_make(struct sim_key *out);

void sim_key_wipe(struct sim_key *key);

/* Sign |message|, hashed with SHA-256, as r || s. Any thread, any time. False
 * when there is no randomness or memory; |rs| is all zero then. */
MUST_CHECK bool sim_key_sign(const struct sim_key *key, struct slice message,
                             uint8_t rs[64]);

/* What certificates name the key by: the first 20 bytes of the SHA-256 of the
 * point (RFC 7093 section 2, method 1). */
void sim_key_id(const struct sim_key *key, uint8_t id[20]);

/* SubjectPublicKeyInfo, DER. */
void sim_key_spki(const struct sim_key *key, struct builder *b);

/* AlgorithmIdentifier of ecdsa-with-SHA256, DER. */
void sim_key_algorithm(struct builder *b);

/* SEQUENCE { |tbs|, ecdsa-with-SHA256, signature }: a certificate or a
 * revocation list. Fails |b| when signing does. */
void sim_key_seal(const struct sim_key *key, struct slice tbs,
                  struct builder *b);

#endif
