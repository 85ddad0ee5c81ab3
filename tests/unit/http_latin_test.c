/* Text of heads, as bytes of ISO 8859-1 and as UTF-8. */
#include "proxy/io/http_latin.h"

#include "tests/support/check.h"

/* clang-format off */
static const struct {
    const char *name;
    const char *utf8;
    const char *latin; /* NULL: there is none */
} cases[] = {
    { "nothing",                          "",                 "" },
    { "ASCII with blanks and a tab",      "a b\tc~",          "a b\tc~" },
    { "the first beyond ASCII",           "\xc2\x80",         "\x80" },
    { "the last of 0xc2",                 "\xc2\xbf",         "\xbf" },
    { "the first of 0xc3",                "\xc3\x80",         "\xc0" },
    { "the last of ISO 8859-1",           "\xc3\xbf",         "\xff" },
    { "a word",                           "gr\xc3\xbc\xc3\x9f", "gr\xfc\xdf" },
    { "the first beyond ISO 8859-1",      "\xc4\x80",         NULL },
    { "three bytes",                      "\xe2\x82\xac",     NULL },
    { "the end of a line",                "a\nb",             NULL },
    { "a return",                         "a\rb",             NULL },
    { "a bell",                           "\a",               NULL },
    { "DEL",                              "\x7f",             NULL },
    { "a character that is cut",          "a\xc3",            NULL },
    { "no continuation behind its first", "\xc3" "a",         NULL },
    { "a lone continuation",              "\xbf",             NULL },
    { "an overlong slash",                "\xc0\xaf",         NULL },
};
/* clang-format on */

static void texts_are_written_and_read_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = buffer_with_max(64);
        struct buffer back = buffer_with_max(64);

        print_message("%s\n", cases[i].name);
        if (cases[i].latin == NULL) {
            assert_false(http_latin_write(slice_text(cases[i].utf8), &out));
        } else {
            assert_true(http_latin_write(slice_text(cases[i].utf8), &out));
            assert_true(
                slice_equal(buffer_view(&out), slice_text(cases[i].latin)));
            http_latin_read(buffer_view(&out), &back);
            assert_true(
                slice_equal(buffer_view(&back), slice_text(cases[i].utf8)));
        }
        buffer_free(&out);
        buffer_free(&back);
    }
}

static void a_nul_is_neither_written_nor_read(void **state)
{
    static const uint8_t text[] = { 'a', 0, 'b' };
    struct buffer out = buffer_with_max(64);

    (void)state;
    assert_false(http_latin_write(SLICE_OF(text), &out));
    buffer_clear(&out);
    http_latin_read(SLICE_OF(text), &out);
    assert_true(slice_equal(buffer_view(&out), slice_text("ab")));
    buffer_free(&out);
}

static void names_are_in_small_letters(void **state)
{
    struct buffer out = buffer_with_max(64);

    (void)state;
    http_latin_name(slice_text("Content-MD5_@[AZ"), &out);
    assert_true(slice_equal(buffer_view(&out), slice_text("content-md5_@[az")));
    buffer_free(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_written_and_read_again),
        cmocka_unit_test(a_nul_is_neither_written_nor_read),
        cmocka_unit_test(names_are_in_small_letters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
