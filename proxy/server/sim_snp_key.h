/* proxy/server/sim_snp_key.h: keys of a simulated AMD and one chip of its.
 *
 * With wolfCrypt. Secret only by habit, as those of sim_keys.h. RFC 8017 (RSA),
 * FIPS 186-5 (ECDSA). */
#ifndef PROXY_SERVER_SIM_SNP_KEY_H
#define PROXY_SERVER_SIM_SNP_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/builder.h"
#include "common/compiler.h"
#include "common/slice.h"

/* Who holds the keys. The first two sign certificates, by RSA-4096; the third
 * is the chip, whose key on P-384 signs reports. */
enum sim_snp_cert {
    SIM_SNP_ARK,
    SIM_SNP_ASK,
    SIM_SNP_ENDORSEMENT,
    SIM_SNP_CERTS
};

#define SIM_SNP_HALF 48 /* bytes of a coordinate, a secret, r and s */

/* Plain data: may be kept in a file. */
struct sim_snp_keys {
    struct {
        uint8_t der[2560]; /* RSAPrivateKey, RFC 8017 A.1.2 */
        uint64_t len;
    } rsa[2]; /* SIM_SNP_ARK, SIM_SNP_ASK */
    uint8_t chip_secret[SIM_SNP_HALF];
    uint8_t chip_point[2 * SIM_SNP_HALF]; /* x || y */
};

/* Make fresh keys, which takes a second or two; false when there is no
 * randomness or memory. */
MUST_CHECK bool sim_snp_key_make(struct sim_snp_keys *out);

/* Only the chip's; the others stay. */
MUST_CHECK bool sim_snp_key_make_chip(struct sim_snp_keys *keys);

void sim_snp_key_wipe(struct sim_snp_keys *keys);

/* SubjectPublicKeyInfo, DER. Fails |b| when the key is none. */
void sim_snp_key_spki(const struct sim_snp_keys *keys, enum sim_snp_cert of,
                      struct builder *b);

/* AlgorithmIdentifier of id-RSASSA-PSS with SHA-384, DER. */
void sim_snp_key_algorithm(struct builder *b);

/* SEQUENCE { |tbs|, the above, signature by |by| (not the chip) }: a
 * certificate or a revocation list. Fails |b| when signing does. */
void sim_snp_key_seal(const struct sim_snp_keys *keys, enum sim_snp_cert by,
                      struct slice tbs, struct builder *b);

/* Sign |message| with the chip's key and SHA-384, as r || s, big endian. Any
 * thread, any time. False when there is no randomness or memory. */
MUST_CHECK bool sim_snp_key_sign(const struct sim_snp_keys *keys,
                                 struct slice message,
                                 uint8_t rs[2 * SIM_SNP_HALF]);

#endif
