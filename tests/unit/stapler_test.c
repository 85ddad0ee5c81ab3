/* proxy/server/stapler.h: what is stapled, as time passes and sources change. */
#include "proxy/server/stapler.h"

#include "common/file.h"
#include "common/limits.h"
#include "tests/support/desk.h"

/* A stapler for the simulation that the bench serves. */
struct test {
    uv_loop_t loop;
    struct staple *staple;
    struct stapler *stapler;
    struct staple_choice choice;
    struct folder folder; /* with the root's file */
    char root[128];
    struct proof proof;
};

static int64_t now_ms(void)
{
    return bench.now * 1000;
}

static void open_stapler(struct test *t)
{
    const struct stapler_config config = { .choice = &t->choice,
                                           .staple = t->staple,
                                           .now_ms = now_ms };
    struct why why;

    CHECK_STATUS(stapler_open(&t->loop, &config, &t->stapler, &why), STATUS_OK);
}

static void begin(struct test *t)
{
    const struct collateral_source source = desk_pcs();
    const uint8_t report_data[64] = { 1 };
    struct slice root = sim_root_pem(bench.sim);
    struct why why;

    *t = (struct test){ 0 };
    assert_int_equal(uv_loop_init(&t->loop), 0);
    t->staple = staple_new();
    assert_non_null(t->staple);
    folder_make(&t->folder);
    (void)snprintf(t->root, sizeof(t->root), "%s/root", t->folder.path);
    CHECK_STATUS(file_replace(t->root, root, 0600, &why), STATUS_OK);
    t->choice.root_file = t->root;
    CHECK_STATUS(source_list_add(&t->choice.sources, &source, &why), STATUS_OK);
    proof_init(&t->proof);
    CHECK_STATUS(sim_quote(bench.sim, TEE_TDX, report_data, &t->proof.quote),
                 STATUS_OK);
    open_stapler(t);
}

static void finish(struct test *t)
{
    stapler_close(t->stapler);
    pcs_end(&t->loop);
    staple_choice_free(&t->choice);
    staple_free(t->staple);
    proof_fini(&t->proof);
    folder_remove(&t->folder);
}

static bool is_stapled(struct test *t)
{
    struct staple_set *set = staple_hold(t->staple);

    staple_let_go(set);
    return set != NULL;
}

/* Turn the loop until |item| was asked |count| times, and what that led to is
 * over. */
static void turn_until(struct test *t, const char *item, unsigned count)
{
    const uint64_t end = uv_hrtime() + 180000000000U;

    while (pcs_count(&bench.pcs, item) < count) {
        assert_true(uv_hrtime() < end);
        (void)uv_run(&t->loop, UV_RUN_NOWAIT);
    }
    while (uv_loop_alive(&t->loop)) {
        assert_true(uv_hrtime() < end);
        (void)uv_run(&t->loop, UV_RUN_ONCE);
    }
}

static void get_set(struct test *t)
{
    const unsigned before = pcs_count(&bench.pcs, "tcb");

    stapler_quote(t->stapler, &t->proof);
    turn_until(t, "tcb", before + 1);
    assert_true(is_stapled(t));
}

