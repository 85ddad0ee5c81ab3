/* search: its states, cell by cell; what it does is in collateral_*_test. */
#include "tests/support/check.h"

#include "collateral/search.h"

static void moves_as_it_is_drawn(void **state)
{
    /* A letter: the way to that state is open. */
    static const char *const drawn[SEARCH_STATE_COUNT] = {
        /* to:                none, idle, loading, fetching, judging, stopped */
        [SEARCH_NONE] = "......",    [SEARCH_IDLE] = ".ilfjs",
        [SEARCH_LOADING] = ".i.fjs", [SEARCH_FETCHING] = ".i.fjs",
        [SEARCH_JUDGING] = ".i.fjs", [SEARCH_STOPPED] = "......",
    };

    (void)state;
    for (enum search_state from = 0; from < SEARCH_STATE_COUNT; from++)
        for (enum search_state to = 0; to < SEARCH_STATE_COUNT; to++)
            assert_int_equal(search_may_move(from, to), drawn[from][to] != '.');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_as_it_is_drawn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
