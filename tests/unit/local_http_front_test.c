/* http_front, http_exchange, relay: what moves, how far, and how it ends. */
#include "tests/support/check.h"

#include <sys/socket.h>
#include <unistd.h>

#include "common/limits.h"
#include "tests/support/front_rig.h"

/* Whatever the room, what goes up is the same. */
static void check_upload(const char *ask, const char *want, size_t room)
{
    struct front_rig r;
    int fd;

    front_rig_start(&r);
    r.room = room;
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd, ask);
    fake_far_opened(&r.fars[0]);
    for (size_t sent = 0; sent < strlen(want); sent += room) {
        assert_true(r.fars[0].got.len <= sent + room);
        front_rig_turn(&r);
        fake_far_more(&r.fars[0], room);
    }
    front_rig_turn(&r);
    fake_far_expect(&r.fars[0], want);
    (void)close(fd);
    front_rig_stop(&r);
}

static void requests_go_up_within_any_room(void **state)
{
    static const char counted[] =
        "PUT http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 26\r\n\r\n"
        "abcdefghijklmnopqrstuvwxyz";
    static const char counted_up[] =
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 26\r\n\r\n"
        "abcdefghijklmnopqrstuvwxyz";
    static const char chunked[] =
        "PUT http://a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked"
        "\r\n\r\n5;x\r\nhello\r\n6\r\n world\r\n0\r\nT: v\r\n\r\n";
    static const char chunked_up[] =
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n6\r\n world\r\n0\r\nT: v\r\n\r\n";
    static const size_t rooms[] = { 1, 2, 3, 7, 16, 61, 1000 };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rooms); i++) {
        check_upload(counted, counted_up, rooms[i]);
        check_upload(chunked, chunked_up, rooms[i]);
        check_upload(TUNNEL "some data sent ahead", "some data sent ahead",
                     rooms[i]);
    }
}

/* A body that comes once the far side is open is read straight to its place,
 * and no byte further: the next request stands behind it. */
static void later_bodies_end_where_they_end(void **state)
{
    static const size_t rooms[] = { 1, 3, 10, 11, 1000 };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rooms); i++) {
        struct front_rig r;
        int fd;

        front_rig_start(&r);
        fd = front_rig_dial(&r);
        front_rig_say_text(&r, fd,
                           "PUT http://a.example/ HTTP/1.1\r\nHost: a\r\n"
                           "Content-Length: 10\r\n\r\n");
        fake_far_opened(&r.fars[0]);
        front_rig_turn(&r);
        r.fars[0].got.len = 0;
        r.fars[0].room = rooms[i];
        front_rig_say_text(&r, fd, "0123456789" GET);
        for (size_t room = 0; room < 10; room += rooms[i]) {
            fake_far_more(&r.fars[0], rooms[i]);
            front_rig_turn(&r);
        }
        fake_far_expect(&r.fars[0], "0123456789");
        fake_far_more(&r.fars[0], 1000);
        fake_far_data(&r.fars[0], OK2);
        front_rig_expect(&r, fd, slice_text(OK2));
        fake_far_expect(&r.fars[0], "0123456789" GET_UP);
        (void)close(fd);
        front_rig_stop(&r);
    }
}

/* A far side without room stops the application. */
static void uploads_wait_for_room(void **state)
{
    static uint8_t block[4096];
    struct front_rig r;
    size_t written = 0;
    int fd;

    (void)state;
    front_rig_start(&r);
    r.room = 0;
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd,
                       "PUT http://a/ HTTP/1.1\r\nHost: a\r\n"
                       "Content-Length: 1000000000\r\n\r\n");
    fake_far_opened(&r.fars[0]);
    for (;;) {
        ssize_t n = write(fd, block, sizeof(block));

        if (n < 0)
            break;
        written += (size_t)n;
        front_rig_turn(&r);
        assert_true(written < 4 * 1024 * 1024);
    }
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(r.fars[0].got.len, 0);
    (void)close(fd);
    front_rig_stop(&r);
}

