/* Credit: nobody sends more than granted, no window takes another's share. */
#include "tests/support/check.h"

#include "proxy/tunnel/flow.h"

#define LENT_BYTES                                                             \
    (SESSION_QUEUED_MAX_BYTES - STREAMS_MAX * STREAM_CREDIT_BYTES)

static void a_stream_begins_with_the_first_credit(void **state)
{
    struct flow f;

    (void)state;
    flow_init(&f);
    assert_false(flow_is_due(&f));
    assert_true(flow_arrived(&f, STREAM_CREDIT_BYTES));
    assert_false(flow_arrived(&f, 1));
    assert_int_equal(f.unread, STREAM_CREDIT_BYTES);
}

static void more_than_granted_is_a_violation(void **state)
{
    struct flow f;

    (void)state;
    flow_init(&f);
    assert_false(flow_arrived(&f, STREAM_CREDIT_BYTES + 1));
    assert_false(flow_arrived(&f, SIZE_MAX));
    assert_int_equal(f.unread, 0); /* and nothing was counted */
    assert_true(flow_arrived(&f, STREAM_CREDIT_BYTES));
}

static void only_what_was_consumed_is_granted_again(void **state)
{
    struct flow_budget b;
    struct flow f;

    (void)state;
    flow_budget_init(&b, NULL);
    flow_init(&f);
    assert_true(flow_arrived(&f, STREAM_CREDIT_BYTES));
    flow_consumed(&f, STREAM_CREDIT_BYTES / 2 - 1);
    assert_false(flow_is_due(&f));
    flow_consumed(&f, 1);
    assert_true(flow_is_due(&f));
    assert_int_equal(flow_grant(&f, &b, 0), STREAM_CREDIT_BYTES / 2);
    assert_int_equal(flow_grant(&f, &b, 0), 0);
    assert_true(flow_arrived(&f, STREAM_CREDIT_BYTES / 2));
    assert_false(flow_arrived(&f, 1));
}

/* The reader takes half a window at once, |later_ms| after the last grant. */
static uint32_t window_after(struct flow *f, struct flow_budget *b,
                             int64_t later_ms)
{
    int64_t now_ms = f->granted_ms + later_ms;
    uint32_t half = f->window / 2;

    assert_true(flow_arrived(f, half));
    flow_consumed(f, half);
    (void)flow_grant(f, b, now_ms);
    return f->window;
}

static void a_window_grows_while_its_reader_keeps_up(void **state)
{
    struct flow_budget b;
    struct flow f;

    (void)state;
    flow_budget_init(&b, NULL);
    flow_init(&f);
    (void)flow_grant(&f, &b, 0);
    assert_int_equal(window_after(&f, &b, FLOW_FAST_MS), STREAM_CREDIT_BYTES);
    assert_int_equal(window_after(&f, &b, FLOW_FAST_MS - 1),
                     2 * STREAM_CREDIT_BYTES);
    for (int i = 0; i < 20; i++)
        (void)window_after(&f, &b, 0);
    assert_int_equal(f.window, STREAM_WINDOW_MAX_BYTES);
    flow_fini(&f, &b);
    assert_int_equal(b.left, LENT_BYTES);
}

static void a_window_does_not_grow_while_bytes_wait(void **state)
{
    struct flow_budget b;
    struct flow f;

    (void)state;
    flow_budget_init(&b, NULL);
    flow_init(&f);
    (void)flow_grant(&f, &b, 0);
    assert_true(flow_arrived(&f, STREAM_CREDIT_BYTES));
    flow_consumed(&f, STREAM_CREDIT_BYTES - 1);
    (void)flow_grant(&f, &b, 1);
    assert_int_equal(f.window, STREAM_CREDIT_BYTES);
}

