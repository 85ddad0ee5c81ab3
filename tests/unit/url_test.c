/* url: what may be fetched from. */
#include "tests/support/check.h"

#include "collateral/url.h"

static const struct {
    const char *name;
    const char *text;
    const char *host; /* NULL: refused */
    uint16_t port;
    const char *rest;
} cases[] = {
    /* clang-format off */
    { "a host alone",          "https://a.example",        "a.example", 0, "" },
    { "a host and a port",     "https://a.example:8081",   "a.example", 8081, "" },
    { "a path",                "https://a/b/c",            "a", 0, "/b/c" },
    { "a query without path",  "https://a?b=c&d",          "a", 0, "?b=c&d" },
    { "an IPv4 address",       "https://192.0.2.1:1/x",    "192.0.2.1", 1, "/x" },
    { "an IPv6 address",       "https://[2001:db8::1]:1",  "2001:db8::1", 1, "" },
    { "an IPv6 address alone", "https://[2001:db8::1]/x",  "2001:db8::1", 0, "/x" },
    { "http to localhost",     "http://localhost:80/",     "localhost", 80, "/" },
    { "http to 127.0.0.1",     "http://127.0.0.1:80",      "127.0.0.1", 80, "" },
    { "http to ::1",           "http://[::1]:80",          "::1", 80, "" },
    { "nothing",               "",                         NULL, 0, "" },
    { "no scheme",             "a.example",                NULL, 0, "" },
    { "another scheme",        "ftp://a.example",          NULL, 0, "" },
    { "no host",               "https://",                 NULL, 0, "" },
    { "no host, but a port",   "https://:8081",            NULL, 0, "" },
    { "no host, but a path",   "https:///x",               NULL, 0, "" },
    { "an empty port",         "https://a:",               NULL, 0, "" },
    { "port 0",                "https://a:0",              NULL, 0, "" },
    { "port 65536",            "https://a:65536",          NULL, 0, "" },
    { "a signed port",         "https://a:+1",             NULL, 0, "" },
    { "a bracket left open",   "https://[::1",             NULL, 0, "" },
    { "a tail on brackets",    "https://[::1]x",           NULL, 0, "" },
    { "an IPv6 address bare",  "https://2001:db8::1",      NULL, 0, "" },
    { "a user",                "https://u@a.example",      NULL, 0, "" },
    { "a user and a password", "https://u:p@a.example",    NULL, 0, "" },
    { "an @ in the path",      "https://a/@b.example",     NULL, 0, "" },
    { "a fragment",            "https://a/#b",             NULL, 0, "" },
    { "an escape",             "https://a/%2e%2e",         NULL, 0, "" },
    { "a backslash",           "https://a\\@b",            NULL, 0, "" },
    { "a space",               "https://a/ b",             NULL, 0, "" },
    { "a line break",          "https://a/\r\nHost: b",    NULL, 0, "" },
    { "a byte above ASCII",    "https://a/\xc3\xa4",       NULL, 0, "" },
    { "http to a host",        "http://a.example",         NULL, 0, "" },
    { "http to a look-alike",  "http://127.0.0.1.example", NULL, 0, "" },
    { "http to localhost.x",   "http://localhost.example", NULL, 0, "" },
    { "http to any address",   "http://0.0.0.0",           NULL, 0, "" },
    { "http to a short form",  "http://127.1",             NULL, 0, "" },
    /* clang-format on */
};

static void reads_what_it_should_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct url url;
        struct why why;
        enum status st = url_parse(slice_text(cases[i].text), &url, &why);

        print_message("  %s\n", cases[i].name);
        if (cases[i].host == NULL) {
            CHECK_STATUS(st, STATUS_BAD_CONFIG);
            assert_int_equal(url.host.len, 0);
            continue;
        }
        CHECK_STATUS(st, STATUS_OK);
        assert_true(slice_equal(url.host, slice_text(cases[i].host)));
        assert_int_equal(url.port, cases[i].port);
        assert_true(slice_equal(url.rest, slice_text(cases[i].rest)));
    }
}

static void refuses_a_zero_byte(void **state)
{
    static const uint8_t text[] = "https://a/\0b";
    struct url url;
    struct why why;

    (void)state;
    CHECK_STATUS(url_parse(slice_of(text, sizeof(text) - 1), &url, &why),
                 STATUS_BAD_CONFIG);
}

static void takes_up_to_its_limit(void **state)
{
    char text[URL_MAX_BYTES + 1];
    struct url url;
    struct why why;

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "https://a/", 10);
    CHECK_STATUS(url_parse(slice_of(text, URL_MAX_BYTES - 1), &url, &why),
                 STATUS_OK);
    CHECK_STATUS(url_parse(slice_of(text, URL_MAX_BYTES), &url, &why),
                 STATUS_BAD_CONFIG);
}

static void try(struct slice text, void *ctx)
{
    struct url url;
    struct why why;
    enum status st = url_parse(text, &url, &why);

    (void)ctx;
    if (st == STATUS_OK)
        assert_true(url.https || url_is_loopback(url.host));
    else
        CHECK_STATUS(st, STATUS_BAD_CONFIG);
}

static void survives_every_prefix_and_flip(void **state)
{
    struct slice text = slice_text("http://[::1]:8081/sgx?ca=platform&x=y");

    (void)state;
    for_each_prefix(text, try, NULL);
    for_each_flip(text, try, NULL);
}

static void a_long_url_is_told_without_its_middle(void **state)
{
    char text[200], out[URL_SHORT_ROOM];

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "https://host/", 13);
    text[sizeof(text) - 2] = 'z';
    text[sizeof(text) - 1] = '\0';
    url_short(text, out);
    assert_true(strlen(out) < URL_SHORT_ROOM);
    assert_memory_equal(out, "https://host/", 13);
    assert_non_null(strstr(out, "aaa...aaa"));
    assert_int_equal(out[strlen(out) - 1], 'z');
    text[URL_SHORT_ROOM - 1] = '\0';
    url_short(text, out);
    assert_string_equal(out, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_should_and_nothing_else),
        cmocka_unit_test(refuses_a_zero_byte),
        cmocka_unit_test(takes_up_to_its_limit),
        cmocka_unit_test(survives_every_prefix_and_flip),
        cmocka_unit_test(a_long_url_is_told_without_its_middle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
