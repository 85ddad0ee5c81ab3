#include "tests/support/check.h"

#include "verifier/tcb_level.h"

/* --- convergence --- */

/* Rows: the platform. Columns: its part. As letters, so that the table can be
 * read at a glance: U up to date, S hardening, C configuration, B both,
 * O out of date, X out of date and configuration, R revoked. */
static const char letters[] = "-USCBOXR";

static const char *const drawn[] = {
    /*             -U......O.R */
    [TCB_UP_TO_DATE] = "UUOR",
    [TCB_SW_HARDENING_NEEDED] = "SSOR",
    [TCB_CONFIGURATION_NEEDED] = "CCXR",
    [TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "BBXR",
    [TCB_OUT_OF_DATE] = "OOOR",
    [TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = "XXXR",
    [TCB_REVOKED] = "RRRR",
};

static void parts_pull_the_platform_down(void **state)
{
    static const enum tcb_status parts[] = { TCB_NONE, TCB_UP_TO_DATE,
                                             TCB_OUT_OF_DATE, TCB_REVOKED };

    (void)state;
    for (unsigned p = TCB_UP_TO_DATE; p <= TCB_REVOKED; p++)
        for (size_t i = 0; i < COUNT_OF(parts); i++)
            assert_int_equal(
                letters[tcb_level_converge((enum tcb_status)p, parts[i])],
                drawn[p][i]);
}

/* Rows: at launch. Columns: now, U to R. L and M: relaunch advised, without
 * and with configuration. */
static const char *const relaunches[] = {
    [TCB_UP_TO_DATE] = "UUUUUUU",
    [TCB_SW_HARDENING_NEEDED] = "SSSSSSS",
    [TCB_CONFIGURATION_NEEDED] = "CCCCCCC",
    [TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "BBBBBBB",
    [TCB_OUT_OF_DATE] = "LLMMOOO",
    [TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = "MMMMXXX",
    [TCB_REVOKED] = "RRRRRRR",
};

static void a_relaunch_is_advised_where_it_mends(void **state)
{
    static const char names[] = "-USCBOXRLM";

    (void)state;
    for (unsigned l = TCB_UP_TO_DATE; l <= TCB_REVOKED; l++)
        for (unsigned c = TCB_UP_TO_DATE; c <= TCB_REVOKED; c++)
            assert_int_equal(names[tcb_level_relaunch((enum tcb_status)l,
                                                      (enum tcb_status)c)],
                             relaunches[l][c - 1]);
}

/* --- matching --- */

/* Levels as they may stand, not sorted; |pce_svn| names them. */
static const struct tcb_level levels[] = {
    { .sgx = { 2, 2 }, .tdx = { 3, 0, 3 }, .pce_svn = 5 },
    { .sgx = { 5, 5 }, .tdx = { 5, 0, 6 }, .pce_svn = 13 },
    { .sgx = { 5, 5 }, .tdx = { 5, 0, 5 }, .pce_svn = 11 },
    { .sgx = { 5, 4 }, .tdx = { 9, 0, 9 }, .pce_svn = 12 },
};

static const struct {
    const char *name;
    uint8_t sgx[TCB_COMPONENTS];
    uint16_t pce_svn;
    bool is_td;
    uint8_t tdx[TCB_COMPONENTS];
    unsigned want; /* pce_svn of the level; 0: none */
} matches[] = {
    /* clang-format off */
    { "all equal",                 { 5, 5 },    13, false, { 0 }, 13 },
    { "all above",                 { 9, 9, 9 }, 99, false, { 0 }, 13 },
    { "PCESVN below the first",    { 5, 5 },    12, false, { 0 }, 11 },
    { "a component below",         { 5, 4 },    13, false, { 0 }, 12 },
    { "the first component below", { 4, 9 },    13, false, { 0 }, 5 },
    { "below all",                 { 1, 9 },    13, false, { 0 }, 0 },
    { "PCESVN below all",          { 9, 9 },    4,  false, { 0 }, 0 },
    { "a TD at the first",         { 5, 5 }, 13, true, { 5, 0, 6 }, 13 },
    { "a TD with less microcode",  { 5, 5 }, 13, true, { 5, 0, 5 }, 11 },
    { "TDX 1.0: component 0 counts", { 5, 5 }, 13, true, { 4, 0, 6 }, 5 },
    { "later: it does not",        { 5, 5 }, 13, true, { 4, 1, 6 }, 13 },
    { "later: component 2 does",   { 5, 5 }, 13, true, { 9, 1, 5 }, 11 },
    { "a TD below all",            { 5, 5 }, 13, true, { 9, 1, 2 }, 0 },
    /* clang-format on */
};

static void the_highest_level_that_is_reached_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(matches); i++) {
        const struct tcb_svns svns = { .sgx = matches[i].sgx,
                                       .pce_svn = matches[i].pce_svn,
                                       .tdx = matches[i].is_td ? matches[i].tdx
                                                               : NULL };
        const struct tcb_level *level =
            tcb_level_match(levels, COUNT_OF(levels), &svns);

        if ((level == NULL ? 0 : level->pce_svn) != matches[i].want)
            fail_msg("%s", matches[i].name);
    }
}

static void levels_repeat_when_all_numbers_are_equal(void **state)
{
    struct tcb_level two[] = { levels[0], levels[0] };

    (void)state;
    assert_false(tcb_level_repeats(levels, COUNT_OF(levels)));
    assert_true(tcb_level_repeats(two, 2));
    two[1].tdx[15] = 1;
    assert_false(tcb_level_repeats(two, 2));
    two[1] = two[0];
    two[1].pce_svn++;
    assert_false(tcb_level_repeats(two, 2));
}

static void one_number_decides_for_parts(void **state)
{
    static const struct isv_levels parts = {
        3, { { .isv_svn = 4 }, { .isv_svn = 8 }, { .isv_svn = 300 } }
    };
    static const struct {
        uint16_t svn;
        int want; /* -1: none */
    } cases[] = { { 3, -1 },  { 4, 4 },     { 7, 4 },      { 8, 8 },
                  { 299, 8 }, { 300, 300 }, { 65535, 300 } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct isv_level *l = tcb_level_match_isv(&parts, cases[i].svn);

        assert_int_equal(l == NULL ? -1 : l->isv_svn, cases[i].want);
    }
}

/* --- levels of parts, as JSON --- */

#define ISV(svn, more)                                                         \
    "{\"tcb\":{\"isvsvn\":" svn "},\"tcbDate\":"                               \
    "\"2025-01-01T00:00:00Z\"," more "}"
#define UP "\"tcbStatus\":\"UpToDate\""

static const struct {
    const char *name;
    const char *text;
    size_t count; /* 0: refused */
} texts[] = {
    /* clang-format off */
    { "one level",        "[" ISV("8", UP) "]", 1 },
    { "two levels",       "[" ISV("8", UP) "," ISV("4", "\"tcbStatus\":\"Revoked\"") "]", 2 },
    { "advisories",       "[" ISV("8", UP ",\"advisoryIDs\":[\"INTEL-SA-00001\",\"X\"]") "]", 1 },
    { "no advisories",    "[" ISV("8", UP ",\"advisoryIDs\":[]") "]", 1 },
    { "unknown members",  "[" ISV("8", UP ",\"x\":{}") "]", 1 },
    { "the highest SVN",  "[" ISV("65535", UP) "]", 1 },
    { "no levels",        "[]", 0 },
    { "no array",         "{}", 0 },
    { "an SVN twice",     "[" ISV("8", UP) "," ISV("8", UP) "]", 0 },
    { "too high an SVN",  "[" ISV("65536", UP) "]", 0 },
    { "an SVN as text",   "[" ISV("\"8\"", UP) "]", 0 },
    { "no SVN",           "[{\"tcb\":{},\"tcbDate\":\"2025-01-01T00:00:00Z\"," UP "}]", 0 },
    { "no tcb",           "[{\"tcbDate\":\"2025-01-01T00:00:00Z\"," UP "}]", 0 },
    { "no date",          "[{\"tcb\":{\"isvsvn\":8}," UP "}]", 0 },
    { "no status",        "[{\"tcb\":{\"isvsvn\":8},\"tcbDate\":\"2025-01-01T00:00:00Z\"}]", 0 },
    { "a platform's status", "[" ISV("8", "\"tcbStatus\":\"SWHardeningNeeded\"") "]", 0 },
    { "an unknown status", "[" ISV("8", "\"tcbStatus\":\"Fine\"") "]", 0 },
    { "a result",         "[" ISV("8", "\"tcbStatus\":\"TDRelaunchAdvised\"") "]", 0 },
    { "an empty status",  "[" ISV("8", "\"tcbStatus\":\"\"") "]", 0 },
    { "an advisory that is a number", "[" ISV("8", UP ",\"advisoryIDs\":[1]") "]", 0 },
    { "an advisory too long", "[" ISV("8", UP ",\"advisoryIDs\":[\"INTEL-SA-0000000000000000\"]") "]", 0 },
    { "advisories as text", "[" ISV("8", UP ",\"advisoryIDs\":\"INTEL-SA-00001\"") "]", 0 },
    /* clang-format on */
};

static void levels_of_parts_are_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct json j = json_over(slice_text(texts[i].text));
        struct isv_levels out;

        tcb_level_read_isv(&j, &out);
        json_end(&j);
        if ((json_ok(&j) ? out.count : 0) != texts[i].count)
            fail_msg("%s", texts[i].name);
    }
}

