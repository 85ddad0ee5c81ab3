/* A client's and a server's session against each other. */
#include "tests/support/check.h"

#include "tests/support/pair.h"

static const struct {
    const char *name;
    struct pair_options options;
    const char *suite; /* NULL: there is none */
} suites[] = {
    { "both have AES", { .client_aes = true, .server_aes = true }, "AESGCM" },
    { "the client has none", { .server_aes = true }, "ChaChaPoly" },
    { "the server has none", { .client_aes = true }, "ChaChaPoly" },
    { "neither has", { 0 }, "ChaChaPoly" },
    { "only AES is allowed",
      { .client_aes = true, .server_aes = true, .client_no_chacha = true },
      "AESGCM" },
    { "nothing in common",
      { .client_aes = true, .client_no_chacha = true },
      NULL },
};

static void the_fastest_common_suite_is_chosen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(suites); i++) {
        struct pair *p = pair_new(&suites[i].options);

        assert_string_equal(session_suite(p->client.session), "");
        pair_run(p);
        if (suites[i].suite == NULL) {
            CHECK_STATUS(p->client.why.status, STATUS_BAD_HANDSHAKE);
            assert_false(p->client.evidence);
        } else {
            assert_true(p->client.ready && p->server.ready);
            assert_string_equal(session_suite(p->client.session),
                                suites[i].suite);
            assert_string_equal(session_suite(p->server.session),
                                suites[i].suite);
        }
        pair_free(p);
    }
}

static void bytes_pass_both_ways(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *c, *s;

    (void)state;
    p->server.answer_bytes = 3 * 1000 * 1000;
    c = pair_open(p, "a.b:80");
    pair_write(c, 5 * 1000 * 1000);
    pair_run(p);
    s = pair_other(p, c);
    assert_true(c->opened && c->fin && s->fin);
    assert_int_equal(c->bytes, 3 * 1000 * 1000);
    assert_int_equal(s->bytes, 5 * 1000 * 1000);
    assert_int_equal(session_streams(p->client.session), 0);
    assert_int_equal(session_streams(p->server.session), 0);
    assert_int_equal(session_bytes_out(p->client.session), 5 * 1000 * 1000);
    assert_int_equal(session_bytes_in(p->client.session), 3 * 1000 * 1000);
    assert_false(p->client.closed || p->server.closed);
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fastest_common_suite_is_chosen),
        cmocka_unit_test(bytes_pass_both_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
