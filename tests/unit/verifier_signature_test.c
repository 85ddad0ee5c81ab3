/* signature: algorithms, keys, and whether a signature holds. */
#include "tests/support/check.h"

#include "common/builder.h"
#include "common/der_out.h"
#include "common/text.h"
#include "proxy/io/tls_key.h"
#include "tests/support/rsa_vector.h"
#include "verifier/der.h"
#include "verifier/signature.h"

static const struct slice message = { (const uint8_t *)"sample", 6 };

/* SubjectPublicKeyInfo { { |oid| [, |parameters|] }, |bits| } */
static void put_spki(struct builder *b, const char *oid, const char *parameters,
                     size_t parameters_len, struct slice bits)
{
    size_t spki = der_out_open(b, DER_SEQUENCE);
    size_t algorithm = der_out_open(b, DER_SEQUENCE);

    der_out_put(b, DER_OID, slice_text(oid));
    builder_bytes(b, slice_of(parameters, parameters_len));
    der_out_close(b, algorithm);
    der_out_bits(b, bits, 0);
    der_out_close(b, spki);
}

#define EC       "\x2a\x86\x48\xce\x3d\x02\x01"
#define RSA      "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
#define P256     "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define P384     "\x06\x05\x2b\x81\x04\x00\x22"
#define P521     "\x06\x05\x2b\x81\x04\x00\x23"
#define NULL_DER "\x05\x00"

static void knows_three_kinds_of_keys(void **state)
{
    static const struct {
        const char *name;
        const char *oid;
        const char *parameters;
        size_t parameters_len;
        uint8_t first; /* of the bits */
        size_t len;    /* of the bits */
        enum signature_key_type want;
    } cases[] = {
    /* clang-format off */
#define CASE(name, oid, parameters, first, len, want) \
        { name, oid, parameters, sizeof(parameters) - 1, first, len, want }
        CASE("P-256", EC, P256, 4, 65, SIGNATURE_KEY_P256),
        CASE("P-384", EC, P384, 4, 97, SIGNATURE_KEY_P384),
        CASE("RSA", RSA, NULL_DER, 0x30, 20, SIGNATURE_KEY_RSA),
        CASE("P-256, compressed", EC, P256, 2, 33, SIGNATURE_KEY_NONE),
        CASE("P-256, hybrid", EC, P256, 6, 65, SIGNATURE_KEY_NONE),
        CASE("P-256, a byte short", EC, P256, 4, 64, SIGNATURE_KEY_NONE),
        CASE("P-256, a byte long", EC, P256, 4, 66, SIGNATURE_KEY_NONE),
        CASE("P-256 with P-384's bits", EC, P256, 4, 97, SIGNATURE_KEY_NONE),
        CASE("infinity", EC, P256, 0, 1, SIGNATURE_KEY_NONE),
        CASE("no bits", EC, P256, 0, 0, SIGNATURE_KEY_NONE),
        CASE("P-521", EC, P521, 4, 133, SIGNATURE_KEY_NONE),
        CASE("a curve without name", EC, NULL_DER, 4, 65, SIGNATURE_KEY_NONE),
        CASE("RSA without NULL", RSA, "", 0x30, 20, SIGNATURE_KEY_NONE),
        CASE("RSA without bits", RSA, NULL_DER, 0, 0, SIGNATURE_KEY_NONE),
        /* clang-format on */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t bits[256] = { cases[i].first };
        uint8_t room[512];
        struct builder b = builder_over(room, sizeof(room));
        struct signature_key key;

        put_spki(&b, cases[i].oid, cases[i].parameters, cases[i].parameters_len,
                 slice_of(bits, cases[i].len));
        if (signature_key_parse(builder_view(&b), &key) !=
                (cases[i].want != SIGNATURE_KEY_NONE) ||
            key.type != cases[i].want)
            fail_msg("%s", cases[i].name);
        builder_u8(&b, 0);
        assert_false(signature_key_parse(builder_view(&b), &key));
    }
}

static void put_pair(struct builder *b, struct slice first, struct slice second)
{
    size_t pair = der_out_open(b, DER_SEQUENCE);

    der_out_unsigned(b, first);
    der_out_unsigned(b, second);
    der_out_close(b, pair);
}

static void ecdsa_holds_for_its_key_only(void **state)
{
    struct tls_key keys[2];
    uint8_t rs[64];
    uint8_t room[80];
    struct builder der = builder_over(room, sizeof(room));
    struct signature_key key = { .type = SIGNATURE_KEY_P256 };
    const enum signature_algorithm ecdsa = SIGNATURE_ECDSA_SHA256;

    (void)state;
    assert_true(tls_key_make(&keys[0]) && tls_key_make(&keys[1]));
    assert_true(tls_key_sign(&keys[0], message, rs));
    put_pair(&der, slice_of(rs, 32), slice_of(rs + 32, 32));
    key.bytes = SLICE_OF(keys[0].point);
    assert_true(signature_holds(ecdsa, &key, message, builder_view(&der)));
    assert_false(
        signature_holds(ecdsa, &key, slice_text("simple"), builder_view(&der)));
    assert_false(signature_holds(ecdsa, &key, message, SLICE_OF(rs)));
    assert_false(
        signature_holds(SIGNATURE_UNKNOWN, &key, message, builder_view(&der)));
    assert_false(signature_holds(SIGNATURE_RSA_PSS_SHA384, &key, message,
                                 builder_view(&der)));
    key.type = SIGNATURE_KEY_P384;
    assert_false(signature_holds(ecdsa, &key, message, builder_view(&der)));
    key.type = SIGNATURE_KEY_P256;
    key.bytes = SLICE_OF(keys[1].point);
    assert_false(signature_holds(ecdsa, &key, message, builder_view(&der)));
}

static void rsa_pss_holds_for_its_key_only(void **state)
{
    static const uint8_t exponent[] = { 1, 0, 1 };
    uint8_t modulus[512];
    uint8_t signature[512];
    uint8_t room[600];
    struct builder der = builder_over(room, sizeof(room));
    struct signature_key key = { .type = SIGNATURE_KEY_RSA };
    const enum signature_algorithm pss = SIGNATURE_RSA_PSS_SHA384;

    (void)state;
    assert_true(text_from_hex(slice_text(rsa_vector_modulus), modulus, 512));
    assert_true(text_from_hex(slice_text(rsa_vector_salt_48), signature, 512));
    put_pair(&der, SLICE_OF(modulus), SLICE_OF(exponent));
    key.bytes = builder_view(&der);
    assert_true(signature_holds(pss, &key, message, SLICE_OF(signature)));
    assert_false(
        signature_holds(pss, &key, slice_text("simple"), SLICE_OF(signature)));
    assert_false(signature_holds(SIGNATURE_ECDSA_SHA256, &key, message,
                                 SLICE_OF(signature)));
    key.bytes.len--;
    assert_false(signature_holds(pss, &key, message, SLICE_OF(signature)));
    assert_true(text_from_hex(slice_text(rsa_vector_salt_32), signature, 512));
    key.bytes.len++;
    assert_false(signature_holds(pss, &key, message, SLICE_OF(signature)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_three_kinds_of_keys),
        cmocka_unit_test(ecdsa_holds_for_its_key_only),
        cmocka_unit_test(rsa_pss_holds_for_its_key_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
