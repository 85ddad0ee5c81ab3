#include "tests/support/check.h"

#include "tests/support/snp_sim.h"

static void make(uint16_t version, struct sim_snp_plan *plan)
{
    snp_sim_default(plan);
    sim_snp_put(plan, 0, version, 2);
    if (version < 3)
        sim_snp_put(plan, 0x188, 0, 3);
    if (version >= 5)
        sim_snp_put(plan, 0x1f8, 0x0b, 8);
}

static void reads_every_version(void **state)
{
    (void)state;
    for (uint16_t version = 2; version <= 5; version++) {
        struct sim_snp_plan plan;
        struct snp_report report;
        struct why why;

        make(version, &plan);
        CHECK_STATUS(snp_report_parse(SLICE_OF(plan.report), &report, &why),
                     STATUS_OK);
        assert_int_equal(report.version, version);
        assert_int_equal(report.says.has_cpuid, version >= 3);
        assert_int_equal(report.says.has_mitigations, version >= 5);
        assert_int_equal(report.says.launch_mitigations,
                         version >= 5 ? 0x0b : 0);
        assert_int_equal(report.signed_part.len, 0x2a0);
    }
}

static void reads_each_field(void **state)
{
    struct sim_snp_plan plan;
    struct snp_report r;
    struct why why;
    uint8_t big_endian[96];

    (void)state;
    make(5, &plan);
    sim_snp_put(&plan, 0x48, 1 | 2 | 1 << 2, 4);
    sim_snp_put(&plan, 0x200, 0x0102, 8);
    plan.report[0xe0] = 0xe0;
    plan.report[0x110] = 0x11;
    for (uint8_t i = 0; i < 48; i++) {
        plan.report[0x2a0 + i] = i;
        plan.report[0x2e8 + i] = (uint8_t)(100 + i);
        big_endian[47 - i] = i;
        big_endian[95 - i] = (uint8_t)(100 + i);
    }
    CHECK_STATUS(snp_report_parse(SLICE_OF(plan.report), &r, &why), STATUS_OK);
    assert_int_equal(r.says.guest_svn, 7);
    assert_int_equal(r.says.policy, 0x3011f);
    assert_int_equal(r.says.vmpl, 1);
    assert_int_equal(r.says.platform_info, 0x25);
    assert_int_equal(r.says.family_id[15], 0x10);
    assert_int_equal(r.says.image_id[0], 0x20);
    assert_true(r.says.has_author_key);
    assert_true(r.says.masks_chip_key);
    assert_int_equal(r.says.signer, SNP_VLEK);
    assert_int_equal(r.report_data[63], 0x50);
    assert_int_equal(r.says.measurement[47], 0x90);
    assert_int_equal(r.says.host_data[31], 0xc0);
    assert_int_equal(r.says.id_key_digest[0], 0xe0);
    assert_int_equal(r.says.author_key_digest[0], 0x11);
    assert_int_equal(r.says.report_id[31], 0x14);
    assert_int_equal(r.says.report_id_ma[0], 0xff);
    assert_int_equal(r.says.chip_id[63], 0x1a);
    assert_int_equal(r.says.cpuid_family, 0x19);
    assert_int_equal(r.says.cpuid_model, 1);
    assert_int_equal(r.says.current_build.major, 1);
    assert_int_equal(r.says.committed_build.minor, 0x37);
    assert_int_equal(r.says.current_build.build, 0x1d);
    assert_int_equal(r.says.current_mitigations, 0x0102);
    assert_int_equal(r.launch_tcb[7], 0xdb);
    assert_memory_equal(r.signature, big_endian, sizeof(big_endian));
}

