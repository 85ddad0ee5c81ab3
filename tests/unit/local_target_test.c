/* target: one spelling for each destination. */
#include "tests/support/check.h"

#include "proxy/local/target.h"

static const struct {
    const char *name;
    const char *text;
    uint16_t default_port;
    const char *want; /* NULL: refused */
} parsed[] = {
    /* clang-format off */
    { "a name and a port",              "example.com:8080", 0,  "example.com:8080" },
    { "a name alone takes the default", "example.com",      80, "example.com:80" },
    { "an empty port is no port",       "example.com:",     80, "example.com:80" },
    { "letters become lower case",      "EXAMPLE.Com:1",    0,  "example.com:1" },
    { "a final dot is dropped",         "example.com.:1",   0,  "example.com:1" },
    { "an IPv4 address",                "192.0.2.1:443",    0,  "192.0.2.1:443" },
    { "an IPv6 address",                "[2001:db8::1]:1",  0,  "[2001:db8::1]:1" },
    { "a long IPv6 spelling",           "[2001:DB8:0:0:0:0:0:1]", 80, "[2001:db8::1]:80" },
    { "IPv4 inside IPv6 is IPv4",       "[::ffff:192.0.2.1]:1", 0, "192.0.2.1:1" },
    { "the same in hexadecimal",        "[::ffff:c000:0201]:1", 0, "192.0.2.1:1" },
    { "an underscore",                  "_a.example:1",     0,  "_a.example:1" },
    { "a numeric label that is not last", "1.example:1",    0,  "1.example:1" },
    { "port 65535",                     "a:65535",          0,  "a:65535" },
    { "no port where one must be",      "example.com",      0,  NULL },
    { "an empty port where one must be", "example.com:",    0,  NULL },
    { "port 0",                         "a:0",              80, NULL },
    { "port 65536",                     "a:65536",          80, NULL },
    { "a port with a sign",             "a:+80",            80, NULL },
    { "a port with a leading zero",     "a:080",            80, NULL },
    { "a port of letters",              "a:http",           80, NULL },
    { "two ports",                      "a:1:2",            80, NULL },
    { "nothing",                        "",                 80, NULL },
    { "only a port",                    ":80",              80, NULL },
    { "only a dot",                     ".:80",             80, NULL },
    { "an empty label",                 "a..b:80",          80, NULL },
    { "a leading dot",                  ".a:80",            80, NULL },
    { "two final dots",                 "a..:80",           80, NULL },
    { "user information",               "u@a:80",           80, NULL },
    { "a space",                        "a b:80",           80, NULL },
    { "a percent sign",                 "a%2e:80",          80, NULL },
    { "IPv6 without brackets",          "::1",              80, NULL },
    { "an open bracket",                "[::1",             80, NULL },
    { "empty brackets",                 "[]:80",            80, NULL },
    { "a name in brackets",             "[a]:80",           80, NULL },
    { "IPv4 in brackets",               "[192.0.2.1]:80",   80, NULL },
    { "text after the bracket",         "[::1]a:80",        80, NULL },
    { "an IPv6 zone",                   "[fe80::1%eth0]:80", 80, NULL },
    { "a short form of IPv4",           "127.1:80",         80, NULL },
    { "an IPv4 as one number",          "2130706433:80",    80, NULL },
    { "an octal IPv4",                  "0177.0.0.1:80",    80, NULL },
    { "a hexadecimal IPv4",             "0x7f.0.0.1:80",    80, NULL },
    { "a hexadecimal last label",       "127.0.0.0x1:80",   80, NULL },
    { "IPv4 out of range",              "256.1.1.1:80",     80, NULL },
    { "five numbers",                   "1.2.3.4.5:80",     80, NULL },
    { "the unspecified IPv4",           "0.0.0.0:80",       80, NULL },
    { "the unspecified IPv6",           "[::]:80",          80, NULL },
    { "the unspecified IPv4 in IPv6",   "[::ffff:0.0.0.0]:80", 80, NULL },
    /* clang-format on */
};

static void authorities_are_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(parsed); i++) {
        char text[TARGET_TEXT_ROOM] = "";
        struct target t;
        struct why why = { 0 };
        enum status st = target_parse(&t, slice_text(parsed[i].text),
                                      parsed[i].default_port, &why);

        if (parsed[i].want == NULL) {
            if (st != STATUS_BAD_ADDRESS || why.status != st)
                fail_msg("%s: %s", parsed[i].name, status_name(st));
            assert_true(slice_is_zero(slice_of(&t, sizeof(t))));
            continue;
        }
        if (st == STATUS_OK)
            target_text(&t, text);
        if (strcmp(text, parsed[i].want) != 0)
            fail_msg("%s: \"%s\" (%s)", parsed[i].name, text, why.found);
    }
}

