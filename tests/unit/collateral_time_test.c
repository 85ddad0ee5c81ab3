/* collateral: the store, the last second, what is newer and what is older. */
#include "tests/support/desk.h"

#include "common/file.h"
#include "common/limits.h"

/* --- store and time ------------------------------------------------------- */

static void what_is_stored_is_good_to_its_last_second(void **state)
{
    struct folder store;
    struct desk d;
    struct answer a;

    (void)state;
    folder_make(&store);
    desk_open(&d, store.path);
    desk_expect(&d, desk_pcs(), STATUS_OK);
    desk_close(&d);
    assert_int_equal(folder_count(&store), ITEM_COUNT);
    bench.now = LAST_SECOND;
    desk_open(&d, store.path); /* another process, without a network */
    desk_expect(&d, desk_store, STATUS_OK);
    bench.now++;
    a = desk_ask(&d, desk_store);
    CHECK_STATUS(a.why.status, STATUS_EXPIRED);
    assert_memory_equal(a.why.found, "store: ", 7);
    desk_forget(&a);
    desk_close(&d);
    desk_open(&d, store.path);
    desk_expect(&d, desk_store, STATUS_EXPIRED);
    desk_close(&d);
    folder_remove(&store);
}

/* What |bundle| is for, now. */
static enum status verify_by(const struct bundle *bundle)
{
    struct buffer quote = buffer_with_max(QUOTE_MAX_BYTES);
    const uint8_t report_data[64] = { 1 };
    struct verify_input in = { .collateral = &bundle->set,
                               .root_der = sim_root_pem(bench.sim),
                               .now_unix = bench.now };
    struct verdict verdict;
    struct claims claims;
    enum status st;

    CHECK_STATUS(sim_quote(bench.sim, TEE_TDX, report_data, &quote), STATUS_OK);
    in.quote = buffer_view(&quote);
    st = verify_quote(&in, &claims, &verdict);
    buffer_free(&quote);
    return st;
}

/* A day of which every quarter of an hour somebody asks. */
static void a_dead_server_is_not_missed_while_items_are_good(void **state)
{
    struct bundle *last;
    struct collateral_source sources[] = { desk_store, desk_pcs() };
    struct folder store;
    struct desk d;
    struct answer a;

    (void)state;
    folder_make(&store);
    desk_open(&d, store.path);
    a = desk_ask_all(&d, sources, 2, NULL);
    assert_non_null(a.bundle);
    desk_forget(&a);
    pcs_tell(&bench.pcs, "fault all drop");
    for (bench.now = LAST_SECOND - 24 * HOUR; bench.now <= LAST_SECOND;
         bench.now += 15 * 60) {
        collateral_tick(d.engine);
        a = desk_ask_all(&d, sources, 2, NULL);
        assert_non_null(a.bundle);
        CHECK_STATUS(verify_by(a.bundle), STATUS_OK);
        desk_forget(&a);
        (void)uv_run(&d.loop, UV_RUN_DEFAULT); /* the failing refresh */
    }
    bench.now = LAST_SECOND;
    a = desk_ask_all(&d, sources, 2, NULL);
    assert_non_null(a.bundle);
    last = bundle_ref(a.bundle);
    desk_forget(&a);
    bench.now = LAST_SECOND + 1; /* also for who has held it since */
    CHECK_STATUS(verify_by(last), STATUS_EXPIRED);
    bundle_unref(last);
    a = desk_ask_all(&d, sources, 2, NULL);
    CHECK_STATUS(a.why.status, STATUS_CUT);
    assert_non_null(strstr(a.why.found, bench.pcs.url));
    desk_forget(&a);
    desk_close(&d);
    folder_remove(&store);
}

static void expired_answers_are_refused(void **state)
{
    struct desk d;
    struct answer a;

    (void)state;
    bench.now = LAST_SECOND + 1;
    desk_open(&d, NULL);
    a = desk_ask(&d, desk_pcs());
    CHECK_STATUS(a.why.status, STATUS_EXPIRED);
    assert_non_null(strstr(a.why.found, bench.pcs.url));
    desk_forget(&a);
    desk_close(&d);
}

static void broken_files_are_replaced(void **state)
{
    static const char *const names[] = { "tcb_info-tdx-0053494d0000",
                                         "qe_identity-tdx" };
    struct want w;
    struct collateral_source sources[] = { desk_store, desk_pcs() };
    struct answer a;
    struct collateral_request r = desk_request(sources, 2, &a);
    struct folder store;
    unsigned before = 0;
    struct desk d;

    (void)state;
    folder_make(&store);
    desk_open(&d, store.path);
    desk_expect(&d, desk_pcs(), STATUS_OK);
    desk_close(&d);
    for (enum collateral_item i = ITEM_TCB_INFO; i <= ITEM_QE_IDENTITY; i++) {
        char name[WANT_NAME_ROOM], path[256];
        struct why why;

        w = want_of(i, &r.platform, &r.update, r.root_der);
        want_name(&w, name);
        assert_memory_equal(name, names[i], strlen(names[i]));
        (void)snprintf(path, sizeof(path), "%s/%s", store.path, name);
        CHECK_STATUS(file_replace(path, slice_text("veritee-collateral 1\n"),
                                  0600, &why),
                     STATUS_OK);
    }
    (void)bench_served(&before);
    desk_open(&d, store.path);
    (void)desk_get(&d, &r);
    pcs_turn(&d.loop, &a.done);
    assert_non_null(a.bundle);
    assert_int_equal(bench_served(&before), 2);
    desk_forget(&a);
    desk_close(&d);
    desk_open(&d, store.path);
    desk_expect(&d, desk_store, STATUS_OK);
    desk_close(&d);
    folder_remove(&store);
}

