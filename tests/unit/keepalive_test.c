/* Pings and pongs, by numbers alone; and the lists of common/list.h. */
#include "tests/support/check.h"

#include "common/list.h"
#include "proxy/tunnel/keepalive.h"

static void a_silent_peer_is_asked_then_gone(void **state)
{
    struct keepalive k;

    (void)state;
    keepalive_init(&k, 100);
    assert_int_equal(keepalive_deadline(&k), 100 + PING_INTERVAL_MS);
    assert_int_equal(keepalive_tick(&k, 100 + PING_INTERVAL_MS - 1),
                     KEEPALIVE_WAIT);
    assert_int_equal(keepalive_tick(&k, 100 + PING_INTERVAL_MS),
                     KEEPALIVE_PING);
    assert_int_equal(k.pings, 1);
    assert_int_equal(keepalive_deadline(&k),
                     100 + PING_INTERVAL_MS + PING_DEADLINE_MS);
    assert_int_equal(keepalive_tick(&k, 100 + PING_INTERVAL_MS +
                                            PING_DEADLINE_MS - 1),
                     KEEPALIVE_WAIT);
    assert_int_equal(keepalive_tick(&k,
                                    100 + PING_INTERVAL_MS + PING_DEADLINE_MS),
                     KEEPALIVE_GONE);
}

static void whatever_it_says_shows_that_it_lives(void **state)
{
    struct keepalive k;

    (void)state;
    keepalive_init(&k, 0);
    assert_int_equal(keepalive_tick(&k, PING_INTERVAL_MS), KEEPALIVE_PING);
    keepalive_heard(&k, PING_INTERVAL_MS + 7);
    assert_int_equal(keepalive_deadline(&k), 2 * PING_INTERVAL_MS + 7);
    assert_int_equal(keepalive_tick(&k, 2 * PING_INTERVAL_MS + 6),
                     KEEPALIVE_WAIT);
}

static void only_what_was_asked_is_answered(void **state)
{
    struct keepalive k;

    (void)state;
    keepalive_init(&k, 0);
    assert_false(keepalive_pong(&k, 0));
    assert_false(keepalive_pong(&k, 1));
    for (int i = 1; i <= 3; i++) {
        keepalive_heard(&k, 0);
        assert_int_equal(keepalive_tick(&k, PING_INTERVAL_MS), KEEPALIVE_PING);
    }
    assert_true(keepalive_pong(&k, 2)); /* it stands for the first too */
    assert_false(keepalive_pong(&k, 1));
    assert_false(keepalive_pong(&k, 2));
    assert_true(keepalive_pong(&k, 3));
    assert_false(keepalive_pong(&k, 4));
}

static void a_list_keeps_the_order_of_adding(void **state)
{
    struct list l, m[3] = { { 0 } };

    (void)state;
    list_init(&l);
    assert_true(list_empty(&l));
    assert_null(list_first(&l));
    for (size_t i = 0; i < COUNT_OF(m); i++) {
        assert_false(list_linked(&m[i]));
        list_add(&l, &m[i]);
        assert_true(list_linked(&m[i]));
    }
    assert_ptr_equal(list_first(&l), &m[0]);
    assert_ptr_equal(list_after(&l, &m[0]), &m[1]);
    assert_null(list_after(&l, &m[2]));
    list_remove(&m[1]);
    list_remove(&m[1]);
    assert_false(list_linked(&m[1]));
    assert_ptr_equal(list_after(&l, &m[0]), &m[2]);
    list_remove(&m[0]);
    list_add(&l, &m[0]);
    assert_ptr_equal(list_first(&l), &m[2]);
    list_remove(&m[2]);
    list_remove(&m[0]);
    assert_true(list_empty(&l));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_peer_is_asked_then_gone),
        cmocka_unit_test(whatever_it_says_shows_that_it_lives),
        cmocka_unit_test(only_what_was_asked_is_answered),
        cmocka_unit_test(a_list_keeps_the_order_of_adding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
