/* pace: when to ask again, with both ends of the jitter. */
#include "tests/support/check.h"

#include "collateral/pace.h"

#define DAY ((int64_t)24 * 3600)

static void rests_longer_after_each_failure(void **state)
{
    static const struct {
        unsigned failures;
        int64_t least;
        int64_t most;
    } cases[] = {
        { 1, 1, 2 },   { 2, 2, 4 },   { 3, 4, 8 },    { 5, 16, 32 },
        { 6, 30, 60 }, { 7, 30, 60 }, { 40, 30, 60 }, { UINT32_MAX, 30, 60 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (uint32_t random = 0; random < 100; random++) {
            int64_t s = pace_rest_seconds(cases[i].failures, 0, random);

            assert_in_range(s, cases[i].least, cases[i].most);
        }
    assert_int_equal(pace_rest_seconds(6, 0, 0), 60);
    assert_int_equal(pace_rest_seconds(6, 0, 30), 30);
}

static void honours_what_the_server_asked_up_to_an_hour(void **state)
{
    (void)state;
    assert_int_equal(pace_rest_seconds(1, 30, 7), 30);
    assert_int_equal(pace_rest_seconds(1, 3600, 7), 3600);
    assert_int_equal(pace_rest_seconds(1, 3601, 7), 3600);
    assert_int_equal(pace_rest_seconds(1, INT64_MAX, 7), 3600);
    assert_int_equal(pace_rest_seconds(1, -5, 0), 2);
}

static void refreshes_well_before_the_end(void **state)
{
    static const struct {
        const char *name;
        int64_t left;
        int64_t every;
        int64_t least;
        int64_t most;
    } cases[] = {
        /* clang-format off */
        { "a fresh item: by the clock",  30 * DAY, 8 * 3600, 23328, 25920 },
        { "in the period, however short", 30 * DAY, 10,       9,     9 },
        { "near its end: sooner",        3 * 3600, 8 * 3600, 6480,  7200 },
        { "minutes left",                600,      8 * 3600, 360,   400 },
        { "not more than once a minute", 30,       8 * 3600, 60,    60 },
        { "already over",                -DAY,     8 * 3600, 60,    60 },
        /* clang-format on */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (uint32_t random = 0; random < 4000; random += 7) {
            int64_t at = pace_refresh_unix(1000, 1000 + cases[i].left,
                                           cases[i].every, random);

            assert_in_range(at - 1000, cases[i].least, cases[i].most);
        }
}

static void what_a_peer_gave_is_asked_about_at_once(void **state)
{
    int64_t first = INT64_MAX, last = 0;

    (void)state;
    for (uint32_t random = 0; random < 100; random++) {
        int64_t at = pace_confirm_unix(1000, random);

        first = MIN_OF(first, at);
        last = MAX_OF(last, at);
    }
    assert_int_equal(first, 1000);
    assert_int_equal(last, 1000 + PACE_CONFIRM_MAX_SECONDS);
}

static void retries_in_the_background_less_and_less(void **state)
{
    (void)state;
    assert_int_equal(pace_retry_seconds(1, 0), 120);
    assert_int_equal(pace_retry_seconds(2, 0), 240);
    assert_int_equal(pace_retry_seconds(3, 0), 480);
    assert_int_equal(pace_retry_seconds(4, 0), 900);
    assert_int_equal(pace_retry_seconds(400, 0), 900);
    assert_int_equal(pace_retry_seconds(4, 450), 450);
}

static void a_clock_set_back_makes_nothing_wait_for_ever(void **state)
{
    (void)state;
    assert_false(pace_is_due(1000, 1060, 60));
    assert_true(pace_is_due(1060, 1060, 60));
    assert_true(pace_is_due(2000, 1060, 60));
    assert_true(pace_is_due(999, 1060, 60));
    assert_true(pace_is_due(1, 1060, 60));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rests_longer_after_each_failure),
        cmocka_unit_test(honours_what_the_server_asked_up_to_an_hour),
        cmocka_unit_test(refreshes_well_before_the_end),
        cmocka_unit_test(what_a_peer_gave_is_asked_about_at_once),
        cmocka_unit_test(retries_in_the_background_less_and_less),
        cmocka_unit_test(a_clock_set_back_makes_nothing_wait_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
