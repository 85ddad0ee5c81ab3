#include "tests/support/check.h"

#include "common/compiler.h"
#include "common/limits.h"
#include "verifier/json.h"
#include "verifier/signed_json.h"

static struct json over(const char *text)
{
    return json_over(slice_text(text));
}

/* --- the grammar, by skipping whole values --- */

static const struct {
    const char *name;
    const char *text;
    bool good;
} texts[] = {
    /* clang-format off */
    { "an empty object",             "{}",                          true },
    { "an empty array",              "[]",                          true },
    { "nested and mixed",            "{\"a\":[1,{\"b\":[]},[{}]]}", true },
    { "white space everywhere",      " { \"a\"\t: [ 1 ,\n2 ] }\r\n", true },
    { "the words",                   "[true,false,null]",           true },
    { "numbers",                     "[0,-0,10,-1.5,1e9,2E-3,0.0e+1]", true },
    { "escapes",                     "\"\\\"\\\\\\u0041\\n\"",      true },
    { "an escape before the end",    "[\"\\\\\",\"\\\"\"]",         true },
    { "bytes above ASCII",           "\"\xc3\xa9\"",                true },
    { "nothing",                     "",                            false },
    { "only white space",            "  ",                          false },
    { "an object without end",       "{\"a\":1",                    false },
    { "an array without end",        "[1",                          false },
    { "the wrong bracket",           "[1}",                         false },
    { "a comma at the end",          "[1,]",                        false },
    { "a comma at the end of an object", "{\"a\":1,}",              false },
    { "a comma at the beginning",    "[,1]",                        false },
    { "two values",                  "[1 2]",                       false },
    { "a name without quotes",       "{a:1}",                       false },
    { "a number as a name",          "{1:1}",                       false },
    { "no colon",                    "{\"a\" 1}",                   false },
    { "no value",                    "{\"a\":}",                    false },
    { "a member after the end",      "{},1",                        false },
    { "a second text",               "{}{}",                        false },
    { "a string without end",        "\"abc",                       false },
    { "a string that ends escaped",  "\"abc\\\"",                   false },
    { "a line break in a string",    "\"a\nb\"",                    false },
    { "an escaped line break",       "\"a\\\nb\"",                  false },
    { "a lone backslash",            "\"\\",                        false },
    { "a leading zero",              "[01]",                        false },
    { "a plus sign",                 "[+1]",                        false },
    { "a point without digits",      "[1.]",                        false },
    { "a point without a number",    "[.5]",                        false },
    { "an exponent without digits",  "[1e]",                        false },
    { "a lone minus",                "[-]",                         false },
    { "a word cut short",            "[tru]",                       false },
    { "an unknown word",             "[nil]",                       false },
    { "a word in capitals",          "[True]",                      false },
    { "a byte order mark",           "\xef\xbb\xbf{}",              false },
    { "a comment",                   "/* */{}",                     false },
    /* clang-format on */
};

static bool is_json(struct slice text)
{
    struct json j = json_over(text);

    (void)json_raw(&j);
    json_end(&j);
    return json_ok(&j);
}

static void knows_json_when_it_sees_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (is_json(slice_text(texts[i].text)) != texts[i].good)
            fail_msg("%s", texts[i].name);
    }
    assert_false(is_json(slice_of("{}\0", 3)));
}

static bool nests(size_t depth)
{
    uint8_t text[2 * (JSON_MAX_DEPTH + 1)];

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    return is_json(slice_of(text, 2 * depth));
}

static void bounds_the_depth(void **state)
{
    (void)state;
    assert_true(nests(JSON_MAX_DEPTH));
    assert_false(nests(JSON_MAX_DEPTH + 1));
}

static void raw_is_the_exact_extent(void **state)
{
    static const char *const names[] = { "a" };
    struct json j = over(" { \"x\" : [1, 2 ] , \"a\" : {\"b\": \"}\"} , "
                         "\"c\":0}");
    struct json_object o = JSON_OBJECT(names);

    (void)state;
    assert_true(json_member(&j, &o));
    assert_true(slice_equal(json_raw(&j), slice_text("{\"b\": \"}\"}")));
    assert_false(json_member(&j, &o));
    json_end(&j);
    assert_true(json_ok(&j));
}

/* --- members --- */

static const char *const known[] = { "one", "two" };

static enum status read_two(const char *text, uint32_t *sum, struct why *why)
{
    struct json j = over(text);
    struct json_object o = JSON_OBJECT(known);

    *sum = 0;
    while (json_member(&j, &o))
        *sum += json_number(&j, 100) * (o.at == 0 ? 1 : 1000);
    json_require(&j, &o, 1);
    json_end(&j);
    return json_status(&j, "test", why);
}

