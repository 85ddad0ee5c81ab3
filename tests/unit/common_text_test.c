/* text, json_out, log, status and file: the words that everyone uses. */
#include "tests/support/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/json_out.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/text.h"
#include "common/utf8.h"

static void hex_goes_both_ways(void **state)
{
    static const uint8_t in[] = { 0x00, 0xff, 0x1a };
    char text[7];
    uint8_t back[3];

    (void)state;
    text_hex(SLICE_OF(in), text, sizeof(text));
    assert_string_equal(text, "00ff1a");
    assert_true(text_from_hex(slice_text("00FF1a"), back, 3));
    assert_memory_equal(back, in, 3);
    assert_false(text_from_hex(slice_text("00ff1"), back, 3));
    assert_false(text_from_hex(slice_text("00ff1a00"), back, 3));
    assert_false(text_from_hex(slice_text("00ff1g"), back, 3));
    assert_true(slice_is_zero(SLICE_OF(back)));
}

static void hex_is_cut_visibly(void **state)
{
    static const uint8_t in[20] = { 0xaa };
    char text[16];

    (void)state;
    text_hex_cut(SLICE_OF(in), text, sizeof(text));
    assert_string_equal(text, "aa0000000000...");
}

static const struct {
    const char *name;
    const char *text;
    uint64_t max;
    bool ok;
    uint64_t value;
} decimals[] = {
    /* clang-format off */
    { "zero",               "0",     10,  true,  0 },
    { "the maximum",        "65535", 65535, true, 65535 },
    { "over the maximum",   "65536", 65535, false, 0 },
    { "a leading zero",     "01",    10,  false, 0 },
    { "a sign",             "+1",    10,  false, 0 },
    { "nothing",            "",      10,  false, 0 },
    { "a space",            "1 ",    10,  false, 0 },
    { "2^64 - 1",           "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
    { "2^64",               "18446744073709551616", UINT64_MAX, false, 0 },
    /* clang-format on */
};

static void decimals_are_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(decimals); i++) {
        uint64_t v;
        bool ok = text_from_decimal(slice_text(decimals[i].text),
                                    decimals[i].max, &v);

        if (ok != decimals[i].ok || v != decimals[i].value)
            fail_msg("%s", decimals[i].name);
    }
}

/* Long texts are read four digits at a time: what is no digit is refused
 * wherever it stands, and a line may end anywhere. */
static void base64_is_read_alike_at_every_length(void **state)
{
    uint8_t bytes[70], back[70];
    char text[TEXT_BASE64_ROOM(70) + 1];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 37);
    for (size_t n = 1; n <= sizeof(bytes); n++) {
        text_base64(slice_of(bytes, n), text, sizeof(text));
        assert_true(text_from_base64(slice_text(text), back, n, &len));
        assert_true(slice_equal(slice_of(back, len), slice_of(bytes, n)));
        assert_false(text_from_base64(slice_text(text), back, n - 1, &len));
        for (size_t at = strlen(text); at-- > 0;) {
            char kept = text[at];

            text[at] = '-';
            assert_false(text_from_base64(slice_text(text), back, n, &len));
            text[at] = kept;
        }
        for (size_t at = strlen(text); at-- > 0;) {
            memmove(text + at + 1, text + at, strlen(text + at) + 1);
            text[at] = '\n';
            assert_true(text_from_base64(slice_text(text), back, n, &len));
            assert_true(slice_equal(slice_of(back, len), slice_of(bytes, n)));
            memmove(text + at, text + at + 1, strlen(text + at));
        }
    }
}

static void base64_has_one_spelling(void **state)
{
    /* RFC 4648 section 10 */
    static const struct {
        const char *plain, *padded, *url;
    } rows[] = {
        { "", "", "" },
        { "f", "Zg==", "Zg" },
        { "fo", "Zm8=", "Zm8" },
        { "foo", "Zm9v", "Zm9v" },
        { "foob", "Zm9vYg==", "Zm9vYg" },
        { "fooba", "Zm9vYmE=", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
    };
    uint8_t back[16];
    size_t len;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice plain = slice_text(rows[i].plain);
        char text[TEXT_BASE64_ROOM(6)];

        text_base64(plain, text, sizeof(text));
        assert_string_equal(text, rows[i].padded);
        text_base64url(plain, text, sizeof(text));
        assert_string_equal(text, rows[i].url);
        assert_true(text_from_base64(slice_text(rows[i].padded), back,
                                     sizeof(back), &len));
        assert_true(slice_equal(slice_of(back, len), plain));
        assert_true(
            text_from_base64url(slice_text(rows[i].url), back, plain.len));
        assert_true(slice_equal(slice_of(back, plain.len), plain));
    }
    assert_true(text_from_base64(slice_text("Zm9v\r\nYg==\n"), back, 16, &len));
    assert_int_equal(len, 4);
    assert_false(text_from_base64(slice_text("Zg"), back, 16, &len));
    assert_false(text_from_base64(slice_text("Zh=="), back, 16, &len));
    assert_false(text_from_base64(slice_text("Zg==Zg=="), back, 16, &len));
    assert_false(text_from_base64(slice_text("Zm9v"), back, 2, &len));
    assert_false(text_from_base64url(slice_text("Zh"), back, 1));
    assert_false(text_from_base64url(slice_text("Zg=="), back, 1));
    assert_false(text_from_base64url(slice_text("Zg"), back, 2));
}

