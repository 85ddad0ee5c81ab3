/* health: turns, rests, and what is tried when all rest. */
#include "proxy/local/health.h"

#include "common/secret.h"
#include "tests/support/check.h"

enum { COUNT = 3, NOW = 1000000 };

static void begin(struct health *h)
{
    CHECK_STATUS(health_init(h, COUNT), STATUS_OK);
    h->turn = 0;
}

/* The next one, and a new round if there is none. */
static size_t next(struct health *h, int64_t now_ms)
{
    size_t i = health_next(h, now_ms);

    if (i < COUNT)
        return i;
    health_begin(h);
    return health_next(h, now_ms);
}

static void endpoints_have_their_turns(void **state)
{
    struct health h;

    (void)state;
    begin(&h);
    for (size_t i = 0; i < (size_t)2 * COUNT; i++)
        assert_int_equal(next(&h, NOW), i % COUNT);
    health_fini(&h);
}

static void clients_begin_anywhere(void **state)
{
    bool seen[COUNT] = { false };

    (void)state;
    for (int i = 0; i < 200; i++) { /* (2/3)^200 */
        struct health h;

        CHECK_STATUS(health_init(&h, COUNT), STATUS_OK);
        seen[next(&h, NOW)] = true;
        health_fini(&h);
    }
    assert_true(seen[0] && seen[1] && seen[2]);
}

static void who_failed_rests_while_others_are_tried(void **state)
{
    struct health h;

    (void)state;
    begin(&h);
    health_failed(&h, 0, NOW);
    assert_false(health_is_rested(&h, 0, NOW));
    assert_int_equal(health_next(&h, NOW), 1);
    assert_int_equal(health_next(&h, NOW), 2);
    assert_int_equal(health_next(&h, NOW), 0); /* better than none */
    assert_int_equal(health_next(&h, NOW), COUNT);
    health_begin(&h);
    h.turn = 0;
    assert_int_equal(health_next(&h, NOW + HEALTH_REST_MS), 0);
    health_fini(&h);
}

static void a_rest_doubles_up_to_its_limit_and_is_by_chance(void **state)
{
    struct health h;
    int64_t rest = HEALTH_REST_MS;

    (void)state;
    begin(&h);
    for (int i = 0; i < 20; i++) {
        health_failed(&h, 0, NOW);
        assert_in_range(h.endpoints[0].rested_at_ms, NOW + rest / 2,
                        NOW + rest);
        rest = 2 * rest < HEALTH_REST_MAX_MS ? 2 * rest : HEALTH_REST_MAX_MS;
    }
    health_succeeded(&h, 0);
    assert_true(health_is_rested(&h, 0, NOW));
    health_failed(&h, 0, NOW);
    assert_true(health_is_rested(&h, 0, NOW + HEALTH_REST_MS));
    health_fini(&h);
}

static void when_all_rest_the_one_that_rested_most_is_tried(void **state)
{
    struct health h;

    (void)state;
    begin(&h);
    health_failed(&h, 0, NOW + 10 * HEALTH_REST_MS);
    health_failed(&h, 1, NOW);
    health_failed(&h, 2, NOW + 10 * HEALTH_REST_MS);
    assert_int_equal(next(&h, NOW), 1);
    health_fini(&h);
}

static bool is_in_use(const void *ctx, size_t i)
{
    const bool *used = ctx;

    return used[i];
}

static void a_spare_is_rested_and_not_in_use(void **state)
{
    const bool first[COUNT] = { true, false, false };
    const bool two[COUNT] = { true, true, false };
    struct health h;

    (void)state;
    begin(&h);
    assert_int_equal(health_spare(&h, NOW, is_in_use, first), 1);
    assert_int_equal(health_spare(&h, NOW, is_in_use, two), 2);
    health_failed(&h, 2, NOW);
    assert_int_equal(health_spare(&h, NOW, is_in_use, two), COUNT);
    health_fini(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_have_their_turns),
        cmocka_unit_test(clients_begin_anywhere),
        cmocka_unit_test(who_failed_rests_while_others_are_tried),
        cmocka_unit_test(a_rest_doubles_up_to_its_limit_and_is_by_chance),
        cmocka_unit_test(when_all_rest_the_one_that_rested_most_is_tried),
        cmocka_unit_test(a_spare_is_rested_and_not_in_use),
    };

    if (!secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