static const struct {
    const char *name;
    const char *ask;
    const char *head;  /* of the answer of the far side */
    const char *piece; /* of its body */
} downloads[] = {
    /* clang-format off */
    { "a length",    GET, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", "0123456789" },
    { "chunks",      GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "a\r\n0123456789\r\n" },
    { "tiny chunks", GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n0\r\n1\r\n1\r\n" },
    { "until the end", GET, "HTTP/1.1 200 OK\r\n\r\n", "0123456789" },
    { "a tunnel",    TUNNEL, "", "0123456789" },
    /* clang-format on */
};

/* Credit is given back only for what the application took, and in the end for
 * all of it. */
static void check_download(size_t i)
{
    struct buffer heard = buffer_with_max(8 * 1024 * 1024);
    char many[16 * 1024 + 1] = "";
    size_t len = 0, sent = 0;
    struct front_rig r;
    int fd;

    while (len + strlen(downloads[i].piece) < sizeof(many)) {
        memcpy(many + len, downloads[i].piece, strlen(downloads[i].piece));
        len += strlen(downloads[i].piece);
    }
    many[len] = '\0';
    front_rig_start(&r);
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd, downloads[i].ask);
    fake_far_opened(&r.fars[0]);
    front_rig_turn(&r);
    fake_far_data(&r.fars[0], downloads[i].head);
    while (r.fars[0].owed < STREAM_WINDOW_BYTES - sizeof(many)) {
        fake_far_data(&r.fars[0], many);
        front_rig_turn(&r);
        sent += len;
        assert_true(sent < 4 * 1024 * 1024);
    }
    assert_true(r.fars[0].owed > 0);
    (void)front_rig_hear(&r, fd, &heard);
    if (r.fars[0].owed != 0)
        fail_msg("%s: %zu bytes of credit lost", downloads[i].name,
                 r.fars[0].owed);
    assert_true(heard.len >= sent / 2);
    buffer_free(&heard);
    (void)close(fd);
    front_rig_stop(&r);
}

static void downloads_wait_for_the_reader(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(downloads); i++)
        check_download(i);
}

static void a_far_side_is_kept_for_the_same_target(void **state)
{
    struct front_rig r;
    int fd;

    (void)state;
    front_rig_start(&r);
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd, GET);
    fake_far_opened(&r.fars[0]);
    fake_far_data(&r.fars[0], OK2);
    front_rig_expect(&r, fd, slice_text(OK2));
    front_rig_say_text(&r, fd, GET);
    assert_int_equal(r.far_count, 1);
    fake_far_expect(&r.fars[0], GET_UP GET_UP);
    fake_far_data(&r.fars[0], OK2);
    front_rig_expect(&r, fd, slice_text(OK2));
    front_rig_say_text(&r, fd,
                       "GET http://a.example:81/ HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(r.far_count, 2);
    assert_true(r.fars[0].closed && r.fars[0].fin);
    (void)close(fd);
    front_rig_stop(&r);
}

/* How a kept far side becomes useless between two requests. */
static void spoil_by_end(struct fake_far *k)
{
    fake_far_ended(k);
}

static void spoil_by_failure(struct fake_far *k)
{
    fake_far_failed(k, STATUS_CUT);
}

static void spoil_by_unasked_answer(struct fake_far *k)
{
    fake_far_data(k, OK2);
}

static void a_spoiled_far_side_is_replaced(void **state)
{
    static void (*const spoils[])(struct fake_far * k) = {
        spoil_by_end, spoil_by_failure, spoil_by_unasked_answer
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(spoils); i++) {
        struct front_rig r;
        int fd;

        front_rig_start(&r);
        fd = front_rig_dial(&r);
        front_rig_say_text(&r, fd, GET);
        fake_far_opened(&r.fars[0]);
        fake_far_data(&r.fars[0], OK2);
        front_rig_expect(&r, fd, slice_text(OK2));
        spoils[i](&r.fars[0]);
        assert_true(r.fars[0].closed);
        front_rig_say_text(&r, fd, GET);
        assert_int_equal(r.far_count, 2);
        (void)close(fd);
        front_rig_stop(&r);
    }
}

/* Why another request must find its own way. */
static void leave(struct front_rig *r)
{
    r->fars[0].leaving = true;
}