/* --- newer and older ------------------------------------------------------ */

static void newer_items_are_fetched_in_the_background(void **state)
{
    unsigned count;
    struct desk d;
    struct answer old, same, newer;

    (void)state;
    desk_open(&d, NULL);
    old = desk_ask(&d, desk_pcs());
    count = pcs_count(&bench.pcs, "tcb");
    bench.now += 6 * HOUR;
    collateral_tick(d.engine);
    (void)uv_run(&d.loop, UV_RUN_DEFAULT);
    assert_int_equal(pcs_count(&bench.pcs, "tcb"), count); /* not due */
    bench.now += 2 * HOUR;
    collateral_tick(d.engine);
    desk_turn_until(&d, "tcb", count + 1);
    same = desk_ask(&d, desk_pcs());
    assert_ptr_equal(same.bundle, old.bundle); /* nothing new */
    assert_int_equal(d.changes, 0);
    bench_publish(NULL, bench.now);
    bench.now += 8 * HOUR;
    collateral_tick(d.engine);
    desk_turn_until(&d, "tcb", count + 2);
    newer = desk_ask(&d, desk_pcs());
    assert_true(newer.bundle != NULL && newer.bundle != old.bundle);
    assert_true(d.changes > 0);
    assert_int_equal(newer.bundle->next_update_unix,
                     START + 8 * HOUR + 30 * DAY);
    assert_int_equal(old.bundle->next_update_unix, LAST_SECOND);
    desk_forget(&old);
    desk_forget(&same);
    desk_forget(&newer);
    desk_close(&d);
}

static void what_nobody_uses_is_not_refreshed(void **state)
{
    unsigned before = 0;
    struct desk d;

    (void)state;
    desk_open(&d, NULL);
    desk_expect(&d, desk_pcs(), STATUS_OK);
    (void)bench_served(&before);
    bench.now += 8 * DAY;
    collateral_tick(d.engine);
    (void)uv_run(&d.loop, UV_RUN_DEFAULT);
    assert_int_equal(bench_served(&before), 0);
    desk_close(&d);
}

static void older_items_are_refused(void **state)
{
    static const struct {
        const char *name;
        int64_t issued;
        uint32_t number;
        const char *field;
    } cases[] = {
        { "issued earlier", START - 1, 18, "issue_date" },
        { "with a lower number", START + 1, 17, "evaluation_number" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim_options options;
        struct folder store;
        struct desk d;
        struct answer kept, a;

        print_message("  %s\n", cases[i].name);
        bench_publish(NULL, START);
        folder_make(&store);
        desk_open(&d, store.path);
        bench.now = START;
        kept = desk_ask(&d, desk_pcs());
        assert_non_null(kept.bundle);
        sim_options_default(&options);
        options.tcb_evaluation_number = cases[i].number;
        bench_publish(&options, cases[i].issued);

        bench.now += 9 * HOUR; /* in the background: what is had stays */
        collateral_tick(d.engine);
        (void)uv_run(&d.loop, UV_RUN_DEFAULT);
        a = desk_ask(&d, desk_pcs());
        assert_ptr_equal(a.bundle->items[ITEM_TCB_INFO],
                         kept.bundle->items[ITEM_TCB_INFO]);
        desk_forget(&a);
        desk_close(&d);

        desk_open(&d, store.path); /* the store remembers, if not asked for */
        a = desk_ask(&d, desk_pcs());
        CHECK_STATUS(a.why.status, STATUS_ROLLBACK);
        assert_non_null(strstr(a.why.found, bench.pcs.url));
        desk_forget(&a);
        bench.now = START + 31 * DAY; /* also when what it has is expired */
        bench_publish(&options, bench.now - START + cases[i].issued - 31 * DAY);
        a = desk_ask(&d, desk_pcs());
        assert_null(a.bundle);
        desk_forget(&a);
        desk_forget(&kept);
        desk_close(&d);
        folder_remove(&store);
    }
}

static void a_clock_behind_what_was_issued_is_said_and_refused(void **state)
{
    struct folder store;
    struct desk d;
    struct answer a;

    (void)state;
    folder_make(&store);
    desk_open(&d, store.path);
    desk_expect(&d, desk_pcs(), STATUS_OK);
    bench.now = START - DAY - CLOCK_SKEW_SECONDS;
    a = desk_ask(&d, desk_pcs());
    assert_true(a.bundle != NULL); /* within what a clock may be wrong */
    desk_forget(&a);
    bench.now--;
    for (unsigned engine = 0; engine < 2; engine++) {
        a = desk_ask(&d, desk_pcs());
        CHECK_STATUS(a.why.status, STATUS_NOT_YET);
        assert_string_equal(a.why.field, "clock");
        desk_forget(&a);
        desk_close(&d);
        desk_open(&d, store.path); /* another finds it in the store */
    }
    desk_close(&d);
    folder_remove(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(what_is_stored_is_good_to_its_last_second),
        DESK_TEST(a_dead_server_is_not_missed_while_items_are_good),
        DESK_TEST(expired_answers_are_refused),
        DESK_TEST(broken_files_are_replaced),
        DESK_TEST(newer_items_are_fetched_in_the_background),
        DESK_TEST(what_nobody_uses_is_not_refreshed),
        DESK_TEST(older_items_are_refused),
        DESK_TEST(a_clock_behind_what_was_issued_is_said_and_refused),
    };

    if (!pcs_can_run())
        return 77;
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
