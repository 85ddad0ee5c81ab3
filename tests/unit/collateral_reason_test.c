/* collateral: what is told when an item is not to be had: one sentence, of the
 * first item in the order in which they are checked. */
#include "tests/support/desk.h"

#include "common/limits.h"

#define PURPOSE "the TCB info to judge quotes of tdx platform 0053494d0000"

/* How often |what| stands in |text|. */
static unsigned times(const char *text, const char *what)
{
    unsigned n = 0;

    for (const char *at = strstr(text, what); at != NULL;
         at = strstr(at + 1, what))
        n++;
    return n;
}

/* |from|: the source; "" if it is none's. */
static void check_sentence(const char *name, const struct why *why,
                           const char *from, const char *found,
                           const char *expected)
{
    char line[512];

    why_line(why, line, sizeof(line));
    /* OpenSSL has unexpected things, too. */
    if (times(line, ", expected ") != 1 || times(line, "found ") != 0 ||
        strstr(why->found, from) != why->found ||
        strstr(why->found, found) == NULL ||
        strstr(why->expected, expected) == NULL)
        fail_msg("%s: %s", name, line);
}

/* --- servers -------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *fault;
    const char *found;
    const char *expected;
} servers[] = {
    /* clang-format off */
    { "an HTTP status",  "fault tcb status 500", "HTTP 500", PURPOSE },
    { "a wrong type",    "fault tcb page",       "", PURPOSE },
    { "too large",       "fault tcb oversize 1048576", "too long", PURPOSE },
    { "no chain",        "fault tcb no-chain",   "issuer chain", PURPOSE },
    { "half of it",      "fault tcb cut",        "", PURPOSE },
    { "another answer",  "fault tcb swapped",    "", PURPOSE },
    { "two of several",  "fault all status 503", "HTTP 503", PURPOSE },
    /* clang-format on */
};

static void a_server_is_blamed_in_one_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(servers); i++) {
        struct desk d;
        struct answer a;

        pcs_tell(&bench.pcs, "clear");
        pcs_tell(&bench.pcs, servers[i].fault);
        desk_open(&d, NULL);
        a = desk_ask(&d, desk_pcs());
        assert_string_equal(a.why.field, "tcb_info");
        check_sentence(servers[i].name, &a.why, bench.pcs.url, servers[i].found,
                       servers[i].expected);
        desk_forget(&a);
        desk_close(&d);
    }
}

static void the_first_item_in_the_order_of_the_checks_is_told(void **state)
{
    static const char *const faults[] = {
        "fault rootcrl status 404",
        "fault pckcrl status 404",
        "fault qe status 404",
        "fault tcb slow 0.2",
    };
    struct desk d;
    struct answer a;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++)
        pcs_tell(&bench.pcs, faults[i]);
    desk_open(&d, NULL);
    a = desk_ask(&d, desk_pcs());
    assert_string_equal(a.why.field, "qe_identity"); /* the slow one came */
    desk_forget(&a);
    desk_close(&d);
    pcs_tell(&bench.pcs, "fault tcb status 404");
    desk_open(&d, NULL);
    a = desk_ask(&d, desk_pcs());
    assert_string_equal(a.why.field, "tcb_info"); /* although it came last */
    desk_forget(&a);
    desk_close(&d);
}

/* --- what is stapled ------------------------------------------------------ */

static void a_bad_signature_is_said_so(void **state)
{
    struct collateral_set set;
    struct desk d;
    struct answer a;
    uint8_t *bent;

    (void)state;
    sim_collateral(bench.sim, TEE_TDX, &set);
    bent = malloc(set.tcb_info.len);
    assert_non_null(bent);
    memcpy(bent, set.tcb_info.at, set.tcb_info.len);
    for (size_t at = 0; at + 4 < set.tcb_info.len; at++)
        if (memcmp(bent + at, "\"svn\":", 6) == 0) {
            bent[at + 6] ^= 1;
            break;
        }
    set.tcb_info = slice_of(bent, set.tcb_info.len);
    desk_open(&d, NULL);
    a = desk_ask_all(&d, &desk_stapled, 1, &set);
    CHECK_STATUS(a.why.status, STATUS_BAD_SIGNATURE);
    check_sentence("signature", &a.why, "stapled: ", "signature", PURPOSE);
    desk_forget(&a);
    desk_close(&d);
    free(bent);
}

static void an_end_is_said_with_both_times(void **state)
{
    struct collateral_set set;
    struct desk d;
    struct answer a;

    (void)state;
    sim_collateral(bench.sim, TEE_TDX, &set);
    bench.now = LAST_SECOND + 1;
    desk_open(&d, NULL);
    a = desk_ask_all(&d, &desk_stapled, 1, &set);
    CHECK_STATUS(a.why.status, STATUS_EXPIRED);
    check_sentence("expired", &a.why, "stapled: ", "2027-", "in " PURPOSE);
    desk_forget(&a);
    desk_close(&d);
}

/* --- what was seen before ------------------------------------------------- */

static void a_rollback_is_said_with_both_times(void **state)
{
    struct folder store;
    struct desk d;
    struct answer a;

    (void)state;
    folder_make(&store);
    desk_open(&d, store.path);
    desk_expect(&d, desk_pcs(), STATUS_OK);
    desk_close(&d);
    bench_publish(NULL, START - HOUR);
    desk_open(&d, store.path);
    a = desk_ask(&d, desk_pcs());
    CHECK_STATUS(a.why.status, STATUS_ROLLBACK);
    check_sentence("rollback", &a.why, bench.pcs.url, "issued 20",
                   "or later, as seen before, in " PURPOSE);
    desk_forget(&a);
    desk_close(&d);
    bench_publish(NULL, START);
    folder_remove(&store);
}

static void a_clock_is_said_to_be_wrong(void **state)
{
    struct folder store;
    struct desk d;
    struct answer a;

    (void)state;
    folder_make(&store);
    desk_open(&d, store.path);
    desk_expect(&d, desk_pcs(), STATUS_OK);
    bench.now = START - DAY - CLOCK_SKEW_SECONDS - 1;
    a = desk_ask(&d, desk_pcs());
    CHECK_STATUS(a.why.status, STATUS_NOT_YET);
    assert_string_equal(a.why.field, "clock");
    check_sentence("clock", &a.why, "", "this machine's clock says",
                   "or later: a tcb_info was issued then");
    desk_forget(&a);
    desk_close(&d);
    folder_remove(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(a_server_is_blamed_in_one_sentence),
        DESK_TEST(the_first_item_in_the_order_of_the_checks_is_told),
        DESK_TEST(a_bad_signature_is_said_so),
        DESK_TEST(an_end_is_said_with_both_times),
        DESK_TEST(a_rollback_is_said_with_both_times),
        DESK_TEST(a_clock_is_said_to_be_wrong),
    };

    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