static void reroute(struct front_rig *r)
{
    front_reroute(r->front);
}

static void a_far_side_of_another_time_is_replaced(void **state)
{
    static void (*const reasons[])(struct front_rig * r) = { leave, reroute };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        struct front_rig r;
        int fd;

        front_rig_start(&r);
        fd = front_rig_dial(&r);
        front_rig_say_text(&r, fd, GET);
        fake_far_opened(&r.fars[0]);
        reasons[i](&r); /* in the middle of the first */
        fake_far_data(&r.fars[0], OK2);
        front_rig_expect(&r, fd, slice_text(OK2));
        front_rig_say_text(&r, fd, GET);
        assert_int_equal(r.far_count, 2);
        assert_true(r.fars[0].closed && r.fars[0].fin);
        fake_far_expect(&r.fars[0], GET_UP);
        (void)close(fd);
        front_rig_stop(&r);
    }
}

static void an_answer_with_more_behind_it_is_the_last(void **state)
{
    struct front_rig r;
    int fd;

    (void)state;
    front_rig_start(&r);
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd, GET GET);
    fake_far_opened(&r.fars[0]);
    fake_far_data(&r.fars[0], OK2 "HTTP/1.1 200 OK\r\nX-Poison: 1\r\n");
    front_rig_expect(&r, fd, slice_text(OK2));
    assert_true(r.fars[0].closed);
    assert_int_equal(r.far_count, 2);
    (void)close(fd);
    front_rig_stop(&r);
}

static void a_far_side_is_not_kept_for_ever(void **state)
{
    struct front_config config = front_defaults();
    struct front_rig r;
    int fd;

    (void)state;
    config.far_idle_ms = 0;
    front_rig_start_with(&r, config);
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd, GET);
    fake_far_opened(&r.fars[0]);
    fake_far_data(&r.fars[0], OK2);
    front_rig_expect(&r, fd, slice_text(OK2));
    while (!r.fars[0].closed) /* the sweep comes once a second */
        (void)uv_run(&r.loop, UV_RUN_ONCE);
    front_rig_say_text(&r, fd, GET);
    assert_int_equal(r.far_count, 2);
    (void)close(fd);
    front_rig_stop(&r);
}

static const struct {
    const char *name;
    const char *ask;
    const char *down; /* and then the far side ends */
    const char *want;
    bool ends; /* the application's connection too */
} ends[] = {
    /* clang-format off */
    { "a length", GET, OK2, OK2, false },
    { "chunks and trailers", GET,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nT: v\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nT: v\r\n\r\n", false },
    { "the connection", GET, "HTTP/1.1 200 OK\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false },
    { "the connection, for HTTP/1.0", "GET http://a/ HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok", true },
    /* clang-format on */
};

/* The other side of a_cut_answer_has_no_end(). */
static void a_complete_answer_has_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct front_rig r;
        int fd;

        front_rig_start(&r);
        fd = front_rig_dial(&r);
        front_rig_say_text(&r, fd, ends[i].ask);
        fake_far_opened(&r.fars[0]);
        fake_far_data(&r.fars[0], ends[i].down);
        if (!r.fars[0].closed)
            fake_far_ended(&r.fars[0]);
        if (ends[i].ends)
            front_rig_expect_end(&r, fd, slice_text(ends[i].want));
        else
            front_rig_expect(&r, fd, slice_text(ends[i].want));
        assert_int_equal(front_count(r.front), ends[i].ends ? 0 : 1);
        (void)close(fd);
        front_rig_stop(&r);
    }
}

static const struct {
    const char *name;
    const char *ask;
    const char *down; /* before the far side is lost */
    const char *want; /* all the application hears; it does not end well */
} cuts[] = {
    /* clang-format off */
    { "inside a length", GET, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab" },
    { "between chunks", GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n" },
    { "in a body without a length", GET, "HTTP/1.1 200 OK\r\n\r\nab",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n" },
    /* clang-format on */
};

static void a_cut_answer_has_no_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cuts); i++) {
        struct front_rig r;
        int fd;

        front_rig_start(&r);
        fd = front_rig_dial(&r);
        front_rig_say_text(&r, fd, cuts[i].ask);
        fake_far_opened(&r.fars[0]);
        fake_far_data(&r.fars[0], cuts[i].down);
        fake_far_failed(&r.fars[0], STATUS_CUT);
        front_rig_expect_end(&r, fd, slice_text(cuts[i].want));
        (void)close(fd);
        front_rig_stop(&r);
    }
}

