/* Well-formed UTF-8, whole and in pieces. */
#include "common/utf8.h"

#include "tests/support/check.h"

/* clang-format off */
static const struct {
    const char *name;
    const char *text;
    bool valid;
} cases[] = {
    { "nothing",                        "",                     true },
    { "ASCII",                          "abc\x7f",              true },
    { "the first of two bytes",         "\xc2\x80",             true },
    { "the last of two bytes",          "\xdf\xbf",             true },
    { "the first of three bytes",       "\xe0\xa0\x80",         true },
    { "the last before surrogates",     "\xed\x9f\xbf",         true },
    { "the first after surrogates",     "\xee\x80\x80",         true },
    { "the last of three bytes",        "\xef\xbf\xbf",         true },
    { "the first of four bytes",        "\xf0\x90\x80\x80",     true },
    { "the last of all",                "\xf4\x8f\xbf\xbf",     true },
    { "a word",                         "gr\xc3\xbc\xc3\x9f",   true },
    { "words of ASCII, then more",      "0123456789abcdef\xc3\xbc" "0123456789abcdefg", true },
    { "words of ASCII, then a bad byte", "0123456789abcdef\x80", false },
    { "a bad byte inside a word",       "0123456789ab\x80" "def0123456789", false },
    { "a lone continuation",            "\x80",                 false },
    { "a continuation too many",        "\xc3\xbc\xbc",         false },
    { "an overlong slash",              "\xc0\xaf",             false },
    { "an overlong DEL",                "\xc1\xbf",             false },
    { "three bytes where two do",       "\xe0\x9f\xbf",         false },
    { "four bytes where three do",      "\xf0\x8f\xbf\xbf",     false },
    { "the first surrogate",            "\xed\xa0\x80",         false },
    { "the last surrogate",             "\xed\xbf\xbf",         false },
    { "one above the last of all",      "\xf4\x90\x80\x80",     false },
    { "a first byte that is none",      "\xf5\x80\x80\x80",     false },
    { "0xff",                           "\xff",                 false },
    { "two bytes, cut",                 "\xc3",                 false },
    { "three bytes, cut",               "\xe2\x82",             false },
    { "four bytes, cut",                "\xf0\x9f\x98",         false },
    { "a character inside another",     "\xe2\x82" "a",         false },
};
/* clang-format on */

static void texts_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_int_equal(utf8_valid(slice_text(cases[i].text)), cases[i].valid);
    }
}

static bool valid_in_pieces(struct slice text, size_t cut)
{
    struct utf8 u = { 0 };

    return utf8_feed(&u, slice_of(text.at, cut)) &&
           utf8_feed(&u, slice_of(text.at + cut, text.len - cut)) &&
           utf8_complete(&u);
}

static void pieces_are_judged_as_the_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct slice text = slice_text(cases[i].text);

        for (size_t cut = 0; cut <= text.len; cut++)
            assert_int_equal(valid_in_pieces(text, cut), cases[i].valid);
    }
}

/* The definition in RFC 3629 by numbers: decode, and ask about the value. */
static bool valid_by_value(const uint8_t b[4], size_t len)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint32_t value = b[0] & (0x7fU >> len);

    if ((len == 2 && b[0] >> 5 != 6) || (len == 3 && b[0] >> 4 != 14) ||
        (len == 4 && b[0] >> 3 != 30))
        return false;
    for (size_t i = 1; i < len; i++) {
        if (b[i] >> 6 != 2)
            return false;
        value = value << 6 | (b[i] & 63U);
    }
    return value >= least[len] && value <= 0x10ffff &&
           (value < 0xd800 || value > 0xdfff);
}

/* Every first and second byte, and the bounds of the others. */
static void every_start_of_a_character_is_judged(void **state)
{
    static const uint8_t tails[] = { 0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff };

    (void)state;
    for (unsigned first = 0x80; first <= 0xff; first++)
        for (unsigned second = 0; second <= 0xff; second++)
            for (size_t i = 0; i < COUNT_OF(tails); i++) {
                const uint8_t b[4] = { (uint8_t)first, (uint8_t)second,
                                       tails[i], 0x80 };

                for (size_t len = 2; len <= 4; len++)
                    if (first >> (7 - len) == (2U << len) - 2)
                        assert_int_equal(utf8_valid(slice_of(b, len)),
                                         valid_by_value(b, len));
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_judged),
        cmocka_unit_test(pieces_are_judged_as_the_whole),
        cmocka_unit_test(every_start_of_a_character_is_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
