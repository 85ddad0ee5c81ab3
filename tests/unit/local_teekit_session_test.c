/* teekit_session and far_teekit: against a server made of the codec alone. */
#include "tests/support/check.h"

#include <signal.h>

#include "common/secret.h"
#include "tests/support/teekit_rig.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: demo.test\r\n\r\n"

#define TIMEOUT_MS 60000

static struct teekit_rig rig;

static void answer(struct teekit_rig *r, const struct teekit_message *m,
                   const char *body, const struct teekit_key *key)
{
    struct teekit_message a = { .type = TEEKIT_HTTP_RESPONSE,
                                .id = m->id,
                                .status = 200,
                                .status_text = slice_text("OK") };

    a.fields[0] = (struct teekit_field){ .name = slice_text("x"),
                                         .value = slice_text("y") };
    a.field_count = 1;
    teekit_rig_say(r, &a, body, key);
}

static bool is_path(const struct teekit_message *m, const char *path)
{
    char url[200];

    (void)snprintf(url, sizeof(url), "http://demo.test%s", path);
    return slice_equal(m->url, slice_text(url));
}

/* Does what the path says. */
static void serve(struct teekit_rig *r, const struct teekit_message *m)
{
    const struct teekit_key other = { { 1 } };

    if (m->type != TEEKIT_HTTP_REQUEST)
        return;
    if (is_path(m, "/hello"))
        answer(r, m, "world", NULL);
    else if (is_path(m, "/twice"))
        answer(r, m, "one", NULL);
    if (is_path(m, "/twice"))
        answer(r, m, "two", NULL);
    if (is_path(m, "/announce"))
        teekit_rig_announce(r);
    if (is_path(m, "/announce"))
        answer(r, m, "again", NULL);
    if (is_path(m, "/forged"))
        answer(r, m, "forged", &other);
    if (is_path(m, "/close"))
        ws_link_close(r->link, WS_CLOSE_NORMAL);
    if (is_path(m, "/close"))
        r->link = NULL;
}

static int begin(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    if (!secret_init())
        return -1;
    teekit_rig_begin(&rig);
    rig.on_message = serve;
    return 0;
}

static int end(void **state)
{
    (void)state;
    teekit_rig_end(&rig);
    return 0;
}

static void connect_and_attach(int64_t timeout_ms)
{
    assert_true(teekit_rig_dial(&rig));
    teekit_rig_until(&rig, &rig.ready);
    assert_true(rig.ready);
    assert_true(teekit_rig_attach(&rig, timeout_ms));
}

#define HELLO                                                                  \
    "HTTP/1.1 200 OK\r\nx: y\r\nContent-Type: text/plain;charset=UTF-8\r\n"    \
    "Content-Length: 5\r\n\r\nworld"

static void requests_get_their_answers_in_order(void **state)
{
    (void)state;
    connect_and_attach(TIMEOUT_MS);
    teekit_rig_write(&rig, GET("/hello"));
    teekit_rig_expect(&rig, HELLO);
    teekit_rig_write(&rig, GET("/hello") GET("/hello"));
    teekit_rig_expect(&rig, HELLO HELLO);
    assert_int_equal(rig.requests, 3);
    assert_int_equal(teekit_session_traffic(rig.session).users, 1);
}

static void a_request_in_single_bytes_is_one(void **state)
{
    static const char request[] =
        "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    char byte[2] = "";

    (void)state;
    connect_and_attach(TIMEOUT_MS);
    for (size_t i = 0; i < sizeof(request) - 1; i++) {
        byte[0] = request[i];
        assert_int_equal(rig.requests, 0);
        teekit_rig_write(&rig, byte);
    }
    teekit_rig_expect(&rig, HELLO);
}

static void a_second_answer_is_passed_over(void **state)
{
    (void)state;
    connect_and_attach(TIMEOUT_MS);
    teekit_rig_write(&rig, GET("/twice"));
    while (rig.got.len == 0)
        (void)uv_run(&rig.loop, UV_RUN_ONCE);
    buffer_clear(&rig.got);
    teekit_rig_write(&rig, GET("/hello"));
    teekit_rig_expect(&rig, HELLO);
}

