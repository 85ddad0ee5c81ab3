#include "verifier/wolf.h"

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/rsa.h>

#include <assert.h>

#define PSS_SALT_BYTES 48

/* wolfCrypt counts in 32 bits. Inputs here are bounded far below by
 * common/limits.h, so a larger one is a mistake of ours. */
static word32 word_of(size_t len)
{
    assert(len <= UINT32_MAX);
    return (word32)len;
}

/* In software a hash fails only for arguments that are never passed here. */
static void hash(enum wc_HashType type, struct slice a, struct slice b,
                 uint8_t *out)
{
    wc_HashAlg h;
    int rc = wc_HashInit(&h, type);

    if (rc == 0 && a.len > 0)
        rc = wc_HashUpdate(&h, type, a.at, word_of(a.len));
    if (rc == 0 && b.len > 0)
        rc = wc_HashUpdate(&h, type, b.at, word_of(b.len));
    if (rc == 0)
        rc = wc_HashFinal(&h, type, out);
    assert(rc == 0);
    (void)wc_HashFree(&h, type);
}

void wolf_sha256(struct slice a, struct slice b, uint8_t out[WOLF_SHA256_BYTES])
{
    hash(WC_HASH_TYPE_SHA256, a, b, out);
}

void wolf_sha384(struct slice a, struct slice b, uint8_t out[WOLF_SHA384_BYTES])
{
    hash(WC_HASH_TYPE_SHA384, a, b, out);
}

static bool number_from_hex(mp_int *n, const char *hex)
{
    return mp_init(n) == MP_OKAY && mp_read_radix(n, hex, MP_RADIX_HEX) == 0;
}

/* The import does not look whether the point is on the curve. wc_ecc_check_key
 * does, and then multiplies by the order too, which takes as long as a
 * verification and says nothing new where the cofactor is 1. */
static bool is_point(ecc_key *key)
{
    mp_int a, b, p;

    return number_from_hex(&a, key->dp->Af) &&
           number_from_hex(&b, key->dp->Bf) &&
           number_from_hex(&p, key->dp->prime) &&
           wc_ecc_is_point(&key->pubkey, &a, &b, &p) == 0;
}

/* |xy| as |key|, which the caller frees in any case. */
static bool key_load(ecc_key *key, int curve, const uint8_t *xy, size_t half)
{
    return wc_ecc_init(key) == 0 &&
           wc_ecc_import_unsigned(key, xy, xy + half, NULL, curve) == 0 &&
           is_point(key);
}

/* One half of a signature: 1 to n-1. */
static bool scalar_load(mp_int *v, const mp_int *n, const uint8_t *bytes,
                        size_t half)
{
    return mp_init(v) == MP_OKAY &&
           mp_read_unsigned_bin(v, bytes, word_of(half)) == MP_OKAY &&
           !mp_iszero(v) && mp_cmp(v, n) == MP_LT;
}

static bool numbers_hold(ecc_key *key, struct slice digest, const uint8_t *rs,
                         size_t half)
{
    mp_int n, r, s;
    int holds = 0;

    if (!number_from_hex(&n, key->dp->order) ||
        !scalar_load(&r, &n, rs, half) || !scalar_load(&s, &n, rs + half, half))
        return false;
    return wc_ecc_verify_hash_ex(&r, &s, digest.at, word_of(digest.len), &holds,
                                 key) == 0 &&
           holds == 1;
}

static bool ecdsa_holds(int curve, const uint8_t *key, struct slice digest,
                        const uint8_t *rs, size_t half)
{
    ecc_key k;
    bool holds =
        key_load(&k, curve, key, half) && numbers_hold(&k, digest, rs, half);

    (void)wc_ecc_free(&k); /* always 0 in software */
    return holds;
}

bool wolf_p256_is_point(const uint8_t key[WOLF_P256_BYTES])
{
    ecc_key k;
    bool on_curve = key_load(&k, ECC_SECP256R1, key, WOLF_P256_BYTES / 2);

    (void)wc_ecc_free(&k); /* always 0 in software */
    return on_curve;
}

bool wolf_p256_verify(const uint8_t key[WOLF_P256_BYTES], struct slice message,
                      const uint8_t rs[WOLF_P256_BYTES])
{
    uint8_t digest[WOLF_SHA256_BYTES];

    wolf_sha256(message, (struct slice){ 0 }, digest);
    return ecdsa_holds(ECC_SECP256R1, key, SLICE_OF(digest), rs,
                       WOLF_P256_BYTES / 2);
}

bool wolf_p384_verify(const uint8_t key[WOLF_P384_BYTES], struct slice message,
                      const uint8_t rs[WOLF_P384_BYTES])
{
    uint8_t digest[WOLF_SHA384_BYTES];

    wolf_sha384(message, (struct slice){ 0 }, digest);
    return ecdsa_holds(ECC_SECP384R1, key, SLICE_OF(digest), rs,
                       WOLF_P384_BYTES / 2);
}

static bool pss_holds(RsaKey *key, struct slice digest, struct slice signature)
{
    uint8_t copy[WOLF_RSA_4096_BYTES]; /* in and out must not be the same */
    uint8_t padded[WOLF_RSA_4096_BYTES];
    int len;

    memcpy(copy, signature.at, sizeof(copy));
    len = wc_RsaPSS_Verify_ex(copy, sizeof(copy), padded, sizeof(padded),
                              WC_HASH_TYPE_SHA384, WC_MGF1SHA384,
                              PSS_SALT_BYTES, key);
    return len > 0 &&
           wc_RsaPSS_CheckPadding_ex(digest.at, word_of(digest.len), padded,
                                     (word32)len, WC_HASH_TYPE_SHA384,
                                     PSS_SALT_BYTES,
                                     8 * WOLF_RSA_4096_BYTES) == 0;
}

bool wolf_rsa_pss_verify(struct slice modulus, struct slice exponent,
                         struct slice message, struct slice signature)
{
    uint8_t digest[WOLF_SHA384_BYTES];
    RsaKey key;
    bool holds;

    if (modulus.len != WOLF_RSA_4096_BYTES || modulus.at[0] < 0x80 ||
        exponent.len == 0 || exponent.len > 8 ||
        signature.len != WOLF_RSA_4096_BYTES)
        return false;
    wolf_sha384(message, (struct slice){ 0 }, digest);
    if (wc_InitRsaKey(&key, NULL) != 0)
        return false;
    holds =
        wc_RsaPublicKeyDecodeRaw(modulus.at, word_of(modulus.len), exponent.at,
                                 word_of(exponent.len), &key) == 0 &&
        pss_holds(&key, SLICE_OF(digest), signature);
    (void)wc_FreeRsaKey(&key); /* always 0 in software */
    return holds;
}