static void all_windows_together_are_bounded(void **state)
{
    static struct flow f[STREAMS_MAX];
    struct flow_budget b;
    size_t sum = 0;

    (void)state;
    flow_budget_init(&b, NULL);
    for (size_t i = 0; i < STREAMS_MAX; i++) {
        flow_init(&f[i]);
        flow_raise(&f[i], &b, STREAM_WINDOW_BYTES);
        flow_raise(&f[i], &b, STREAM_WINDOW_MAX_BYTES);
        assert_true(f[i].window >= STREAM_CREDIT_BYTES);
        sum += f[i].window;
    }
    assert_true(sum <= SESSION_QUEUED_MAX_BYTES);
    assert_true(sum > SESSION_QUEUED_MAX_BYTES / 2);
    for (size_t i = 0; i < STREAMS_MAX; i++)
        flow_fini(&f[i], &b);
    assert_int_equal(b.left, LENT_BYTES);
}

static void the_first_streams_get_a_full_window(void **state)
{
    struct flow_budget b;
    struct flow f;

    (void)state;
    flow_budget_init(&b, NULL);
    for (int i = 0; i < 32; i++) {
        flow_init(&f);
        flow_raise(&f, &b, STREAM_WINDOW_BYTES);
        assert_int_equal(f.window, STREAM_WINDOW_BYTES);
        assert_true(flow_is_due(&f));
        assert_int_equal(flow_grant(&f, &b, 0),
                         STREAM_WINDOW_BYTES - STREAM_CREDIT_BYTES);
    }
}

static void those_who_grew_leave_something_to_who_comes_later(void **state)
{
    struct flow_budget b;
    struct flow f;

    (void)state;
    flow_budget_init(&b, NULL);
    for (int i = 0; i < 20; i++) {
        flow_init(&f);
        flow_raise(&f, &b, STREAM_WINDOW_MAX_BYTES);
    }
    flow_init(&f);
    flow_raise(&f, &b, STREAM_WINDOW_BYTES);
    assert_true(f.window > STREAM_WINDOW_BYTES / 2);
}

static void a_window_never_shrinks(void **state)
{
    struct flow_budget b;
    struct flow f;

    (void)state;
    flow_budget_init(&b, NULL);
    flow_init(&f);
    flow_raise(&f, &b, STREAM_CREDIT_BYTES - 1);
    assert_int_equal(f.window, STREAM_CREDIT_BYTES);
    assert_int_equal(b.left, LENT_BYTES);
}

static const struct {
    const char *name;
    uint32_t held;
    uint64_t granted;
    bool taken;
} grants[] = {
    { "a byte", 0, 1, true },
    { "nothing", 5, 0, false },
    { "all there can be", 0, FLOW_CREDIT_MAX, true },
    { "all and one", 0, (uint64_t)FLOW_CREDIT_MAX + 1, false },
    { "one above all", FLOW_CREDIT_MAX, 1, false },
    { "the last", FLOW_CREDIT_MAX - 1, 1, true },
    { "2^64-1", 1, UINT64_MAX, false },
};

static void credit_is_added_up_to_a_limit(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(grants); i++) {
        uint32_t credit = grants[i].held;

        if (flow_add_credit(&credit, grants[i].granted) != grants[i].taken)
            fail_msg("%s", grants[i].name);
        assert_int_equal(credit - grants[i].held,
                         grants[i].taken ? grants[i].granted : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_begins_with_the_first_credit),
        cmocka_unit_test(more_than_granted_is_a_violation),
        cmocka_unit_test(only_what_was_consumed_is_granted_again),
        cmocka_unit_test(a_window_grows_while_its_reader_keeps_up),
        cmocka_unit_test(a_window_does_not_grow_while_bytes_wait),
        cmocka_unit_test(all_windows_together_are_bounded),
        cmocka_unit_test(the_first_streams_get_a_full_window),
        cmocka_unit_test(those_who_grew_leave_something_to_who_comes_later),
        cmocka_unit_test(a_window_never_shrinks),
        cmocka_unit_test(credit_is_added_up_to_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