static void a_second_announcement_changes_nothing(void **state)
{
    (void)state;
    connect_and_attach(TIMEOUT_MS);
    teekit_rig_write(&rig, GET("/announce"));
    while (rig.got.len == 0)
        (void)uv_run(&rig.loop, UV_RUN_ONCE);
    buffer_clear(&rig.got);
    teekit_rig_write(&rig, GET("/hello"));
    teekit_rig_expect(&rig, HELLO);
    assert_false(rig.closed);
}

/* What an application gets in the place of an answer begins so. */
static void expect_refusal(const char *begin_of)
{
    size_t len = strlen(begin_of);

    while (!rig.fin && !rig.failed)
        (void)uv_run(&rig.loop, UV_RUN_ONCE);
    assert_true(rig.got.len > len);
    assert_memory_equal(rig.got.at, begin_of, len);
}

static void a_forged_message_ends_the_session(void **state)
{
    (void)state;
    connect_and_attach(TIMEOUT_MS);
    teekit_rig_write(&rig, GET("/forged"));
    expect_refusal("HTTP/1.1 502 ");
    assert_true(rig.closed);
    CHECK_STATUS(rig.why.status, STATUS_BAD_RECORD);
}

static void a_close_frame_is_no_clean_end(void **state)
{
    (void)state;
    connect_and_attach(TIMEOUT_MS);
    teekit_rig_write(&rig, GET("/close"));
    expect_refusal("HTTP/1.1 502 ");
    CHECK_STATUS(rig.why.status, STATUS_CUT);
}

static void silence_ends_a_request_and_not_the_session(void **state)
{
    (void)state;
    connect_and_attach(1);
    teekit_rig_write(&rig, GET("/silence"));
    expect_refusal("HTTP/1.1 504 ");
    teekit_rig_detach(&rig);
    rig.opened = rig.fin = false;
    buffer_clear(&rig.got);
    assert_true(teekit_rig_attach(&rig, TIMEOUT_MS));
    teekit_rig_write(&rig, GET("/hello"));
    teekit_rig_expect(&rig, HELLO);
    assert_false(rig.closed);
}

static void evidence_that_is_refused_gets_no_key(void **state)
{
    (void)state;
    rig.refuse = true;
    assert_true(teekit_rig_dial(&rig));
    teekit_rig_until(&rig, &rig.ready);
    assert_false(rig.ready);
    CHECK_STATUS(rig.why.status, STATUS_POLICY);
    teekit_rig_until(&rig, &rig.link_ended);
    assert_false(rig.has_key);
}

static void a_session_drains_when_its_users_have_left(void **state)
{
    struct teekit_user late = { 0 };

    (void)state;
    connect_and_attach(TIMEOUT_MS);
    teekit_session_drain(rig.session);
    assert_true(far_is_leaving(rig.far));
    CHECK_STATUS(teekit_session_join(rig.session, &late), STATUS_GOING_AWAY);
    teekit_rig_write(&rig, GET("/hello"));
    while (!rig.fin)
        (void)uv_run(&rig.loop, UV_RUN_ONCE);
    assert_false(rig.closed);
    teekit_rig_detach(&rig);
    teekit_rig_until(&rig, &rig.closed);
    CHECK_STATUS(rig.why.status, STATUS_OK);
}

static void too_large_a_body_is_refused_before_it_comes(void **state)
{
    (void)state;
    connect_and_attach(TIMEOUT_MS);
    teekit_rig_write(&rig, "POST / HTTP/1.1\r\nHost: a\r\n"
                           "Content-Length: 104857600\r\n\r\n");
    expect_refusal("HTTP/1.1 413 ");
    assert_int_equal(rig.requests, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(requests_get_their_answers_in_order),
        TEST(a_request_in_single_bytes_is_one),
        TEST(a_second_answer_is_passed_over),
        TEST(a_second_announcement_changes_nothing),
        TEST(a_forged_message_ends_the_session),
        TEST(a_close_frame_is_no_clean_end),
        TEST(silence_ends_a_request_and_not_the_session),
        TEST(evidence_that_is_refused_gets_no_key),
        TEST(a_session_drains_when_its_users_have_left),
        TEST(too_large_a_body_is_refused_before_it_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