static void nothing_is_asked_before_there_is_a_quote(void **state)
{
    unsigned before = pcs_count(&bench.pcs, "all");
    struct test t;

    (void)state;
    begin(&t);
    stapler_tick(t.stapler);
    (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(bench_served(&before), 0);
    assert_false(is_stapled(&t));
    finish(&t);
}

static void a_quote_brings_the_set_of_its_platform(void **state)
{
    struct collateral_set set;
    struct staple_set *stapled;
    struct test t;

    (void)state;
    begin(&t);
    get_set(&t);
    sim_collateral(bench.sim, TEE_TDX, &set);
    stapled = staple_hold(t.staple);
    assert_true(slice_equal(stapled->items.item[0], set.tcb_info));
    assert_true(slice_equal(stapled->items.item[2], set.qe_identity));
    assert_true(slice_equal(stapled->items.item[4], set.pck_crl));
    assert_true(slice_equal(stapled->items.item[6], set.root_crl));
    assert_true(stapled->items.item[1].len > 0);
    assert_int_equal(stapled->vcek.len, 0);
    staple_let_go(stapled);
    finish(&t);
}

static void a_second_quote_asks_nobody(void **state)
{
    struct test t;
    unsigned before;

    (void)state;
    begin(&t);
    get_set(&t);
    before = pcs_count(&bench.pcs, "all");
    stapler_quote(t.stapler, &t.proof);
    turn_until(&t, "all", before);
    assert_int_equal(bench_served(&before), 0);
    assert_true(is_stapled(&t));
    finish(&t);
}

/* The last second is still good; the next one is not. */
static void what_is_held_is_stapled_up_to_its_last_second(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    get_set(&t);
    pcs_tell(&bench.pcs, "fault all status 500");
    for (int64_t day = 1; day < 30; day++) {
        bench.now = START + day * DAY;
        stapler_tick(t.stapler);
        assert_true(is_stapled(&t));
    }
    bench.now = LAST_SECOND;
    stapler_tick(t.stapler);
    assert_true(is_stapled(&t));
    bench.now = LAST_SECOND + 1;
    stapler_tick(t.stapler);
    assert_false(is_stapled(&t));
    turn_until(&t, "all", 0);
    assert_false(is_stapled(&t));
    /* The source is back, and an hour later it is asked. */
    pcs_tell(&bench.pcs, "clear");
    bench.now = LAST_SECOND + HOUR;
    bench_publish(NULL, bench.now);
    get_set(&t);
    finish(&t);
}

static void what_is_not_signed_well_is_not_stapled(void **state)
{
    static const char *const faults[] = { "fault tcb page", "fault qe swapped",
                                          "fault pckcrl swapped",
                                          "fault rootcrl page" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct test t;

        print_message("  %s\n", faults[i]);
        pcs_tell(&bench.pcs, "clear");
        pcs_tell(&bench.pcs, faults[i]);
        begin(&t);
        stapler_quote(t.stapler, &t.proof);
        turn_until(&t, "all", pcs_count(&bench.pcs, "all"));
        assert_false(is_stapled(&t));
        finish(&t);
    }
}

static void a_quote_that_is_none_staples_nothing(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    memset(t.proof.quote.at, 0xff, t.proof.quote.len);
    stapler_quote(t.stapler, &t.proof);
    turn_until(&t, "all", 0);
    assert_false(is_stapled(&t));
    finish(&t);
}

static void it_may_end_while_it_asks(void **state)
{
    struct test t;

    (void)state;
    begin(&t);
    stapler_quote(t.stapler, &t.proof);
    finish(&t);
}

static void a_root_that_is_not_there_is_said(void **state)
{
    struct staple_choice choice = { .root_file = "/nowhere/root" };
    const struct stapler_config config = { .choice = &choice,
                                           .now_ms = now_ms };
    struct stapler *s;
    uv_loop_t loop;
    struct why why;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    CHECK_STATUS(stapler_open(&loop, &config, &s, &why), STATUS_NO_FILE);
    assert_null(s);
    pcs_end(&loop);
}

/* --- staple.h ------------------------------------------------------------- */

static void what_is_too_much_for_an_announcement_is_refused(void **state)
{
    static uint8_t bytes[STAPLED_MAX_BYTES];
    struct session_stapled items = { 0 };
    struct staple *staple = staple_new();
    struct staple_set *set;

    (void)state;
    items.item[0] = slice_of(bytes, STAPLED_MAX_BYTES - 3);
    items.item[6] = slice_of(bytes, 2);
    CHECK_STATUS(staple_put(staple, &items, slice_of(bytes, 1)), STATUS_OK);
    CHECK_STATUS(staple_put(staple, &items, slice_of(bytes, 2)), STATUS_LIMIT);
    items.item[6].len = 4;
    CHECK_STATUS(staple_put(staple, &items, (struct slice){ 0 }), STATUS_LIMIT);
    set = staple_hold(staple); /* what was there stayed */
    assert_int_equal(set->items.item[0].len, STAPLED_MAX_BYTES - 3);
    assert_int_equal(set->vcek.len, 1);
    staple_clear(staple);
    assert_null(staple_hold(staple));
    assert_int_equal(set->items.item[6].len, 2); /* and lives on */
    staple_let_go(set);
    staple_free(staple);
}

/* --- staple_choice.h ------------------------------------------------------ */

static const struct {
    const char *text;
    enum source_kind kind;
    const char *url, *ca_file, *proxy; /* "" for none */
} good[] = {
    /* clang-format off */
    { "pcs", SOURCE_PCS, "", "", "" },
    { "kds", SOURCE_KDS, "", "", "" },
    { "pcs:https://a.test:1", SOURCE_PCS, "https://a.test:1", "", "" },
    { "kds:https://a.test/x", SOURCE_KDS, "https://a.test/x", "", "" },
    { "pccs:https://a.test", SOURCE_PCCS, "https://a.test", "", "" },
    { "https://a.test:8081", SOURCE_PCCS, "https://a.test:8081", "", "" },
    { "https://a.test,ca=/ca.pem", SOURCE_PCCS, "https://a.test", "/ca.pem", "" },
    { "pcs,proxy=http://p.test:1,ca=c", SOURCE_PCS, "", "c", "http://p.test:1" },
    /* clang-format on */
};

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static void sources_are_read(void **state)
{
    struct staple_choice c = { 0 };
    struct why why;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        const struct collateral_source *s = &c.sources.at[0];

        print_message("  %s\n", good[i].text);
        CHECK_STATUS(staple_choice_add(&c, good[i].text, &why), STATUS_OK);
        assert_int_equal(s->kind, good[i].kind);
        assert_string_equal(or_empty(s->url), good[i].url);
        assert_string_equal(or_empty(s->ca_file), good[i].ca_file);
        assert_string_equal(or_empty(s->proxy), good[i].proxy);
        staple_choice_free(&c);
    }
}

