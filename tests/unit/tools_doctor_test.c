/* What a doctor says of a clock; the rest is e2e/tools_test.py's. */
#include "tests/support/check.h"

#include "proxy/tools/doctor.h"

static const struct {
    const char *name;
    int64_t now_unix;
    int64_t newest_unix;
    enum finding_level want;
} clocks[] = {
    /* clang-format off */
    { "a clock of 1970 is wrong",            0,          0,          FINDING_ERROR },
    { "one before this program too",         1767225599, 0,          FINDING_ERROR },
    { "one that nothing contradicts is right", 1767225600, 0,        FINDING_OK },
    { "one after what was signed is right",  1780000000, 1779999999, FINDING_OK },
    { "a minute before is forgiven",         1780000000, 1780000060, FINDING_OK },
    { "more is not",                         1780000000, 1780000061, FINDING_ERROR },
    /* clang-format on */
};

static void the_clock_is_compared_with_what_was_signed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(clocks); i++) {
        struct doctor *d = calloc(1, sizeof(*d));

        assert_non_null(d);
        d->now_unix = clocks[i].now_unix;
        d->newest_signed_unix = clocks[i].newest_unix;
        doctor_clock(d);
        assert_int_equal(d->findings.count, 1);
        if (d->findings.list[0].level != clocks[i].want)
            fail_msg("%s", clocks[i].name);
        free(d);
    }
}

static void more_findings_than_fit_are_counted(void **state)
{
    struct findings *f = calloc(1, sizeof(*f));

    (void)state;
    assert_non_null(f);
    for (size_t i = 0; i < FINDINGS_MAX + 3; i++)
        findings_add(f, FINDING_ERROR, "area", "", NULL, "%zu", i);
    assert_int_equal(f->count, FINDINGS_MAX);
    assert_int_equal(f->of_level[FINDING_ERROR], FINDINGS_MAX + 3);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_is_compared_with_what_was_signed),
        cmocka_unit_test(more_findings_than_fit_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
