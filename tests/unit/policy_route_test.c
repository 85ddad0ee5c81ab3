/* host and route: one spelling for each host, and where it leads. */
#include "tests/support/check.h"

#include "policy/host.h"
#include "policy/policy.h"
#include "policy/route.h"
#include "tests/support/policy_text.h"

static const struct {
    const char *text;
    const char *want; /* "" if it is no host */
} spellings[] = {
    /* clang-format off */
    { "Chat.Example.COM",    "chat.example.com" },
    { "chat.example.com.",   "chat.example.com" },
    { "xn--bcher-kva.de",    "xn--bcher-kva.de" },
    { "under_score",         "under_score" },
    { "1password.com",       "1password.com" },
    { "AZ.example",          "az.example" },
    { "0abc",                "0abc" },
    { "0xfee",               "" },
    { "a.0x",                "" },
    { "192.0.2.1",           "192.0.2.1" },
    { "192.0.2.1.",          "192.0.2.1" },
    { "192.0.2.01",          "" },
    { "192.0.2",             "" },
    { "192.0.2.256",         "" },
    { "3221225985",          "" },
    { "0xc0.0.2.1",          "" },
    { "a.1",                 "" },
    { "::1",                 "::1" },
    { "[::1]",               "::1" },
    { "0:0:0:0:0:0:0:1",     "::1" },
    { "2001:DB8::0001",      "2001:db8::1" },
    { "::ffff:192.0.2.1",    "192.0.2.1" },
    { "::ffff:c000:201",     "192.0.2.1" },
    { "[::1",                "" },
    { "[]",                  "" },
    { "[192.0.2.1]",         "" },
    { "[a.example]",         "" },
    { "fe80::1%eth0",        "" },
    { ":::",                 "" },
    { "",                    "" },
    { ".",                   "" },
    { "..",                  "" },
    { "a..b",                "" },
    { ".a",                  "" },
    { "a b",                 "" },
    { "a/b",                 "" },
    { "b\xc3\xbc" "cher.de", "" },
    { "a.example..",         "" },
    /* clang-format on */
};

static void each_host_has_one_spelling(void **state)
{
    char out[HOST_ROOM];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(spellings); i++) {
        bool ok = host_spell(slice_text(spellings[i].text), out);

        if (ok != (spellings[i].want[0] != '\0') ||
            strcmp(out, spellings[i].want) != 0)
            fail_msg("%s: %s", spellings[i].text, out);
    }
}

static void labels_and_names_have_their_lengths(void **state)
{
    char name[300];
    char out[HOST_ROOM];

    (void)state;
    memset(name, 'a', sizeof(name));
    assert_true(host_spell(slice_of(name, 63), out));
    assert_false(host_spell(slice_of(name, 64), out));
    name[64] = '.';
    assert_false(host_spell(slice_of(name, 70), out));
    name[63] = '.';
    name[64] = 'a';
    assert_true(host_spell(slice_of(name, 70), out));
    name[63] = 'a';
    for (size_t i = 49; i < sizeof(name); i += 50)
        name[i] = '.';
    assert_true(host_spell(slice_of(name, 253), out));
    assert_int_equal(strlen(out), 253);
    assert_false(host_spell(slice_of(name, 254), out));
}

static void loopback_is_known(void **state)
{
    (void)state;
    assert_true(host_is_loopback("localhost"));
    assert_true(host_is_loopback("127.0.0.1"));
    assert_true(host_is_loopback("127.255.0.9"));
    assert_true(host_is_loopback("::1"));
    assert_false(host_is_loopback("128.0.0.1"));
    assert_false(host_is_loopback("localhost.example"));
    assert_false(host_is_loopback("::"));
}

#define REST "    endpoints: [ \"ws://e\" ]\n    accept: {}\n"

static const char services[] =
    "services:\n"
    "  exact:\n    hosts: [ chat.example.com, 192.0.2.1, '[2001:db8::1]' ]\n" REST
    "  wide:\n    hosts: [ '*.example.com' ]\n" REST
    "  wider:\n    hosts: [ '*.com:443' ]\n" REST
    "  deep:\n    hosts: [ '*.a.example.com' ]\n" REST
    "  port:\n    hosts: [ 'chat.example.com:8443', 'only.test:443' ]\n" REST;

