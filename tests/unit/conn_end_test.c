/* One connection: every way to end, and who hears of it. */
#include "proxy/io/conn.h"

#include <fcntl.h>
#include <signal.h>

#include "tests/support/check.h"
#include "tests/support/loop.h"

static void a_close_is_a_clean_end_to_the_peer(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    end_write(&p.a, "bye");
    end_close(&p.a);
    end_expect(&p.b, &p.loop, "bye");
    loop_until(&p.loop, &p.b.eof);
    assert_false(p.b.failed);
    ends_end(&p);
}

static void a_reset_is_a_cut_to_the_peer(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    conn_reset(p.a.conn);
    p.a.conn = NULL;
    loop_until(&p.loop, &p.b.failed);
    assert_false(p.b.eof);
    CHECK_STATUS(p.b.why.status, STATUS_CUT);
    assert_memory_equal(p.b.why.found, "reading: ", 9);
    /* a connection that has failed takes what it is given, to no effect */
    end_write(&p.b, "into the void");
    conn_finish(p.b.conn);
    ends_end(&p);
}

static void a_reset_behind_bytes_is_no_clean_end(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    conn_pause(p.b.conn);
    end_write(&p.a, "half an answer");
    conn_reset(p.a.conn);
    p.a.conn = NULL;
    conn_resume(p.b.conn);
    loop_until(&p.loop, &p.b.failed);
    assert_false(p.b.eof);
    CHECK_STATUS(p.b.why.status, STATUS_CUT);
    ends_end(&p);
}

static void writing_to_a_peer_that_is_gone_fails(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    conn_pause(p.b.conn); /* so that only writing can notice */
    conn_reset(p.a.conn);
    p.a.conn = NULL;
    for (int i = 0; i < 20; i++)
        (void)uv_run(&p.loop, UV_RUN_NOWAIT);
    assert_false(p.b.failed);
    end_write(&p.b, "anybody there?");
    assert_false(p.b.failed); /* not from within */
    loop_until(&p.loop, &p.b.failed);
    CHECK_STATUS(p.b.why.status, STATUS_CUT);
    ends_end(&p);
}

static void last_words_are_read_in_spite_of_unread_bytes(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    p.a.room = 0;
    for (int i = 0; i < 10; i++) {
        end_write(&p.b, "a request body that nobody will read");
        (void)uv_run(&p.loop, UV_RUN_NOWAIT);
    }
    end_write(&p.a, "413");
    conn_linger(p.a.conn);
    p.a.conn = NULL;
    end_write(&p.b, "and some more of it");
    end_expect(&p.b, &p.loop, "413");
    loop_until(&p.loop, &p.b.eof);
    assert_false(p.b.failed);
    ends_end(&p);
}

static void a_lingerer_does_not_wait_for_ever(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    conn_linger(p.a.conn); /* and b never closes */
    p.a.conn = NULL;
    loop_until(&p.loop, &p.b.eof);
    conn_pause(p.b.conn);
    (void)uv_run(&p.loop, UV_RUN_DEFAULT); /* until a has given up */
    ends_end(&p);
}

struct bytes_wanted {
    struct end *e;
    size_t len;
};

static bool wants_bytes(void *ctx)
{
    const struct bytes_wanted *w = ctx;

    return w->e->got.len < w->len;
}

static void a_deadline_names_what_was_waited_for(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    conn_set_deadline(p.a.conn, 1, "a request head");
    loop_until(&p.loop, &p.a.failed);
    CHECK_STATUS(p.a.why.status, STATUS_TIMED_OUT);
    assert_string_equal(p.a.why.found, "waited too long for a request head");
    conn_set_deadline(p.a.conn, 1, "nothing more");
    conn_set_idle(p.a.conn, 1);
    ends_end(&p);
}

static void a_cleared_deadline_does_not_fire(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    conn_set_deadline(p.a.conn, 1, "nothing");
    conn_clear_deadline(p.a.conn);
    conn_set_deadline(p.b.conn, 5, "the end of the test");
    loop_until(&p.loop, &p.b.failed);
    assert_false(p.a.failed);
    ends_end(&p);
}

static void silence_ends_a_connection(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    conn_set_idle(p.a.conn, 2);
    loop_until(&p.loop, &p.a.failed);
    CHECK_STATUS(p.a.why.status, STATUS_TIMED_OUT);
    ends_end(&p);
}

/* b echoes one byte after another, each within the time of silence. */
static void echo(struct end *e, const char *name)
{
    if (strcmp(name, "on_read") == 0 && e->got.len < 40)
        end_write(e, "x");
}

static void bytes_that_move_put_silence_off(void **state)
{
    struct ends p = { .a.hook = echo, .b.hook = echo };
    struct bytes_wanted w = { .e = &p.b, .len = 40 };

    (void)state;
    ends_begin(&p);
    conn_set_idle(p.a.conn, LOOP_PATIENCE_MS);
    end_write(&p.a, "x");
    loop_while(&p.loop, wants_bytes, &w);
    assert_false(p.a.failed);
    ends_end(&p);
}