/* 101 while the body is still on its way would leave nobody knowing where the
 * other protocol begins. */
static void a_protocol_is_not_switched_inside_a_request(void **state)
{
    struct front_rig r;
    int fd;

    (void)state;
    front_rig_start(&r);
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd,
                       "PUT http://a/ HTTP/1.1\r\nHost: a\r\n"
                       "Connection: upgrade\r\nUpgrade: x\r\n"
                       "Content-Length: 5\r\n\r\nab");
    fake_far_opened(&r.fars[0]);
    fake_far_data(&r.fars[0], "HTTP/1.1 101 Go\r\nUpgrade: x\r\n\r\nbytes");
    front_rig_expect_begin(&r, fd, slice_text("HTTP/1.1 502 Bad Gateway\r\n"),
                           true);
    assert_true(r.fars[0].closed);
    (void)close(fd);
    front_rig_stop(&r);
}

/* Answers of our own wait for a client that does not read them. */
static void refusals_wait_for_the_reader(void **state)
{
    struct buffer heard = buffer_with_max(64 * 1024 * 1024);
    struct front_rig r;
    size_t asked = 0;
    size_t told = 0;
    int fd;

    (void)state;
    front_rig_start(&r);
    r.refuse = STATUS_NOT_SERVICE;
    fd = front_rig_dial(&r);
    for (; asked < 100000; asked++) {
        if (write(fd, GET, sizeof(GET) - 1) != sizeof(GET) - 1)
            break; /* all places are full */
        front_rig_turn(&r);
    }
    assert_true(asked < 100000);
    (void)front_rig_hear(&r, fd, &heard);
    buffer_byte(&heard, 0);
    for (const char *at = (const char *)heard.at;
         (at = strstr(at, "HTTP/1.1 403 ")) != NULL; at++)
        told++;
    assert_int_equal(told, asked);
    buffer_free(&heard);
    (void)close(fd);
    front_rig_stop(&r);
}

static void a_lost_question_is_not_asked_again(void **state)
{
    struct front_rig r;
    int fd;

    (void)state;
    front_rig_start(&r);
    fd = front_rig_dial(&r);
    front_rig_say_text(&r, fd, GET);
    fake_far_opened(&r.fars[0]);
    fake_far_data(&r.fars[0], OK2);
    front_rig_expect(&r, fd, slice_text(OK2));
    front_rig_say_text(&r, fd, GET);
    fake_far_ended(&r.fars[0]);
    front_rig_expect_begin(&r, fd, slice_text("HTTP/1.1 502 Bad Gateway\r\n"),
                           false);
    assert_int_equal(r.far_count, 1);
    front_rig_say_text(&r, fd, GET);
    assert_int_equal(r.far_count, 2);
    (void)close(fd);
    front_rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_go_up_within_any_room),
        cmocka_unit_test(later_bodies_end_where_they_end),
        cmocka_unit_test(uploads_wait_for_room),
        cmocka_unit_test(downloads_wait_for_the_reader),
        cmocka_unit_test(a_far_side_is_kept_for_the_same_target),
        cmocka_unit_test(a_spoiled_far_side_is_replaced),
        cmocka_unit_test(an_answer_with_more_behind_it_is_the_last),
        cmocka_unit_test(a_far_side_is_not_kept_for_ever),
        cmocka_unit_test(a_far_side_of_another_time_is_replaced),
        cmocka_unit_test(a_complete_answer_has_one),
        cmocka_unit_test(a_cut_answer_has_no_end),
        cmocka_unit_test(a_protocol_is_not_switched_inside_a_request),
        cmocka_unit_test(refusals_wait_for_the_reader),
        cmocka_unit_test(a_lost_question_is_not_asked_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
