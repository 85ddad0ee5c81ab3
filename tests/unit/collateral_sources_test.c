/* collateral: what servers do, and what is stapled. */
#include "tests/support/desk.h"

#include "collateral/pace.h"
#include "common/limits.h"

/* --- what servers do ------------------------------------------------------ */

static const struct {
    const char *name;
    const char *fault;
    enum status want;
    const char *words; /* in |why.found| */
} faults[] = {
    /* clang-format off */
    { "plain chains",           "fault all plain",        STATUS_OK, "" },
    { "old header names",       "fault all old-name",     STATUS_OK, "" },
    { "lists in hexadecimal",   "fault all encoding hex", STATUS_OK, "" },
    { "lists in PEM",           "fault all encoding pem", STATUS_OK, "" },
    { "lists in DER",           "fault all encoding der", STATUS_OK, "" },
    { "a slow server",          "fault all slow 0.2",     STATUS_OK, "" },
    { "an unknown platform",    "fault tcb status 404",   STATUS_NO_COLLATERAL, "HTTP 404" },
    { "a broken server",        "fault qe status 500",    STATUS_NO_COLLATERAL, "HTTP 500" },
    { "a busy server",          "fault pckcrl status 429 5", STATUS_NO_COLLATERAL, "HTTP 429" },
    { "a redirect",             "fault tcb redirect https://127.0.0.1:1/", STATUS_NO_COLLATERAL, "HTTP 302" },
    { "a sign-in page",         "fault tcb page",         STATUS_BAD_JSON, "" },
    { "a page for a list",      "fault pckcrl page",      STATUS_BAD_CRL, "neither" },
    { "no chain",               "fault tcb no-chain",     STATUS_BAD_CERT, "issuer chain" },
    { "a chain encoded twice",  "fault qe twice",         STATUS_BAD_CERT, "issuer chain" },
    { "half an answer",         "fault rootcrl cut",      STATUS_CUT, "" },
    { "no answer",              "fault tcb drop",         STATUS_CUT, "" },
    { "silence",                "fault tcb hang",         STATUS_TIMED_OUT, "" },
    { "too long an answer",     "fault tcb oversize 1048576", STATUS_LIMIT, "too long" },
    { "spaces behind the JSON", "fault tcb oversize 3",   STATUS_OK, "" },
    { "bytes behind a list",    "fault pckcrl oversize 3", STATUS_BAD_CRL, "" },
    /* clang-format on */
};

static void says_what_a_server_did(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct desk d;
        struct answer a;

        print_message("  %s\n", faults[i].name);
        pcs_tell(&bench.pcs, "clear");
        pcs_tell(&bench.pcs, faults[i].fault);
        desk_open(&d, NULL);
        a = desk_ask(&d, desk_pcs());
        CHECK_STATUS(a.why.status, faults[i].want);
        if (faults[i].want != STATUS_OK) {
            assert_non_null(strstr(a.why.found, bench.pcs.url));
            assert_non_null(strstr(a.why.found, faults[i].words));
            assert_true(a.why.expected[0] != '\0');
        }
        desk_forget(&a);
        desk_close(&d);
    }
}

static void answers_to_other_questions_are_refused(void **state)
{
    static const char *const items[] = { "tcb", "qe", "pckcrl", "rootcrl" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        char fault[64];
        struct desk d;
        struct answer a;

        pcs_tell(&bench.pcs, "clear");
        (void)snprintf(fault, sizeof(fault), "fault %s swapped", items[i]);
        pcs_tell(&bench.pcs, fault);
        desk_open(&d, NULL);
        a = desk_ask(&d, desk_pcs());
        assert_null(a.bundle);
        assert_non_null(strstr(a.why.found, bench.pcs.url));
        desk_forget(&a);
        desk_close(&d);
    }
}

