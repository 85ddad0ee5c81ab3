/* proxy/server/rules.h: who gets where, and who gets nowhere. */
#include "proxy/server/rules.h"

#include <unistd.h>

#include "common/compiler.h"
#include "tests/support/check.h"

static struct rules *rules_of(const char *const *lines, size_t count)
{
    struct rules *r;
    struct why why;

    CHECK_STATUS(rules_new(&r), STATUS_OK);
    for (size_t i = 0; i < count; i++)
        CHECK_STATUS(rules_add(r, slice_text(lines[i]), &why), STATUS_OK);
    assert_int_equal(rules_count(r), count);
    return r;
}

/* In an order that is not that of precedence. */
static const char *const table[] = {
    /* clang-format off */
    "*:80=any.test:1",
    "*.example:443=short.test:2",
    "*.a.example:443=long.test:3",
    "*.a.example:*=long-any.test:4",
    "b.a.example:443=host.test:5",
    "b.a.example:*=host-any.test:6",
    "10.0.0.1:22=address.test:7",
    "[::1]:22=address6.test:8",
    "Upper.Example.:80=upper.test:9",
    "sock.example:80=/run/x.sock",
    "v6.example:80=[fe80::1]:10",
    /* clang-format on */
};

static const struct {
    const char *name;
    const char *target;
    const char *host; /* of the backend; NULL: refused */
    uint16_t port;
} finds[] = {
    /* clang-format off */
    { "any host on a port",            "whatever.test:80",  "any.test", 1 },
    { "an address by the rule for all", "192.0.2.1:80",     "any.test", 1 },
    { "a port no rule has",            "whatever.test:81",  NULL, 0 },
    { "below a suffix",                "x.example:443",     "short.test", 2 },
    { "far below a suffix",            "x.y.example:443",   "short.test", 2 },
    { "the suffix itself is not below", "example:443",      NULL, 0 },
    { "a tail that is no label",       "xexample:443",      NULL, 0 },
    { "the longer suffix",             "x.a.example:443",   "long.test", 3 },
    { "the longer suffix, any port",   "x.a.example:1",     "long-any.test", 4 },
    { "a longer suffix before a port", "x.a.example:80",    "long-any.test", 4 },
    { "the whole host",                "b.a.example:443",   "host.test", 5 },
    { "the whole host, any port",      "b.a.example:444",   "host-any.test", 6 },
    { "letters of either case",        "B.A.EXAMPLE:443",   "host.test", 5 },
    { "a final dot",                   "b.a.example.:443",  "host.test", 5 },
    { "a rule in capitals",            "upper.example:80",  "upper.test", 9 },
    { "an address",                    "10.0.0.1:22",       "address.test", 7 },
    { "another address",               "10.0.0.2:22",       NULL, 0 },
    { "IPv6",                          "[::1]:22",          "address6.test", 8 },
    { "IPv6 spelled out",              "[0:0:0:0:0:0:0:1]:22",
                                                            "address6.test", 8 },
    { "a UNIX socket",                 "sock.example:80",   "/run/x.sock", 0 },
    { "an IPv6 backend",               "v6.example:80",     "fe80::1", 10 },
    /* clang-format on */
};

static void the_most_specific_rule_wins(void **state)
{
    struct rules *r = rules_of(table, COUNT_OF(table));
    struct rules_backend b;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(finds); i++) {
        enum status st = rules_find(r, slice_text(finds[i].target), &b);
        const char *want = finds[i].host == NULL ? "" : finds[i].host;

        print_message("  %s\n", finds[i].name);
        CHECK_STATUS(st, finds[i].host ? STATUS_OK : STATUS_NOT_ALLOWED);
        assert_true(slice_equal(b.host, slice_text(want)));
        assert_int_equal(b.port, finds[i].port);
    }
    rules_let_go(r);
}

static const char *const bad_targets[] = {
    "",          "demo.test",     "demo.test:",      "demo.test:0",
    ":80",       "demo.test:080", "demo.test:65536", "demo test:80",
    "[::1:80",   "::1:80",        "[demo.test]:80",  "demo.test:80 ",
    "de\nmo:80", ".:80",          "[:x]:80",         "/run/x.sock",
};

static void what_is_no_target_is_refused(void **state)
{
    static const char *const all[] = { "*:*=127.0.0.1:9" };
    struct rules *r = rules_of(all, 1);
    struct rules_backend b;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad_targets); i++) {
        print_message("  %s\n", bad_targets[i]);
        CHECK_STATUS(rules_find(r, slice_text(bad_targets[i]), &b),
                     STATUS_BAD_ADDRESS);
        assert_int_equal(b.host.len, 0);
    }
    rules_let_go(r);
}

