/* front: local connections in each language, from accept to close. With
 * --serve this is a proxy for scripts: tests/support/front_server.h. */
#include "tests/support/check.h"

#include <sys/socket.h>
#include <unistd.h>

#include "common/limits.h"
#include "proxy/local/porter.h"
#include "tests/support/front_rig.h"
#include "tests/support/front_server.h"

static const struct {
    const char *name;
    struct slice ask;
    struct slice before; /* what the application hears before it is open */
    struct slice after;  /* and then */
    const char *up;      /* what the far side gets once it is open */
} openings[] = {
#define ROW(name, ask, before, after, up)                                      \
    {                                                                          \
        name, { (const uint8_t *)(ask), sizeof(ask) - 1 },                     \
            { (const uint8_t *)(before), sizeof(before) - 1 },                 \
            { (const uint8_t *)(after), sizeof(after) - 1 }, up                \
    }
    /* clang-format off */
    ROW("a request", GET, "", "", GET_UP),
    ROW("a body",
        "POST http://a.example/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "", "",
        "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabc"),
    ROW("TUNNEL", TUNNEL, "", "HTTP/1.1 200 OK\r\n\r\n", ""),
    ROW("TUNNEL with data sent ahead", TUNNEL "ahead", "", "HTTP/1.1 200 OK\r\n\r\n", "ahead"),
    ROW("SOCKS5", SOCKS5, "\x05\x00", "\x05\x00\x00\x01\0\0\0\0\0\0", ""),
    ROW("SOCKS5 with data sent ahead", SOCKS5 "ahead", "\x05\x00", "\x05\x00\x00\x01\0\0\0\0\0\0", "ahead"),
    ROW("SOCKS4a", SOCKS4A "ahead", "", "\0\x5a\0\0\0\0\0\0", "ahead"),
/* clang-format on */
#undef ROW
};

static void nothing_is_sent_or_said_before_it_is_open(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(openings); i++) {
        struct front_rig r;
        int fd;

        front_rig_start(&r);
        fd = front_rig_dial(&r);
        front_rig_say(&r, fd, openings[i].ask);
        front_rig_expect(&r, fd, openings[i].before);
        assert_int_equal(r.far_count, 1);
        assert_string_equal(r.fars[0].target.host, "a.example");
        assert_int_equal(r.fars[0].got.len, 0);
        fake_far_opened(&r.fars[0]);
        front_rig_expect(&r, fd, openings[i].after);
        fake_far_expect(&r.fars[0], openings[i].up);
        (void)close(fd);
        front_rig_stop(&r);
    }
}

static const struct {
    const char *name;
    struct slice ask;
    struct slice answer; /* how it begins */
    bool ends;           /* the connection, behind it */
} refusals[] = {
#define ROW(name, ask, answer, ends)                                           \
    {                                                                          \
        name, { (const uint8_t *)(ask), sizeof(ask) - 1 },                     \
            { (const uint8_t *)(answer), sizeof(answer) - 1 }, ends            \
    }
    ROW("a request", GET, "HTTP/1.1 502 Bad Gateway\r\n", false),
    ROW("a tunnel", TUNNEL, "HTTP/1.1 502 Bad Gateway\r\n", true),
    ROW("SOCKS5", SOCKS5, "\x05\x00\x05\x02\x00\x01\0\0\0\0\0\0", true),
    ROW("SOCKS4a", SOCKS4A, "\0\x5b\0\0\0\0\0\0", true),
#undef ROW
};

/* At once, or |later| when the far side was being opened: nothing was sent. */
static void check_refusal(size_t i, bool later)
{
    struct front_rig r;
    int fd;

    front_rig_start(&r);
    r.refuse = later ? STATUS_OK : STATUS_BAD_SIGNATURE;
    fd = front_rig_dial(&r);
    front_rig_say(&r, fd, refusals[i].ask);
    if (later)
        fake_far_failed(&r.fars[0], STATUS_BAD_SIGNATURE);
    front_rig_expect_begin(&r, fd, refusals[i].answer, refusals[i].ends);
    assert_int_equal(r.far_count, later ? 1 : 0);
    assert_int_equal(r.fars[0].got.len, 0);
    (void)close(fd);
    front_rig_stop(&r);
}

static void refusals_are_told_in_each_language(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        check_refusal(i, false);
        check_refusal(i, true);
    }
}