static const struct {
    const char *text;
    bool ok;
    int64_t unix_seconds;
} times[] = {
    /* clang-format off */
    { "1970-01-01T00:00:00Z", true,  0 },
    { "2000-02-29T12:00:00Z", true,  951825600 },
    { "2026-06-01T00:00:00Z", true,  1780272000 },
    { "2049-12-31T23:59:59Z", true,  2524607999 },
    { "2100-03-01T00:00:00Z", true,  4107542400 },
    { "2023-02-29T00:00:00Z", false, 0 },
    { "2023-13-01T00:00:00Z", false, 0 },
    { "2023-00-01T00:00:00Z", false, 0 },
    { "2023-01-01T24:00:00Z", false, 0 },
    { "2023-01-01T00:00:60Z", false, 0 },
    { "2023-01-01T00:00:00",  false, 0 },
    { "2023-01-01 00:00:00Z", false, 0 },
    { "2023-1-01T00:00:00ZZ", false, 0 },
    /* clang-format on */
};

static void times_are_strict_and_go_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        char text[TEXT_TIME_ROOM];
        int64_t v;
        bool ok = text_from_time(slice_text(times[i].text), &v);

        if (ok != times[i].ok || v != times[i].unix_seconds)
            fail_msg("%s", times[i].text);
        if (!ok)
            continue;
        text_time(v, text);
        assert_string_equal(text, times[i].text);
    }
}

static const struct {
    const char *text;
    const char *host; /* NULL: refused */
    uint16_t port;
} endpoints[] = {
    /* clang-format off */
    { "localhost:8118",    "localhost", 8118 },
    { "[::1]:80",          "::1", 80 },
    { "1.2.3.4:65535",     "1.2.3.4", 65535 },
    { "a:0",               NULL, 0 },
    { "a:65536",           NULL, 0 },
    { "a",                 NULL, 0 },
    { ":80",               NULL, 0 },
    { "::1:80",            NULL, 0 },
    { "[::1]80",           NULL, 0 },
    { "[::1",              NULL, 0 },
    { "[a]:80",            NULL, 0 },
    { "a b:80",            NULL, 0 },
    { "a:80 ",             NULL, 0 },
    { "a/b:80",            NULL, 0 },
    { "[]:80",             NULL, 0 },
    { "",                  NULL, 0 },
    /* clang-format on */
};

static void host_and_port_are_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(endpoints); i++) {
        struct slice host;
        uint16_t port;
        bool ok = text_host_port(slice_text(endpoints[i].text), &host, &port);

        if (ok != (endpoints[i].host != NULL) || port != endpoints[i].port)
            fail_msg("%s", endpoints[i].text);
        if (ok)
            assert_true(slice_equal(host, slice_text(endpoints[i].host)));
    }
}

