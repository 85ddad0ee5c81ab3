/* CBOR from outside, and ours. */
#include "tests/support/check.h"

#include "common/text.h"
#include "proxy/tunnel/wire_in.h"
#include "proxy/tunnel/wire_out.h"

#define HEX_MAX_BYTES 256

static struct slice bytes_of(const char *hex, uint8_t out[HEX_MAX_BYTES])
{
    size_t len = strlen(hex) / 2;

    assert_true(len <= HEX_MAX_BYTES);
    assert_true(text_from_hex(slice_text(hex), out, len));
    return slice_of(out, len);
}

/* What one item is, in each form; WIRE_NONE is refused. The examples are those
 * of RFC 8949 appendix A and what can be done wrong to them. */
static const struct {
    const char *name;
    const char *hex;
    enum wire_kind any;
    enum wire_kind deterministic;
} kinds[] = {
    /* clang-format off */
    { "a small number",            "17",                 WIRE_UINT,     WIRE_UINT },
    { "a number of one byte",      "1818",               WIRE_UINT,     WIRE_UINT },
    { "a number of two bytes",     "190100",             WIRE_UINT,     WIRE_UINT },
    { "a number of four bytes",    "1a00010000",         WIRE_UINT,     WIRE_UINT },
    { "a number of eight bytes",   "1b0000000100000000", WIRE_UINT,     WIRE_UINT },
    { "23 in two bytes",           "1817",               WIRE_UINT,     WIRE_NONE },
    { "255 in three bytes",        "1900ff",             WIRE_UINT,     WIRE_NONE },
    { "65535 in five bytes",       "1a0000ffff",         WIRE_UINT,     WIRE_NONE },
    { "2^32-1 in nine bytes",      "1b00000000ffffffff", WIRE_UINT,     WIRE_NONE },
    { "minus one",                 "20",                 WIRE_NEGATIVE, WIRE_NEGATIVE },
    { "minus a thousand",          "3903e7",             WIRE_NEGATIVE, WIRE_NEGATIVE },
    { "the least number",          "3bffffffffffffffff", WIRE_NEGATIVE, WIRE_NEGATIVE },
    { "no bytes",                  "40",                 WIRE_BYTES,    WIRE_BYTES },
    { "four bytes",                "4401020304",         WIRE_BYTES,    WIRE_BYTES },
    { "a byte under a long head",  "580101",             WIRE_BYTES,    WIRE_NONE },
    { "a byte under nine",         "5b000000000000000101", WIRE_BYTES,  WIRE_NONE },
    { "text",                      "6449455446",         WIRE_TEXT,     WIRE_TEXT },
    { "text under a long head",    "780161",             WIRE_TEXT,     WIRE_NONE },
    { "an array",                  "83010203",           WIRE_ARRAY,    WIRE_ARRAY },
    { "an array under a long head", "980101",            WIRE_ARRAY,    WIRE_NONE },
    { "an open array",             "9fff",               WIRE_ARRAY,    WIRE_NONE },
    { "a map",                     "a10102",             WIRE_MAP,      WIRE_MAP },
    { "a map as JavaScript does",  "b900010102",         WIRE_MAP,      WIRE_NONE },
    { "an open map",               "bfff",               WIRE_MAP,      WIRE_NONE },
    { "false",                     "f4",                 WIRE_BOOL,     WIRE_BOOL },
    { "true",                      "f5",                 WIRE_BOOL,     WIRE_BOOL },
    { "null",                      "f6",                 WIRE_NULL,     WIRE_NULL },
    { "undefined",                 "f7",                 WIRE_NULL,     WIRE_NONE },
    { "half a float",              "f93c00",             WIRE_FLOAT,    WIRE_NONE },
    { "a float",                   "fa47c35000",         WIRE_FLOAT,    WIRE_NONE },
    { "a double",                  "fb3ff199999999999a", WIRE_FLOAT,    WIRE_NONE },
    { "a break",                   "ff",                 WIRE_BREAK,    WIRE_NONE },
    { "tagged bytes",              "d8404401020304",     WIRE_BYTES,    WIRE_NONE },
    { "tagged text",               "d8406161",           WIRE_NONE,     WIRE_NONE },
    { "a tag in a tag",            "d840d84041ff",       WIRE_NONE,     WIRE_NONE },
    { "a tag alone",               "d840",               WIRE_NONE,     WIRE_NONE },
    { "a big number",              "c249010000000000000000", WIRE_NONE, WIRE_NONE },
    { "a date",                    "c11a514b67b0",       WIRE_NONE,     WIRE_NONE },
    { "bytes in pieces",           "5f42010243030405ff", WIRE_NONE,     WIRE_NONE },
    { "text in pieces",            "7f657374726561646d696e67ff", WIRE_NONE, WIRE_NONE },
    { "a reserved length",         "1c",                 WIRE_NONE,     WIRE_NONE },
    { "a reserved length of bytes", "5e",                WIRE_NONE,     WIRE_NONE },
    { "an unassigned simple value", "f0",                WIRE_NONE,     WIRE_NONE },
    { "a simple value of a byte",  "f8ff",               WIRE_NONE,     WIRE_NONE },
    { "a cut number",              "19ff",               WIRE_NONE,     WIRE_NONE },
    { "a string past its end",     "4401",               WIRE_NONE,     WIRE_NONE },
    { "a string of 2^64-1 bytes",  "5bffffffffffffffff00", WIRE_NONE,   WIRE_NONE },
    { "a string of 2^63 bytes",    "5b8000000000000000", WIRE_NONE,     WIRE_NONE },
    { "nothing",                   "",                   WIRE_NONE,     WIRE_NONE },
    /* clang-format on */
};

