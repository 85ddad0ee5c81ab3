/* collateral: many who ask, its ends and its limits. */
#include "tests/support/desk.h"

#include "common/limits.h"

/* --- gathering ------------------------------------------------------------ */

static void what_it_gathers_verifies_a_quote(void **state)
{
    const uint8_t report_data[64] = { 7 };
    struct buffer quote = buffer_with_max(QUOTE_MAX_BYTES);
    struct verdict verdict;
    struct claims claims;
    struct verify_input in = { .now_unix = START };
    struct desk d;
    struct answer a;

    (void)state;
    desk_open(&d, NULL);
    a = desk_ask(&d, desk_pcs());
    assert_non_null(a.bundle);
    CHECK_STATUS(sim_quote(bench.sim, TEE_TDX, report_data, &quote), STATUS_OK);
    in.quote = buffer_view(&quote);
    in.collateral = &a.bundle->set;
    in.root_der = sim_root_pem(bench.sim);
    CHECK_STATUS(verify_quote(&in, &claims, &verdict), STATUS_OK);
    assert_int_equal(a.bundle->next_update_unix, LAST_SECOND);
    assert_non_null(
        strstr(a.bundle->items[ITEM_TCB_INFO]->origin, bench.pcs.url));
    assert_int_equal(a.bundle->items[ITEM_TCB_INFO]->fetched_unix, START);
    buffer_free(&quote);
    desk_forget(&a);
    desk_close(&d);
}

static void a_pccs_serves_as_well(void **state)
{
    struct collateral_source pccs = desk_pcs();
    struct desk d;

    (void)state;
    pccs.kind = SOURCE_PCCS;
    desk_open(&d, NULL);
    desk_expect(&d, pccs, STATUS_OK);
    desk_close(&d);
}

#define MANY 50

static void each_item_is_fetched_once_however_many_ask(void **state)
{
    const struct collateral_source source = desk_pcs();
    struct answer answers[MANY];
    unsigned before = 0;
    struct desk d;

    (void)state;
    (void)bench_served(&before);
    desk_open(&d, NULL);
    for (size_t i = 0; i < MANY; i++) {
        struct collateral_request r = desk_request(&source, 1, &answers[i]);

        (void)desk_get(&d, &r);
    }
    for (size_t i = 0; i < MANY; i++) {
        pcs_turn(&d.loop, &answers[i].done);
        assert_non_null(answers[i].bundle);
        assert_ptr_equal(answers[i].bundle, answers[0].bundle);
    }
    assert_int_equal(bench_served(&before), ITEM_COUNT);
    for (size_t i = 0; i < MANY; i++)
        desk_forget(&answers[i]);
    desk_expect(&d, source, STATUS_OK); /* from memory */
    assert_int_equal(bench_served(&before), 0);
    desk_close(&d);
}

static void platforms_share_what_they_can(void **state)
{
    const struct collateral_source source = desk_pcs();
    struct answer a;
    struct collateral_request r = desk_request(&source, 1, &a);
    unsigned before = 0;
    struct desk d;

    (void)state;
    desk_open(&d, NULL);
    desk_expect(&d, source, STATUS_OK);
    (void)bench_served(&before);
    r.platform.fmspc[0] = 0xff; /* unknown to the server */
    (void)desk_get(&d, &r);
    pcs_turn(&d.loop, &a.done);
    CHECK_STATUS(a.why.status, STATUS_NO_COLLATERAL);
    assert_string_equal(a.why.field, "tcb_info");
    assert_non_null(strstr(a.why.found, "HTTP 404"));
    assert_non_null(strstr(a.why.expected, "ff53494d0000"));
    desk_forget(&a);
    assert_int_equal(bench_served(&before),
                     0); /* 404 of a platform is not counted */
    r.platform.fmspc[0] = 0;
    r.platform.platform_ca = false; /* needs another PCK CRL, and only that */
    (void)desk_get(&d, &r);
    pcs_turn(&d.loop, &a.done);
    CHECK_STATUS(a.why.status, STATUS_MISMATCH);
    assert_string_equal(a.why.field, "pck_crl");
    assert_int_equal(bench_served(&before), 1);
    desk_forget(&a);
    desk_close(&d);
}

/* --- ends ----------------------------------------------------------------- */

static void who_cancels_is_not_told(void **state)
{
    const struct collateral_source source = desk_pcs();
    struct answer a, b;
    struct collateral_request first = desk_request(&source, 1, &a);
    struct collateral_request second = desk_request(&source, 1, &b);
    struct desk d;

    (void)state;
    desk_open(&d, NULL);
    collateral_cancel(desk_get(&d, &first));
    (void)desk_get(&d, &second);
    pcs_turn(&d.loop, &b.done);
    assert_non_null(b.bundle);
    desk_forget(&b);
    collateral_cancel(desk_get(&d, &first)); /* answered, but not told yet */
    (void)uv_run(&d.loop, UV_RUN_DEFAULT);
    assert_false(a.done);
    desk_close(&d);
}

static void who_waits_when_it_closes_is_told(void **state)
{
    static const char *const faults_of[] = { "clear", "fault all hang" };
    const struct collateral_source source = desk_pcs();
    struct folder store;

    (void)state;
    folder_make(&store);
    for (unsigned turns = 0; turns < 40; turns++) {
        struct answer a;
        struct collateral_request r = desk_request(&source, 1, &a);
        struct desk d;

        pcs_tell(&bench.pcs, faults_of[turns % 2]);
        desk_open(&d, turns % 3 == 0 ? NULL : store.path);
        (void)desk_get(&d, &r);
        for (unsigned i = 0; i < 50 * turns && !a.done; i++)
            (void)uv_run(&d.loop, UV_RUN_NOWAIT);
        desk_close(&d);
        assert_true(a.done);
        if (a.bundle == NULL)
            CHECK_STATUS(a.why.status, STATUS_SHUTTING_DOWN);
        desk_forget(&a);
    }
    folder_remove(&store);
}

