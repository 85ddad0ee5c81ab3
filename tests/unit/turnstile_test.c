/* proxy/server/turnstile.h: in order, a share of the time, and never twice. */
#include "proxy/server/turnstile.h"

#include <string.h>

#include "common/compiler.h"
#include "proxy/io/shutdown.h"
#include "tests/support/check.h"

struct test {
    uv_loop_t loop;
    struct turnstile turnstile;
    char got[256]; /* the names of those whose turn came */
};

struct guest {
    struct turnstile_place place;
    struct test *test;
    char name;
    struct guest *to_leave; /* takes out another in its turn */
    bool again;             /* passes once more in its turn */
};

static void on_turn(struct turnstile_place *place)
{
    struct guest *g = CONTAINER_OF(place, struct guest, place);
    struct test *t = g->test;

    t->got[strlen(t->got)] = g->name;
    if (g->to_leave != NULL)
        turnstile_leave(&g->to_leave->place);
    if (g->again) {
        g->again = false;
        turnstile_pass(&t->turnstile, place, on_turn);
    }
}

static void setup(struct test *t)
{
    *t = (struct test){ 0 };
    assert_int_equal(uv_loop_init(&t->loop), 0);
    turnstile_init(&t->turnstile, &t->loop);
}

static void finish(struct test *t)
{
    turnstile_close(&t->turnstile);
    turnstile_close(&t->turnstile); /* again is harmless */
    assert_true(shutdown_loop(&t->loop, stderr));
}

/* As if much work had been done: nobody passes before run(), however long the
 * machine may stop us. */
static void use_up(struct test *t)
{
    t->turnstile.left_ns = INT64_MIN / 2;
}

/* There is time again: until nobody waits. */
static void run(struct test *t)
{
    t->turnstile.left_ns = 0;
    assert_int_equal(uv_run(&t->loop, UV_RUN_DEFAULT), 0);
}

static void pass(struct guest *g)
{
    turnstile_pass(&g->test->turnstile, &g->place, on_turn);
}

static void who_comes_while_there_is_time_passes_at_once(void **state)
{
    struct test t;
    struct guest a = { .test = &t, .name = 'a' };

    (void)state;
    setup(&t);
    pass(&a);
    assert_string_equal(t.got, "a");
    assert_false(t.turnstile.open); /* it costs no timer */
    finish(&t);
}

static void the_others_wait_in_the_order_they_came(void **state)
{
    struct test t;
    struct guest guests[4];

    (void)state;
    setup(&t);
    use_up(&t);
    for (size_t i = 0; i < COUNT_OF(guests); i++) {
        guests[i] = (struct guest){ .test = &t, .name = (char)('a' + i) };
        pass(&guests[i]);
    }
    assert_string_equal(t.got, "");
    run(&t);
    assert_string_equal(t.got, "abcd");
    finish(&t);
}

static void nobody_overtakes_those_who_wait(void **state)
{
    struct test t;
    struct guest a = { .test = &t, .name = 'a' };
    struct guest b = { .test = &t, .name = 'b' };

    (void)state;
    setup(&t);
    use_up(&t);
    pass(&a);
    t.turnstile.left_ns = TURNSTILE_MAX_NS; /* time again */
    pass(&b);
    assert_string_equal(t.got, "");
    run(&t);
    assert_string_equal(t.got, "ab");
    finish(&t);
}

static void who_leaves_gets_no_turn(void **state)
{
    struct test t;
    struct guest c = { .test = &t, .name = 'c' };
    struct guest b = { .test = &t, .name = 'b' };
    struct guest a = { .test = &t, .name = 'a', .to_leave = &b };

    (void)state;
    setup(&t);
    use_up(&t);
    pass(&a);
    pass(&b);
    pass(&c);
    run(&t);
    assert_string_equal(t.got, "ac");
    turnstile_leave(&b.place); /* again is harmless */
    finish(&t);
}

static void one_may_pass_again_in_its_turn(void **state)
{
    struct test t;
    struct guest a = { .test = &t, .name = 'a', .again = true };
    struct guest b = { .test = &t, .name = 'b' };

    (void)state;
    setup(&t);
    use_up(&t);
    pass(&a);
    pass(&b);
    run(&t);
    assert_string_equal(t.got, "aba");
    finish(&t);
}

static void a_turn_costs_what_it_took_and_something_at_least(void **state)
{
    struct test t;
    struct guest a = { .test = &t, .name = 'a' };

    (void)state;
    setup(&t);
    pass(&a);
    assert_true(t.turnstile.left_ns <= TURNSTILE_MAX_NS - TURNSTILE_MIN_NS);
    finish(&t);
}

static void nobody_saves_up_more_than_the_most(void **state)
{
    struct test t;
    struct guest a = { .test = &t, .name = 'a' };

    (void)state;
    setup(&t);
    t.turnstile.counted_ns = 0; /* a long rest */
    pass(&a);
    assert_true(t.turnstile.left_ns < TURNSTILE_MAX_NS);
    finish(&t);
}

static void the_share_is_one_part_of_the_time(void **state)
{
    const uint64_t minute_ns = UINT64_C(60) * 1000000000;
    struct test t;
    struct guest a = { .test = &t, .name = 'a' };

    (void)state;
    setup(&t);
    t.turnstile.left_ns = -(int64_t)minute_ns;
    t.turnstile.counted_ns -= (TURNSTILE_SHARE - 1) * minute_ns;
    pass(&a); /* that was not enough */
    assert_string_equal(t.got, "");
    turnstile_leave(&a.place);
    t.turnstile.counted_ns -= minute_ns;
    pass(&a);
    assert_string_equal(t.got, "a");
    assert_int_equal(uv_run(&t.loop, UV_RUN_DEFAULT), 0);
    finish(&t);
}

static void one_turn_of_the_loop_has_so_many_turns_and_no_more(void **state)
{
    struct guest guests[2 * TURNSTILE_MAX_NS / TURNSTILE_MIN_NS];
    struct test t;

    (void)state;
    setup(&t);
    use_up(&t);
    for (size_t i = 0; i < COUNT_OF(guests); i++) {
        guests[i] = (struct guest){ .test = &t, .name = 'a' };
        pass(&guests[i]);
    }
    t.turnstile.left_ns = TURNSTILE_MAX_NS;
    while (t.got[0] == '\0')
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_true(strlen(t.got) <= COUNT_OF(guests) / 2);
    assert_int_equal(uv_run(&t.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(strlen(t.got), COUNT_OF(guests));
    finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_comes_while_there_is_time_passes_at_once),
        cmocka_unit_test(the_others_wait_in_the_order_they_came),
        cmocka_unit_test(nobody_overtakes_those_who_wait),
        cmocka_unit_test(who_leaves_gets_no_turn),
        cmocka_unit_test(one_may_pass_again_in_its_turn),
        cmocka_unit_test(a_turn_costs_what_it_took_and_something_at_least),
        cmocka_unit_test(nobody_saves_up_more_than_the_most),
        cmocka_unit_test(the_share_is_one_part_of_the_time),
        cmocka_unit_test(one_turn_of_the_loop_has_so_many_turns_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