static bool reads_levels(size_t count)
{
    char text[ISV_LEVELS_MAX * 100 + 200] = "";
    size_t len = 0;
    struct json j;
    struct isv_levels out;

    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "%c{\"tcb\":{\"isvsvn\":%zu},\"tcbDate\":"
                                "\"2025-01-01T00:00:00Z\"," UP "}",
                                i == 0 ? '[' : ',', i);
    (void)snprintf(text + len, sizeof(text) - len, "]");
    j = json_over(slice_text(text));
    tcb_level_read_isv(&j, &out);
    return json_ok(&j);
}

static void the_number_of_levels_is_bounded(void **state)
{
    (void)state;
    assert_true(reads_levels(ISV_LEVELS_MAX));
    assert_false(reads_levels(ISV_LEVELS_MAX + 1));
}

/* --- the set of advisories --- */

static void advisories_are_a_sorted_set(void **state)
{
    struct advisories set = { 0 };
    char name[ADVISORY_MAX_BYTES];

    (void)state;
    assert_true(advisories_add(&set, slice_text("B"), TCB_PLATFORM));
    assert_true(advisories_add(&set, slice_text("C"), TCB_PLATFORM));
    assert_true(advisories_add(&set, slice_text("A"), TCB_QE));
    assert_true(advisories_add(&set, slice_text("B"), TCB_MODULE));
    assert_int_equal(set.count, 3);
    assert_string_equal(set.names[0], "A");
    assert_string_equal(set.names[1], "B");
    assert_string_equal(set.names[2], "C");
    assert_int_equal(set.parts[0], TCB_QE);
    assert_int_equal(set.parts[1], TCB_PLATFORM | TCB_MODULE);
    assert_false(advisories_add(&set, slice_text(""), TCB_QE));
    assert_false(
        advisories_add(&set, slice_text("INTEL-SA-00001-00001-001"), TCB_QE));
    for (unsigned i = 3; i < ADVISORIES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "INTEL-SA-%05u", i);
        assert_true(advisories_add(&set, slice_text(name), TCB_QE));
    }
    assert_false(advisories_add(&set, slice_text("one more"), TCB_QE));
    assert_true(advisories_add(&set, slice_text("A"), TCB_PLATFORM));
}

static void statuses_have_intels_words(void **state)
{
    enum tcb_status s;

    (void)state;
    for (unsigned i = TCB_NONE + 1; i < TCB_STATUS_COUNT; i++) {
        const char *word = tcb_status_name((enum tcb_status)i);

        assert_true(tcb_status_parse(slice_text(word), &s));
        assert_int_equal(s, i);
    }
    assert_false(tcb_status_parse(slice_text(""), &s));
    assert_false(tcb_status_parse(slice_text("uptodate"), &s));
    assert_int_equal(s, TCB_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_pull_the_platform_down),
        cmocka_unit_test(a_relaunch_is_advised_where_it_mends),
        cmocka_unit_test(the_highest_level_that_is_reached_is_taken),
        cmocka_unit_test(levels_repeat_when_all_numbers_are_equal),
        cmocka_unit_test(one_number_decides_for_parts),
        cmocka_unit_test(levels_of_parts_are_read_strictly),
        cmocka_unit_test(the_number_of_levels_is_bounded),
        cmocka_unit_test(advisories_are_a_sorted_set),
        cmocka_unit_test(statuses_have_intels_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
