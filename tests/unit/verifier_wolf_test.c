/* wolf: hashes and signature checks. */
#include "tests/support/check.h"

#include "common/text.h"
#include "tests/support/rsa_vector.h"
#include "verifier/wolf.h"

/* RFC 6979 A.2.5, SHA-256 over "sample". */
static const char p256_key[] =
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char p256_rs[] =
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

/* RFC 6979 A.2.6, SHA-384 over "sample". */
static const char p384_key[] =
    "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e"
    "06aae5286b300c64def8f0ea9055866064a254515480bc13"
    "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9"
    "f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720";
static const char p384_rs[] =
    "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa7"
    "3d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46"
    "99ef4aeb15f178cea1fe40db2603138f130e740a19624526"
    "203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8";

static const char order_256[] =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

static const struct slice none;

/* |hex| as |len| bytes. */
static void from_hex(const char *hex, uint8_t *out, size_t len)
{
    assert_true(text_from_hex(slice_text(hex), out, len));
}

static void check_hex(struct slice got, const char *want)
{
    char hex[2 * 64 + 1];

    text_hex(got, hex, sizeof(hex));
    assert_string_equal(hex, want);
}

/* FIPS 180-4 examples, in one and in two slices. */
static void hashes_one_or_two_slices(void **state)
{
    static const char sha256[] =
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    static const char sha384[] =
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
        "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7";
    static const struct {
        const char *a, *b;
    } cases[] = { { "abc", "" }, { "", "abc" }, { "a", "bc" } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct slice a = slice_text(cases[i].a);
        struct slice b = slice_text(cases[i].b);
        uint8_t out[48];

        wolf_sha256(a, b, out);
        check_hex(slice_of(out, 32), sha256);
        wolf_sha384(a, b, out);
        check_hex(slice_of(out, 48), sha384);
    }
}

static void hashes_nothing(void **state)
{
    uint8_t out[32];

    (void)state;
    wolf_sha256(none, none, out);
    check_hex(SLICE_OF(out), "e3b0c44298fc1c149afbf4c8996fb924"
                             "27ae41e4649b934ca495991b7852b855");
}

/* x = 5 is on the curve with this y, and 5 + p still fits into 32 bytes. */
static const char y_of_5[] =
    "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc";

static void knows_points_of_p256(void **state)
{
    static const char p[] =
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
    static const char p_plus_5[] =
        "ffffffff00000001000000000000000000000001000000000000000000000004";
    static const char five[] =
        "0000000000000000000000000000000000000000000000000000000000000005";
    static const char zero[] =
        "0000000000000000000000000000000000000000000000000000000000000000";
    static const char ones[] =
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    static const struct {
        const char *name;
        const char *x, *y;
        bool want;
    } cases[] = {
        { "a small x", five, y_of_5, true },
        { "the same x, not reduced", p_plus_5, y_of_5, false },
        { "x and y exchanged", y_of_5, five, false },
        { "infinity", zero, zero, false },
        { "x = 0 and p", zero, p, false },
        { "all ones", ones, ones, false },
    };
    uint8_t key[64];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        from_hex(cases[i].x, key, 32);
        from_hex(cases[i].y, key + 32, 32);
        if (wolf_p256_is_point(key) != cases[i].want)
            fail_msg("%s", cases[i].name);
    }
    from_hex(p256_key, key, sizeof(key));
    assert_true(wolf_p256_is_point(key));
    key[63] ^= 1;
    assert_false(wolf_p256_is_point(key));
}

static void verifies_p256(void **state)
{
    uint8_t key[64];
    uint8_t rs[64];

    (void)state;
    from_hex(p256_key, key, sizeof(key));
    from_hex(p256_rs, rs, sizeof(rs));
    assert_true(wolf_p256_verify(key, slice_text("sample"), rs));
    assert_false(wolf_p256_verify(key, slice_text("simple"), rs));
    assert_false(wolf_p256_verify(key, none, rs));
    key[63] ^= 1;
    assert_false(wolf_p256_verify(key, slice_text("sample"), rs));
}

static void judges_r_and_s_of_p256(void **state)
{
    static const char zero[] =
        "0000000000000000000000000000000000000000000000000000000000000000";
    static const struct {
        const char *name;
        const char *r, *s; /* NULL: as in p256_rs */
        bool want;
    } cases[] = {
        { "as signed", NULL, NULL, true },
        { "its twin, n - s", NULL,
          "0834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9",
          true },
        { "r = 0", zero, NULL, false },
        { "s = 0", NULL, zero, false },
        { "both 0", zero, zero, false },
        { "r = n", order_256, NULL, false },
        { "s = n", NULL, order_256, false },
        { "both n", order_256, order_256, false },
    };
    uint8_t key[64];

    (void)state;
    from_hex(p256_key, key, sizeof(key));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t rs[64];

        from_hex(p256_rs, rs, sizeof(rs));
        if (cases[i].r != NULL)
            from_hex(cases[i].r, rs, 32);
        if (cases[i].s != NULL)
            from_hex(cases[i].s, rs + 32, 32);
        if (wolf_p256_verify(key, slice_text("sample"), rs) != cases[i].want)
            fail_msg("%s", cases[i].name);
    }
}