static void labels_have_at_most_63_bytes(void **state)
{
    char name[66];
    struct target t;
    struct why why = { 0 };

    (void)state;
    memset(name, 'a', sizeof(name));
    CHECK_STATUS(target_set(&t, slice_of(name, 63), 1, &why), STATUS_OK);
    CHECK_STATUS(target_set(&t, slice_of(name, 64), 1, &why),
                 STATUS_BAD_ADDRESS);
}

/* 127 labels of one letter are 253 bytes, the longest name there is. */
static void names_have_at_most_253_bytes(void **state)
{
    char name[255];
    char text[TARGET_TEXT_ROOM];
    struct target t;
    struct why why = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(name); i++)
        name[i] = i % 2 == 0 ? 'a' : '.';
    CHECK_STATUS(target_set(&t, slice_of(name, 253), 65535, &why), STATUS_OK);
    target_text(&t, text);
    assert_int_equal(strlen(text), 259);
    CHECK_STATUS(target_set(&t, slice_of(name, 255), 1, &why),
                 STATUS_BAD_ADDRESS);
}

static void addresses_become_text(void **state)
{
    static const uint8_t v4[4] = { 192, 0, 2, 7 };
    static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
    static const uint8_t mapped[16] = { [10] = 255, 255, 192, 0, 2, 7 };
    static const uint8_t zero[4];
    struct target t;
    struct why why = { 0 };

    (void)state;
    CHECK_STATUS(target_set_address(&t, SLICE_OF(v4), 1, &why), STATUS_OK);
    assert_string_equal(t.host, "192.0.2.7");
    CHECK_STATUS(target_set_address(&t, SLICE_OF(v6), 1, &why), STATUS_OK);
    assert_string_equal(t.host, "2001:db8::1");
    CHECK_STATUS(target_set_address(&t, SLICE_OF(mapped), 1, &why), STATUS_OK);
    assert_string_equal(t.host, "192.0.2.7");
    CHECK_STATUS(target_set_address(&t, SLICE_OF(v4), 0, &why),
                 STATUS_BAD_ADDRESS);
    CHECK_STATUS(target_set_address(&t, SLICE_OF(zero), 1, &why),
                 STATUS_BAD_ADDRESS);
}

static const struct {
    const char *host;
    bool want;
} loopbacks[] = {
    { "localhost", true },
    { "LOCALHOST.", true },
    { "a.localhost", true },
    { "127.0.0.1", true },
    { "127.8.9.10", true },
    { "::1", true },
    { "::ffff:127.0.0.1", true },
    { "localhost.example", false },
    { "alocalhost", false },
    { "128.0.0.1", false },
    { "::2", false },
};

static void this_machine_has_several_names(void **state)
{
    struct target t;
    struct why why;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(loopbacks); i++) {
        CHECK_STATUS(target_set(&t, slice_text(loopbacks[i].host), 1, &why),
                     STATUS_OK);
        if (target_is_loopback(&t) != loopbacks[i].want)
            fail_msg("%s", loopbacks[i].host);
    }
}

static void equal_means_host_and_port(void **state)
{
    struct target a, b;
    struct why why;

    (void)state;
    CHECK_STATUS(target_set(&a, slice_text("A"), 1, &why), STATUS_OK);
    CHECK_STATUS(target_set(&b, slice_text("a."), 1, &why), STATUS_OK);
    assert_true(target_equal(&a, &b));
    b.port = 2;
    assert_false(target_equal(&a, &b));
    CHECK_STATUS(target_set(&b, slice_text("b"), 1, &why), STATUS_OK);
    assert_false(target_equal(&a, &b));
}

static void try_parse(struct slice text, void *ctx)
{
    struct target t;
    struct why why;

    (void)ctx;
    if (target_parse(&t, text, 80, &why) != STATUS_OK)
        assert_true(slice_is_zero(slice_of(&t, sizeof(t))));
}

static void prefixes_and_flips_are_harmless(void **state)
{
    struct slice whole = slice_text("[2001:db8::c000:0201]:65535");

    (void)state;
    for_each_prefix(whole, try_parse, NULL);
    for_each_flip(whole, try_parse, NULL);
    for_each_flip(slice_text("a.example.com.:80"), try_parse, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authorities_are_read_strictly),
        cmocka_unit_test(labels_have_at_most_63_bytes),
        cmocka_unit_test(names_have_at_most_253_bytes),
        cmocka_unit_test(addresses_become_text),
        cmocka_unit_test(this_machine_has_several_names),
        cmocka_unit_test(equal_means_host_and_port),
        cmocka_unit_test(prefixes_and_flips_are_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