static void a_verdict_reaches_the_program_that_asked(void **state)
{
    struct front_rig r;
    struct buffer heard = buffer_with_max(64 * 1024);
    int fd;

    (void)state;
    front_rig_start(&r);
    r.refuse = STATUS_BAD_SIGNATURE;
    r.verdict.count = 1;
    r.verdict.checks[0] = (struct check_result){ .id = "quote-signature",
                                                 .title = "quote signature",
                                                 .outcome = OUTCOME_FAIL };
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd,
                       "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n"
                       "Accept: application/json\r\n\r\n");
    (void)front_rig_hear(&r, fd, &heard);
    buffer_byte(&heard, 0);
    assert_non_null(
        strstr((const char *)heard.at, "\"failed_check\":\"quote-signature\""));
    buffer_free(&heard);
    (void)close(fd);
    front_rig_stop(&r);
}

static void tunnels_close_each_way_by_itself(void **state)
{
    struct front_rig r;
    int fd;

    (void)state;
    front_rig_start(&r);
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd, TUNNEL);
    fake_far_opened(&r.fars[0]);
    front_rig_expect(&r, fd, slice_text("HTTP/1.1 200 OK\r\n\r\n"));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    front_rig_turn(&r);
    assert_true(r.fars[0].fin && !r.fars[0].closed);
    fake_far_data(&r.fars[0], "still here");
    front_rig_expect(&r, fd, slice_text("still here"));
    fake_far_ended(&r.fars[0]);
    front_rig_expect_begin(&r, fd, slice_text(""), true);
    assert_true(r.fars[0].closed);
    assert_int_equal(front_count(r.front), 0);
    (void)close(fd);
    front_rig_stop(&r);
}

static void an_early_end_is_passed_on_when_open(void **state)
{
    struct front_rig r;
    int fd;

    (void)state;
    front_rig_start(&r);
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd, TUNNEL "all");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    front_rig_turn(&r);
    fake_far_opened(&r.fars[0]);
    front_rig_turn(&r);
    fake_far_expect(&r.fars[0], "all");
    assert_true(r.fars[0].fin);
    (void)close(fd);
    front_rig_stop(&r);
}

static void what_says_nothing_for_too_long_is_cut(void **state)
{
    static const char *const asks[] = { TUNNEL, GET };
    struct front_config config = front_defaults();

    (void)state;
    config.stream_idle_ms = 100;
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        struct front_rig r;
        int fd;

        front_rig_start_with(&r, config);
        fd = front_rig_dial(&r);
        front_rig_say_text(&r, fd, asks[i]);
        fake_far_opened(&r.fars[0]);
        front_rig_turn(&r);
        assert_int_equal(front_count(r.front), 1);
        while (front_count(r.front) > 0)
            (void)uv_run(&r.loop, UV_RUN_ONCE);
        assert_true(r.fars[0].closed);
        (void)close(fd);
        front_rig_stop(&r);
    }
}

static bool local_page(void *ctx, struct slice path, struct front_page *page)
{
    (void)ctx;
    if (!slice_equal(path, slice_text("/")))
        return false;
    buffer_text(page->body, "the status\n");
    return true;
}

static const struct front_owner page_owner = {
    .route_and_open = front_rig_route,
    .local_page = local_page,
};

static void our_own_port_has_our_own_pages(void **state)
{
    static const char *const asks[] = {
        "GET / HTTP/1.1\r\nHost: localhost:8118\r\n\r\n",
        "GET http://localhost:8118/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET http://127.0.0.1:8118 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET http://veritee.invalid/?a=b HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    struct front_config config = front_defaults();
    struct front_rig r;
    int fd;

    (void)state;
    config.owner = &page_owner;
    front_rig_start_with(&r, config);
    fd = front_rig_dial(&r);
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        struct buffer heard = buffer_with_max(64 * 1024);

        front_rig_say_text(&r, fd, asks[i]);
        (void)front_rig_hear(&r, fd, &heard);
        buffer_byte(&heard, 0);
        assert_non_null(strstr((const char *)heard.at, "\r\n\r\nthe status\n"));
        buffer_free(&heard);
    }
    assert_int_equal(r.far_count, 0);
    front_rig_say_text(
        &r, fd, "GET http://localhost:8119/ HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(r.far_count, 1); /* another port is not ours */
    (void)close(fd);
    front_rig_stop(&r);
}

static void too_many_connections_are_refused(void **state)
{
    struct front_config config = front_defaults();
    struct front_rig r;
    int first, second;

    (void)state;
    CHECK_STATUS(porter_new(1, (struct rate_limit){ 0 }, &config.porter),
                 STATUS_OK);
    front_rig_start_with(&r, config);
    first = front_rig_dial(&r);
    second = front_rig_dial(&r);
    front_rig_expect_begin(&r, second, slice_text(""), true);
    assert_int_equal(front_count(r.front), 1);
    (void)close(first);
    (void)close(second);
    front_rig_stop(&r);
    porter_free(config.porter);
}

static void a_head_must_come_in_time(void **state)
{
    struct front_config config = front_defaults();
    struct front_rig r;
    int fd;

    (void)state;
    config.head_deadline_ms = 1;
    front_rig_start_with(&r, config);
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd, "GET http://a/ HT");
    while (front_count(r.front) > 0)
        (void)uv_run(&r.loop, UV_RUN_ONCE);
    (void)close(fd);
    front_rig_stop(&r);
}