/* A key for which r = 5, s = 7 signs "sample", so that r + n and s + n still
 * fit into 32 bytes: who reduces instead of comparing accepts them. */
static void refuses_numbers_plus_n(void **state)
{
    static const char odd_key[] =
        "f065f31c47fdce36774b5aa230802eea907b2198a534d479b8144103797192a2"
        "ae37fc0f232c7fcf298c7115d9f996f4a0ad7283c366fa940925f8c0af34df1a";
    static const char five_plus_n[] =
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632556";
    static const char seven_plus_n[] =
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632558";
    uint8_t key[64];
    uint8_t rs[64] = { [31] = 5, [63] = 7 };

    (void)state;
    from_hex(odd_key, key, sizeof(key));
    assert_true(wolf_p256_verify(key, slice_text("sample"), rs));
    from_hex(five_plus_n, rs, 32);
    assert_false(wolf_p256_verify(key, slice_text("sample"), rs));
    memset(rs, 0, sizeof(rs));
    rs[31] = 5;
    from_hex(seven_plus_n, rs + 32, 32);
    assert_false(wolf_p256_verify(key, slice_text("sample"), rs));
}

static void refuses_each_flipped_bit(void **state)
{
    uint8_t key[64];
    uint8_t rs[64];

    (void)state;
    from_hex(p256_key, key, sizeof(key));
    from_hex(p256_rs, rs, sizeof(rs));
    for (size_t bit = 0; bit < 8 * sizeof(rs); bit++) {
        rs[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(wolf_p256_verify(key, slice_text("sample"), rs));
        rs[bit / 8] ^= (uint8_t)(1U << bit % 8);
        key[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(wolf_p256_is_point(key));
        assert_false(wolf_p256_verify(key, slice_text("sample"), rs));
        key[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void verifies_p384(void **state)
{
    uint8_t key[96];
    uint8_t rs[96];

    (void)state;
    from_hex(p384_key, key, sizeof(key));
    from_hex(p384_rs, rs, sizeof(rs));
    assert_true(wolf_p384_verify(key, slice_text("sample"), rs));
    assert_false(wolf_p384_verify(key, slice_text("simple"), rs));
    key[95] ^= 1;
    assert_false(wolf_p384_verify(key, slice_text("sample"), rs));
    key[95] ^= 1;
    rs[0] ^= 1;
    assert_false(wolf_p384_verify(key, slice_text("sample"), rs));
    memset(rs, 0, sizeof(rs));
    assert_false(wolf_p384_verify(key, slice_text("sample"), rs));
}

static void verifies_rsa_pss(void **state)
{
    static const uint8_t e[] = { 0x01, 0x00, 0x01 };
    uint8_t n[512];
    uint8_t sig[512];
    struct slice m = slice_text("sample");

    (void)state;
    from_hex(rsa_vector_modulus, n, sizeof(n));
    from_hex(rsa_vector_salt_48, sig, sizeof(sig));
    assert_true(
        wolf_rsa_pss_verify(SLICE_OF(n), SLICE_OF(e), m, SLICE_OF(sig)));
    assert_false(wolf_rsa_pss_verify(SLICE_OF(n), SLICE_OF(e),
                                     slice_text("simple"), SLICE_OF(sig)));
    assert_false(wolf_rsa_pss_verify(SLICE_OF(n), SLICE_OF(e), m,
                                     slice_of(sig, sizeof(sig) - 1)));
    assert_false(wolf_rsa_pss_verify(slice_of(n, sizeof(n) - 1), SLICE_OF(e), m,
                                     SLICE_OF(sig)));
    assert_false(wolf_rsa_pss_verify(SLICE_OF(n), none, m, SLICE_OF(sig)));
    assert_false(wolf_rsa_pss_verify(none, SLICE_OF(e), m, SLICE_OF(sig)));
    sig[511] ^= 1;
    assert_false(
        wolf_rsa_pss_verify(SLICE_OF(n), SLICE_OF(e), m, SLICE_OF(sig)));
    from_hex(rsa_vector_salt_32, sig, sizeof(sig));
    assert_false(
        wolf_rsa_pss_verify(SLICE_OF(n), SLICE_OF(e), m, SLICE_OF(sig)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_one_or_two_slices),
        cmocka_unit_test(hashes_nothing),
        cmocka_unit_test(knows_points_of_p256),
        cmocka_unit_test(verifies_p256),
        cmocka_unit_test(judges_r_and_s_of_p256),
        cmocka_unit_test(refuses_numbers_plus_n),
        cmocka_unit_test(refuses_each_flipped_bit),
        cmocka_unit_test(verifies_p384),
        cmocka_unit_test(verifies_rsa_pss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