/* All are signed well, and would make every verification fail if kept. */
static void items_of_another_platform_are_refused(void **state)
{
    static const struct {
        const char *name;
        uint8_t fmspc;
        bool processor_ca;
        enum tee_type tee;
        const char *words;
    } cases[] = {
        { "another FMSPC", 0xff, false, TEE_TDX, "collateral.fmspc" },
        { "another CA", 0x00, true, TEE_TDX, "collateral.ca" },
        { "another TEE", 0x00, false, TEE_SGX, "collateral.tee" },
    };
    const struct collateral_source sources[] = { desk_stapled, desk_pcs() };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim_options options;
        struct collateral_set set;
        struct sim *other;
        struct answer a;
        struct desk d;
        struct why why;

        print_message("  %s\n", cases[i].name);
        sim_options_default(&options);
        options.tcb_fmspc[0] = cases[i].fmspc;
        options.processor_ca = cases[i].processor_ca;
        CHECK_STATUS(sim_renew(bench.sim, &options, START, &other, &why),
                     STATUS_OK);
        sim_collateral(other, cases[i].tee, &set);
        desk_open(&d, NULL);
        a = desk_ask_all(&d, sources, 1, &set);
        CHECK_STATUS(a.why.status, STATUS_MISMATCH);
        assert_non_null(strstr(a.why.found, cases[i].words));
        desk_forget(&a);
        a = desk_ask_all(&d, sources, 2, &set);
        assert_non_null(a.bundle); /* and nothing of it was kept */
        desk_forget(&a);
        desk_close(&d);
        sim_free(other);
    }
}

static void items_under_another_root_are_refused(void **state)
{
    struct collateral_source source = desk_pcs();
    struct answer a;
    struct collateral_request r = desk_request(&source, 1, &a);
    struct sim *other;
    struct why why;
    struct desk d;

    (void)state;
    desk_open(&d, NULL);
    desk_expect(&d, source, STATUS_OK);
    CHECK_STATUS(sim_new(NULL, START, &other, &why), STATUS_OK);
    r.root_der = sim_root_pem(other);
    (void)desk_get(&d, &r);
    pcs_turn(&d.loop, &a.done);
    assert_null(a.bundle);
    assert_int_equal(status_class(a.why.status), CLASS_EVIDENCE);
    sim_free(other);
    desk_forget(&a);
    r = desk_request(&source, 1, &a);
    r.root_der = (struct slice){ 0 }; /* Intel's */
    (void)desk_get(&d, &r);
    pcs_turn(&d.loop, &a.done);
    assert_null(a.bundle);
    desk_forget(&a);
    desk_close(&d);
}

static void the_next_source_is_asked_when_one_fails(void **state)
{
    const struct collateral_source sources[] = { desk_dead(), desk_pcs() };
    struct desk d;
    struct answer a;

    (void)state;
    desk_open(&d, NULL);
    a = desk_ask_all(&d, sources, 2, NULL);
    assert_non_null(a.bundle);
    desk_forget(&a);
    desk_close(&d);
}

static void a_source_that_failed_is_left_alone_for_a_while(void **state)
{
    unsigned before = 0;
    struct desk d;
    struct answer first, second;

    (void)state;
    pcs_tell(&bench.pcs, "fault tcb status 429 30");
    (void)bench_served(&before);
    desk_open(&d, NULL);
    first = desk_ask(&d, desk_pcs());
    CHECK_STATUS(first.why.status, STATUS_NO_COLLATERAL);
    desk_turn_until(&d, "tcb",
                    pcs_count(&bench.pcs, "tcb")); /* and the others */
    (void)bench_served(&before);
    bench.now += 29;
    second = desk_ask(&d, desk_pcs());
    assert_int_equal(bench_served(&before), 0);
    assert_string_equal(second.why.found, first.why.found);
    pcs_tell(&bench.pcs, "clear");
    bench.now += 1;
    desk_expect(&d, desk_pcs(), STATUS_OK);
    assert_int_equal(bench_served(&before), 1);
    desk_forget(&first);
    desk_forget(&second);
    desk_close(&d);
}

/* --- stapled -------------------------------------------------------------- */

static void what_is_stapled_needs_no_server(void **state)
{
    const struct collateral_source sources[] = { desk_stapled, desk_pcs() };
    struct collateral_set set;
    unsigned before = 0;
    struct desk d;
    struct answer a;

    (void)state;
    sim_collateral(bench.sim, TEE_TDX, &set);
    (void)bench_served(&before);
    desk_open(&d, NULL);
    a = desk_ask_all(&d, sources, 2, &set);
    assert_non_null(a.bundle);
    assert_string_equal(a.bundle->items[ITEM_PCK_CRL]->origin, "stapled");
    assert_int_equal(bench_served(&before), 0);
    desk_forget(&a);
    desk_close(&d);
}

