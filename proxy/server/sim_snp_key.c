#include "proxy/server/sim_snp_key.h"

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/rsa.h>

#include "common/der_out.h"
#include "common/secret.h"
#include "verifier/der.h"
#include "verifier/wolf.h"

#define HALF     SIM_SNP_HALF
#define EXPONENT 65537
#define SALT     48

/* --- made --- */

static bool make_rsa(struct sim_snp_keys *out, enum sim_snp_cert of,
                     WC_RNG *rng)
{
    RsaKey key;
    int len = -1;

    if (wc_InitRsaKey(&key, NULL) != 0)
        return false;
    if (wc_MakeRsaKey(&key, 8 * WOLF_RSA_4096_BYTES, EXPONENT, rng) == 0)
        len = wc_RsaKeyToDer(&key, out->rsa[of].der, sizeof(out->rsa[of].der));
    (void)wc_FreeRsaKey(&key); /* always 0 in software */
    out->rsa[of].len = len > 0 ? (uint64_t)len : 0;
    return len > 0;
}

static bool make_chip(struct sim_snp_keys *out, WC_RNG *rng)
{
    word32 x = HALF, y = HALF, d = HALF;
    ecc_key key;
    bool made;

    if (wc_ecc_init(&key) != 0)
        return false;
    made = wc_ecc_make_key_ex(rng, HALF, &key, ECC_SECP384R1) == 0 &&
           wc_ecc_export_private_raw(&key, out->chip_point, &x,
                                     out->chip_point + HALF, &y,
                                     out->chip_secret, &d) == 0 &&
           x == HALF && y == HALF && d == HALF;
    (void)wc_ecc_free(&key); /* always 0 in software */
    return made;
}

bool sim_snp_key_make_chip(struct sim_snp_keys *keys)
{
    WC_RNG rng;
    bool made;

    if (wc_InitRng(&rng) != 0)
        return false;
    made = make_chip(keys, &rng);
    (void)wc_FreeRng(&rng);
    return made;
}

bool sim_snp_key_make(struct sim_snp_keys *out)
{
    WC_RNG rng;
    bool made;

    *out = (struct sim_snp_keys){ 0 };
    if (wc_InitRng(&rng) != 0)
        return false;
    made = make_rsa(out, SIM_SNP_ARK, &rng) &&
           make_rsa(out, SIM_SNP_ASK, &rng) && make_chip(out, &rng);
    (void)wc_FreeRng(&rng);
    if (!made)
        sim_snp_key_wipe(out);
    return made;
}

void sim_snp_key_wipe(struct sim_snp_keys *keys)
{
    secret_wipe(keys, sizeof(*keys));
}

/* --- used --- */

/* |key| is for wc_FreeRsaKey() in any case. */
static bool load_rsa(const struct sim_snp_keys *keys, enum sim_snp_cert of,
                     RsaKey *key)
{
    word32 at = 0;

    return wc_InitRsaKey(key, NULL) == 0 &&
           keys->rsa[of].len <= sizeof(keys->rsa[of].der) &&
           wc_RsaPrivateKeyDecode(keys->rsa[of].der, &at, key,
                                  (word32)keys->rsa[of].len) == 0;
}

static bool load_chip(const struct sim_snp_keys *keys, ecc_key *key)
{
    return wc_ecc_init(key) == 0 &&
           wc_ecc_import_unsigned(key, keys->chip_point,
                                  keys->chip_point + HALF, keys->chip_secret,
                                  ECC_SECP384R1) == 0;
}

static int chip_spki(const struct sim_snp_keys *keys, uint8_t *out, word32 room)
{
    ecc_key key;
    int len = -1;

    if (load_chip(keys, &key))
        len = wc_EccPublicKeyToDer(&key, out, room, 1);
    (void)wc_ecc_free(&key); /* always 0 in software */
    return len;
}

static int rsa_spki(const struct sim_snp_keys *keys, enum sim_snp_cert of,
                    uint8_t *out, word32 room)
{
    RsaKey key;
    int len = -1;

    if (load_rsa(keys, of, &key))
        len = wc_RsaKeyToPublicDer(&key, out, room);
    (void)wc_FreeRsaKey(&key); /* always 0 in software */
    return len;
}

