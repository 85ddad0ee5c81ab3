/* snp_table: certificates found by GUID, and tables that are bent. */
#include "proxy/server/snp_table.h"

#include "common/builder.h"
#include "tests/support/check.h"

#define ENTRY 24

static const uint8_t vcek[16] = { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64,
                                  0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9,
                                  0x3b, 0xe8, 0xac, 0xcd };
static const uint8_t vcek_turned[16] = { 0x8d, 0x75, 0xda, 0x63, 0x64, 0xe6,
                                         0x64, 0x45, 0xad, 0xc5, 0xf4, 0xb9,
                                         0x3b, 0xe8, 0xac, 0xcd };
static const uint8_t vlek[16] = { 0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a,
                                  0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0,
                                  0x45, 0xa0, 0xb8, 0xa1 };
static const uint8_t ask[16] = {
    0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4,
    0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82
};
static const uint8_t ark[16] = {
    0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52,
    0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae
};
static const uint8_t other[16] = { 1, 2, 3 };
static const uint8_t end[16] = { 0 };

static void put(struct builder *b, const uint8_t guid[16], uint32_t offset,
                uint32_t len)
{
    builder_bytes(b, slice_of(guid, 16));
    builder_u32le(b, offset);
    builder_u32le(b, len);
}

/* An entry of each kind: the certificates are "V", "AS", "ARK". */
static struct slice whole(const uint8_t first[16], uint8_t room[200])
{
    struct builder b = builder_over(room, 200);

    put(&b, first, 5 * ENTRY, 1);
    put(&b, other, 0, 120);
    put(&b, ask, 5 * ENTRY + 1, 2);
    put(&b, ark, 5 * ENTRY + 3, 3);
    put(&b, end, 0, 0);
    builder_text(&b, "VASARK");
    assert_true(builder_ok(&b));
    return builder_view(&b);
}

static void check_whole(struct slice table)
{
    struct snp_table t;
    struct why why = { 0 };

    CHECK_STATUS(snp_table_parse(table, &t, &why), STATUS_OK);
    assert_true(slice_equal(t.vcek, slice_text("V")));
    assert_true(slice_equal(t.ask, slice_text("AS")));
    assert_true(slice_equal(t.ark, slice_text("ARK")));
}

static void each_certificate_is_found(void **state)
{
    uint8_t room[200];

    (void)state;
    check_whole(whole(vcek, room));
    check_whole(whole(vcek_turned, room));
    check_whole(whole(vlek, room));
}

static void a_vlek_counts_where_both_are(void **state)
{
    const uint8_t *const orders[2][2] = { { vcek, vlek }, { vlek, vcek } };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t room[200];
        struct builder b = builder_over(room, sizeof(room));
        struct snp_table t;
        struct why why = { 0 };

        put(&b, orders[i][0], 3 * ENTRY, 1);
        put(&b, orders[i][1], 3 * ENTRY + 1, 1);
        put(&b, end, 0, 0);
        builder_text(&b, i == 0 ? "CL" : "LC");
        CHECK_STATUS(snp_table_parse(builder_view(&b), &t, &why), STATUS_OK);
        assert_true(slice_equal(t.vcek, slice_text("L")));
    }
}

static void nothing_is_an_empty_table(void **state)
{
    static const uint8_t zeros[4096];
    struct snp_table t;
    struct why why = { 0 };

    (void)state;
    CHECK_STATUS(snp_table_parse((struct slice){ 0 }, &t, &why), STATUS_OK);
    assert_int_equal(t.vcek.len + t.ask.len + t.ark.len, 0);
    CHECK_STATUS(snp_table_parse(SLICE_OF(zeros), &t, &why), STATUS_OK);
    assert_int_equal(t.vcek.len + t.ask.len + t.ark.len, 0);
}

static void an_entry_stays_inside(void **state)
{
    static const struct {
        const char *name;
        uint32_t offset;
        uint32_t len;
        enum status want;
    } cases[] = {
        { "all of it", 0, 2 * ENTRY, STATUS_OK },
        { "nothing at the end", 2 * ENTRY, 0, STATUS_OK },
        { "one byte more", 0, 2 * ENTRY + 1, STATUS_BAD_FIELD },
        { "behind the end", 2 * ENTRY + 1, 0, STATUS_BAD_FIELD },
        { "the sum wraps", 16, UINT32_MAX - 15, STATUS_BAD_FIELD },
        { "the greatest offset", UINT32_MAX, 1, STATUS_BAD_FIELD },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t room[2 * ENTRY];
        struct builder b = builder_over(room, sizeof(room));
        struct snp_table t;
        struct why why = { 0 };

        print_message("  %s\n", cases[i].name);
        put(&b, vcek, cases[i].offset, cases[i].len);
        put(&b, end, 0, 0);
        CHECK_STATUS(snp_table_parse(builder_view(&b), &t, &why),
                     cases[i].want);
    }
}

static void a_table_ends(void **state)
{
    uint8_t room[40 * ENTRY];
    struct builder b = builder_over(room, sizeof(room));
    struct snp_table t;
    struct why why = { 0 };

    (void)state;
    for (int i = 0; i < 40; i++)
        put(&b, other, 0, 0);
    CHECK_STATUS(snp_table_parse(builder_view(&b), &t, &why), STATUS_BAD_FIELD);
}

static void refuses_or_finds_nothing(struct slice bent, void *ctx)
{
    struct snp_table t;
    struct why why = { 0 };

    (void)ctx;
    if (snp_table_parse(bent, &t, &why) != STATUS_OK)
        assert_int_equal(t.vcek.len + t.ask.len + t.ark.len, 0);
    else
        assert_true(t.vcek.len <= bent.len && t.ark.len <= bent.len);
}

static void every_prefix_and_flip_ends_in_a_status(void **state)
{
    uint8_t room[200];

    (void)state;
    for_each_prefix(whole(vcek, room), refuses_or_finds_nothing, NULL);
    for_each_flip(whole(vcek, room), refuses_or_finds_nothing, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_certificate_is_found),
        cmocka_unit_test(a_vlek_counts_where_both_are),
        cmocka_unit_test(nothing_is_an_empty_table),
        cmocka_unit_test(an_entry_stays_inside),
        cmocka_unit_test(a_table_ends),
        cmocka_unit_test(every_prefix_and_flip_ends_in_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