/* Each callback may give the connection up, in each way. */
static const char *close_in;
static void (*close_how)(struct conn *c);
static bool closed_in;

static void close_there(struct end *e, const char *name)
{
    assert_non_null(e->conn); /* no callback after it was given up */
    if (strcmp(name, close_in) != 0)
        return;
    close_how(e->conn);
    e->conn = NULL;
    closed_in = true;
}

/* Write until some of it waits. */
static void fill_queue(struct end *e)
{
    static const uint8_t chunk[4096];

    while (conn_pending(e->conn) == 0)
        CHECK_STATUS(conn_write(e->conn, SLICE_OF(chunk)), STATUS_OK);
}

static void on_time(uv_timer_t *timer)
{
    bool *over = timer->data;

    *over = true;
}

static void turn_for(uv_loop_t *loop, uint64_t ms)
{
    bool over = false;
    uv_timer_t timer = { .data = &over };

    assert_int_equal(uv_timer_init(loop, &timer), 0);
    assert_int_equal(uv_timer_start(&timer, on_time, ms, 0), 0);
    loop_until(loop, &over);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(loop, UV_RUN_NOWAIT); /* finishes the closing */
}

/* Write until the system takes no more, though it had time to move what it
 * has. */
static void stuff(struct ends *p)
{
    static const uint8_t chunk[4096];
    struct conn *c = p->a.conn;
    size_t before;

    do {
        while (conn_pending(c) + sizeof(chunk) <= ENDS_QUEUE_BYTES)
            CHECK_STATUS(conn_write(c, SLICE_OF(chunk)), STATUS_OK);
        before = conn_pending(c);
        turn_for(&p->loop, 300);
    } while (conn_pending(c) < before);
}

static bool goes_on(void *ctx)
{
    const struct end *e = ctx;

    return !e->eof && !e->failed;
}

static void what_a_lingerer_could_not_send_is_no_clean_end(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    conn_pause(p.b.conn);
    stuff(&p);
    conn_linger(p.a.conn);
    p.a.conn = NULL;
    (void)uv_run(&p.loop, UV_RUN_DEFAULT); /* until a has given up */
    conn_resume(p.b.conn);
    loop_while(&p.loop, goes_on, &p.b);
    assert_false(p.b.eof);
    CHECK_STATUS(p.b.why.status, STATUS_CUT);
    ends_end(&p);
}

static void provoke(struct ends *p, const char *name)
{
    if (strcmp(name, "on_failed") == 0) {
        conn_reset(p->a.conn);
        p->a.conn = NULL;
    } else if (strcmp(name, "on_eof") == 0) {
        conn_finish(p->a.conn);
    } else if (strcmp(name, "on_finished") == 0) {
        conn_finish(p->b.conn);
    } else if (strcmp(name, "on_written") == 0) {
        fill_queue(&p->b);
    } else {
        end_write(&p->a, "something to read");
    }
}

static void any_callback_may_give_it_up(void **state)
{
    static const char *const names[] = { "on_read", "on_eof", "on_written",
                                         "on_finished", "on_failed" };
    void (*const ways[])(struct conn * c) = { conn_close, conn_reset,
                                              conn_linger };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        for (size_t j = 0; j < COUNT_OF(ways); j++) {
            struct ends p = { .b.hook = close_there };

            close_in = names[i];
            close_how = ways[j];
            closed_in = false;
            ends_begin(&p);
            provoke(&p, names[i]);
            loop_until(&p.loop, &closed_in);
            ends_end(&p);
        }
}

static void giving_up_nothing_is_allowed(void **state)
{
    (void)state;
    conn_close(NULL);
    conn_reset(NULL);
    conn_linger(NULL);
}

static void a_descriptor_that_is_no_socket_is_refused(void **state)
{
    uv_loop_t loop;
    struct conn *c = (struct conn *)&loop;

    (void)state;
    loop_begin(&loop);
    CHECK_STATUS(conn_from_fd(&loop, open("/dev/null", O_RDWR | O_CLOEXEC), &c),
                 STATUS_NETWORK);
    assert_null(c);
    loop_end(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_close_is_a_clean_end_to_the_peer),
        cmocka_unit_test(a_reset_is_a_cut_to_the_peer),
        cmocka_unit_test(a_reset_behind_bytes_is_no_clean_end),
        cmocka_unit_test(writing_to_a_peer_that_is_gone_fails),
        cmocka_unit_test(last_words_are_read_in_spite_of_unread_bytes),
        cmocka_unit_test(a_lingerer_does_not_wait_for_ever),
        cmocka_unit_test(what_a_lingerer_could_not_send_is_no_clean_end),
        cmocka_unit_test(a_deadline_names_what_was_waited_for),
        cmocka_unit_test(a_cleared_deadline_does_not_fire),
        cmocka_unit_test(silence_ends_a_connection),
        cmocka_unit_test(bytes_that_move_put_silence_off),
        cmocka_unit_test(any_callback_may_give_it_up),
        cmocka_unit_test(giving_up_nothing_is_allowed),
        cmocka_unit_test(a_descriptor_that_is_no_socket_is_refused),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
