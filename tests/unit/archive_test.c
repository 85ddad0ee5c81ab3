/* archive: a bundle of items, written and read. */
#include "tests/support/check.h"

#include "collateral/archive.h"
#include "common/limits.h"

static void write_two(struct buffer *out)
{
    struct archive_out a = { .out = out };

    *out = buffer_with_max(4096);
    archive_begin(&a);
    archive_add(&a, slice_text("one"));
    archive_add(&a, slice_text("two\nlines"));
    archive_end(&a);
    assert_true(buffer_ok(out));
}

/* Read |bytes| to its end; how many items there were. */
static enum status read_all(struct slice bytes, size_t *count, struct why *why)
{
    struct archive_in a;
    struct slice file;
    enum status st = archive_open(bytes, &a, why);

    *count = 0;
    while (st == STATUS_OK) {
        st = archive_next(&a, &file, why);
        if (st != STATUS_OK || file.len == 0)
            break;
        ++*count;
    }
    return st;
}

static void what_is_written_is_read(void **state)
{
    static const char text[] =
        "veritee-bundle 1\nitem 3\noneitem 9\ntwo\nlinesend 2\n";
    struct archive_in a;
    struct buffer out;
    struct slice file;
    struct why why;

    (void)state;
    write_two(&out);
    assert_true(slice_equal(buffer_view(&out), slice_text(text)));
    CHECK_STATUS(archive_open(buffer_view(&out), &a, &why), STATUS_OK);
    CHECK_STATUS(archive_next(&a, &file, &why), STATUS_OK);
    assert_true(slice_equal(file, slice_text("one")));
    CHECK_STATUS(archive_next(&a, &file, &why), STATUS_OK);
    assert_true(slice_equal(file, slice_text("two\nlines")));
    CHECK_STATUS(archive_next(&a, &file, &why), STATUS_OK);
    assert_int_equal(file.len, 0);
    buffer_free(&out);
}

static void mistakes_are_refused(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        enum status want;
        size_t count;
    } cases[] = {
        /* clang-format off */
        { "nothing", "", STATUS_BAD_VERSION, 0 },
        { "another version", "veritee-bundle 2\nend 0\n", STATUS_BAD_VERSION, 0 },
        { "no items", "veritee-bundle 1\nend 0\n", STATUS_OK, 0 },
        { "no end", "veritee-bundle 1\nitem 1\nx", STATUS_TRUNCATED, 1 },
        { "an item too few", "veritee-bundle 1\nitem 1\nxend 2\n", STATUS_TRUNCATED, 1 },
        { "an item too long", "veritee-bundle 1\nitem 9\nx", STATUS_TRUNCATED, 0 },
        { "an item of nothing", "veritee-bundle 1\nitem 0\nend 1\n", STATUS_BAD_FIELD, 0 },
        { "another word", "veritee-bundle 1\nitems 1\nx", STATUS_BAD_FIELD, 0 },
        { "a sign", "veritee-bundle 1\nitem +1\nx", STATUS_BAD_FIELD, 0 },
        { "more than there may be", "veritee-bundle 1\nitem 67108865\nx", STATUS_BAD_FIELD, 0 },
        { "a line without end", "veritee-bundle 1\nend 0", STATUS_BAD_FIELD, 0 },
        { "something behind", "veritee-bundle 1\nend 0\nx", STATUS_TRAILING, 0 },
        /* clang-format on */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct why why;
        size_t count;

        print_message("  %s\n", cases[i].name);
        CHECK_STATUS(read_all(slice_text(cases[i].text), &count, &why),
                     cases[i].want);
        assert_int_equal(count, cases[i].count);
    }
}

static void no_prefix_is_whole_and_no_flip_reads_too_far(void **state)
{
    struct buffer out;
    struct why why;
    size_t count;

    (void)state;
    write_two(&out);
    for (size_t cut = 0; cut < out.len; cut++) {
        uint8_t *block = test_malloc(cut + 1);

        memcpy(block, out.at, cut);
        assert_int_not_equal(read_all(slice_of(block, cut), &count, &why),
                             STATUS_OK);
        test_free(block);
    }
    for (size_t bit = 0; bit < out.len * 8; bit++) {
        uint8_t *block = test_malloc(out.len);

        memcpy(block, out.at, out.len);
        block[bit / 8] ^= (uint8_t)(1 << bit % 8);
        (void)read_all(slice_of(block, out.len), &count, &why);
        assert_true(count <= 2);
        test_free(block);
    }
    buffer_free(&out);
}

static void more_items_than_the_limit_are_refused(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct buffer out = buffer_with_max(1024 * 1024);
        struct archive_out a = { .out = &out };
        struct why why;
        size_t count;

        archive_begin(&a);
        for (size_t i = 0; i < ARCHIVE_ITEMS_MAX + more; i++)
            archive_add(&a, slice_text("x"));
        archive_end(&a);
        CHECK_STATUS(read_all(buffer_view(&out), &count, &why),
                     more > 0 ? STATUS_LIMIT : STATUS_OK);
        assert_int_equal(count, ARCHIVE_ITEMS_MAX);
        buffer_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(no_prefix_is_whole_and_no_flip_reads_too_far),
        cmocka_unit_test(more_items_than_the_limit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
