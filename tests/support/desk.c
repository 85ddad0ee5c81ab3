#include "tests/support/desk.h"

#include "common/secret.h"
#include "tests/support/free_port.h"

struct bench bench;

/* --- the bench ------------------------------------------------------------ */

int bench_begin(void **state)
{
    struct why why;

    (void)state;
    bench.now = START;
    pcs_tell(&bench.pcs, "clear");
    CHECK_STATUS(sim_write_dir(bench.sim, TEE_TDX, bench.data.path, &why),
                 STATUS_OK);
    return 0;
}

int bench_set_up(void **state)
{
    struct why why;

    (void)state;
    assert_true(secret_init());
    folder_make(&bench.data);
    CHECK_STATUS(sim_new(NULL, START, &bench.sim, &why), STATUS_OK);
    CHECK_STATUS(sim_write_dir(bench.sim, TEE_TDX, bench.data.path, &why),
                 STATUS_OK);
    pcs_start(&bench.pcs, bench.data.path);
    return 0;
}

int bench_tear_down(void **state)
{
    (void)state;
    pcs_stop(&bench.pcs);
    folder_remove(&bench.data);
    sim_free(bench.sim);
    return 0;
}

unsigned bench_served(unsigned *before)
{
    unsigned all = pcs_count(&bench.pcs, "all");
    unsigned since = all - *before;

    *before = all;
    return since;
}

void bench_publish(const struct sim_options *options, int64_t issued)
{
    struct sim *newer;
    struct why why;

    CHECK_STATUS(sim_renew(bench.sim, options, issued, &newer, &why),
                 STATUS_OK);
    CHECK_STATUS(sim_write_dir(newer, TEE_TDX, bench.data.path, &why),
                 STATUS_OK);
    sim_free(newer);
}

/* --- an engine ------------------------------------------------------------ */

static int64_t now_unix(void *ctx)
{
    (void)ctx;
    return bench.now;
}

static void on_changed(void *ctx)
{
    struct desk *d = ctx;

    d->changes++;
}

enum status desk_try_open(struct desk *d, const char *store_dir,
                          struct why *why)
{
    struct collateral_config config = {
        .store_dir = store_dir,
        .now_unix = now_unix,
        .on_changed = on_changed,
        .ctx = d,
        .fetch_deadline_ms = 2000,
    };

    *d = (struct desk){ .changes = 0 };
    assert_int_equal(uv_loop_init(&d->loop), 0);
    return collateral_open(&d->loop, &config, NULL, &d->engine, why);
}

void desk_open(struct desk *d, const char *store_dir)
{
    struct why why;

    CHECK_STATUS(desk_try_open(d, store_dir, &why), STATUS_OK);
}

static void on_closed(void *ctx)
{
    bool *closed = ctx;

    *closed = true;
}

void desk_close(struct desk *d)
{
    bool closed = false;

    collateral_close(d->engine, on_closed, &closed);
    pcs_end(&d->loop);
    assert_true(closed);
}

/* --- a request ------------------------------------------------------------ */

static void on_answer(void *ctx, struct bundle *bundle, const struct why *why)
{
    struct answer *a = ctx;

    assert_false(a->done);
    assert_int_equal(bundle == NULL, why != NULL);
    a->done = true;
    a->bundle = bundle == NULL ? NULL : bundle_ref(bundle);
    if (why != NULL)
        a->why = *why;
}

void desk_forget(struct answer *a)
{
    bundle_unref(a->bundle);
    *a = (struct answer){ .done = false };
}

struct collateral_source desk_pcs(void)
{
    return (struct collateral_source){ .kind = SOURCE_PCS,
                                       .url = bench.pcs.url,
                                       .ca_file = bench.pcs.ca_file };
}

struct collateral_source desk_dead(void)
{
    static char url[64];

    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%d", free_port());
    return (struct collateral_source){ .kind = SOURCE_PCCS, .url = url };
}

const struct collateral_source desk_store = { .kind = SOURCE_STORE };
const struct collateral_source desk_stapled = { .kind = SOURCE_STAPLED };

struct collateral_request desk_request(const struct collateral_source *sources,
                                       size_t count, struct answer *answer)
{
    *answer = (struct answer){ .done = false };
    return (struct collateral_request){
        .platform = { .tee = TEE_TDX,
                      .version = 4,
                      .platform_ca = true,
                      .fmspc = { 0x00, 'S', 'I', 'M', 0x00, 0x00 } },
        .root_der = sim_root_pem(bench.sim),
        .sources = sources,
        .source_count = count,
        .done = on_answer,
        .ctx = answer,
    };
}

struct collateral_wait *desk_get(struct desk *d,
                                 const struct collateral_request *request)
{
    const struct answer *a = request->ctx;
    struct collateral_wait *w;
    struct why why;

    CHECK_STATUS(collateral_get(d->engine, request, &w, &why), STATUS_OK);
    assert_false(a->done);
    return w;
}

struct answer desk_ask_all(struct desk *d,
                           const struct collateral_source *sources,
                           size_t count, const struct collateral_set *set)
{
    struct answer a;
    struct collateral_request request = desk_request(sources, count, &a);

    request.stapled = set;
    (void)desk_get(d, &request);
    pcs_turn(&d->loop, &a.done);
    return a;
}

struct answer desk_ask(struct desk *d, struct collateral_source source)
{
    return desk_ask_all(d, &source, 1, NULL);
}

void desk_expect(struct desk *d, struct collateral_source source,
                 enum status want)
{
    struct answer a = desk_ask(d, source);

    CHECK_STATUS(a.why.status, want);
    assert_int_equal(a.bundle != NULL, want == STATUS_OK);
    desk_forget(&a);
}

void desk_turn_until(struct desk *d, const char *item, unsigned count)
{
    while (pcs_count(&bench.pcs, item) < count)
        (void)uv_run(&d->loop, UV_RUN_NOWAIT);
    (void)uv_run(&d->loop, UV_RUN_DEFAULT);
    assert_int_equal(pcs_count(&bench.pcs, item), count);
}