/* A day-old set is stapled, which is still good; the server has today's. */
static struct answer ask_with_old_set(struct desk *d,
                                      const struct collateral_source *sources,
                                      size_t count)
{
    struct collateral_set set;
    struct answer a;

    desk_open(d, NULL);
    sim_collateral(bench.sim, TEE_TDX, &set);
    bench.now = START + DAY;
    bench_publish(NULL, bench.now);
    a = desk_ask_all(d, sources, count, &set);
    CHECK_STATUS(a.why.status, STATUS_OK);
    assert_int_equal(a.bundle->next_update_unix, LAST_SECOND);
    return a;
}

static void what_is_stapled_is_asked_about_at_once(void **state)
{
    const struct collateral_source sources[] = { desk_stapled, desk_pcs() };
    unsigned before = pcs_count(&bench.pcs, "all"), tcb, qe, crl, root;
    struct answer old, newer;
    struct desk d;

    (void)state;
    tcb = pcs_count(&bench.pcs, "tcb");
    qe = pcs_count(&bench.pcs, "qe");
    crl = pcs_count(&bench.pcs, "pckcrl");
    root = pcs_count(&bench.pcs, "rootcrl");
    old = ask_with_old_set(&d, sources, COUNT_OF(sources));
    assert_int_equal(bench_served(&before), 0); /* nobody waited for it */
    bench.now += PACE_CONFIRM_MAX_SECONDS;
    collateral_tick(d.engine);
    collateral_tick(d.engine); /* which asks for nothing twice */
    desk_turn_until(&d, "tcb", tcb + 1);
    desk_turn_until(&d, "qe", qe + 1);
    desk_turn_until(&d, "pckcrl", crl + 1);
    desk_turn_until(&d, "rootcrl", root + 1);
    assert_int_equal(bench_served(&before), 4);
    assert_true(d.changes > 0); /* who relied on the old one is judged again */
    newer = desk_ask_all(&d, sources, COUNT_OF(sources), NULL);
    assert_int_equal(newer.bundle->next_update_unix, START + 31 * DAY);
    bench.now += HOUR; /* from here on, in the usual time */
    collateral_tick(d.engine);
    (void)uv_run(&d.loop, UV_RUN_DEFAULT);
    assert_int_equal(bench_served(&before), 0);
    desk_forget(&old);
    desk_forget(&newer);
    desk_close(&d);
}

static void what_is_stapled_stands_while_no_service_answers(void **state)
{
    const struct collateral_source sources[] = { desk_stapled, desk_pcs() };
    unsigned tcb = pcs_count(&bench.pcs, "tcb"), before;
    struct answer old, same;
    struct desk d;

    (void)state;
    pcs_tell(&bench.pcs, "fault all status 500");
    old = ask_with_old_set(&d, sources, COUNT_OF(sources));
    bench.now += PACE_CONFIRM_MAX_SECONDS;
    collateral_tick(d.engine);
    desk_turn_until(&d, "tcb", tcb + 1);
    (void)uv_run(&d.loop, UV_RUN_DEFAULT);
    same = desk_ask_all(&d, sources, COUNT_OF(sources), NULL);
    assert_ptr_equal(same.bundle, old.bundle);
    assert_int_equal(d.changes, 0);
    before = pcs_count(&bench.pcs, "all");
    collateral_tick(d.engine); /* too early to ask again */
    (void)uv_run(&d.loop, UV_RUN_DEFAULT);
    assert_int_equal(bench_served(&before), 0);
    desk_forget(&old);
    desk_forget(&same);
    desk_close(&d);
}

