#include "verifier/signature.h"

#include "common/cursor.h"
#include "verifier/der.h"
#include "verifier/wolf.h"

/* clang-format off */
/* ecdsa-with-SHA256 */
static const uint8_t ecdsa_sha256[] = {
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
};

/* id-RSASSA-PSS with sha384, mgf1 with sha384, salt of 48 and, although it is
 * the default and DER would leave it out, trailerField 1: AMD's VCEKs. */
static const uint8_t pss_sha384_trailer[] = {
    0x30, 0x46, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x0a, 0x30, 0x39, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
    0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a,
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30,
    0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
    0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x30, 0xa3, 0x03, 0x02, 0x01, 0x01,
};

/* The same without it: AMD's ARK, ASK and revocation lists. */
static const uint8_t pss_sha384[] = {
    0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x0a, 0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
    0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a,
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30,
    0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
    0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x30,
};

/* id-ecPublicKey with prime256v1; with secp384r1; rsaEncryption with NULL */
static const uint8_t ec_p256[] = {
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
};
static const uint8_t ec_p384[] = {
    0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
    0x05, 0x2b, 0x81, 0x04, 0x00, 0x22,
};
static const uint8_t rsa[] = {
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x01, 0x05, 0x00,
};
/* clang-format on */

enum signature_algorithm signature_algorithm_of(struct slice der)
{
    if (slice_equal(der, SLICE_OF(ecdsa_sha256)))
        return SIGNATURE_ECDSA_SHA256;
    if (slice_equal(der, SLICE_OF(pss_sha384)) ||
        slice_equal(der, SLICE_OF(pss_sha384_trailer)))
        return SIGNATURE_RSA_PSS_SHA384;
    return SIGNATURE_UNKNOWN;
}

bool signature_envelope_parse(struct slice der, struct signature_envelope *out)
{
    struct cursor c = cursor_over(der);
    struct cursor inner = der_enter(&c, DER_SEQUENCE);

    out->tbs = der_take_whole(&inner, DER_SEQUENCE);
    out->algorithm = der_take_whole(&inner, DER_SEQUENCE);
    out->bits = der_bit_bytes(&inner);
    der_leave(&c, &inner);
    if (cursor_finish(&c))
        return true;
    *out = (struct signature_envelope){ 0 };
    return false;
}

static enum signature_key_type key_type_of(struct slice algorithm)
{
    if (slice_equal(algorithm, SLICE_OF(ec_p256)))
        return SIGNATURE_KEY_P256;
    if (slice_equal(algorithm, SLICE_OF(ec_p384)))
        return SIGNATURE_KEY_P384;
    if (slice_equal(algorithm, SLICE_OF(rsa)))
        return SIGNATURE_KEY_RSA;
    return SIGNATURE_KEY_NONE;
}

/* RFC 5480 2.2, SEC 1 2.3.4: 04, x, y. Compressed points are not taken. */
static struct slice point_of(struct slice bits, size_t len)
{
    struct cursor c = cursor_over(bits);
    uint8_t form = cursor_u8(&c);
    struct slice point = cursor_take(&c, len);

    return cursor_finish(&c) && form == 0x04 ? point : (struct slice){ 0 };
}

bool signature_key_parse(struct slice spki, struct signature_key *out)
{
    struct cursor c = cursor_over(spki);
    struct cursor info = der_enter(&c, DER_SEQUENCE);
    struct slice algorithm = der_take_whole(&info, DER_SEQUENCE);
    struct signature_key key = { .type = key_type_of(algorithm),
                                 .bytes = der_bit_bytes(&info) };

    *out = (struct signature_key){ 0 };
    der_leave(&c, &info);
    if (!cursor_finish(&c) || key.type == SIGNATURE_KEY_NONE)
        return false;
    if (key.type == SIGNATURE_KEY_P256)
        key.bytes = point_of(key.bytes, WOLF_P256_BYTES);
    if (key.type == SIGNATURE_KEY_P384)
        key.bytes = point_of(key.bytes, WOLF_P384_BYTES);
    if (key.bytes.len == 0)
        return false;
    *out = key;
    return true;
}

static bool ecdsa_holds(const struct signature_key *key, struct slice message,
                        struct slice signature)
{
    uint8_t rs[WOLF_P256_BYTES];

    return key->type == SIGNATURE_KEY_P256 &&
           der_ecdsa_signature(signature, rs, sizeof(rs) / 2) &&
           wolf_p256_verify(key->bytes.at, message, rs);
}

static bool pss_holds(const struct signature_key *key, struct slice message,
                      struct slice signature)
{
    struct cursor c = cursor_over(key->bytes);
    struct cursor pair = der_enter(&c, DER_SEQUENCE);
    struct slice modulus = der_unsigned(&pair);
    struct slice exponent = der_unsigned(&pair);

    der_leave(&c, &pair);
    return key->type == SIGNATURE_KEY_RSA && cursor_finish(&c) &&
           wolf_rsa_pss_verify(modulus, exponent, message, signature);
}

bool signature_holds(enum signature_algorithm algorithm,
                     const struct signature_key *key, struct slice message,
                     struct slice signature)
{
    switch (algorithm) {
    case SIGNATURE_ECDSA_SHA256:
        return ecdsa_holds(key, message, signature);
    case SIGNATURE_RSA_PSS_SHA384:
        return pss_holds(key, message, signature);
    case SIGNATURE_UNKNOWN:
        return false;
    }
    return false;
}
