/* collateral: what Intel has published, served as Intel serves it, under the
 * root that is built in. */
#include "tests/support/desk.h"

#include <unistd.h>

#include "common/file.h"
#include "common/limits.h"
#include "common/secret.h"

#define FOLDER TEST_SHARED_DIR "/vectors/collateral/"

static const struct {
    const char *folder;
    struct quote_platform platform;
    int64_t at_unix;
    uint32_t number;
} cases[] = {
    { FOLDER "sgx-00906ed50000-v3-e17-20250121-6058",
      { .tee = TEE_SGX, .fmspc = { 0x00, 0x90, 0x6e, 0xd5, 0x00, 0x00 } },
      1737715551,
      17 },
    { FOLDER "tdx-b0c06f000000-v3-e19-20260811-d5e1",
      { .tee = TEE_TDX,
        .platform_ca = true,
        .fmspc = { 0xb0, 0xc0, 0x6f, 0x00, 0x00, 0x00 } },
      1786667960,
      19 },
};

static void check_file(const char *folder, const char *name, struct slice want)
{
    char path[512];
    struct buffer file;
    struct why why;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    CHECK_STATUS(file_read(path, COLLATERAL_MAX_BYTES, &file, &why), STATUS_OK);
    assert_true(slice_equal(buffer_view(&file), want));
    buffer_free(&file);
}

static void check_bundle(size_t i, const struct bundle *b)
{
    const char *folder = cases[i].folder;

    check_file(folder, "tcb_info.json", b->set.tcb_info);
    check_file(folder, "qe_identity.json", b->set.qe_identity);
    check_file(folder, "pck_crl.der", b->set.pck_crl);
    check_file(folder, "root_ca_crl.der", b->set.root_crl);
    assert_int_equal(b->items[ITEM_TCB_INFO]->facts.evaluation_number,
                     cases[i].number);
    assert_true(bundle_usable(b, cases[i].at_unix));
}

static void takes_what_intel_has_published(void **state)
{
    static const enum source_kind kinds[] = { SOURCE_PCS, SOURCE_PCCS };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
        const size_t k = i / 2;
        struct pcs pcs;
        struct collateral_source source = { .kind = kinds[i % 2] };
        struct answer a;
        struct collateral_request r = desk_request(&source, 1, &a);
        struct desk d;

        pcs_start(&pcs, cases[k].folder);
        source.url = pcs.url;
        source.ca_file = pcs.ca_file;
        r.platform = cases[k].platform;
        r.root_der = (struct slice){ 0 };
        bench.now = cases[k].at_unix;
        desk_open(&d, NULL);
        (void)desk_get(&d, &r);
        pcs_turn(&d.loop, &a.done);
        CHECK_STATUS(a.why.status, STATUS_OK);
        check_bundle(k, a.bundle);
        desk_forget(&a);
        desk_close(&d);
        pcs_stop(&pcs);
    }
}

static int set_up(void **state)
{
    struct why why;

    (void)state;
    assert_true(secret_init());
    CHECK_STATUS(sim_new(NULL, START, &bench.sim, &why), STATUS_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sim_free(bench.sim);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_intel_has_published),
    };

    if (!pcs_can_run())
        return 77;
    if (access(cases[0].folder, R_OK) != 0) {
        print_message("skipped: no %s\n", FOLDER);
        return 77;
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