struct closer {
    struct desk d;
    struct answer other;
    bool done;
    bool closed;
};

static void on_closed(void *ctx)
{
    struct closer *c = ctx;

    c->closed = true;
}

static void on_answer_close(void *ctx, struct bundle *bundle,
                            const struct why *why)
{
    const struct collateral_source source = desk_pcs();
    struct closer *c = ctx;
    struct collateral_request r = desk_request(&source, 1, &c->other);
    struct collateral_wait *w;
    struct why refused;

    (void)why;
    assert_non_null(bundle);
    (void)desk_get(&c->d, &r);
    collateral_close(c->d.engine, on_closed, c);
    assert_true(c->other.done);
    CHECK_STATUS(c->other.why.status, STATUS_SHUTTING_DOWN);
    CHECK_STATUS(collateral_get(c->d.engine, &r, &w, &refused),
                 STATUS_SHUTTING_DOWN);
    assert_null(w);
    c->done = true;
}

static void may_be_closed_from_an_answer(void **state)
{
    const struct collateral_source source = desk_pcs();
    struct closer c = { .done = false };
    struct collateral_request r = desk_request(&source, 1, &c.other);
    struct collateral_wait *w;
    struct why why;

    (void)state;
    desk_open(&c.d, NULL);
    r.done = on_answer_close;
    r.ctx = &c;
    CHECK_STATUS(collateral_get(c.d.engine, &r, &w, &why), STATUS_OK);
    pcs_turn(&c.d.loop, &c.done);
    pcs_end(&c.d.loop);
    assert_true(c.closed);
}

/* --- limits --------------------------------------------------------------- */

static void refuses_what_it_cannot_do(void **state)
{
    struct collateral_source source = { .kind = SOURCE_PCS,
                                        .url = "http://bench.pcs.example" };
    struct answer a;
    struct collateral_request r = desk_request(&source, 1, &a);
    struct collateral_wait *w;
    struct why why;
    struct desk d;

    (void)state;
    desk_open(&d, NULL);
    CHECK_STATUS(collateral_get(d.engine, &r, &w, &why), STATUS_BAD_CONFIG);
    r.source_count = 0;
    CHECK_STATUS(collateral_get(d.engine, &r, &w, &why), STATUS_BAD_CONFIG);
    r.platform.tee = TEE_SEV_SNP;
    CHECK_STATUS(collateral_get(d.engine, &r, &w, &why), STATUS_UNSUPPORTED);
    assert_null(w);
    assert_false(a.done);
    desk_close(&d);
}

static void refuses_a_store_that_cannot_be_made(void **state)
{
    const struct collateral_config config = { .store_dir = "/dev/null/x" };
    struct collateral *engine;
    uv_loop_t loop;
    struct why why;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    CHECK_STATUS(collateral_open(&loop, &config, NULL, &engine, &why),
                 STATUS_NO_FILE);
    assert_null(engine);
    pcs_end(&loop);
}

static void takes_so_many_requests_and_no_more(void **state)
{
    static struct answer answers[COLLATERAL_WAITS_MAX + 1];
    const struct collateral_source source = desk_dead();
    struct desk d;

    (void)state;
    desk_open(&d, NULL);
    for (size_t i = 0; i <= COLLATERAL_WAITS_MAX; i++) {
        struct collateral_request r = desk_request(&source, 1, &answers[i]);
        struct collateral_wait *w;
        struct why why;

        CHECK_STATUS(collateral_get(d.engine, &r, &w, &why),
                     i < COLLATERAL_WAITS_MAX ? STATUS_OK : STATUS_LIMIT);
    }
    for (size_t i = 0; i < COLLATERAL_WAITS_MAX; i++) {
        pcs_turn(&d.loop, &answers[i].done);
        CHECK_STATUS(answers[i].why.status, STATUS_REFUSED);
    }
    desk_close(&d);
}

static void makes_room_for_new_items_by_dropping_the_least_used(void **state)
{
    const struct collateral_source source = desk_pcs();
    unsigned before = 0;
    struct desk d;

    (void)state;
    desk_open(&d, NULL);
    desk_expect(&d, source, STATUS_OK);
    for (unsigned i = 1; i <= COLLATERAL_SLOTS_MAX; i++) {
        struct answer a;
        struct collateral_request r = desk_request(&source, 1, &a);

        r.platform.fmspc[4] = (uint8_t)(i >> 8);
        r.platform.fmspc[5] = (uint8_t)i;
        (void)desk_get(&d, &r);
        pcs_turn(&d.loop, &a.done);
        CHECK_STATUS(a.why.status, STATUS_NO_COLLATERAL);
    }
    (void)bench_served(&before);
    desk_expect(&d, source, STATUS_OK); /* what has an item is kept */
    assert_int_equal(bench_served(&before), 0);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(what_it_gathers_verifies_a_quote),
        DESK_TEST(a_pccs_serves_as_well),
        DESK_TEST(each_item_is_fetched_once_however_many_ask),
        DESK_TEST(platforms_share_what_they_can),
        DESK_TEST(who_cancels_is_not_told),
        DESK_TEST(who_waits_when_it_closes_is_told),
        DESK_TEST(may_be_closed_from_an_answer),
        DESK_TEST(refuses_what_it_cannot_do),
        DESK_TEST(refuses_a_store_that_cannot_be_made),
        DESK_TEST(takes_so_many_requests_and_no_more),
        DESK_TEST(makes_room_for_new_items_by_dropping_the_least_used),
    };

    if (!pcs_can_run())
        return 77;
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
