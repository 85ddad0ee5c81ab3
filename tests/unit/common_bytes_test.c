/* cursor, builder and buffer: the doors for bytes. */
#include "tests/support/check.h"

#include "common/buffer.h"
#include "common/builder.h"
#include "common/cursor.h"

static void cursor_reads_both_ends_first(void **state)
{
    static const uint8_t in[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    struct cursor c = cursor_over(SLICE_OF(in));

    (void)state;
    assert_int_equal(cursor_u16le(&c), 0x0201);
    assert_int_equal(cursor_u16be(&c), 0x0304);
    assert_int_equal(cursor_u32le(&c), 0x08070605);
    assert_int_equal(cursor_u32be(&c), 0x090a0b0c);
    assert_true(cursor_finish(&c));
}

static void cursor_stays_failed(void **state)
{
    static const uint8_t in[] = { 1, 2, 3 };
    struct cursor c = cursor_over(SLICE_OF(in));
    uint8_t copy[2] = { 9, 9 };

    (void)state;
    assert_int_equal(cursor_u32be(&c), 0);
    assert_false(cursor_ok(&c));
    assert_int_equal(cursor_u8(&c), 0);
    cursor_copy(&c, copy, sizeof(copy));
    assert_int_equal(copy[0] | copy[1], 0);
    assert_int_equal(cursor_take(&c, 1).len, 0);
    assert_int_equal(cursor_offset(&c), 0);
    assert_false(cursor_finish(&c));
}

static void cursor_refuses_lengths_that_wrap(void **state)
{
    static const uint8_t in[] = { 1, 2, 3 };
    struct cursor c = cursor_over(SLICE_OF(in));

    (void)state;
    (void)cursor_u8(&c);
    (void)cursor_take(&c, SIZE_MAX);
    assert_false(cursor_ok(&c));
}

static void cursor_refuses_leftovers(void **state)
{
    static const uint8_t in[] = { 1, 2 };
    struct cursor c = cursor_over(SLICE_OF(in));

    (void)state;
    assert_int_equal(cursor_u8(&c), 1);
    assert_true(cursor_ok(&c));
    assert_false(cursor_finish(&c));
    assert_int_equal(cursor_left(&c), 1);
    assert_int_equal(cursor_rest(&c).len, 1);
    assert_true(cursor_finish(&c));
}

static void cursor_takes_nothing_from_nothing(void **state)
{
    struct cursor c = cursor_over((struct slice){ NULL, 0 });

    (void)state;
    assert_int_equal(cursor_take(&c, 0).len, 0);
    assert_true(cursor_finish(&c));
}

static void cursor_reads_text_up_to_its_end(void **state)
{
    struct cursor c = cursor_over(slice_text("name value\nrest"));

    (void)state;
    assert_false(cursor_skip(&c, "nane"));
    assert_false(cursor_skip(&c, "name value\nrest and more"));
    assert_int_equal(cursor_offset(&c), 0);
    assert_true(cursor_skip(&c, "name "));
    assert_true(slice_equal(cursor_until(&c, "\r\n"), slice_text("value")));
    assert_int_equal(cursor_until(&c, "\n").len, 0);
    assert_true(cursor_skip(&c, "\n"));
    assert_true(slice_equal(cursor_until(&c, "\n"), slice_text("rest")));
    assert_true(cursor_skip(&c, ""));
    assert_true(cursor_finish(&c));
    cursor_fail(&c);
    assert_false(cursor_skip(&c, ""));
    assert_int_equal(cursor_until(&c, "\n").len, 0);
}

static void builder_writes_what_cursor_reads(void **state)
{
    uint8_t out[64];
    struct builder b = builder_over(out, sizeof(out));
    struct cursor c;

    (void)state;
    builder_u8(&b, 0xab);
    builder_u16le(&b, 0x1234);
    builder_u16be(&b, 0x1234);
    builder_u32le(&b, 0x89abcdef);
    builder_u32be(&b, 0x89abcdef);
    builder_u64le(&b, 0x0123456789abcdef);
    builder_u64be(&b, 0x0123456789abcdef);
    builder_text(&b, "hi");
    builder_zeros(&b, 3);
    assert_true(builder_ok(&b));
    c = cursor_over(builder_view(&b));
    assert_int_equal(cursor_u8(&c), 0xab);
    assert_int_equal(cursor_u16le(&c), 0x1234);
    assert_int_equal(cursor_u16be(&c), 0x1234);
    assert_int_equal(cursor_u32le(&c), 0x89abcdef);
    assert_int_equal(cursor_u32be(&c), 0x89abcdef);
    assert_true(cursor_u64le(&c) == 0x0123456789abcdef);
    assert_true(cursor_u64be(&c) == 0x0123456789abcdef);
    assert_true(slice_equal(cursor_take(&c, 2), slice_text("hi")));
    assert_true(slice_is_zero(cursor_take(&c, 3)));
    assert_true(cursor_finish(&c));
}

static void builder_fills_holes(void **state)
{
    uint8_t out[16];
    struct builder b = builder_over(out, sizeof(out));
    struct hole outer = builder_hole32le(&b);
    struct hole inner = builder_hole32le(&b);
    struct cursor c;

    (void)state;
    builder_text(&b, "abc");
    builder_fill32le(&b, inner);
    builder_fill32le(&b, outer);
    c = cursor_over(builder_view(&b));
    assert_int_equal(cursor_u32le(&c), 7);
    assert_int_equal(cursor_u32le(&c), 3);
}

static void builder_stays_failed(void **state)
{
    uint8_t out[4] = { 7, 7, 7, 7 };
    struct builder b = builder_over(out, 3);

    (void)state;
    builder_u16be(&b, 1);
    builder_u16be(&b, 2);
    assert_false(builder_ok(&b));
    builder_u8(&b, 3);
    assert_int_equal(builder_view(&b).len, 0);
    assert_int_equal(out[3], 7);
    assert_null(builder_reserve(&b, 0));
}

static void buffer_grows_to_its_maximum_only(void **state)
{
    struct buffer b = buffer_with_max(1000);

    (void)state;
    for (int i = 0; i < 100; i++)
        buffer_text(&b, "0123456789");
    assert_true(buffer_ok(&b));
    assert_int_equal(b.len, 1000);
    buffer_byte(&b, 'x');
    assert_false(buffer_ok(&b));
    assert_int_equal(buffer_view(&b).len, 0);
    buffer_clear(&b);
    buffer_printf(&b, "%d-%s", 42, "x");
    assert_true(slice_equal(buffer_view(&b), slice_text("42-x")));
    buffer_drop(&b, 3);
    assert_true(slice_equal(buffer_view(&b), slice_text("x")));
    buffer_drop(&b, 9);
    assert_int_equal(b.len, 0);
    buffer_free(&b);
    assert_null(b.at);
}

static void buffer_formats_up_to_the_last_byte(void **state)
{
    struct buffer b = buffer_with_max(4);

    (void)state;
    buffer_printf(&b, "%s", "abc"); /* and its NUL */
    assert_true(buffer_ok(&b));
    buffer_printf(&b, "%s", "d");
    assert_false(buffer_ok(&b));
    buffer_free(&b);
}

static void buffer_fits_to_the_byte_when_asked(void **state)
{
    struct buffer b = buffer_with_max(100000);

    (void)state;
    assert_non_null(buffer_fit(&b, 70000));
    assert_int_equal(b.cap, 70000);
    buffer_commit(&b, 70000);
    assert_null(buffer_fit(&b, 30001)); /* over the maximum */
    assert_false(buffer_ok(&b));
    buffer_free(&b);
}

static void buffer_writes_decimals(void **state)
{
    struct buffer b = buffer_with_max(100);

    (void)state;
    buffer_decimal(&b, 0);
    buffer_byte(&b, ' ');
    buffer_decimal(&b, 1234567890);
    buffer_byte(&b, ' ');
    buffer_decimal(&b, UINT64_MAX);
    buffer_byte(&b, '\0');
    assert_string_equal((char *)b.at, "0 1234567890 18446744073709551615");
    buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursor_reads_both_ends_first),
        cmocka_unit_test(cursor_stays_failed),
        cmocka_unit_test(cursor_refuses_lengths_that_wrap),
        cmocka_unit_test(cursor_refuses_leftovers),
        cmocka_unit_test(cursor_takes_nothing_from_nothing),
        cmocka_unit_test(cursor_reads_text_up_to_its_end),
        cmocka_unit_test(builder_writes_what_cursor_reads),
        cmocka_unit_test(builder_fills_holes),
        cmocka_unit_test(builder_stays_failed),
        cmocka_unit_test(buffer_grows_to_its_maximum_only),
        cmocka_unit_test(buffer_formats_up_to_the_last_byte),
        cmocka_unit_test(buffer_fits_to_the_byte_when_asked),
        cmocka_unit_test(buffer_writes_decimals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
