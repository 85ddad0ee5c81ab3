/* proxy/local/satchel.h: files that went in come out, and nothing else does. */
#include "proxy/local/satchel.h"

#include <stdlib.h>

#include "common/compiler.h"
#include "tests/support/check.h"

static struct buffer pack(void)
{
    struct buffer b = buffer_with_max(1024);

    satchel_add(&b, slice_text("a.yaml"), slice_text("listen: x\n"));
    satchel_add(&b, slice_text("empty"), (struct slice){ 0 });
    satchel_add(&b, slice_text("b/c.json"), slice_text("[]"));
    assert_true(buffer_ok(&b));
    return b;
}

static size_t count_all(struct slice bytes, bool *ok)
{
    struct cursor c = cursor_over(bytes);
    struct slice name, body;
    size_t count = 0;

    while (satchel_next(&c, &name, &body))
        count++;
    *ok = cursor_ok(&c);
    return count;
}

static void files_come_out_as_they_went_in(void **state)
{
    struct buffer b = pack();
    struct slice body;
    bool ok;

    (void)state;
    assert_int_equal(count_all(buffer_view(&b), &ok), 3);
    assert_true(ok);
    assert_true(satchel_find(buffer_view(&b), slice_text("b/c.json"), &body));
    assert_true(slice_equal(body, slice_text("[]")));
    assert_true(satchel_find(buffer_view(&b), slice_text("empty"), &body));
    assert_int_equal(body.len, 0);
    assert_false(satchel_find(buffer_view(&b), slice_text("c.json"), &body));
    assert_int_equal(body.len, 0);
    assert_int_equal(count_all((struct slice){ 0 }, &ok), 0);
    assert_true(ok);
    buffer_free(&b);
}

/* On blocks of the exact size, so that a read beyond shows. */
static void a_part_of_one_is_noticed(void **state)
{
    struct buffer b = pack();

    (void)state;
    for (size_t len = 1; len < b.len; len++) {
        uint8_t *part = malloc(len);
        bool ok, between = len == 8 + 6 + 10 || len == 24 + 8 + 5;

        assert_non_null(part);
        memcpy(part, b.at, len);
        assert_true(count_all(slice_of(part, len), &ok) < 3);
        assert_int_equal(ok, between);
        free(part);
    }
    buffer_free(&b);
}

static void no_flipped_bit_leads_outside(void **state)
{
    struct buffer b = pack();

    (void)state;
    for (size_t bit = 0; bit < b.len * 8; bit++) {
        uint8_t *copy = malloc(b.len);
        struct slice body;
        bool ok;

        assert_non_null(copy);
        memcpy(copy, b.at, b.len);
        copy[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        (void)count_all(slice_of(copy, b.len), &ok); /* any count is fine */
        if (satchel_find(slice_of(copy, b.len), slice_text("empty"), &body))
            assert_true(body.len <= b.len);
        free(copy);
    }
    buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_out_as_they_went_in),
        cmocka_unit_test(a_part_of_one_is_noticed),
        cmocka_unit_test(no_flipped_bit_leads_outside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
