/* teekit_evidence: when a teekit server's quote was made, and what it binds. */
#include "tests/support/check.h"

#include "proxy/local/teekit_evidence.h"

#define NOW INT64_C(1800000000)

/* clang-format off */
static const struct {
    const char *name;
    const char *text;
    size_t len; /* 0: of the text */
    int64_t want; /* -1: refused */
} times[] = {
    { "eight bytes, big endian", "\0\0\0\0\x6b\x49\xd2\x00", 8, 1800000000 },
    { "the end of time", "\x7f\xff\xff\xff\xff\xff\xff\xff", 8, INT64_MAX },
    { "behind it", "\x80\0\0\0\0\0\0\0", 8, -1 },
    { "seven bytes", "\0\0\0\0\x6b\x49\xd2", 7, -1 },
    { "as Intel Trust Authority has it", "2025-09-11 21:55:22 +0000 UTC", 0,
      1757627722 },
    { "with fractions", "2025-09-11 21:55:22.123456789 +0000 UTC", 0,
      1757627722 },
    { "RFC 3339", "2025-09-11T21:55:22Z", 0, 1757627722 },
    { "with fractions too", "2025-09-11T21:55:22.5Z", 0, 1757627722 },
    { "another zone", "2025-09-11 21:55:22 +0100 UTC", 0, -1 },
    { "a mixture", "2025-09-11 21:55:22Z", 0, -1 },
    { "a day that is none", "2025-02-30 21:55:22 +0000 UTC", 0, -1 },
    { "more behind it", "2025-09-11T21:55:22Zx", 0, -1 },
    { "no zone", "2025-09-11 21:55:22", 0, -1 },
    { "a point without digits", "2025-09-11T21:55:22.", 0, -1 },
    { "words", "yesterday", 0, -1 },
};
/* clang-format on */

static void times_of_every_form_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        struct slice iat =
            slice_of(times[i].text,
                     times[i].len != 0 ? times[i].len : strlen(times[i].text));
        int64_t got = 1;
        struct why why;
        enum status st = teekit_evidence_issued(iat, &got, &why);

        if ((times[i].want < 0) != (st == STATUS_BAD_FIELD) ||
            got != (times[i].want < 0 ? 0 : times[i].want))
            fail_msg("%s: %s, %lld", times[i].name, status_name(st),
                     (long long)got);
    }
}

static void try_prefix(struct slice iat, void *ctx)
{
    int64_t got;
    struct why why;

    (void)ctx;
    if (iat.len != 8)
        CHECK_STATUS(teekit_evidence_issued(iat, &got, &why), STATUS_BAD_FIELD);
}

static void no_prefix_tells_a_time(void **state)
{
    (void)state;
    for_each_prefix(slice_text("2025-09-11 21:55:22.1 +0000 UTC"), try_prefix,
                    NULL);
}

static struct teekit_envelope announcement(void)
{
    static const uint8_t key[TEEKIT_KEY_BYTES] = { 7 };

    return (struct teekit_envelope){ .type = TEEKIT_SERVER_KX,
                                     .public_key = SLICE_OF(key),
                                     .quote = slice_text("quote"),
                                     .data = TEEKIT_DATA_MAP,
                                     .val = slice_text("nonce"),
                                     .iat = slice_text("2025-09-11T21:55:22Z"),
                                     .vcek = slice_text("PEM") };
}

static void only_tdx_tells_when(void **state)
{
    const struct teekit_envelope kx = announcement();
    struct session_evidence e;
    struct why why;

    (void)state;
    CHECK_STATUS(teekit_evidence_read(TEE_TDX, &kx, NOW, &e, &why), STATUS_OK);
    assert_int_equal(e.issued_unix, 1757627722);
    assert_false(e.challenged);
    assert_false(e.is_snp);
    CHECK_STATUS(teekit_evidence_read(TEE_SGX, &kx, NOW, &e, &why), STATUS_OK);
    assert_int_equal(e.issued_unix, NOW);
    assert_true(slice_is_zero(slice_of(e.report_data + 32, 32)));
    CHECK_STATUS(teekit_evidence_read(TEE_SEV_SNP, &kx, NOW, &e, &why),
                 STATUS_OK);
    assert_true(e.is_snp && slice_equal(e.vcek, slice_text("PEM")));
}

static void the_rule_needs_its_parts(void **state)
{
    struct teekit_envelope kx = announcement();
    struct session_evidence e;
    struct why why;

    (void)state;
    kx.data = TEEKIT_DATA_NONE;
    kx.val = kx.iat = (struct slice){ 0 };
    CHECK_STATUS(teekit_evidence_read(TEE_TDX, &kx, NOW, &e, &why),
                 STATUS_BAD_FIELD);
    CHECK_STATUS(teekit_evidence_read(TEE_SEV_SNP, &kx, NOW, &e, &why),
                 STATUS_BAD_FIELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_of_every_form_are_read),
        cmocka_unit_test(no_prefix_tells_a_time),
        cmocka_unit_test(only_tdx_tells_when),
        cmocka_unit_test(the_rule_needs_its_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
