/* Pings and pongs, by numbers alone. */
#include "tests/support/check.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_peer_is_asked_then_gone),
        cmocka_unit_test(whatever_it_says_shows_that_it_lives),
        cmocka_unit_test(only_what_was_asked_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