static void utf8_has_one_form(void **state)
{
    static const struct {
        const char *text;
        size_t want;
    } cases[] = {
        /* clang-format off */
        { "a", 1 }, { "\xc3\xa9", 2 }, { "\xe2\x82\xac", 3 },
        { "\xf0\x9f\x98\x80", 4 },
        { "\xc0\xaf", 0 },         /* overlong */
        { "\xe0\x80\xaf", 0 },     /* overlong */
        { "\xed\xa0\x80", 0 },     /* a surrogate */
        { "\xf4\x90\x80\x80", 0 }, /* beyond U+10FFFF */
        { "\x80", 0 }, { "\xe2\x82", 0 }, { "\xff", 0 },
        /* clang-format on */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(utf8_length(slice_text(cases[i].text)), cases[i].want);
}

static void json_escapes_what_it_must(void **state)
{
    struct buffer b = buffer_with_max(4096);
    struct json_out j = json_out_to(&b);
    static const uint8_t bad[] = { 'a', 0xff, 0xc3, 0xa9, 0xed, 0xa0, 0x80 };

    (void)state;
    json_out_object(&j, NULL);
    json_out_text(&j, "q\"", "a\\b\n\x7f");
    json_out_slice(&j, "utf8", SLICE_OF(bad));
    json_out_array(&j, "list");
    json_out_int(&j, NULL, -7);
    json_out_bool(&j, NULL, true);
    json_out_null(&j, NULL);
    json_out_end_array(&j);
    json_out_object(&j, "empty");
    json_out_end_object(&j);
    json_out_time(&j, "t", 0);
    json_out_hex(&j, "h", slice_text("AB"));
    json_out_end_object(&j);
    buffer_byte(&b, 0);
    assert_string_equal((const char *)b.at,
                        "{\"q\\\"\":\"a\\\\b\\u000a\\u007f\","
                        "\"utf8\":\"a\\ufffd\xc3\xa9\\ufffd\\ufffd\\ufffd\","
                        "\"list\":[-7,true,null],\"empty\":{},"
                        "\"t\":\"1970-01-01T00:00:00Z\",\"h\":\"4142\"}");
    buffer_free(&b);
}

static int64_t fixed_time(void)
{
    return 1780272000123;
}

static void logged(bool json, char *out, size_t room)
{
    FILE *f = fmemopen(out, room, "w");
    struct log log = {
        .to = f, .level = LOG_INFO, .json = json, .now_ms = fixed_time
    };
    struct why why = { 0 };

    assert_non_null(f);
    (void)why_fail(&why, STATUS_MISMATCH, "claims.mrtd", "A.3", "found %d", 1);
    (void)why_expect(&why, "2");
    log_event(&log, LOG_DEBUG, "not.seen", NULL);
    log_why(&log, LOG_WARN, "refused", &why,
            LOG_FIELDS(LOG_S("peer", "a b"), LOG_N("n", -1)));
    (void)fclose(f);
}

static void log_lines_are_for_people_or_programs(void **state)
{
    char out[1024] = { 0 };

    (void)state;
    logged(false, out, sizeof(out));
    assert_string_equal(out,
                        "2026-06-01T00:00:00.123Z warn  refused peer=\"a b\" "
                        "n=-1 status=MISMATCH reason=\"claims.mrtd: found 1, "
                        "expected 2 (A.3)\"\n");
    memset(out, 0, sizeof(out));
    logged(true, out, sizeof(out));
    assert_string_equal(out, "{\"time\":\"2026-06-01T00:00:00.123Z\",\"level\":"
                             "\"warn\",\"event\":\"refused\",\"peer\":\"a b\","
                             "\"n\":-1,\"status\":\"MISMATCH\",\"reason\":"
                             "\"claims.mrtd: found 1, expected 2 (A.3)\"}\n");
}

static void every_status_has_codes_in_range(void **state)
{
    (void)state;
    for (int s = 0; s < STATUS_COUNT; s++) {
        int http = status_http((enum status)s);

        assert_true(http == 200 || (http >= 400 && http <= 599));
        assert_true(status_socks((enum status)s) <= 8);
        assert_true((http == 200) == (s == STATUS_OK));
        assert_true((status_socks((enum status)s) == 0) == (s == STATUS_OK));
        assert_true(strlen(status_text((enum status)s)) > 0);
        assert_non_null(status_class_name(status_class((enum status)s)));
    }
}

static void files_are_replaced_whole_and_read_with_a_limit(void **state)
{
    char dir[] = "/tmp/veritee-file-XXXXXX";
    char path[96], deep[64];
    struct buffer b;
    struct why why;

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(deep, sizeof(deep), "%s/a/b", dir);
    CHECK_STATUS(file_make_dirs(deep, &why), STATUS_OK);
    CHECK_STATUS(file_make_dirs(deep, &why), STATUS_OK);
    (void)snprintf(path, sizeof(path), "%s/f", deep);
    CHECK_STATUS(file_read(path, 10, &b, &why), STATUS_NO_FILE);
    assert_non_null(strstr(why.found, path));
    CHECK_STATUS(file_replace(path, slice_text("old"), 0600, &why), STATUS_OK);
    CHECK_STATUS(file_replace(path, slice_text("0123456789"), 0600, &why),
                 STATUS_OK);
    CHECK_STATUS(file_read(path, 10, &b, &why), STATUS_OK);
    assert_true(slice_equal(buffer_view(&b), slice_text("0123456789")));
    buffer_free(&b);
    CHECK_STATUS(file_read(path, 9, &b, &why), STATUS_NO_FILE);
    CHECK_STATUS(file_read(deep, 9, &b, &why), STATUS_NO_FILE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(deep), 0);
    (void)snprintf(deep, sizeof(deep), "%s/a", dir);
    assert_int_equal(rmdir(deep), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void a_path_has_a_most(void **state)
{
    char folder[PATH_MAX], path[PATH_MAX];
    struct why why;

    (void)state;
    CHECK_STATUS(file_path("/a", "b", "store", path, &why), STATUS_OK);
    assert_string_equal(path, "/a/b");
    CHECK_STATUS(file_path("/a", NULL, "store", path, &why), STATUS_OK);
    assert_string_equal(path, "/a");
    memset(folder, 'x', sizeof(folder));
    folder[PATH_MAX - 3] = '\0';
    CHECK_STATUS(file_path(folder, "b", "store", path, &why), STATUS_OK);
    CHECK_STATUS(file_path(folder, "bc", "store", path, &why), STATUS_NO_FILE);
    assert_string_equal(why.field, "store");
    assert_string_equal(path, "");
}

static void secrets_are_compared_and_wiped(void **state)
{
    uint8_t *a, b[32];

    (void)state;
    assert_true(secret_init());
    a = secret_new(32);
    assert_non_null(a);
    secret_random(b, sizeof(b));
    assert_false(secret_equal(a, b, 32));
    memcpy(a, b, 32);
    assert_true(secret_equal(a, b, 32));
    secret_wipe(b, sizeof(b));
    assert_true(slice_is_zero(SLICE_OF(b)));
    secret_free(a);
    secret_free(NULL);
}

static void lists_are_searched_by_whole_words(void **state)
{
    static const struct {
        const char *list;
        bool has;
    } words[] = {
        { "upgrade", true },        { "Upgrade", true },
        { "a,upgrade", true },      { "a , upgrade ,b", true },
        { ",,\tupgrade\t,", true }, { "", false },
        { "upgrades", false },      { "up grade", false },
        { "not-upgrade", false },   { "a;upgrade", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        assert_int_equal(text_list_has(slice_text(words[i].list),
                                       slice_text("upgrade")),
                         words[i].has);
}

static void lists_are_walked_item_by_item(void **state)
{
    struct slice list = slice_text(" a ,, b\t,c d,"), item;
    static const char *const want[] = { "a", "b", "c d" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_true(text_list_next(&list, &item));
        assert_true(slice_equal(item, slice_text(want[i])));
    }
    assert_false(text_list_next(&list, &item));
    assert_int_equal(item.len, 0);
}

static void tokens_are_told_from_other_text(void **state)
{
    static const char *const tokens[] = { "GET", "x-a_b.c", "!#$%&'*+-.^_`|~",
                                          "0" };
    static const char *const others[] = { "",    "a b", "a:",   "a\n",
                                          "(a)", "a/",  "\x7f", "\xc3\xbc" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(tokens); i++)
        assert_true(text_is_token(slice_text(tokens[i])));
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_false(text_is_token(slice_text(others[i])));
    assert_false(text_is_token(slice_of("a\0b", 3)));
}

/* A peer's words in it do nothing to a terminal. */
static void a_reason_is_printable(void **state)
{
    struct why why;
    char line[512];

    (void)state;
    (void)why_fail(&why, STATUS_CUT, "ws.close", NULL, "a frame: %s",
                   "\x1b]0;x\x07\r\n\t\x7f \xc2\x9b"
                   "1m caf\xc3\xa9");
    (void)why_expect(&why, "%s", "\x1b[2J");
    why_line(&why, line, sizeof(line));
    assert_string_equal(line, "ws.close: a frame: ?]0;x????? ??1m caf\xc3\xa9, "
                              "expected ?[2J");
    why_seen(&why, "%s", "\x1b");
    assert_string_equal(why.found, "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reason_is_printable),
        cmocka_unit_test(tokens_are_told_from_other_text),
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(hex_is_cut_visibly),
        cmocka_unit_test(decimals_are_strict),
        cmocka_unit_test(base64_has_one_spelling),
        cmocka_unit_test(base64_is_read_alike_at_every_length),
        cmocka_unit_test(times_are_strict_and_go_both_ways),
        cmocka_unit_test(host_and_port_are_strict),
        cmocka_unit_test(utf8_has_one_form),
        cmocka_unit_test(json_escapes_what_it_must),
        cmocka_unit_test(log_lines_are_for_people_or_programs),
        cmocka_unit_test(every_status_has_codes_in_range),
        cmocka_unit_test(files_are_replaced_whole_and_read_with_a_limit),
        cmocka_unit_test(a_path_has_a_most),
        cmocka_unit_test(secrets_are_compared_and_wiped),
        cmocka_unit_test(lists_are_searched_by_whole_words),
        cmocka_unit_test(lists_are_walked_item_by_item),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
