/* collateral: each allocation fails once. Nothing leaks, nobody is left
 * waiting, and nothing but a whole bundle is an answer. */
#include "tests/support/desk.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret.h"
#include "tests/support/alloc.h"

struct scene {
    const struct collateral_source *sources;
    size_t count;
    const struct collateral_set *stapled;
    const char *store_dir; /* NULL: none */
};

/* One request from open to close. */
static enum status play(const struct scene *scene)
{
    struct answer a;
    struct collateral_request r =
        desk_request(scene->sources, scene->count, &a);
    struct collateral_wait *w;
    enum status st;
    struct why why;
    struct desk d;

    r.stapled = scene->stapled;
    st = desk_try_open(&d, scene->store_dir, &why);
    if (st != STATUS_OK) {
        pcs_end(&d.loop);
        return st;
    }
    st = collateral_get(d.engine, &r, &w, &why);
    if (st == STATUS_OK) {
        pcs_turn(&d.loop, &a.done);
        st = a.why.status;
        assert_int_equal(a.bundle != NULL, st == STATUS_OK);
    }
    desk_forget(&a);
    desk_close(&d);
    return st;
}

struct numbers_answer {
    bool done;
    enum status status;
};

static void on_numbers(void *ctx, const struct tcb_numbers *numbers,
                       const struct why *why)
{
    struct numbers_answer *a = ctx;

    a->done = true;
    a->status = numbers != NULL ? STATUS_OK : why->status;
}

/* Some failures do no harm: what cannot be kept on disk is still good, and a
 * stapled item that cannot be copied is fetched. */
static void play_without_memory(const struct scene *scene, size_t least)
{
    size_t n = 0;
    bool failed;

    do {
        enum status st;

        alloc_fail_after(n);
        st = play(scene);
        failed = alloc_failed();
        assert_true(failed || st == STATUS_OK);
        n++;
    } while (failed);
    assert_in_range(n, least, 1000);
}

static void from_what_is_stapled(void **state)
{
    const struct collateral_source sources[] = { desk_store, desk_stapled };
    struct collateral_set set;
    struct folder store;
    struct scene scene = { sources, 2, &set, NULL };

    (void)state;
    sim_collateral(bench.sim, TEE_TDX, &set);
    play_without_memory(&scene, 40);
    folder_make(&store);
    scene.store_dir = store.path;
    play_without_memory(&scene, 40);
    folder_remove(&store);
}

static void from_a_server(void **state)
{
    const struct collateral_source source = desk_pcs();
    const struct scene scene = { &source, 1, NULL, NULL };

    (void)state;
    play_without_memory(&scene, 40);
}

/* The list of TCB data sets, from open to close. */
static enum status play_numbers(void)
{
    const struct collateral_source source = desk_pcs();
    struct numbers_answer a = { .done = false };
    const struct collateral_numbers_request r = {
        .tee = TEE_TDX,
        .root_der = sim_root_pem(bench.sim),
        .sources = &source,
        .source_count = 1,
        .done = on_numbers,
        .ctx = &a,
    };
    struct collateral_wait *w;
    enum status st;
    struct why why;
    struct desk d;

    st = desk_try_open(&d, NULL, &why);
    if (st != STATUS_OK) {
        pcs_end(&d.loop);
        return st;
    }
    st = collateral_get_numbers(d.engine, &r, &w, &why);
    if (st == STATUS_OK) {
        pcs_turn(&d.loop, &a.done);
        st = a.status;
    }
    desk_close(&d);
    return st;
}

static void the_list_of_what_is_to_come(void **state)
{
    size_t n = 0;
    bool failed;

    (void)state;
    do {
        enum status st;

        alloc_fail_after(n++);
        st = play_numbers();
        failed = alloc_failed();
        assert_true(failed || st == STATUS_OK);
    } while (failed);
    assert_in_range(n, 20, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(from_what_is_stapled),
        DESK_TEST(from_a_server),
        DESK_TEST(the_list_of_what_is_to_come),
    };

    if (!pcs_can_run())
        return 77;
    /* libcurl is linked in, but its allocations are not ours. */
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, alloc_malloc, free,
                             alloc_realloc, strdup, alloc_calloc) != CURLE_OK)
        return 1;
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
