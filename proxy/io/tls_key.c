#include "proxy/io/tls_key.h"

#include <wolfssl/options.h>

#include <limits.h>
#include <string.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/random.h>

#include "common/der_out.h"
#include "common/secret.h"

#define HALF 32 /* bytes of a coordinate, a secret, r and s */

static const uint8_t prime256v1[] = { 0x2a, 0x86, 0x48, 0xce,
                                      0x3d, 0x03, 0x01, 0x07 };

static bool export_key(ecc_key *key, struct tls_key *out)
{
    word32 x = HALF;
    word32 y = HALF;
    word32 d = HALF;

    return wc_ecc_export_private_raw(key, out->point, &x, out->point + HALF, &y,
                                     out->secret, &d) == 0 &&
           x == HALF && y == HALF && d == HALF;
}

bool tls_key_make(struct tls_key *out)
{
    WC_RNG rng;
    ecc_key key;
    bool made = false;

    *out = (struct tls_key){ 0 };
    if (wc_InitRng(&rng) != 0)
        return false;
    if (wc_ecc_init(&key) == 0) {
        made = wc_ecc_make_key_ex(&rng, HALF, &key, ECC_SECP256R1) == 0 &&
               export_key(&key, out);
        (void)wc_ecc_free(&key); /* always 0 in software */
    }
    (void)wc_FreeRng(&rng);
    if (!made)
        tls_key_wipe(out);
    return made;
}

void tls_key_wipe(struct tls_key *key)
{
    secret_wipe(key, sizeof(*key));
}

/* Ecdsa-Sig-Value of |message|; false when there is no randomness or memory. */
static bool sign_with(const struct tls_key *key, struct slice message,
                      WC_RNG *rng, uint8_t der[ECC_MAX_SIG_SIZE], word32 *len)
{
    uint8_t hash[WC_SHA256_DIGEST_SIZE];
    ecc_key k;
    bool done;

    *len = ECC_MAX_SIG_SIZE;
    if (wc_ecc_init(&k) != 0)
        return false;
    done = wc_Sha256Hash(message.at, (word32)message.len, hash) == 0 &&
           wc_ecc_import_unsigned(&k, key->point, key->point + HALF,
                                  key->secret, ECC_SECP256R1) == 0 &&
           wc_ecc_sign_hash(hash, sizeof(hash), der, len, rng, &k) == 0;
    (void)wc_ecc_free(&k); /* always 0 in software */
    return done;
}

static bool sign(const struct tls_key *key, struct slice message,
                 uint8_t der[ECC_MAX_SIG_SIZE], word32 *len)
{
    WC_RNG rng;
    bool done;

    if (wc_InitRng(&rng) != 0)
        return false;
    done = sign_with(key, message, &rng, der, len);
    (void)wc_FreeRng(&rng);
    return done;
}

bool tls_key_sign(const struct tls_key *key, struct slice message,
                  uint8_t rs[64])
{
    uint8_t der[ECC_MAX_SIG_SIZE];
    uint8_t r[HALF], s[HALF];
    word32 len, r_len = HALF, s_len = HALF;

    memset(rs, 0, 2 * HALF);
    if (!sign(key, message, der, &len) ||
        wc_ecc_sig_to_rs(der, len, r, &r_len, s, &s_len) != 0)
        return false;
    memcpy(rs + HALF - r_len, r, r_len);
    memcpy(rs + 2 * HALF - s_len, s, s_len);
    return true;
}

/* The point as SEC 1 section 2.3.3 writes it, uncompressed. */
static void put_point(const struct tls_key *key, struct builder *b)
{
    uint8_t point[1 + sizeof(key->point)] = { 0x04 };

    memcpy(point + 1, key->point, sizeof(key->point));
    der_out_bits(b, SLICE_OF(point), 0);
}

void tls_key_id(const struct tls_key *key, uint8_t id[20])
{
    uint8_t point[1 + sizeof(key->point)] = { 0x04 };
    uint8_t hash[WC_SHA256_DIGEST_SIZE] = { 0 };

    memcpy(point + 1, key->point, sizeof(key->point));
    (void)wc_Sha256Hash(point, sizeof(point), hash); /* in software: cannot */
    memcpy(id, hash, 20);
}

void tls_key_spki(const struct tls_key *key, struct builder *b)
{
    static const uint8_t ec_public_key[] = { 0x2a, 0x86, 0x48, 0xce,
                                             0x3d, 0x02, 0x01 };
    size_t spki = der_out_open(b, DER_SEQUENCE);
    size_t algorithm = der_out_open(b, DER_SEQUENCE);

    der_out_put(b, DER_OID, SLICE_OF(ec_public_key));
    der_out_put(b, DER_OID, SLICE_OF(prime256v1));
    der_out_close(b, algorithm);
    put_point(key, b);
    der_out_close(b, spki);
}

void tls_key_algorithm(struct builder *b)
{
    static const uint8_t ecdsa_with_sha256[] = { 0x2a, 0x86, 0x48, 0xce,
                                                 0x3d, 0x04, 0x03, 0x02 };
    size_t opened = der_out_open(b, DER_SEQUENCE);

    der_out_put(b, DER_OID, SLICE_OF(ecdsa_with_sha256));
    der_out_close(b, opened);
}

void tls_key_seal(const struct tls_key *key, struct slice tbs,
                  struct builder *b)
{
    uint8_t signature[ECC_MAX_SIG_SIZE];
    word32 len = 0;
    size_t whole = der_out_open(b, DER_SEQUENCE);

    if (!sign(key, tbs, signature, &len))
        b->failed = true;
    builder_bytes(b, tbs);
    tls_key_algorithm(b);
    der_out_bits(b, slice_of(signature, b->failed ? 0 : len), 0);
    der_out_close(b, whole);
}

void tls_key_write(const struct tls_key *key, struct builder *b)
{
    size_t whole = der_out_open(b, DER_SEQUENCE);
    size_t part;

    der_out_number(b, DER_INTEGER, 1);
    der_out_put(b, DER_OCTET_STRING, SLICE_OF(key->secret));
    part = der_out_open(b, DER_CONTEXT_CONSTRUCTED_0);
    der_out_put(b, DER_OID, SLICE_OF(prime256v1));
    der_out_close(b, part);
    part = der_out_open(b, DER_CONTEXT_CONSTRUCTED_1);
    put_point(key, b);
    der_out_close(b, part);
    der_out_close(b, whole);
}

static bool decode(const uint8_t *der, word32 len, struct tls_key *out)
{
    word32 at = 0;
    ecc_key key;
    bool read;

    if (wc_ecc_init(&key) != 0)
        return false;
    read = wc_EccPrivateKeyDecode(der, &at, &key, len) == 0 &&
           wc_ecc_get_curve_id(key.idx) == ECC_SECP256R1 &&
           wc_ecc_check_key(&key) == 0 && export_key(&key, out);
    (void)wc_ecc_free(&key); /* always 0 in software */
    return read;
}

bool tls_key_read(struct slice pem, struct tls_key *out)
{
    uint8_t der[2 * TLS_KEY_DER_ROOM];
    bool read = false;
    int len = -1;

    *out = (struct tls_key){ 0 };
    if (pem.len > 0 && pem.len <= INT_MAX)
        len = wc_KeyPemToDer(pem.at, (int)pem.len, der, sizeof(der), NULL);
    if (len > 0)
        read = decode(der, (word32)len, out);
    secret_wipe(der, sizeof(der));
    if (!read)
        tls_key_wipe(out);
    return read;
}