static void what_is_no_source_is_refused(void **state)
{
    static const char *const bad[] = {
        "",         "pccs",         "intel",      "http://a.test",
        "pcs:",     "kds:ftp://a",  "pcs,ca=",    "pcs,ca=a,ca=b",
        "pcs,cas=", "pcs,",         ",ca=a",      "store",
        "stapled",  "https://a b/", "pcs,proxy=", "https://u@a.test",
    };
    char too_long[4096];
    struct staple_choice c = { 0 };
    struct why why;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        print_message("  \"%s\"\n", bad[i]);
        CHECK_STATUS(staple_choice_add(&c, bad[i], &why), STATUS_BAD_CONFIG);
        assert_int_equal(c.sources.count, 0);
    }
    memset(too_long, 'a', sizeof(too_long) - 1);
    too_long[sizeof(too_long) - 1] = '\0';
    CHECK_STATUS(staple_choice_add(&c, too_long, &why), STATUS_BAD_CONFIG);
    for (size_t i = 0; i + 1 < COLLATERAL_SOURCES_MAX; i++)
        CHECK_STATUS(staple_choice_add(&c, "pcs", &why), STATUS_OK);
    CHECK_STATUS(staple_choice_add(&c, "pcs", &why), STATUS_BAD_CONFIG);
    staple_choice_free(&c);
}

int main(void)
{
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(what_is_too_much_for_an_announcement_is_refused),
        cmocka_unit_test(sources_are_read),
        cmocka_unit_test(what_is_no_source_is_refused),
        cmocka_unit_test(a_root_that_is_not_there_is_said),
    };
    const struct CMUnitTest served[] = {
        DESK_TEST(nothing_is_asked_before_there_is_a_quote),
        DESK_TEST(a_quote_brings_the_set_of_its_platform),
        DESK_TEST(a_second_quote_asks_nobody),
        DESK_TEST(what_is_held_is_stapled_up_to_its_last_second),
        DESK_TEST(what_is_not_signed_well_is_not_stapled),
        DESK_TEST(a_quote_that_is_none_staples_nothing),
        DESK_TEST(it_may_end_while_it_asks),
    };
    int failed = cmocka_run_group_tests(alone, NULL, NULL);

    if (!pcs_can_run())
        return failed != 0 ? failed : 77;
    return failed +
           cmocka_run_group_tests(served, bench_set_up, bench_tear_down);
}