static const struct {
    const char *name;
    const char *text;
    uint32_t sum;
    const char *found; /* NULL: it must be read */
} objects[] = {
    /* clang-format off */
    { "both members",        "{\"one\":1,\"two\":2}",  2001, NULL },
    { "in the other order",  "{\"two\":2,\"one\":1}",  2001, NULL },
    { "without the second",  "{\"one\":7}",            7,    NULL },
    { "with others between", "{\"x\":[{}],\"one\":1,\"y\":\"\\\"\"}", 1, NULL },
    { "an unknown one twice", "{\"x\":1,\"x\":2,\"one\":1}", 1, NULL },
    { "without the first",   "{\"two\":2}",            0, "in \"one\": is missing" },
    { "a known one twice",   "{\"one\":1,\"one\":1}",  0, "in \"one\": stands twice" },
    { "twice, one nested",   "{\"one\":1,\"x\":{\"one\":1}}", 1, NULL },
    { "an escape in a name", "{\"\\u006fne\":1}",      0, "an escape in a string" },
    { "a longer name",       "{\"ones\":1}",           0, "in \"one\": is missing" },
    { "no object",           "[1]",                    0, "not an object" },
    { "a broken other",      "{\"x\":tru,\"one\":1}",  0, "not a value" },
    { "text behind",         "{\"one\":1} x",          0, "goes on after its end" },
    /* clang-format on */
};

static void reads_known_members(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(objects); i++) {
        struct why why = { 0 };
        uint32_t sum;
        enum status st = read_two(objects[i].text, &sum, &why);

        if (objects[i].found == NULL &&
            (st != STATUS_OK || sum != objects[i].sum))
            fail_msg("%s: %s", objects[i].name, why.found);
        if (objects[i].found != NULL &&
            (st != STATUS_BAD_JSON ||
             strstr(why.found, objects[i].found) == NULL))
            fail_msg("%s: %s", objects[i].name, why.found);
    }
}

/* --- numbers, digits, times --- */

static const struct {
    const char *text;
    uint32_t max;
    bool good;
    uint32_t value;
} numbers[] = {
    /* clang-format off */
    { "0",          0,          true,  0 },
    { "1",          0,          false, 0 },
    { "255",        255,        true,  255 },
    { "256",        255,        false, 0 },
    { "65535",      65535,      true,  65535 },
    { "65536",      65535,      false, 0 },
    { "4294967295", UINT32_MAX, true,  UINT32_MAX },
    { "4294967296", UINT32_MAX, false, 0 },
    { "99999999999999999999", UINT32_MAX, false, 0 },
    { "00",         9,          false, 0 },
    { "01",         9,          false, 0 },
    { "-1",         9,          false, 0 },
    { "1.0",        9,          false, 0 },
    { "1e1",        99,         false, 0 },
    { "\"1\"",      9,          false, 0 },
    { "true",       9,          false, 0 },
    { "",           9,          false, 0 },
    /* clang-format on */
};

static void reads_whole_numbers_up_to_a_maximum(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        struct json j = over(numbers[i].text);
        uint32_t v = json_number(&j, numbers[i].max);

        if (json_ok(&j) != numbers[i].good || v != numbers[i].value)
            fail_msg("%s", numbers[i].text);
    }
}

static void reads_exactly_so_many_hexadecimal_digits(void **state)
{
    static const char *const bad[] = { "\"\"",         "\"aabbc\"",
                                       "\"aabbcc00\"", "\"aabbcg\"",
                                       "\"aabb c\"",   "11223344" };
    struct json j = over("\"aaBB0c\"");
    uint8_t out[3];

    (void)state;
    json_hex(&j, out, sizeof(out));
    assert_true(json_ok(&j));
    assert_memory_equal(out, "\xaa\xbb\x0c", 3);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        j = over(bad[i]);
        json_hex(&j, out, sizeof(out));
        assert_false(json_ok(&j));
        assert_true(slice_is_zero(SLICE_OF(out)));
    }
}

static void reads_times_of_one_form_only(void **state)
{
    static const char *const bad[] = { "\"2026-05-15T00:00:00.123Z\"",
                                       "\"2026-05-15T00:00:00+00:00\"",
                                       "\"2026-05-15\"", "\"soon\"",
                                       "1778803200" };
    struct json j = over("\"2026-05-15T00:00:00Z\"");

    (void)state;
    assert_int_equal(json_time(&j), 1778803200);
    assert_true(json_ok(&j));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        j = over(bad[i]);
        assert_int_equal(json_time(&j), 0);
        assert_false(json_ok(&j));
    }
}

static void the_first_problem_stays(void **state)
{
    struct json j = over("x");
    struct why why;

    (void)state;
    assert_int_equal(json_number(&j, 9), 0);
    (void)json_raw(&j);
    json_fail(&j, "another");
    CHECK_STATUS(json_status(&j, "test", &why), STATUS_BAD_JSON);
    assert_string_equal(why.found, "at byte 0: not a whole number");
    assert_string_equal(why.field, "test");
}