static const struct {
    const char *name;
    const char *host;
    uint16_t port;
    enum status want;
    const char *service; /* NULL unless there is one */
} routes[] = {
    /* clang-format off */
    { "a name", "chat.example.com", 443, STATUS_OK, "exact" },
    { "in other letters", "CHAT.example.COM.", 80, STATUS_OK, "exact" },
    { "at the port of a closer pattern", "chat.example.com", 8443, STATUS_OK,
      "port" },
    { "below a wildcard", "b.example.com", 1, STATUS_OK, "wide" },
    { "far below a wildcard", "b.c.example.com", 1, STATUS_OK, "wide" },
    { "below the longer of two wildcards", "b.a.example.com", 443, STATUS_OK,
      "deep" },
    { "the name of the longer wildcard", "a.example.com", 443, STATUS_OK,
      "wide" },
    { "a wildcard does not cover its own name", "example.com", 80,
      STATUS_NOT_SERVICE, NULL },
    { "but a shorter one does", "example.com", 443, STATUS_OK, "wider" },
    { "an end that is no label", "badexample.com", 80, STATUS_NOT_SERVICE,
      NULL },
    { "an address", "192.0.2.1", 1, STATUS_OK, "exact" },
    { "an address in six's clothes", "::ffff:192.0.2.1", 1, STATUS_OK,
      "exact" },
    { "an address of six in brackets", "[2001:0DB8::1]", 1, STATUS_OK,
      "exact" },
    { "an address as one number", "3221225985", 1, STATUS_BAD_ADDRESS, NULL },
    { "nothing", "", 1, STATUS_BAD_ADDRESS, NULL },
    { "a named host at another port", "only.test", 80, STATUS_NOT_SERVICE,
      NULL },
    { "a stranger", "other.test", 80, STATUS_NOT_SERVICE, NULL },
    /* clang-format on */
};

static void the_closest_pattern_wins(void **state)
{
    struct policy *p = policy_text_parse(services);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        struct route r;
        struct why why = { 0 };
        enum status st =
            route_find(p, slice_text(routes[i].host), routes[i].port, &r, &why);

        if (st != routes[i].want)
            fail_msg("%s: %s", routes[i].name, status_name(st));
        assert_int_equal(r.kind, st == STATUS_OK ? ROUTE_SERVICE : ROUTE_BLOCK);
        assert_int_equal(r.service != NULL, routes[i].service != NULL);
        if (r.service != NULL && strcmp(r.service->name, routes[i].service))
            fail_msg("%s: %s", routes[i].name, r.service->name);
        assert_int_equal(why.status, st);
    }
    policy_free(p);
}

static void only_strangers_go_direct(void **state)
{
    char text[sizeof(services) + 32];
    struct policy *p;
    struct route r;
    struct why why;

    (void)state;
    (void)snprintf(text, sizeof(text), "default: direct\n%s", services);
    p = policy_text_parse(text);
    CHECK_STATUS(route_find(p, slice_text("other.test"), 80, &r, &why),
                 STATUS_OK);
    assert_int_equal(r.kind, ROUTE_DIRECT);
    assert_null(r.service);
    CHECK_STATUS(route_find(p, slice_text("only.test"), 80, &r, &why),
                 STATUS_NOT_SERVICE);
    assert_int_equal(r.kind, ROUTE_BLOCK);
    assert_string_equal(why.expected, "port 443, which is of service port");
    CHECK_STATUS(route_find(p, slice_text("0300.0.2.1"), 80, &r, &why),
                 STATUS_BAD_ADDRESS);
    policy_free(p);
}

static void a_refusal_says_what_was_asked(void **state)
{
    struct policy *p = policy_text_parse(services);
    struct route r;
    struct why why;
    char line[256];

    (void)state;
    CHECK_STATUS(route_find(p, slice_text("Other.test"), 80, &r, &why),
                 STATUS_NOT_SERVICE);
    why_line(&why, line, sizeof(line));
    assert_string_equal(line,
                        "host: other.test, expected a host that a service "
                        "names");
    policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_host_has_one_spelling),
        cmocka_unit_test(labels_and_names_have_their_lengths),
        cmocka_unit_test(loopback_is_known),
        cmocka_unit_test(the_closest_pattern_wins),
        cmocka_unit_test(only_strangers_go_direct),
        cmocka_unit_test(a_refusal_says_what_was_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