static void items_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        uint8_t raw[HEX_MAX_BYTES];
        struct slice s = bytes_of(kinds[i].hex, raw);
        struct wire_in any = wire_in_over(s, WIRE_ANY);
        struct wire_in strict = wire_in_over(s, WIRE_DETERMINISTIC);

        if (wire_in_peek(&any) != kinds[i].any ||
            wire_in_peek(&strict) != kinds[i].deterministic)
            fail_msg("%s: %d, %d", kinds[i].name, wire_in_peek(&any),
                     wire_in_peek(&strict));
        assert_true(wire_in_ok(&any)); /* looking moves nothing */
    }
}

static void values_are_read(void **state)
{
    static const char hex[] = "8b"
                              "00"
                              "1bffffffffffffffff"
                              "43010203"
                              "63e282ac"
                              "f5"
                              "f4"
                              "f6"
                              "a20102f720"
                              "820304"
                              "9f01ff"
                              "d84041aa";
    uint8_t raw[HEX_MAX_BYTES];
    struct wire_in in = wire_in_over(bytes_of(hex, raw), WIRE_ANY);
    struct wire_list list = wire_in_array(&in, 11);
    struct slice s;

    (void)state;
    assert_int_equal(list.left, 11);
    assert_int_equal(wire_in_uint(&in, 0), 0);
    assert_true(wire_in_uint(&in, UINT64_MAX) == UINT64_MAX);
    s = wire_in_bytes(&in, 3);
    assert_true(s.len == 3 && s.at[2] == 3);
    s = wire_in_text(&in, 3);
    assert_true(slice_equal(s, slice_text("\xe2\x82\xac")));
    assert_true(wire_in_bool(&in));
    assert_false(wire_in_bool(&in));
    assert_true(wire_in_null(&in));
    assert_false(wire_in_null(&in));
    wire_in_skip(&in);
    list = wire_in_array(&in, 2);
    assert_true(wire_in_more(&in, &list));
    assert_int_equal(wire_in_uint(&in, 9), 3);
    assert_true(wire_in_more(&in, &list));
    assert_int_equal(wire_in_uint(&in, 9), 4);
    assert_false(wire_in_more(&in, &list));
    assert_false(wire_in_more(&in, &list));
    list = wire_in_array(&in, 0);
    assert_true(wire_in_more(&in, &list));
    assert_int_equal(wire_in_uint(&in, 9), 1);
    assert_false(wire_in_more(&in, &list));
    assert_int_equal(wire_in_bytes(&in, 1).at[0], 0xaa);
    assert_true(wire_in_finish(&in));
}

/* JavaScript has one kind of number. */
static const struct {
    const char *name;
    const char *hex;
    bool ok;
    uint64_t value;
} wholes[] = {
    /* clang-format off */
    { "a number",                 "18c8",               true,  200 },
    { "half a float",             "f95a40",             true,  200 },
    { "a float",                  "fa43480000",         true,  200 },
    { "a double",                 "fb4069000000000000", true,  200 },
    { "zero as a float",          "f90000",             true,  0 },
    { "the largest exact one",    "fb433fffffffffffff", true,  9007199254740991 },
    { "one that may be inexact",  "fb4340000000000000", false, 0 },
    { "a fraction",               "fb4069100000000000", false, 0 },
    { "less than nothing",        "f9bc00",             false, 0 },
    { "infinity",                 "f97c00",             false, 0 },
    { "not a number",             "f97e00",             false, 0 },
    { "a text",                   "63323030",           false, 0 },
    /* clang-format on */
};

static void whole_numbers_may_be_floats(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wholes); i++) {
        uint8_t raw[HEX_MAX_BYTES];
        struct wire_in in =
            wire_in_over(bytes_of(wholes[i].hex, raw), WIRE_ANY);

        print_message("%s\n", wholes[i].name);
        assert_true(wire_in_whole(&in, UINT64_MAX) == wholes[i].value);
        assert_int_equal(wire_in_finish(&in), wholes[i].ok);
        in = wire_in_over(bytes_of(wholes[i].hex, raw), WIRE_ANY);
        if (wholes[i].value > 0) {
            (void)wire_in_whole(&in, wholes[i].value - 1);
            assert_false(wire_in_ok(&in)); /* over the limit */
        }
    }
}

