/* Who shares a budget has no more than it holds, and gives all back. */
#include "common/purse.h"

#include <uv.h>

#include "tests/support/check.h"

#define MB      ((size_t)1024 * 1024)
#define THREADS 4
#define ROUNDS  20000

static void no_more_is_taken_than_there_is(void **state)
{
    struct budget b;

    (void)state;
    budget_init(&b, 100, NULL);
    assert_true(budget_take(&b, 60));
    assert_false(budget_take(&b, 41));
    assert_false(budget_take(&b, SIZE_MAX));
    assert_int_equal(budget_left(&b), 40);
    assert_true(budget_take(&b, 40));
    assert_int_equal(budget_left(&b), 0);
    assert_false(budget_take(&b, 1));
    budget_give(&b, 100);
    assert_int_equal(budget_left(&b), 100);
}

static void a_budget_of_any_size_is_never_used_up(void **state)
{
    struct budget b;

    (void)state;
    budget_init(&b, 0, NULL);
    assert_true(budget_take(&b, SIZE_MAX / 4));
    assert_true(budget_left(&b) >= SIZE_MAX / 4);
    budget_give(&b, SIZE_MAX / 4);
}

static void what_a_part_takes_is_taken_of_the_whole(void **state)
{
    struct budget whole, a, b;

    (void)state;
    budget_init(&whole, 100, NULL);
    budget_init(&a, 60, &whole);
    budget_init(&b, 60, &whole);
    assert_true(budget_take(&a, 30));
    assert_int_equal(budget_used(&whole), 30);
    assert_false(budget_take(&a, 31)); /* its own limit */
    assert_true(budget_take(&b, 40));
    assert_false(budget_take(&b, 10)); /* the others' 30 */
    budget_give(&a, 30);
    assert_true(budget_take(&b, 20));
    budget_give(&b, 60);
    assert_int_equal(budget_used(&whole), 0);
}

/* While several hold what they can, a newcomer finds something. */
static void a_newcomer_finds_room(void **state)
{
    struct budget whole, many[6], late;

    (void)state;
    budget_init(&whole, 1000, NULL);
    for (size_t i = 0; i < COUNT_OF(many); i++) {
        budget_init(&many[i], 400, &whole);
        while (budget_take(&many[i], 1)) {
        }
    }
    budget_init(&late, 400, &whole);
    assert_true(budget_left(&late) > 0);
    assert_true(budget_take(&late, 1));
    assert_true(budget_used(&whole) < 1000);
}

static void luxury_is_of_the_first_half(void **state)
{
    struct budget whole, b;

    (void)state;
    budget_init(&whole, 1000, NULL);
    budget_init(&b, 100, &whole);
    assert_int_equal(budget_spare(&b), 50);
    assert_true(budget_take(&b, 50));
    assert_int_equal(budget_spare(&b), 0);
    assert_int_equal(budget_left(&b), 50);
    budget_give(&b, 50);
    assert_true(budget_take(&whole, 960));
    assert_int_equal(budget_spare(&b), 20);
}

static void what_is_forced_is_counted_all_the_same(void **state)
{
    struct budget whole, b;

    (void)state;
    budget_init(&whole, 100, NULL);
    budget_init(&b, 50, &whole);
    budget_force(&b, 200);
    assert_int_equal(budget_used(&whole), 200);
    assert_int_equal(budget_left(&b), 0);
    assert_int_equal(budget_spare(&b), 0);
    assert_false(budget_take(&b, 1));
    budget_give(&b, 200);
    assert_int_equal(budget_left(&b), 50);
}

/* --- a purse ------------------------------------------------------------- */

static void a_purse_takes_in_steps_and_keeps_a_step(void **state)
{
    struct budget b;
    struct purse p;

    (void)state;
    budget_init(&b, MB, NULL);
    purse_open(&p, &b);
    assert_true(purse_take(&p, 1));
    assert_int_equal(budget_used(&b), PURSE_STEP_BYTES);
    assert_true(purse_take(&p, PURSE_STEP_BYTES - 1));
    assert_int_equal(budget_used(&b), PURSE_STEP_BYTES);
    assert_true(purse_take(&p, 5 * PURSE_STEP_BYTES));
    purse_give(&p, 6 * PURSE_STEP_BYTES);
    assert_int_equal(budget_used(&b), PURSE_STEP_BYTES);
    purse_close(&p);
    purse_close(&p);
    assert_int_equal(budget_used(&b), 0);
}

