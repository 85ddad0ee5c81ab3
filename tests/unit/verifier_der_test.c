/* der: strict DER through a cursor. */
#include "tests/support/check.h"

#include "verifier/der.h"

static struct cursor over(const char *bytes, size_t len)
{
    return cursor_over(slice_of(bytes, len));
}

/* A case is the bytes of one element; |ok| says whether it may be read. */
#define BYTES(text) text, sizeof(text) - 1

static void reads_lengths_in_one_form_only(void **state)
{
    static const struct {
        const char *name;
        const char *bytes;
        size_t len;
        bool ok;
    } cases[] = {
        { "an empty element", BYTES("\x04\x00"), true },
        { "a short length", BYTES("\x04\x01\xaa"), true },
        { "no length", BYTES("\x04"), false },
        { "fewer bytes than the length", BYTES("\x04\x02\xaa"), false },
        { "indefinite", BYTES("\x04\x80\x00\x00"), false },
        { "long form of a short length", BYTES("\x04\x81\x01\xaa"), false },
        { "leading zero in a long length", BYTES("\x04\x82\x00\x81\xaa\xaa"),
          false },
        { "a length of five bytes", BYTES("\x04\x85\x01\x00\x00\x00\x00\xaa"),
          false },
        { "a length of 4 GiB", BYTES("\x04\x84\xff\xff\xff\xff\xaa"), false },
        { "a length in 127 bytes", BYTES("\x04\xff\xaa"), false },
        { "a tag of several bytes", BYTES("\x1f\x81\x01\x00"), false },
        { "another tag", BYTES("\x05\x00"), false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cursor c = over(cases[i].bytes, cases[i].len);

        (void)der_take(&c, DER_OCTET_STRING);
        if (cursor_finish(&c) != cases[i].ok)
            fail_msg("%s", cases[i].name);
    }
}

static void reads_long_lengths(void **state)
{
    static uint8_t bytes[4 + 0x12345];
    const struct {
        uint8_t head[5];
        size_t head_len;
        size_t len;
    } cases[] = { { { 4, 0x7f }, 2, 0x7f },
                  { { 4, 0x81, 0x80 }, 3, 0x80 },
                  { { 4, 0x81, 0xff }, 3, 0xff },
                  { { 4, 0x82, 0x01, 0x00 }, 4, 0x100 },
                  { { 4, 0x82, 0xff, 0xff }, 4, 0xffff },
                  { { 4, 0x83, 0x01, 0x00, 0x00 }, 5, 0x10000 } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cursor c;

        memcpy(bytes, cases[i].head, cases[i].head_len);
        c = over((const char *)bytes, cases[i].head_len + cases[i].len);
        assert_int_equal(der_take(&c, DER_OCTET_STRING).len, cases[i].len);
        assert_true(cursor_finish(&c));
    }
}

static void takes_an_element_with_its_header(void **state)
{
    struct cursor c = over(BYTES("\x04\x01\xaa\x30\x02\x05\x00"));

    (void)state;
    assert_true(der_next_is(&c, DER_OCTET_STRING));
    assert_int_equal(der_take_whole(&c, DER_OCTET_STRING).len, 3);
    assert_false(der_next_is(&c, DER_OCTET_STRING));
    assert_int_equal(der_take_whole(&c, DER_SEQUENCE).len, 4);
    assert_true(cursor_finish(&c));
    assert_false(der_next_is(&c, DER_SEQUENCE));
}

static void failure_inside_fails_what_is_around(void **state)
{
    struct cursor c = over(BYTES("\x30\x03\x02\x01\x05"));
    struct cursor inner = der_enter(&c, DER_SEQUENCE);

    (void)state;
    assert_true(cursor_ok(&c));
    der_leave(&c, &inner); /* nothing was read: leftovers */
    assert_false(cursor_ok(&c));
    inner = der_enter(&c, DER_SEQUENCE);
    assert_false(cursor_ok(&inner));
}

static void reads_unsigned_integers(void **state)
{
    static const struct {
        const char *name;
        const char *bytes;
        size_t len;
        const char *want; /* NULL: refused */
        size_t want_len;
    } cases[] = {
        { "zero", BYTES("\x02\x01\x00"), BYTES("\x00") },
        { "one byte", BYTES("\x02\x01\x7f"), BYTES("\x7f") },
        { "a high bit behind a zero", BYTES("\x02\x02\x00\x80"),
          BYTES("\x80") },
        { "nothing", BYTES("\x02\x00"), NULL, 0 },
        { "a negative number", BYTES("\x02\x01\x80"), NULL, 0 },
        { "a needless zero", BYTES("\x02\x02\x00\x7f"), NULL, 0 },
        { "two zeros", BYTES("\x02\x03\x00\x00\x80"), NULL, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cursor c = over(cases[i].bytes, cases[i].len);
        struct slice got = der_unsigned(&c);
        bool ok = cases[i].want != NULL;

        if (cursor_finish(&c) != ok ||
            !slice_equal(got, slice_of(cases[i].want, cases[i].want_len)))
            fail_msg("%s", cases[i].name);
    }
}

static void reads_numbers_up_to_a_limit(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        uint64_t max;
        uint64_t want; /* UINT64_MAX: refused */
    } cases[] = {
        { BYTES("\x02\x01\x00"), 0, 0 },
        { BYTES("\x02\x02\x00\xff"), 255, 255 },
        { BYTES("\x02\x02\x01\x00"), 255, UINT64_MAX },
        { BYTES("\x02\x03\x00\xff\xff"), 65535, 65535 },
        { BYTES("\x02\x03\x01\x00\x00"), 65535, UINT64_MAX },
        { BYTES("\x02\x08\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX,
          INT64_MAX },
        { BYTES("\x02\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00"), INT64_MAX,
          UINT64_MAX },
        { BYTES("\x0a\x01\x02"), 255, UINT64_MAX }, /* another tag */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cursor c = over(cases[i].bytes, cases[i].len);
        uint64_t got = der_number(&c, DER_INTEGER, cases[i].max);
        bool ok = cases[i].want != UINT64_MAX;

        assert_int_equal(cursor_finish(&c), ok);
        assert_true(got == (ok ? cases[i].want : 0));
    }
}

static void reads_booleans(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool ok, value;
        bool default_ok, default_value; /* as BOOLEAN DEFAULT FALSE */
    } cases[] = {
        { BYTES("\x01\x01\xff"), true, true, true, true },
        { BYTES("\x01\x01\x00"), true, false, false, false },
        { BYTES("\x01\x01\x01"), false, false, false, false },
        { BYTES("\x01\x00"), false, false, false, false },
        { BYTES("\x01\x02\xff\xff"), false, false, false, false },
        { "", 0, false, false, true, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cursor c = over(cases[i].bytes, cases[i].len);

        assert_int_equal(der_boolean(&c), cases[i].value);
        assert_int_equal(cursor_finish(&c), cases[i].ok);
        c = over(cases[i].bytes, cases[i].len);
        assert_int_equal(der_default_false(&c), cases[i].default_value);
        assert_int_equal(cursor_finish(&c), cases[i].default_ok);
    }
}

static void reads_bit_strings_of_bytes(void **state)
{
    struct cursor c = over(BYTES("\x03\x03\x00\x12\x34"));

    (void)state;
    assert_true(slice_equal(der_bit_bytes(&c), slice_of("\x12\x34", 2)));
    assert_true(cursor_finish(&c));
    c = over(BYTES("\x03\x02\x01\x12"));
    assert_int_equal(der_bit_bytes(&c).len, 0);
    assert_false(cursor_ok(&c));
    c = over(BYTES("\x03\x00"));
    assert_int_equal(der_bit_bytes(&c).len, 0);
    assert_false(cursor_ok(&c));
}

static void reads_named_bits(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool ok;
        uint16_t value;
    } cases[] = {
        { BYTES("\x03\x02\x01\x06"), true, 0x0600 },
        { BYTES("\x03\x02\x01\x04"), true, 0x0400 }, /* a trailing zero bit */
        { BYTES("\x03\x02\x07\x80"), true, 0x8000 },
        { BYTES("\x03\x03\x07\x00\x80"), true, 0x0080 },
        { BYTES("\x03\x01\x00"), true, 0 },
        { BYTES("\x03\x01\x01"), false, 0 },             /* unused of none */
        { BYTES("\x03\x02\x08\x00"), false, 0 },         /* 8 unused */
        { BYTES("\x03\x02\x01\x07"), false, 0 },         /* unused, but set */
        { BYTES("\x03\x04\x00\x01\x01\x01"), false, 0 }, /* more than 16 */
        { BYTES("\x03\x00"), false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cursor c = over(cases[i].bytes, cases[i].len);

        assert_int_equal(der_named_bits(&c), cases[i].value);
        assert_int_equal(cursor_finish(&c), cases[i].ok);
    }
}

static const struct {
    const char *bytes;
    size_t len;
    int64_t want; /* 0: refused, or 1970-01-01T00:00:00Z */
    bool ok;
} times[] = {
    { BYTES("\x17\x0d"
            "180521104510Z"),
      1526899510, true },
    { BYTES("\x17\x0d"
            "491231235959Z"),
      2524607999, true },
    { BYTES("\x17\x0d"
            "700101000000Z"),
      0, true },
    { BYTES("\x18\x0f"
            "20500101000000Z"),
      2524608000, true },
    { BYTES("\x18\x0f"
            "20180521104510Z"),
      1526899510, true },
    { BYTES("\x17\x0d"
            "500101000000Z"),
      0, false }, /* 1950 */
    { BYTES("\x17\x0b"
            "1805211045Z"),
      0, false }, /* no seconds */
    { BYTES("\x17\x0d"
            "1805211045100"),
      0, false }, /* no Z */
    { BYTES("\x17\x11"
            "180521104510+0100"),
      0, false },
    { BYTES("\x18\x12"
            "20180521104510.00Z"),
      0, false },
    { BYTES("\x17\x0d"
            "181321104510Z"),
      0, false }, /* month 13 */
    { BYTES("\x17\x0d"
            "180229104510Z"),
      0, false }, /* no leap year */
    { BYTES("\x17\x0d"
            "180521240000Z"),
      0, false }, /* hour 24 */
    { BYTES("\x17\x0d"
            "180521104560Z"),
      0, false }, /* second 60 */
    { BYTES("\x17\x0d"
            "18052110451\0Z"),
      0, false },
    { BYTES("\x17\x0d"
            "1805211045 0Z"),
      0, false },
    { BYTES("\x16\x0d"
            "180521104510Z"),
      0, false }, /* another tag */
};

static void reads_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        struct cursor c = over(times[i].bytes, times[i].len);

        assert_true(der_time(&c) == times[i].want);
        assert_int_equal(cursor_finish(&c), times[i].ok);
    }
}