static void without_rules_nothing_is_allowed(void **state)
{
    struct rules *r = rules_of(NULL, 0);
    struct rules_backend b;

    (void)state;
    CHECK_STATUS(rules_find(r, slice_text("127.0.0.1:80"), &b),
                 STATUS_NOT_ALLOWED);
    rules_let_go(r);
    rules_let_go(NULL);
}

static const struct {
    const char *name;
    const char *line;
    const char *field;
} bad_rules[] = {
    /* clang-format off */
    { "nothing",                 "",                       "rule.pattern" },
    { "no backend",              "a.test:80",              "rule.pattern" },
    { "no port",                 "a.test=b.test:80",       "rule.pattern" },
    { "an unknown word",         "a.test:80=b.test:80 open", "rule" },
    { "a path that is relative", "a.test:80=b.test:80 plain encrypted=a", "rule" },
    { "a path with nothing open", "a.test:80=b.test:80 encrypted=/a", "rule" },
    { "an empty port",           "a.test:=b.test:80",      "rule.pattern" },
    { "port 0",                  "a.test:0=b.test:80",     "rule.pattern" },
    { "port 65536",              "a.test:65536=b.test:80", "rule.pattern" },
    { "a port with a sign",      "a.test:+80=b.test:80",   "rule.pattern" },
    { "no host",                 ":80=b.test:80",          "rule.pattern" },
    { "a star inside",           "a.*.test:80=b.test:80",  "rule.pattern" },
    { "a star and letters",      "*a.test:80=b.test:80",   "rule.pattern" },
    { "a star and a dot",        "*.:80=b.test:80",        "rule.pattern" },
    { "a star and two dots",     "*..test:80=b.test:80",   "rule.pattern" },
    { "IPv6 without brackets",   "::1:80=b.test:80",       "rule.pattern" },
    { "a name in brackets",      "[a.test]:80=b.test:80",  "rule.pattern" },
    { "no IPv6 in brackets",     "[:::]:80=b.test:80",     "rule.pattern" },
    { "a blank",                 "a .test:80=b.test:80",   "rule.pattern" },
    { "an empty backend",        "a.test:80=",             "rule.backend" },
    { "a backend without port",  "a.test:80=b.test",       "rule.backend" },
    { "a backend for any port",  "a.test:80=b.test:*",     "rule.backend" },
    { "a second equals sign",    "a.test:80==b.test:80",   "rule.backend" },
    { "a relative path",         "a.test:80=run/x.sock",   "rule.backend" },
    /* clang-format on */
};

static void a_malformed_rule_says_which_part(void **state)
{
    struct rules *r = rules_of(NULL, 0);
    struct why why;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad_rules); i++) {
        print_message("  %s\n", bad_rules[i].name);
        CHECK_STATUS(rules_add(r, slice_text(bad_rules[i].line), &why),
                     STATUS_BAD_CONFIG);
        assert_string_equal(why.field, bad_rules[i].field);
        assert_true(why.expected[0] != '\0');
    }
    assert_int_equal(rules_count(r), 0);
    rules_let_go(r);
}

static void two_rules_for_the_same_are_refused(void **state)
{
    static const char *const again[] = {
        "*:80=x.test:1",
        "*.EXAMPLE:443=x.test:1",
        "b.a.example.:443=/x",
        "[0::1]:22=x.test:1",
        "upper.example:80=x.test:1",
    };
    struct rules *r = rules_of(table, COUNT_OF(table));
    struct why why;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(again); i++)
        CHECK_STATUS(rules_add(r, slice_text(again[i]), &why),
                     STATUS_BAD_CONFIG);
    assert_int_equal(rules_count(r), COUNT_OF(table));
    rules_let_go(r);
}

static void there_is_a_most(void **state)
{
    struct rules *r = rules_of(NULL, 0);
    struct why why;
    char line[64];

    (void)state;
    for (int i = 1; i <= RULES_MAX + 1; i++) {
        (void)snprintf(line, sizeof(line), "a.test:%d=b.test:1", i);
        CHECK_STATUS(rules_add(r, slice_text(line), &why),
                     i <= RULES_MAX ? STATUS_OK : STATUS_LIMIT);
    }
    rules_let_go(r);
}

static void a_path_longer_than_a_socket_can_have_is_refused(void **state)
{
    struct rules *r = rules_of(NULL, 0);
    struct why why;
    char line[256];

    (void)state;
    for (int len = 107; len <= 108; len++) {
        (void)snprintf(line, sizeof(line), "a.test:%d=/%0*d", len, len - 1, 1);
        CHECK_STATUS(rules_add(r, slice_text(line), &why),
                     len == 107 ? STATUS_OK : STATUS_BAD_CONFIG);
    }
    rules_let_go(r);
}

