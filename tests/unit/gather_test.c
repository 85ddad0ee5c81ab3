/* Gathered writes: in order, together, and gone with their connection. */
#include "proxy/io/gather.h"

#include "tests/support/check.h"
#include "tests/support/loop.h"

static struct gather gather; /* empty between two tests */

static void gathered(struct end *e, const char *text)
{
    CHECK_STATUS(conn_write_gathered(e->conn, &gather, slice_text(text)),
                 STATUS_OK);
}

static void nothing_leaves_before_the_gathering_ends(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    gather_begin(&gather);
    gathered(&p.a, "one ");
    gathered(&p.a, "two ");
    assert_int_equal(conn_pending(p.a.conn), 8);
    assert_int_equal(conn_room(p.a.conn), ENDS_QUEUE_BYTES - 8);
    assert_int_equal(p.a.written, 0);
    gathered(&p.a, "three");
    gather_end(&gather);
    assert_int_equal(conn_pending(p.a.conn), 0);
    assert_int_equal(p.a.written, 1);
    end_expect(&p.b, &p.loop, "one two three");
    ends_end(&p);
}

static void what_is_not_gathered_keeps_its_place(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    gather_begin(&gather);
    gathered(&p.a, "1");
    end_write(&p.a, "2");
    gathered(&p.a, "3");
    gather_flush(&gather);
    gathered(&p.a, "4");
    conn_finish(p.a.conn);
    assert_false(p.a.finished);
    gather_end(&gather);
    end_expect(&p.b, &p.loop, "1234");
    loop_until(&p.loop, &p.b.eof);
    loop_until(&p.loop, &p.a.finished);
    ends_end(&p);
}

static void connections_do_not_mix(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    gather_begin(&gather);
    for (unsigned i = 1; i <= 5; i++)
        gathered(i % 2 == 0 ? &p.a : &p.b, i % 2 == 0 ? "even " : "odd ");
    gather_end(&gather);
    end_expect(&p.b, &p.loop, "even even ");
    end_expect(&p.a, &p.loop, "odd odd odd ");
    ends_end(&p);
}

static void more_runs_than_fit_are_sent_in_order(void **state)
{
    static uint8_t digits[3 * GATHER_RUNS_MAX];
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    gather_begin(&gather);
    for (size_t i = 0; i < sizeof(digits); i++) {
        digits[i] = (uint8_t)('0' + i % 10);
        CHECK_STATUS(conn_write_gathered(p.a.conn, &gather,
                                         slice_of(&digits[i], 1)),
                     STATUS_OK);
        assert_true(gather.count <= GATHER_RUNS_MAX);
    }
    gather_end(&gather);
    while (p.b.got.len < sizeof(digits))
        (void)uv_run(&p.loop, UV_RUN_ONCE);
    assert_memory_equal(p.b.got.at, digits, sizeof(digits));
    ends_end(&p);
}

static void a_closed_connection_is_forgotten(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    gather_begin(&gather);
    gathered(&p.a, "never sent");
    gathered(&p.b, "sent");
    end_close(&p.a);
    assert_int_equal(gather.count, 1);
    gather_end(&gather);
    assert_int_equal(p.b.written, 1);
    ends_end(&p);
}

static void close_the_other(struct end *e, const char *name)
{
    if (strcmp(name, "on_written") == 0)
        end_close(e->user);
}

static void an_owner_may_close_another_when_told(void **state)
{
    struct ends p = { 0 };

    (void)state;
    p.a.hook = close_the_other;
    p.a.user = &p.b;
    ends_begin(&p);
    gather_begin(&gather);
    gathered(&p.a, "first");
    gathered(&p.b, "too late");
    gather_end(&gather);
    assert_null(p.b.conn);
    assert_int_equal(gather.count, 0);
    ends_end(&p);
}

static void the_queue_has_its_limit(void **state)
{
    static uint8_t large[ENDS_QUEUE_BYTES];
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    gather_begin(&gather);
    CHECK_STATUS(conn_write_gathered(p.a.conn, &gather, SLICE_OF(large)),
                 STATUS_OK);
    CHECK_STATUS(conn_write_gathered(p.a.conn, &gather, slice_of(large, 1)),
                 STATUS_LIMIT);
    gather_end(&gather);
    while (p.b.got.len < sizeof(large))
        (void)uv_run(&p.loop, UV_RUN_ONCE);
    ends_end(&p);
}

static void without_a_gathering_it_is_a_write(void **state)
{
    struct ends p = { 0 };

    (void)state;
    ends_begin(&p);
    gathered(&p.a, "off ");
    CHECK_STATUS(conn_write_gathered(p.a.conn, NULL, slice_text("none")),
                 STATUS_OK);
    assert_int_equal(conn_pending(p.a.conn), 0);
    end_expect(&p.b, &p.loop, "off none");
    ends_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_leaves_before_the_gathering_ends),
        cmocka_unit_test(what_is_not_gathered_keeps_its_place),
        cmocka_unit_test(connections_do_not_mix),
        cmocka_unit_test(more_runs_than_fit_are_sent_in_order),
        cmocka_unit_test(a_closed_connection_is_forgotten),
        cmocka_unit_test(an_owner_may_close_another_when_told),
        cmocka_unit_test(the_queue_has_its_limit),
        cmocka_unit_test(without_a_gathering_it_is_a_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