static void reads_ecdsa_signatures(void **state)
{
    static const struct {
        const char *name;
        const char *bytes;
        size_t len;
        const char *want; /* 4 bytes: r and s of two each; NULL: refused */
    } cases[] = {
        { "short numbers", BYTES("\x30\x06\x02\x01\x01\x02\x01\x02"),
          "\x00\x01\x00\x02" },
        { "full numbers",
          BYTES("\x30\x0a\x02\x03\x00\xff\xff\x02\x03\x00\x80"
                "\x00"),
          "\xff\xff\x80\x00" },
        { "a number too long",
          BYTES("\x30\x08\x02\x03\x01\x00\x00\x02\x01\x01"), NULL },
        { "one number", BYTES("\x30\x03\x02\x01\x01"), NULL },
        { "three numbers",
          BYTES("\x30\x09\x02\x01\x01\x02\x01\x02\x02\x01\x03"), NULL },
        { "a byte after it", BYTES("\x30\x06\x02\x01\x01\x02\x01\x02\x00"),
          NULL },
        { "a negative number", BYTES("\x30\x06\x02\x01\x81\x02\x01\x02"),
          NULL },
        { "nothing", BYTES(""), NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t rs[4];
        struct slice der = slice_of(cases[i].bytes, cases[i].len);

        if (der_ecdsa_signature(der, rs, 2) != (cases[i].want != NULL))
            fail_msg("%s", cases[i].name);
        if (cases[i].want != NULL)
            assert_memory_equal(rs, cases[i].want, 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lengths_in_one_form_only),
        cmocka_unit_test(reads_long_lengths),
        cmocka_unit_test(takes_an_element_with_its_header),
        cmocka_unit_test(failure_inside_fails_what_is_around),
        cmocka_unit_test(reads_unsigned_integers),
        cmocka_unit_test(reads_numbers_up_to_a_limit),
        cmocka_unit_test(reads_booleans),
        cmocka_unit_test(reads_bit_strings_of_bytes),
        cmocka_unit_test(reads_named_bits),
        cmocka_unit_test(reads_times),
        cmocka_unit_test(reads_ecdsa_signatures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