static void a_file_has_comments_and_errors_name_the_line(void **state)
{
    static const char good[] = "# what leads where\n\n"
                               "  a.test:80=127.0.0.1:1 \r\n"
                               "\t# more\n"
                               "b.test:80=127.0.0.1:2";
    static const char bad[] = "# one\nc.test:80=127.0.0.1:3\n\nd.test\n";
    struct rules *r = rules_of(NULL, 0);
    struct why why;

    (void)state;
    CHECK_STATUS(rules_add_text(r, slice_text(good), "good", &why), STATUS_OK);
    assert_int_equal(rules_count(r), 2);
    CHECK_STATUS(rules_add_text(r, slice_text(""), "empty", &why), STATUS_OK);
    CHECK_STATUS(rules_add_text(r, slice_text(bad), "bad.rules", &why),
                 STATUS_BAD_CONFIG);
    assert_non_null(strstr(why.found, "bad.rules:4: \"d.test\""));
    assert_int_equal(rules_count(r), 3);
    rules_let_go(r);
}

static void rules_are_read_from_a_file(void **state)
{
    char path[] = "/tmp/rules_test.XXXXXX";
    int fd = mkstemp(path);
    struct rules *r = rules_of(NULL, 0);
    struct why why;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a.test:80=b.test:1\n", 19), 19);
    assert_int_equal(close(fd), 0);
    CHECK_STATUS(rules_add_file(r, path, &why), STATUS_OK);
    assert_int_equal(rules_count(r), 1);
    assert_int_equal(unlink(path), 0);
    CHECK_STATUS(rules_add_file(r, path, &why), STATUS_NO_FILE);
    rules_let_go(r);
}

static void try_rule(struct slice line, void *ctx)
{
    struct rules *r = rules_of(NULL, 0);
    struct rules_backend b;
    struct why why;

    (void)ctx;
    if (rules_add(r, line, &why) == STATUS_OK)
        assert_int_equal(rules_count(r), 1);
    else
        assert_int_equal(rules_count(r), 0);
    assert_true((rules_find(r, line, &b) == STATUS_OK) == (b.host.len > 0));
    rules_let_go(r);
}

static void prefixes_and_flipped_bits_are_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        for_each_prefix(slice_text(table[i]), try_rule, NULL);
        for_each_flip(slice_text(table[i]), try_rule, NULL);
    }
}

static bool may(const struct rules *r, const char *host, const char *path)
{
    struct rules_backend to;

    CHECK_STATUS(rules_find_web(r, slice_text(host), &to), STATUS_OK);
    return rules_allow_plain(&to, slice_text(path));
}

static void words_open_a_rule_to_requests_in_clear(void **state)
{
    struct rules *r;
    struct rules_backend to;
    struct why why;
    const char *const lines[] = {
        "closed.test:80=b.test:1",
        "open.test:80=b.test:1 plain",
        "part.test:80=b.test:1 \t plain  encrypted=/a encrypted=/b/c ",
        "[::1]:80=/run/x.sock plain",
    };

    (void)state;
    CHECK_STATUS(rules_new(&r), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        CHECK_STATUS(rules_add(r, slice_text(lines[i]), &why), STATUS_OK);
    assert_false(may(r, "closed.test", "/"));
    assert_true(may(r, "open.test", "/a"));
    assert_true(may(r, "part.test", "/"));
    assert_true(may(r, "part.test", "/b"));
    assert_false(may(r, "part.test", "/a/x"));
    assert_false(may(r, "part.test", "/b/c"));
    assert_true(may(r, "::1", "/"));
    CHECK_STATUS(rules_find_web(r, slice_text("other.test"), &to),
                 STATUS_NOT_ALLOWED);
    assert_false(rules_allow_plain(&to, slice_text("/")));
    rules_let_go(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_open_a_rule_to_requests_in_clear),
        cmocka_unit_test(the_most_specific_rule_wins),
        cmocka_unit_test(what_is_no_target_is_refused),
        cmocka_unit_test(without_rules_nothing_is_allowed),
        cmocka_unit_test(a_malformed_rule_says_which_part),
        cmocka_unit_test(two_rules_for_the_same_are_refused),
        cmocka_unit_test(there_is_a_most),
        cmocka_unit_test(a_path_longer_than_a_socket_can_have_is_refused),
        cmocka_unit_test(a_file_has_comments_and_errors_name_the_line),
        cmocka_unit_test(rules_are_read_from_a_file),
        cmocka_unit_test(prefixes_and_flipped_bits_are_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