static void a_purse_can_be_paid_to_the_last_byte(void **state)
{
    struct budget b;
    struct purse p;

    (void)state;
    budget_init(&b, PURSE_STEP_BYTES + 10, NULL);
    purse_open(&p, &b);
    assert_true(purse_take(&p, PURSE_STEP_BYTES));
    assert_int_equal(purse_left(&p), 10);
    assert_false(purse_take(&p, 11));
    assert_true(purse_take(&p, 10));
    assert_int_equal(purse_left(&p), 0);
    assert_false(purse_take(&p, SIZE_MAX));
    purse_close(&p);
    assert_int_equal(budget_used(&b), 0);
}

static void a_purse_tells_of_what_is_used_all_the_same(void **state)
{
    struct budget b;
    struct purse p;

    (void)state;
    budget_init(&b, MB, NULL);
    purse_open(&p, &b);
    purse_force(&p, 3 * MB);
    assert_int_equal(budget_used(&b), 3 * MB);
    assert_int_equal(purse_left(&p), 0);
    assert_false(purse_take(&p, 1));
    purse_give(&p, 3 * MB - 10);
    assert_int_equal(budget_used(&b), PURSE_STEP_BYTES + 10);
    assert_true(purse_take(&p, MB / 2));
    purse_close(&p);
    assert_int_equal(budget_used(&b), 0);
}

static void a_purse_of_no_budget_has_all_that_is_asked(void **state)
{
    struct purse p = { 0 };

    (void)state;
    assert_true(purse_take(&p, SIZE_MAX));
    purse_force(&p, SIZE_MAX);
    purse_give(&p, 1);
    assert_int_equal(purse_left(&p), SIZE_MAX);
    assert_int_equal(purse_spare(&p), SIZE_MAX);
    purse_close(&p);
}

static void what_was_paid_is_nobodys_after_the_close(void **state)
{
    struct budget b;
    struct purse p;

    (void)state;
    budget_init(&b, MB, NULL);
    purse_open(&p, &b);
    assert_true(purse_take(&p, 1000));
    purse_close(&p);
    purse_give(&p, 1000); /* an owner that ends later */
    assert_int_equal(budget_used(&b), 0);
}

/* --- threads ------------------------------------------------------------- */

/* cmocka's asserts are for the thread of the test alone: this one counts. */
struct spender {
    uv_thread_t thread;
    struct budget *from;
    unsigned wrong;
    unsigned paid;
};

static void spend(void *ctx)
{
    struct spender *s = ctx;
    struct purse p;

    purse_open(&p, s->from);
    for (size_t i = 0; i < ROUNDS; i++) {
        const size_t n = 1 + i % (3 * PURSE_STEP_BYTES);

        if (!purse_take(&p, n))
            continue;
        s->paid++;
        if (budget_used(s->from->whole) > s->from->whole->max)
            s->wrong++;
        purse_give(&p, n);
    }
    purse_close(&p);
}

static void threads_never_take_more_than_the_whole(void **state)
{
    struct budget whole, part[2];
    struct spender spenders[THREADS] = { 0 };

    (void)state;
    budget_init(&whole, 8 * PURSE_STEP_BYTES, NULL);
    for (size_t i = 0; i < COUNT_OF(part); i++)
        budget_init(&part[i], 5 * PURSE_STEP_BYTES, &whole);
    for (size_t i = 0; i < THREADS; i++) {
        spenders[i].from = &part[i % COUNT_OF(part)];
        assert_int_equal(
            uv_thread_create(&spenders[i].thread, spend, &spenders[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(uv_thread_join(&spenders[i].thread), 0);
        assert_int_equal(spenders[i].wrong, 0);
        assert_true(spenders[i].paid > 0);
    }
    assert_int_equal(budget_used(&whole), 0);
    assert_int_equal(budget_used(&part[0]), 0);
    assert_int_equal(budget_used(&part[1]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_is_taken_than_there_is),
        cmocka_unit_test(a_budget_of_any_size_is_never_used_up),
        cmocka_unit_test(what_a_part_takes_is_taken_of_the_whole),
        cmocka_unit_test(a_newcomer_finds_room),
        cmocka_unit_test(luxury_is_of_the_first_half),
        cmocka_unit_test(what_is_forced_is_counted_all_the_same),
        cmocka_unit_test(a_purse_takes_in_steps_and_keeps_a_step),
        cmocka_unit_test(a_purse_can_be_paid_to_the_last_byte),
        cmocka_unit_test(a_purse_tells_of_what_is_used_all_the_same),
        cmocka_unit_test(a_purse_of_no_budget_has_all_that_is_asked),
        cmocka_unit_test(what_was_paid_is_nobodys_after_the_close),
        cmocka_unit_test(threads_never_take_more_than_the_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