static const struct {
    const char *name;
    uint16_t version;
    size_t at;
    uint64_t value;
    size_t len;
    enum status want;
    const char *field;
} bends[] = {
    /* clang-format off */
    { "version 1", 3, 0, 1, 4, STATUS_BAD_VERSION, "report.version" },
    { "version 6", 3, 0, 6, 4, STATUS_BAD_VERSION, "report.version" },
    { "version 65538", 3, 0, 65538, 4, STATUS_BAD_VERSION, "report.version" },
    { "policy without bit 17", 3, 8, 0x1011f, 8, STATUS_BAD_FIELD, "report.policy" },
    { "policy with bit 25", 3, 8, 0x203011f, 8, STATUS_OK, NULL },
    { "policy with bit 26", 3, 8, 0x403011f, 8, STATUS_BAD_FIELD, "report.policy" },
    { "policy with bit 63", 3, 15, 0x80, 1, STATUS_BAD_FIELD, "report.policy" },
    { "VMPL 3", 3, 0x30, 3, 4, STATUS_OK, NULL },
    { "VMPL 4", 3, 0x30, 4, 4, STATUS_BAD_FIELD, "report.vmpl" },
    { "asked by the host", 3, 0x30, 0xffffffff, 4, STATUS_BAD_FIELD, "report.vmpl" },
    { "algorithm 0", 3, 0x34, 0, 4, STATUS_UNSUPPORTED, "report.signature_algo" },
    { "algorithm 2", 3, 0x34, 2, 4, STATUS_UNSUPPORTED, "report.signature_algo" },
    { "unknown platform info", 3, 0x47, 0x80, 1, STATUS_OK, NULL },
    { "signing key 2", 3, 0x48, 2 << 2, 4, STATUS_UNSUPPORTED, "report.signer_info" },
    { "no signing key", 3, 0x48, 7 << 2, 4, STATUS_UNSUPPORTED, "report.signer_info" },
    { "reserved signer info", 3, 0x48, 1 << 5, 4, STATUS_BAD_FIELD, "report.signer_info" },
    { "byte 4c", 3, 0x4c, 1, 1, STATUS_BAD_FIELD, "report.reserved" },
    { "CPUID in version 2", 2, 0x188, 0x19, 1, STATUS_BAD_FIELD, "report.reserved" },
    { "byte 18b", 3, 0x18b, 1, 1, STATUS_BAD_FIELD, "report.reserved" },
    { "byte 19f", 5, 0x19f, 1, 1, STATUS_BAD_FIELD, "report.reserved" },
    { "byte 1eb", 3, 0x1eb, 1, 1, STATUS_BAD_FIELD, "report.reserved" },
    { "byte 1ef", 3, 0x1ef, 1, 1, STATUS_BAD_FIELD, "report.reserved" },
    { "mitigations in version 4", 4, 0x1f8, 1, 1, STATUS_BAD_FIELD, "report.reserved" },
    { "byte 208", 5, 0x208, 1, 1, STATUS_BAD_FIELD, "report.reserved" },
    { "byte 29f", 3, 0x29f, 1, 1, STATUS_BAD_FIELD, "report.reserved" },
    { "long r", 3, 0x2d0, 1, 1, STATUS_BAD_FIELD, "report.reserved" },
    { "long s", 3, 0x32f, 1, 1, STATUS_BAD_FIELD, "report.reserved" },
    { "byte 330", 3, 0x330, 1, 1, STATUS_BAD_FIELD, "report.reserved" },
    { "byte 49f", 3, 0x49f, 1, 1, STATUS_BAD_FIELD, "report.reserved" },
    /* clang-format on */
};

static void refuses_what_must_not_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bends); i++) {
        struct sim_snp_plan plan;
        struct snp_report report;
        struct why why = { 0 };
        enum status st;

        make(bends[i].version, &plan);
        sim_snp_put(&plan, bends[i].at, bends[i].value, bends[i].len);
        st = snp_report_parse(SLICE_OF(plan.report), &report, &why);
        if (st != bends[i].want)
            fail_msg("%s: %s", bends[i].name, status_name(st));
        if (st == STATUS_OK)
            continue;
        assert_string_equal(why.field, bends[i].field);
        assert_int_equal(report.version, 0);
        assert_int_equal(report.says.signer, SNP_NO_SIGNER);
    }
}

