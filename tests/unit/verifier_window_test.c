/* window: both ends belong to it, and nothing else does. */
#include "tests/support/check.h"

#include "verifier/window.h"

static void judges_both_ends(void **state)
{
    static const struct {
        int64_t from, until;
        enum status want;
        const char *found, *expected;
    } cases[] = {
        { 10, 20, STATUS_OK, "", "" },
        { 10, 15, STATUS_OK, "", "" },
        { 15, 15, STATUS_OK, "", "" },
        { 16, 20, STATUS_NOT_YET, "valid from 1970-01-01T00:00:16Z",
          "at most 1970-01-01T00:00:15Z" },
        { 10, 14, STATUS_EXPIRED, "valid until 1970-01-01T00:00:14Z",
          "at least 1970-01-01T00:00:15Z" },
        { INT64_MIN, INT64_MAX, STATUS_OK, "", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct window w = { cases[i].from, cases[i].until };
        struct why why = { 0 };

        CHECK_STATUS(window_check(&w, 15, "item", "clause", &why),
                     cases[i].want);
        assert_string_equal(why.found, cases[i].found);
        assert_string_equal(why.expected, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_both_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
