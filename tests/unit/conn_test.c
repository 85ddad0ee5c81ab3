/* One connection: bytes, half-closes, back-pressure, and a change of owner. */
#include "proxy/io/conn.h"

#include <signal.h>

#include "tests/support/check.h"
#include "tests/support/loop.h"

static void bytes_go_both_ways(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    end_write(&p.a, "to b");
    end_write(&p.b, "to a");
    end_expect(&p.b, &p.loop, "to b");
    end_expect(&p.a, &p.loop, "to a");
    assert_int_equal(conn_pending(p.a.conn), 0);
    assert_int_equal(conn_room(p.a.conn), ENDS_QUEUE_BYTES);
    ends_end(&p);
}

static void bytes_go_over_a_unix_socket(void **state)
{
    struct ends p = { 0 };
    struct conn *a, *b;
    char peer[CONN_PEER_ROOM];

    (void)state;
    loop_begin(&p.loop);
    end_pair_unix(&p.loop, &a, &b);
    end_attach(&p.a, a, ENDS_QUEUE_BYTES);
    end_attach(&p.b, b, ENDS_QUEUE_BYTES);
    end_write(&p.a, "over unix");
    conn_finish(p.a.conn);
    end_expect(&p.b, &p.loop, "over unix");
    loop_until(&p.loop, &p.b.eof);
    conn_peer(p.a.conn, peer);
    assert_string_equal(peer, "unix");
    ends_end(&p);
}

static void a_peer_has_an_address(void **state)
{
    struct ends p = { 0 };
    char peer[CONN_PEER_ROOM];

    (void)state;
    ends_begin(&p);
    conn_peer(p.a.conn, peer);
    assert_memory_equal(peer, "127.0.0.1:", 10);
    ends_end(&p);
}

/* One side says it is done; the other goes on, and ends too. */
static void half_close(struct ends *p, struct end *first, struct end *second)
{
    end_write(first, "question");
    conn_finish(first->conn);
    conn_finish(first->conn); /* any number of times */
    end_expect(second, &p->loop, "question");
    loop_until(&p->loop, &second->eof);
    loop_until(&p->loop, &first->finished);
    assert_false(first->eof);
    end_write(second, "answer");
    end_expect(first, &p->loop, "answer");
    conn_finish(second->conn);
    loop_until(&p->loop, &first->eof);
    loop_until(&p->loop, &second->finished);
    assert_false(first->failed || second->failed);
}

static void half_a_close_is_not_a_close(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    half_close(&p, &p.a, &p.b);
    ends_end(&p);
    p = (struct ends){ 0 };
    ends_begin(&p);
    half_close(&p, &p.b, &p.a);
    ends_end(&p);
}

/* The |n|th byte of a stream that shows what is lost, doubled or moved. */
static uint8_t byte_at(size_t n)
{
    return (uint8_t)((n * 2654435761U) >> 13);
}

static void fill(uint8_t *to, size_t from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = byte_at(from + i);
}

static void check_stream(const struct end *e, size_t len)
{
    assert_int_equal(e->got.len, len);
    for (size_t i = 0; i < len; i++)
        if (e->got.at[i] != byte_at(i))
            fail_msg("byte %zu is wrong", i);
}