static void limits_hold_on_both_sides(void **state)
{
    uint8_t raw[HEX_MAX_BYTES];
    struct wire_in in;

    (void)state;
    in = wire_in_over(bytes_of("0a", raw), WIRE_ANY);
    assert_int_equal(wire_in_uint(&in, 9), 0);
    assert_false(wire_in_ok(&in));
    in = wire_in_over(bytes_of("0a", raw), WIRE_ANY);
    assert_int_equal(wire_in_uint(&in, 10), 10);
    assert_true(wire_in_finish(&in));
    in = wire_in_over(bytes_of("420102", raw), WIRE_ANY);
    assert_int_equal(wire_in_bytes(&in, 1).len, 0);
    assert_false(wire_in_ok(&in));
    in = wire_in_over(bytes_of("820102", raw), WIRE_ANY);
    (void)wire_in_array(&in, 1);
    assert_false(wire_in_ok(&in));
    in = wire_in_over(bytes_of("a10102", raw), WIRE_ANY);
    (void)wire_in_map(&in, 0);
    assert_false(wire_in_ok(&in));
}

static void a_failed_reader_stays_failed(void **state)
{
    uint8_t raw[HEX_MAX_BYTES];
    struct wire_in in = wire_in_over(bytes_of("0102", raw), WIRE_ANY);
    struct wire_list open = { .open = true };

    (void)state;
    assert_int_equal(wire_in_bytes(&in, 9).len, 0); /* it is a number */
    assert_int_equal(wire_in_uint(&in, 9), 0);
    assert_int_equal(wire_in_peek(&in), WIRE_NONE);
    assert_false(wire_in_null(&in));
    assert_false(wire_in_more(&in, &open));
    assert_false(wire_in_finish(&in));
}

static void text_must_be_utf8(void **state)
{
    static const char *const bad[] = { "61ff", "62c080", "63eda080", "62e282",
                                       "64f4908080" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        uint8_t raw[HEX_MAX_BYTES];
        struct wire_in in = wire_in_over(bytes_of(bad[i], raw), WIRE_ANY);

        assert_int_equal(wire_in_text(&in, 9).len, 0);
        assert_false(wire_in_ok(&in));
    }
}

static const struct {
    const char *name;
    const char *hex;
    bool skipped;
} skips[] = {
    /* clang-format off */
    { "a number",               "01",               true },
    { "eight arrays deep",      "8181818181818101", true },
    { "nine arrays deep",       "818181818181818101", false },
    { "maps in open arrays",    "9fa10102bf0102ffff", true },
    { "an open map cut in two", "bf01ff",           false },
    { "a break alone",          "ff",               false },
    { "too few items",          "8201",             false },
    { "too few pairs",          "a101",             false },
    { "2^64-1 items",           "9bffffffffffffffff00", false },
    { "2^64-1 pairs",           "bbffffffffffffffff00", false },
    { "an open array cut",      "9f01",             false },
    { "a big number inside",    "81c24101",         false },
    /* clang-format on */
};

static void what_is_not_known_is_passed_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(skips); i++) {
        uint8_t raw[HEX_MAX_BYTES];
        struct wire_in in = wire_in_over(bytes_of(skips[i].hex, raw), WIRE_ANY);

        wire_in_skip(&in);
        if (wire_in_finish(&in) != skips[i].skipped)
            fail_msg("%s", skips[i].name);
    }
}

static void we_write_the_shortest_form(void **state)
{
    static const char want[] = "8a"
                               "0017181818ff1901001a000100001b0000000100000000"
                               "43010203"
                               "626869"
                               "a1f5f6";
    static const uint64_t numbers[] = {
        0, 23, 24, 255, 256, 65536, 4294967296,
    };
    static const uint8_t bytes[] = { 1, 2, 3 };
    uint8_t out[64], raw[HEX_MAX_BYTES];
    struct builder b = builder_over(out, sizeof(out));
    struct wire_in in;

    (void)state;
    wire_out_array(&b, 10);
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        wire_out_uint(&b, numbers[i]);
    wire_out_bytes(&b, SLICE_OF(bytes));
    wire_out_text(&b, "hi");
    wire_out_map(&b, 1);
    wire_out_bool(&b, true);
    wire_out_null(&b);
    assert_true(slice_equal(builder_view(&b), bytes_of(want, raw)));
    in = wire_in_over(builder_view(&b), WIRE_DETERMINISTIC);
    wire_in_skip(&in);
    assert_true(wire_in_finish(&in));
}

static void what_does_not_fit_is_not_written(void **state)
{
    uint8_t out[3];
    struct builder b = builder_over(out, sizeof(out));

    (void)state;
    wire_out_text(&b, "abc");
    assert_false(builder_ok(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_told_apart),
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(whole_numbers_may_be_floats),
        cmocka_unit_test(limits_hold_on_both_sides),
        cmocka_unit_test(a_failed_reader_stays_failed),
        cmocka_unit_test(text_must_be_utf8),
        cmocka_unit_test(what_is_not_known_is_passed_over),
        cmocka_unit_test(we_write_the_shortest_form),
        cmocka_unit_test(what_does_not_fit_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