static void refuse_prefix(struct slice bytes, void *ctx)
{
    struct snp_report report;
    struct why why;

    (void)ctx;
    CHECK_STATUS(snp_report_parse(bytes, &report, &why), STATUS_TRUNCATED);
}

static void refuses_every_prefix(void **state)
{
    struct sim_snp_plan plan;

    (void)state;
    make(3, &plan);
    for_each_prefix(SLICE_OF(plan.report), refuse_prefix, NULL);
}

/* Any end is fine; a sanitizer would see a bad one. */
static void survive_flip(struct slice bytes, void *ctx)
{
    struct snp_report report;
    struct why why = { 0 };
    enum status st = snp_report_parse(bytes, &report, &why);

    (void)ctx;
    assert_int_equal(why.status, st);
    assert_int_equal(report.version != 0, st == STATUS_OK);
}

static void survives_every_flip(void **state)
{
    struct sim_snp_plan plan;

    (void)state;
    for (uint16_t version = 2; version <= 5; version += 3) {
        make(version, &plan);
        for_each_flip(SLICE_OF(plan.report), survive_flip, NULL);
    }
}

static void ignores_what_follows(void **state)
{
    struct sim_snp_plan plan;
    uint8_t longer[SNP_REPORT_BYTES + 3];
    struct snp_report report;
    struct why why;

    (void)state;
    make(3, &plan);
    memcpy(longer, plan.report, sizeof(plan.report));
    memset(longer + sizeof(plan.report), 0xee, 3);
    CHECK_STATUS(snp_report_parse(SLICE_OF(longer), &report, &why), STATUS_OK);
}

/* --- the TCB's versions --- */

static void reads_a_tcb_by_product(void **state)
{
    static const uint8_t milan[] = { 1, 2, 0, 0, 0, 0, 3, 4 };
    static const uint8_t turin[] = { 9, 1, 2, 3, 0, 0, 0, 4 };
    struct snp_tcb a, b;

    (void)state;
    assert_true(snp_tcb_read(SNP_MILAN, milan, &a));
    assert_true(snp_tcb_read(SNP_GENOA, milan, &b));
    assert_true(snp_tcb_equal(&a, &b));
    assert_true(snp_tcb_read(SNP_TURIN, turin, &b));
    assert_int_equal(b.fmc, 9);
    b.fmc = 0;
    assert_true(snp_tcb_equal(&a, &b));
    assert_false(snp_tcb_read(SNP_TURIN, milan, &b));
    assert_false(snp_tcb_read(SNP_MILAN, turin, &b));
    assert_true(slice_is_zero(slice_of(&b, sizeof(b))));
}

static void compares_each_part_of_a_tcb(void **state)
{
    static const struct snp_tcb base = { 5, 5, 5, 5, 5 };

    (void)state;
    assert_true(snp_tcb_covers(&base, &base));
    for (size_t i = 0; i < sizeof(base); i++) {
        struct snp_tcb other = base;

        memset((uint8_t *)&other + i, 6, 1);
        assert_true(snp_tcb_covers(&other, &base));
        assert_false(snp_tcb_covers(&base, &other));
        assert_false(snp_tcb_equal(&base, &other));
    }
}

static void a_tcb_fits_its_text(void **state)
{
    static const struct snp_tcb most = { 255, 255, 255, 255, 255 };
    char text[SNP_TCB_TEXT_ROOM];

    (void)state;
    snp_tcb_text(&most, text);
    assert_string_equal(text, "bootloader 255, tee 255, snp 255, "
                              "microcode 255, fmc 255");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_version),
        cmocka_unit_test(reads_each_field),
        cmocka_unit_test(refuses_what_must_not_be),
        cmocka_unit_test(refuses_every_prefix),
        cmocka_unit_test(survives_every_flip),
        cmocka_unit_test(ignores_what_follows),
        cmocka_unit_test(reads_a_tcb_by_product),
        cmocka_unit_test(compares_each_part_of_a_tcb),
        cmocka_unit_test(a_tcb_fits_its_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
