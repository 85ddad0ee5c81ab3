/* proxy/server/visit.h: who has no session waits for its turn, and may go, or be
 * sent away, while it does. */
#include "tests/support/server_rig.h"

#include "common/secret.h"
#include "tests/support/check.h"

struct test {
    struct server_rig rig;
    struct end client;
};

static bool is_unheard(void *ctx)
{
    const struct test *t = ctx;

    return list_empty(&t->rig.serve->turnstile.line) && t->client.got.len == 0;
}

/* A server without time, and a client that has asked for |request| and waits. */
static struct test *begin(const char *request)
{
    const struct server_rig_limits limits = server_rig_limits();
    struct test *t = calloc(1, sizeof(*t));
    struct conn *ours, *theirs;

    assert_non_null(t);
    server_rig_begin(&t->rig, &limits);
    t->rig.serve->turnstile.left_ns = INT64_MIN / 2;
    end_pair_tcp(&t->rig.loop, &ours, &theirs);
    serve_accept(t->rig.serve, theirs);
    end_attach(&t->client, ours, 4096);
    end_write(&t->client, request);
    loop_while(&t->rig.loop, is_unheard, t);
    assert_false(list_empty(&t->rig.serve->turnstile.line));
    assert_int_equal(t->client.got.len, 0);
    return t;
}

static void finish(struct test *t)
{
    end_close(&t->client);
    end_fini(&t->client);
    server_rig_end(&t->rig);
    free(t);
}

/* Its turn has come: it is told |start|, and no more after that. */
static void expect_answer(struct test *t, const char *start)
{
    t->rig.serve->turnstile.left_ns = TURNSTILE_MAX_NS;
    loop_until(&t->rig.loop, &t->client.eof);
    assert_true(t->client.got.len > strlen(start));
    assert_memory_equal(t->client.got.at, start, strlen(start));
    assert_true(list_empty(&t->rig.serve->turnstile.line));
}

static const struct {
    const char *name;
    const char *request;
    const char *answer;
} cases[] = {
    { "what is not there", "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n",
      "HTTP/1.1 404 " },
    { "another behind it",
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
      "HTTP/1.1 404 " },
    { "an upgrade that is none", "GET /__ra__ HTTP/1.1\r\nHost: a\r\n\r\n",
      "HTTP/1.1 426 " },
    { "what is no HTTP", "GET / HTTP/1.1\r\nno field\r\n\r\n",
      "HTTP/1.1 400 " },
};

static void an_answer_waits_for_its_turn(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct test *t;

        print_message("  %s\n", cases[i].name);
        t = begin(cases[i].request);
        expect_answer(t, cases[i].answer);
        finish(t);
    }
}

static bool has_members(void *ctx)
{
    const struct test *t = ctx;

    return !list_empty(&t->rig.serve->members);
}

static void who_goes_waits_no_more(void **state)
{
    struct test *t = begin(cases[0].request);

    (void)state;
    end_close(&t->client);
    loop_while(&t->rig.loop, has_members, t);
    assert_true(list_empty(&t->rig.serve->turnstile.line));
    assert_int_equal(server_rig_peers(&t->rig).all, 0);
    finish(t);
}

static void who_waits_when_the_server_stops_is_told_so(void **state)
{
    struct test *t = begin(cases[0].request);

    (void)state;
    serve_drain(t->rig.serve);
    assert_false(t->rig.empty);
    expect_answer(t, "HTTP/1.1 503 ");
    finish(t);
}

static void an_abort_waits_for_nobody(void **state)
{
    struct test *t = begin(cases[0].request);

    (void)state;
    serve_drain(t->rig.serve);
    serve_abort(t->rig.serve);
    assert_true(t->rig.empty);
    assert_true(list_empty(&t->rig.serve->turnstile.line));
    finish(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_waits_for_its_turn),
        cmocka_unit_test(who_goes_waits_no_more),
        cmocka_unit_test(who_waits_when_the_server_stops_is_told_so),
        cmocka_unit_test(an_abort_waits_for_nobody),
    };

    return secret_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