/* --- the signed object --- */

#define SIGNATURE                                                              \
    "\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"       \
    "202122232425262728292A2B2C2D2E2F303132333435363738393a3b3c3d3e3f\""

static const struct {
    const char *name;
    const char *text;
    enum status want;
} signed_texts[] = {
    /* clang-format off */
    { "as the PCS sends it", "{\"tcbInfo\":{\"a\":1},\"signature\":" SIGNATURE "}", STATUS_OK },
    { "the other order",     "{\"signature\":" SIGNATURE ",\"tcbInfo\":{\"a\":1}}", STATUS_OK },
    { "a line break behind", "{\"tcbInfo\":{\"a\":1},\"signature\":" SIGNATURE "}\n", STATUS_OK },
    { "more members",        "{\"x\":[],\"tcbInfo\":{\"a\":1},\"signature\":" SIGNATURE "}", STATUS_OK },
    { "nothing",             "", STATUS_NO_COLLATERAL },
    { "no signature",        "{\"tcbInfo\":{\"a\":1}}", STATUS_BAD_JSON },
    { "no object",           "{\"signature\":" SIGNATURE "}", STATUS_BAD_JSON },
    { "two objects",         "{\"tcbInfo\":{\"a\":1},\"tcbInfo\":{},\"signature\":" SIGNATURE "}", STATUS_BAD_JSON },
    { "two signatures",      "{\"tcbInfo\":{\"a\":1},\"signature\":" SIGNATURE ",\"signature\":" SIGNATURE "}", STATUS_BAD_JSON },
    { "a short signature",   "{\"tcbInfo\":{\"a\":1},\"signature\":\"00\"}", STATUS_BAD_JSON },
    { "of another name",     "{\"enclaveIdentity\":{\"a\":1},\"signature\":" SIGNATURE "}", STATUS_BAD_JSON },
    { "text behind",         "{\"tcbInfo\":{\"a\":1},\"signature\":" SIGNATURE "}x", STATUS_BAD_JSON },
    /* clang-format on */
};

static void cuts_out_what_is_signed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(signed_texts); i++) {
        struct signed_json item;
        struct why why;
        enum status st = signed_json_parse(slice_text(signed_texts[i].text),
                                           "tcbInfo", "test", &item, &why);

        if (st != signed_texts[i].want)
            fail_msg("%s: %s", signed_texts[i].name, status_name(st));
        assert_true(slice_equal(item.body, st == STATUS_OK
                                               ? slice_text("{\"a\":1}")
                                               : slice_text("")));
        assert_int_equal(item.signature[63], st == STATUS_OK ? 0x3f : 0);
    }
}

static void refuses_texts_over_the_limit(void **state)
{
    size_t len = COLLATERAL_MAX_BYTES + 1;
    char *text = malloc(len);
    struct signed_json item;
    struct why why;

    (void)state;
    assert_non_null(text);
    memset(text, ' ', len);
    memcpy(text, signed_texts[0].text, strlen(signed_texts[0].text));
    CHECK_STATUS(signed_json_parse(slice_of(text, len - 1), "tcbInfo", "test",
                                   &item, &why),
                 STATUS_OK);
    CHECK_STATUS(signed_json_parse(slice_of(text, len), "tcbInfo", "test",
                                   &item, &why),
                 STATUS_BAD_JSON);
    free(text);
}

/* --- sweeps --- */

static void must_not_be_json(struct slice text, void *ctx)
{
    (void)ctx;
    assert_false(is_json(text));
}

static void may_be_json(struct slice text, void *ctx)
{
    struct signed_json item;
    struct why why;

    if (signed_json_parse(text, "tcbInfo", "test", &item, &why) == STATUS_OK)
        assert_true(is_json(text));
    *(size_t *)ctx += is_json(text);
}

static void refuses_every_prefix_and_survives_every_flip(void **state)
{
    struct slice text = slice_text(signed_texts[3].text);
    size_t accepted = 0;

    (void)state;
    for_each_prefix(text, must_not_be_json, NULL);
    for_each_flip(text, may_be_json, &accepted);
    assert_in_range(accepted, 1, text.len * 8 - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_json_when_it_sees_it),
        cmocka_unit_test(bounds_the_depth),
        cmocka_unit_test(raw_is_the_exact_extent),
        cmocka_unit_test(reads_known_members),
        cmocka_unit_test(reads_whole_numbers_up_to_a_maximum),
        cmocka_unit_test(reads_exactly_so_many_hexadecimal_digits),
        cmocka_unit_test(reads_times_of_one_form_only),
        cmocka_unit_test(the_first_problem_stays),
        cmocka_unit_test(cuts_out_what_is_signed),
        cmocka_unit_test(refuses_texts_over_the_limit),
        cmocka_unit_test(refuses_every_prefix_and_survives_every_flip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