static void what_is_stapled_badly_is_fetched(void **state)
{
    const struct collateral_source sources[] = { desk_stapled, desk_pcs() };
    struct collateral_set set;
    unsigned before = 0;
    struct desk d;
    struct answer a;

    (void)state;
    sim_collateral(bench.sim, TEE_TDX, &set);
    set.tcb_info = slice_text("{\"tcbInfo\":{}}");
    set.root_crl = (struct slice){ 0 };
    (void)bench_served(&before);
    desk_open(&d, NULL);
    a = desk_ask_all(&d, sources, 2, &set);
    assert_non_null(a.bundle);
    assert_int_equal(bench_served(&before), 2);
    assert_string_equal(a.bundle->items[ITEM_QE_IDENTITY]->origin, "stapled");
    desk_forget(&a);
    desk_close(&d);
}

static void what_is_stapled_counts_only_where_it_is_named(void **state)
{
    const struct collateral_source last[] = { desk_dead(), desk_stapled };
    struct collateral_set set;
    struct desk d;
    struct answer a;

    (void)state;
    sim_collateral(bench.sim, TEE_TDX, &set);
    desk_open(&d, NULL);
    a = desk_ask_all(&d, last, 1, &set);
    CHECK_STATUS(a.why.status, STATUS_REFUSED);
    desk_forget(&a);
    a = desk_ask_all(&d, last, 2, &set);
    assert_non_null(a.bundle);
    desk_forget(&a);
    desk_close(&d);
}

/* The second comes with good items while the first, whose own were bad, waits
 * for a server that will fail. */
static void late_stapled_items_serve_all_who_wait(void **state)
{
    const struct collateral_source sources[] = { desk_stapled, desk_pcs() };
    struct collateral_set bad = { 0 }, good;
    struct answer a, b;
    struct collateral_request first = desk_request(sources, 2, &a);
    struct collateral_request second = desk_request(sources, 2, &b);
    unsigned count = pcs_count(&bench.pcs, "tcb");
    struct desk d;

    (void)state;
    sim_collateral(bench.sim, TEE_TDX, &good);
    bad.tcb_info = slice_text("nonsense");
    pcs_tell(&bench.pcs, "fault all slow 1");
    pcs_tell(&bench.pcs, "fault all status 500");
    first.stapled = &bad;
    second.stapled = &good;
    desk_open(&d, NULL);
    (void)desk_get(&d, &first);
    while (pcs_count(&bench.pcs, "tcb") == count)
        (void)uv_run(&d.loop, UV_RUN_NOWAIT);
    (void)desk_get(&d, &second);
    pcs_turn(&d.loop, &a.done);
    pcs_turn(&d.loop, &b.done);
    assert_non_null(a.bundle);
    assert_ptr_equal(a.bundle, b.bundle);
    desk_forget(&a);
    desk_forget(&b);
    desk_close(&d);
}

static void stapled_items_over_the_limit_are_not_looked_at(void **state)
{
    const size_t len = COLLATERAL_MAX_BYTES + 1;
    struct collateral_set set = { .tcb_info = { calloc(1, len), len } };
    struct desk d;
    struct answer a;

    (void)state;
    assert_non_null(set.tcb_info.at);
    desk_open(&d, NULL);
    a = desk_ask_all(&d, &desk_stapled, 1, &set);
    CHECK_STATUS(a.why.status, STATUS_NO_COLLATERAL);
    desk_forget(&a);
    desk_close(&d);
    free((uint8_t *)set.tcb_info.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(says_what_a_server_did),
        DESK_TEST(answers_to_other_questions_are_refused),
        DESK_TEST(items_of_another_platform_are_refused),
        DESK_TEST(items_under_another_root_are_refused),
        DESK_TEST(the_next_source_is_asked_when_one_fails),
        DESK_TEST(a_source_that_failed_is_left_alone_for_a_while),
        DESK_TEST(what_is_stapled_needs_no_server),
        DESK_TEST(what_is_stapled_is_asked_about_at_once),
        DESK_TEST(what_is_stapled_stands_while_no_service_answers),
        DESK_TEST(what_is_stapled_badly_is_fetched),
        DESK_TEST(what_is_stapled_counts_only_where_it_is_named),
        DESK_TEST(late_stapled_items_serve_all_who_wait),
        DESK_TEST(stapled_items_over_the_limit_are_not_looked_at),
    };

    if (!pcs_can_run())
        return 77;
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