/* Write to |e| until it takes no more; returns how many bytes it took. */
static size_t write_until_full(struct end *e, size_t from)
{
    uint8_t chunk[3000];
    size_t total = 0;

    for (;;) {
        enum status st;

        fill(chunk, from + total, sizeof(chunk));
        st = conn_write(e->conn, SLICE_OF(chunk));
        if (st != STATUS_OK) {
            CHECK_STATUS(st, STATUS_LIMIT);
            assert_true(conn_room(e->conn) < sizeof(chunk));
            assert_true(conn_pending(e->conn) <= ENDS_QUEUE_BYTES);
            return total;
        }
        total += sizeof(chunk);
    }
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

static void a_slow_reader_stops_the_writer(void **state)
{
    struct ends p = { 0 };
    struct bytes_wanted w = { .e = &p.b };

    (void)state;
    ends_begin(&p);
    p.b.room = 0; /* it offers no place: its reading pauses */
    w.len = write_until_full(&p.a, 0);
    for (int i = 0; i < 50; i++)
        (void)uv_run(&p.loop, UV_RUN_NOWAIT);
    assert_int_equal(p.b.got.len, 0);
    w.len += write_until_full(&p.a, w.len); /* what the kernel took since */
    assert_int_not_equal(conn_pending(p.a.conn), 0);
    p.b.room = 100;
    conn_resume(p.b.conn);
    loop_while(&p.loop, wants_bytes, &w);
    check_stream(&p.b, w.len);
    assert_int_equal(conn_pending(p.a.conn), 0);
    assert_true(p.a.written > 0);
    ends_end(&p);
}

static void a_pause_holds_until_resumed(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    conn_pause(p.b.conn);
    end_write(&p.a, "waiting");
    for (int i = 0; i < 20; i++)
        (void)uv_run(&p.loop, UV_RUN_NOWAIT);
    assert_int_equal(p.b.got.len, 0);
    conn_resume(p.b.conn);
    conn_resume(p.b.conn); /* harmless when reading */
    end_expect(&p.b, &p.loop, "waiting");
    ends_end(&p);
}

static bool has_pending(void *ctx)
{
    return conn_pending(((struct end *)ctx)->conn) > 0;
}

static void borrowed_runs_arrive_in_order(void **state)
{
    enum { RUN_BYTES = 128 * 1024, TOTAL = CONN_RUNS_MAX * RUN_BYTES };
    struct ends p = { 0 };
    struct bytes_wanted w = { .e = &p.b, .len = TOTAL + 5 };
    struct slice runs[CONN_RUNS_MAX];
    uint8_t *bytes = malloc(TOTAL);

    (void)state;
    assert_non_null(bytes);
    fill(bytes, 0, TOTAL);
    for (size_t i = 0; i < COUNT_OF(runs); i++)
        runs[i] = slice_of(bytes + i * RUN_BYTES, RUN_BYTES);
    ends_begin(&p);
    CHECK_STATUS(conn_write_borrowed(p.a.conn, runs, COUNT_OF(runs)),
                 STATUS_OK);
    assert_true(conn_pending(p.a.conn) > 0); /* 8 MiB do not go at once */
    assert_int_equal(conn_room(p.a.conn), 0);
    loop_while(&p.loop, has_pending, &p.a);
    memset(bytes, 0xff, TOTAL); /* it is ours again */
    fill(bytes, TOTAL, 5);
    CHECK_STATUS(conn_write(p.a.conn, slice_of(bytes, 5)), STATUS_OK);
    loop_while(&p.loop, wants_bytes, &w);
    check_stream(&p.b, TOTAL + 5);
    free(bytes);
    ends_end(&p);
}

static void copies_queue_behind_borrowed_runs(void **state)
{
    enum { TOTAL = 8 * 1024 * 1024 };
    struct ends p = { 0 };
    struct bytes_wanted w = { .e = &p.b, .len = TOTAL + 7 };
    uint8_t *bytes = malloc(TOTAL), last[7];
    struct slice run = { bytes, TOTAL };

    (void)state;
    assert_non_null(bytes);
    fill(bytes, 0, TOTAL);
    fill(last, TOTAL, sizeof(last));
    loop_begin(&p.loop);
    {
        struct conn *a, *b;

        end_pair_tcp(&p.loop, &a, &b);
        end_attach(&p.a, a, TOTAL + ENDS_QUEUE_BYTES);
        end_attach(&p.b, b, ENDS_QUEUE_BYTES);
    }
    CHECK_STATUS(conn_write_borrowed(p.a.conn, &run, 1), STATUS_OK);
    CHECK_STATUS(conn_write(p.a.conn, SLICE_OF(last)), STATUS_OK);
    conn_finish(p.a.conn);
    loop_while(&p.loop, wants_bytes, &w);
    loop_until(&p.loop, &p.b.eof);
    check_stream(&p.b, TOTAL + 7);
    free(bytes);
    ends_end(&p);
}

static void another_owner_gets_the_early_bytes_first(void **state)
{
    struct ends p = { 0 };
    struct end second = { 0 };
    struct conn *conn;

    (void)state;
    ends_begin(&p);
    end_write(&p.a, "head|body");
    end_expect(&p.b, &p.loop, "head|body");
    conn_set_deadline(p.b.conn, 1, "the first owner's");
    conn = p.b.conn;
    CHECK_STATUS(conn_detach(conn, slice_text("body")), STATUS_OK);
    end_write(&p.a, " and more");
    for (int i = 0; i < 20; i++)
        (void)uv_run(&p.loop, UV_RUN_NOWAIT);
    assert_int_equal(p.b.got.len, 9); /* the first owner hears no more */
    end_attach(&second, conn, ENDS_QUEUE_BYTES);
    second.room = 3;
    assert_int_equal(second.got.len, 0); /* not from within */
    end_expect(&second, &p.loop, "body and more");
    p.b.conn = NULL;
    end_close(&second);
    ends_end(&p);
    end_fini(&second);
}

static void early_bytes_wait_while_paused(void **state)
{
    struct ends p = { 0 };
    struct end second = { 0 };
    struct conn *conn;

    (void)state;
    ends_begin(&p);
    conn = p.b.conn;
    p.b.conn = NULL;
    CHECK_STATUS(conn_detach(conn, slice_text("early")), STATUS_OK);
    end_attach(&second, conn, ENDS_QUEUE_BYTES);
    second.room = 0;
    for (int i = 0; i < 20; i++)
        (void)uv_run(&p.loop, UV_RUN_NOWAIT);
    assert_int_equal(second.got.len, 0);
    second.room = 2;
    conn_resume(second.conn);
    end_expect(&second, &p.loop, "early");
    end_close(&second);
    ends_end(&p);
    end_fini(&second);
}

static void a_loss_between_two_owners_reaches_the_second(void **state)
{
    struct ends p = { 0 };
    struct end second = { 0 };
    struct conn *conn;

    (void)state;
    ends_begin(&p);
    conn_pause(p.b.conn);
    conn_reset(p.a.conn);
    p.a.conn = NULL;
    for (int i = 0; i < 20; i++)
        (void)uv_run(&p.loop, UV_RUN_NOWAIT);
    end_write(&p.b, "fails later");
    conn = p.b.conn;
    p.b.conn = NULL;
    CHECK_STATUS(conn_detach(conn, slice_of(NULL, 0)), STATUS_OK);
    for (int i = 0; i < 20; i++)
        (void)uv_run(&p.loop, UV_RUN_NOWAIT);
    assert_false(p.b.failed);
    end_attach(&second, conn, ENDS_QUEUE_BYTES);
    loop_until(&p.loop, &second.failed);
    CHECK_STATUS(second.why.status, STATUS_CUT);
    end_close(&second);
    ends_end(&p);
    end_fini(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways),
        cmocka_unit_test(bytes_go_over_a_unix_socket),
        cmocka_unit_test(a_peer_has_an_address),
        cmocka_unit_test(half_a_close_is_not_a_close),
        cmocka_unit_test(a_slow_reader_stops_the_writer),
        cmocka_unit_test(a_pause_holds_until_resumed),
        cmocka_unit_test(borrowed_runs_arrive_in_order),
        cmocka_unit_test(copies_queue_behind_borrowed_runs),
        cmocka_unit_test(another_owner_gets_the_early_bytes_first),
        cmocka_unit_test(early_bytes_wait_while_paused),
        cmocka_unit_test(a_loss_between_two_owners_reaches_the_second),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