static void draining_lets_requests_end(void **state)
{
    struct front_rig r;
    int idle, busy, tunnel;

    (void)state;
    front_rig_start(&r);
    idle = front_rig_dial(&r);
    busy = front_rig_dial(&r);
    tunnel = front_rig_dial(&r);
    front_rig_say_text(&r, busy, GET);
    front_rig_say_text(&r, tunnel, TUNNEL);
    fake_far_opened(&r.fars[0]);
    fake_far_opened(&r.fars[1]);
    front_rig_expect(&r, tunnel, slice_text("HTTP/1.1 200 OK\r\n\r\n"));
    front_rig_close(&r, false);
    front_rig_expect_begin(&r, idle, slice_text(""), true);
    assert_int_equal(front_count(r.front), 2);
    fake_far_data(&r.fars[0], OK2);
    front_rig_expect_begin(&r, busy,
                           slice_text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                                      "Connection: close\r\n\r\nok"),
                           true);
    assert_int_equal(front_count(r.front), 1);
    assert_false(r.closed);
    (void)close(idle);
    (void)close(busy);
    (void)close(tunnel);
    front_rig_stop(&r);
}

/* Where a connection can be when everything must end at once. */
static const struct {
    const char *name;
    struct slice ask;
    bool open;
    const char *down; /* NULL: nothing */
} places[] = {
#define ROW(name, ask, open, down)                                             \
    {                                                                          \
        name, { (const uint8_t *)(ask), sizeof(ask) - 1 }, open, down          \
    }
    ROW("no byte", "", false, NULL),
    ROW("half a head", "GET http", false, NULL),
    ROW("half a SOCKS request", "\x05\x01\x00\x05", false, NULL),
    ROW("opening", GET, false, NULL),
    ROW("opening a tunnel", TUNNEL, false, NULL),
    ROW("opening for SOCKS", SOCKS5, false, NULL),
    ROW("no answer", GET, true, NULL),
    ROW("half an answer", GET, true, "HTTP/1.1 200 OK\r\nX"),
    ROW("half a body", GET, true, "HTTP/1.1 200 OK\r\n\r\nab"),
    ROW("kept", GET, true, OK2),
    ROW("a tunnel", TUNNEL, true, "x"),
    ROW("a SOCKS relay", SOCKS5, true, "x"),
#undef ROW
};

static void everything_can_end_at_any_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct front_rig r;
        int fd;

        front_rig_start(&r);
        fd = front_rig_dial(&r);
        front_rig_say(&r, fd, places[i].ask);
        if (places[i].open)
            fake_far_opened(&r.fars[0]);
        if (places[i].down != NULL)
            fake_far_data(&r.fars[0], places[i].down);
        front_rig_turn(&r);
        assert_int_equal(front_count(r.front), 1);
        front_rig_stop(&r);
        (void)close(fd);
    }
}

/* The application goes away at the same places. */
static void the_application_can_leave_at_any_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct front_rig r;
        int fd;

        front_rig_start(&r);
        fd = front_rig_dial(&r);
        front_rig_say(&r, fd, places[i].ask);
        if (places[i].open)
            fake_far_opened(&r.fars[0]);
        (void)close(fd);
        front_rig_turn(&r);
        if (places[i].down != NULL && !r.fars[0].closed)
            fake_far_data(&r.fars[0], places[i].down);
        front_rig_turn(&r);
        front_rig_stop(&r);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_sent_or_said_before_it_is_open),
        cmocka_unit_test(refusals_are_told_in_each_language),
        cmocka_unit_test(a_verdict_reaches_the_program_that_asked),
        cmocka_unit_test(tunnels_close_each_way_by_itself),
        cmocka_unit_test(an_early_end_is_passed_on_when_open),
        cmocka_unit_test(what_says_nothing_for_too_long_is_cut),
        cmocka_unit_test(our_own_port_has_our_own_pages),
        cmocka_unit_test(too_many_connections_are_refused),
        cmocka_unit_test(a_head_must_come_in_time),
        cmocka_unit_test(draining_lets_requests_end),
        cmocka_unit_test(everything_can_end_at_any_time),
        cmocka_unit_test(the_application_can_leave_at_any_time),
    };

    if (argc > 1 && strcmp(argv[1], "--serve") == 0)
        return front_server_run();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
