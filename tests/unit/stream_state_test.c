/* The table of a stream's halves, cell by cell, and the reasons on the wire. */
#include "tests/support/check.h"

#include "proxy/tunnel/reason.h"
#include "proxy/tunnel/stream_state.h"

/* The drawing of docs/PROTOCOL.md section 6 once more, in another shape. */
static const char *const drawn[STREAM_STATE_COUNT] = {
    /*                     opened data fin reset */
    [STREAM_ILLEGAL] = "....",  [STREAM_HELD] = "2..4",
    [STREAM_FLOWING] = ".234",  [STREAM_ENDED] = "...4",
    [STREAM_GIVEN_UP] = "....",
};

static void every_cell_is_as_drawn(void **state)
{
    (void)state;
    for (unsigned s = 0; s < STREAM_STATE_COUNT; s++) {
        for (unsigned e = 0; e < STREAM_EVENT_COUNT; e++) {
            char cell = drawn[s][e];
            unsigned want = cell == '.' ? 0 : (unsigned)(cell - '0');
            unsigned got =
                stream_state_next((enum stream_state)s, (enum stream_event)e);

            if (got != want)
                fail_msg("%s, event %u: %u, not %u",
                         stream_state_name((enum stream_state)s), e, got, want);
        }
    }
}

static void two_states_are_ends(void **state)
{
    (void)state;
    assert_false(stream_state_over(STREAM_HELD));
    assert_false(stream_state_over(STREAM_FLOWING));
    assert_true(stream_state_over(STREAM_ENDED));
    assert_true(stream_state_over(STREAM_GIVEN_UP));
}

/* Statuses an owner resets with, and what the other side makes of them. */
static const struct {
    enum status ours;
    enum reason told;
    enum status theirs;
} told[] = {
    { STATUS_RESET, REASON_CANCELLED, STATUS_RESET },
    { STATUS_REFUSED, REASON_REFUSED, STATUS_REFUSED },
    { STATUS_UNREACHABLE, REASON_UNREACHABLE, STATUS_UNREACHABLE },
    { STATUS_NO_NAME, REASON_NO_NAME, STATUS_NO_NAME },
    { STATUS_TIMED_OUT, REASON_TIMED_OUT, STATUS_TIMED_OUT },
    { STATUS_NOT_ALLOWED, REASON_NOT_ALLOWED, STATUS_NOT_ALLOWED },
    { STATUS_CUT, REASON_CUT, STATUS_CUT },
    { STATUS_NETWORK, REASON_CUT, STATUS_CUT },
    { STATUS_LIMIT, REASON_BUSY, STATUS_BUSY },
    { STATUS_BUSY, REASON_BUSY, STATUS_BUSY },
    { STATUS_NO_MEMORY, REASON_INTERNAL, STATUS_RESET },
    { STATUS_INTERNAL, REASON_INTERNAL, STATUS_RESET },
    { STATUS_GOING_AWAY, REASON_GOING_AWAY, STATUS_GOING_AWAY },
    { STATUS_SHUTTING_DOWN, REASON_GOING_AWAY, STATUS_GOING_AWAY },
    { STATUS_BAD_RECORD, REASON_PROTOCOL, STATUS_RESET },
    { STATUS_FLOW, REASON_PROTOCOL, STATUS_RESET },
    { STATUS_POLICY, REASON_POLICY, STATUS_RESET },
    { STATUS_REVOKED, REASON_POLICY, STATUS_RESET },
    { STATUS_EXPIRED, REASON_POLICY, STATUS_RESET },
};

static void reasons_cross_the_wire(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(told); i++) {
        if (reason_of(told[i].ours) != told[i].told)
            fail_msg("%s: told %d", status_name(told[i].ours),
                     reason_of(told[i].ours));
        CHECK_STATUS(reason_status(told[i].told), told[i].theirs);
    }
}

static void every_status_has_a_reason_that_is_not_ok(void **state)
{
    (void)state;
    assert_int_equal(reason_of(STATUS_OK), REASON_NONE);
    for (unsigned s = STATUS_OK + 1; s < STATUS_COUNT; s++)
        assert_int_not_equal(reason_of((enum status)s), REASON_NONE);
}

static void a_peer_cannot_say_ok_or_what_it_may_not(void **state)
{
    (void)state;
    for (uint64_t n = 0; n <= 20; n++) {
        enum status s = reason_status(n);

        assert_int_not_equal(s, STATUS_OK);
        assert_int_not_equal(status_class(s), CLASS_LOCAL);
        assert_int_not_equal(status_class(s), CLASS_EVIDENCE);
        assert_int_not_equal(status_class(s), CLASS_POLICY);
    }
    CHECK_STATUS(reason_status(REASON_MAX), STATUS_RESET);
    CHECK_STATUS(reason_status(UINT64_MAX), STATUS_RESET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_as_drawn),
        cmocka_unit_test(two_states_are_ends),
        cmocka_unit_test(reasons_cross_the_wire),
        cmocka_unit_test(every_status_has_a_reason_that_is_not_ok),
        cmocka_unit_test(a_peer_cannot_say_ok_or_what_it_may_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