void sim_snp_key_spki(const struct sim_snp_keys *keys, enum sim_snp_cert of,
                      struct builder *b)
{
    uint8_t der[1024];
    int len = of == SIM_SNP_ENDORSEMENT ? chip_spki(keys, der, sizeof(der))
                                        : rsa_spki(keys, of, der, sizeof(der));

    if (len > 0)
        builder_bytes(b, slice_of(der, (size_t)len));
    else
        b->failed = true;
}

/* id-RSASSA-PSS, SHA-384, MGF1 with SHA-384, salt of 48 (RFC 4055 3.1). */
void sim_snp_key_algorithm(struct builder *b)
{
    static const uint8_t pss[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                   0x0d, 0x01, 0x01, 0x0a };
    static const uint8_t mgf1[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                    0x0d, 0x01, 0x01, 0x08 };
    static const uint8_t sha384[] = { 0x30, 0x0d, 0x06, 0x09, 0x60,
                                      0x86, 0x48, 0x01, 0x65, 0x03,
                                      0x04, 0x02, 0x02, 0x05, 0x00 };
    size_t whole = der_out_open(b, DER_SEQUENCE);
    size_t parameters, part, generator;

    der_out_put(b, DER_OID, SLICE_OF(pss));
    parameters = der_out_open(b, DER_SEQUENCE);
    der_out_put(b, DER_CONTEXT_CONSTRUCTED_0, SLICE_OF(sha384));
    part = der_out_open(b, 0xa1);
    generator = der_out_open(b, DER_SEQUENCE);
    der_out_put(b, DER_OID, SLICE_OF(mgf1));
    builder_bytes(b, SLICE_OF(sha384));
    der_out_close(b, generator);
    der_out_close(b, part);
    part = der_out_open(b, 0xa2);
    der_out_number(b, DER_INTEGER, SALT);
    der_out_close(b, part);
    der_out_close(b, parameters);
    der_out_close(b, whole);
}

static bool sign_pss(const struct sim_snp_keys *keys, enum sim_snp_cert by,
                     struct slice tbs, uint8_t bits[WOLF_RSA_4096_BYTES])
{
    uint8_t digest[WOLF_SHA384_BYTES];
    RsaKey key;
    WC_RNG rng;
    bool done;

    if (wc_InitRng(&rng) != 0)
        return false;
    wolf_sha384(tbs, (struct slice){ 0 }, digest);
    done = load_rsa(keys, by, &key) && wc_RsaSetRNG(&key, &rng) == 0 &&
           wc_RsaPSS_Sign_ex(digest, sizeof(digest), bits, WOLF_RSA_4096_BYTES,
                             WC_HASH_TYPE_SHA384, WC_MGF1SHA384, SALT, &key,
                             &rng) == WOLF_RSA_4096_BYTES;
    (void)wc_FreeRsaKey(&key); /* always 0 in software */
    (void)wc_FreeRng(&rng);
    return done;
}

void sim_snp_key_seal(const struct sim_snp_keys *keys, enum sim_snp_cert by,
                      struct slice tbs, struct builder *b)
{
    uint8_t bits[WOLF_RSA_4096_BYTES] = { 0 };
    size_t whole = der_out_open(b, DER_SEQUENCE);

    if (!sign_pss(keys, by, tbs, bits))
        b->failed = true;
    builder_bytes(b, tbs);
    sim_snp_key_algorithm(b);
    der_out_bits(b, SLICE_OF(bits), 0);
    der_out_close(b, whole);
}

bool sim_snp_key_sign(const struct sim_snp_keys *keys, struct slice message,
                      uint8_t rs[2 * SIM_SNP_HALF])
{
    uint8_t digest[WOLF_SHA384_BYTES];
    uint8_t der[ECC_MAX_SIG_SIZE];
    word32 len = sizeof(der);
    ecc_key key;
    WC_RNG rng;
    bool done;

    if (wc_InitRng(&rng) != 0)
        return false;
    wolf_sha384(message, (struct slice){ 0 }, digest);
    done =
        load_chip(keys, &key) &&
        wc_ecc_sign_hash(digest, sizeof(digest), der, &len, &rng, &key) == 0 &&
        der_ecdsa_signature(slice_of(der, len), rs, HALF);
    (void)wc_ecc_free(&key); /* always 0 in software */
    (void)wc_FreeRng(&rng);
    return done;
}
