/* sim: the simulated TEE, its DER writer and its keys. Whether its evidence
 * verifies, and fails where it is bent, is shown by the verifier's tests. */
#include "tests/support/check.h"

#include <unistd.h>

#include "common/builder.h"
#include "common/der_out.h"
#include "common/file.h"
#include "proxy/io/tls_key.h"
#include "tests/support/simulation.h"
#include "verifier/der.h"
#include "verifier/root.h"
#include "verifier/wolf.h"

/* --- DER --- */

static void lengths_are_read_back(void **state)
{
    static const size_t lens[] = { 0,   1,     0x7f,  0x80,  0xff,
                                   256, 0xfff, 65535, 65536, 70000 };
    static uint8_t contents[70000];
    static uint8_t room[70100];

    (void)state;
    memset(contents, 0xc5, sizeof(contents));
    for (size_t i = 0; i < COUNT_OF(lens); i++) {
        struct builder b = builder_over(room, sizeof(room));
        struct slice want = slice_of(contents, lens[i]);
        struct cursor c;

        der_out_put(&b, DER_OCTET_STRING, want);
        c = cursor_over(builder_view(&b));
        assert_true(slice_equal(der_take(&c, DER_OCTET_STRING), want));
        assert_true(cursor_finish(&c));
    }
}

static void what_does_not_fit_fails(void **state)
{
    uint8_t room[8];

    (void)state;
    for (size_t len = 0; len <= sizeof(room); len++) {
        struct builder b = builder_over(room, len);

        der_out_put(&b, DER_OCTET_STRING, slice_text("12345"));
        assert_int_equal(builder_ok(&b), len >= 7);
    }
}

static void numbers_and_times_are_read_back(void **state)
{
    static const uint64_t numbers[] = { 0,   1,   127,   128,
                                        255, 256, 65535, UINT64_MAX };
    static const int64_t times[] = { 0, 1526899510, 2524607999, 2524608000,
                                     4102444800 };
    uint8_t room[64];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        struct builder b = builder_over(room, sizeof(room));
        struct cursor c;

        der_out_number(&b, DER_INTEGER, numbers[i]);
        c = cursor_over(builder_view(&b));
        assert_true(der_number(&c, DER_INTEGER, UINT64_MAX) == numbers[i]);
        assert_true(cursor_finish(&c));
    }
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        struct builder b = builder_over(room, sizeof(room));
        struct cursor c;

        der_out_time(&b, times[i]);
        c = cursor_over(builder_view(&b));
        assert_true(der_time(&c) == times[i]);
        assert_true(cursor_finish(&c));
    }
}

/* --- keys --- */

static void keys_sign_what_verifies(void **state)
{
    struct tls_key a, b;
    uint8_t rs[64];
    struct slice message = slice_text("message");

    (void)state;
    assert_true(tls_key_make(&a) && tls_key_make(&b));
    assert_memory_not_equal(a.point, b.point, sizeof(a.point));
    assert_true(wolf_p256_is_point(a.point));
    assert_true(tls_key_sign(&a, message, rs));
    assert_true(wolf_p256_verify(a.point, message, rs));
    assert_false(wolf_p256_verify(b.point, message, rs));
    tls_key_wipe(&a);
    assert_true(slice_is_zero(SLICE_OF(a.secret)));
    assert_false(tls_key_sign(&a, message, rs));
    assert_true(slice_is_zero(SLICE_OF(rs)));
}

/* --- quotes and files --- */

/* Where the report data stands, for each kind of quote. */
static void quotes_carry_the_report_data(void **state)
{
    static const struct {
        enum tee_type tee;
        uint16_t version;
        bool has_1_5;
        size_t at;
        uint8_t head[8]; /* version, key type, TEE type */
    } cases[] = {
        { TEE_SGX, 3, false, 48 + 320, { 3, 0, 2 } },
        { TEE_SGX, 4, false, 48 + 320, { 4, 0, 2 } },
        { TEE_SGX, 5, false, 48 + 6 + 320, { 5, 0, 2 } },
        { TEE_TDX, 4, false, 48 + 520, { 4, 0, 2, 0, 0x81 } },
        { TEE_TDX, 5, false, 48 + 6 + 520, { 5, 0, 2, 0, 0x81 } },
        { TEE_TDX, 5, true, 48 + 6 + 520, { 5, 0, 2, 0, 0x81 } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim_options options;
        struct sim *sim;
        struct buffer quote = buffer_with_max(65536);
        uint8_t report_data[64];

        sim_options_default(&options);
        options.sgx_quote_version = cases[i].version;
        options.tdx_quote_version = cases[i].version;
        options.tdx.has_1_5 = cases[i].has_1_5;
        sim = simulation_new(&options);
        memset(report_data, (int)(0x40 + i), sizeof(report_data));
        CHECK_STATUS(sim_quote(sim, cases[i].tee, report_data, &quote),
                     STATUS_OK);
        assert_true(quote.len > cases[i].at + 64);
        assert_memory_equal(quote.at, cases[i].head, 8);
        assert_memory_equal(quote.at + cases[i].at, report_data, 64);
        buffer_free(&quote);
        sim_free(sim);
    }
}

static void quotes_respect_the_buffer(void **state)
{
    static const uint8_t report_data[64];
    struct sim *sim = simulation_new(NULL);
    struct buffer small = buffer_with_max(100);

    (void)state;
    CHECK_STATUS(sim_quote(sim, TEE_SGX, report_data, &small),
                 STATUS_NO_MEMORY);
    assert_int_equal(small.len, 0);
    buffer_free(&small);
    sim_free(sim);
}

static void simulations_share_nothing(void **state)
{
    struct sim *a = simulation_new(NULL);
    struct sim *b = simulation_new(NULL);

    (void)state;
    assert_false(slice_equal(sim_root_pem(a), sim_root_pem(b)));
    sim_free(a);
    sim_free(b);
    sim_free(NULL);
}

/* The key and the name that a policy would pin. */
static struct trust_root root_of(const struct sim *sim)
{
    struct trust_root root;
    struct why why = { 0 };

    CHECK_STATUS(root_read(sim_root_pem(sim), &root, &why), STATUS_OK);
    return root;
}

static void check_same_root(const struct sim *a, const struct sim *b)
{
    struct trust_root x = root_of(a);
    struct trust_root y = root_of(b);

    assert_memory_equal(x.key, y.key, sizeof(x.key));
    assert_true(slice_equal(root_name(&x), root_name(&y)));
}

static void renewing_keeps_the_root(void **state)
{
    struct sim *old = simulation_new(NULL);
    struct sim *renewed;
    struct why why = { 0 };

    (void)state;
    CHECK_STATUS(sim_renew(old, NULL, SIMULATION_NOW + 86400, &renewed, &why),
                 STATUS_OK);
    check_same_root(old, renewed);
    assert_false(slice_equal(sim_pck_chain(old), sim_pck_chain(renewed)));
    sim_free(old);
    sim_free(renewed);
}

static void keys_survive_in_a_file(void **state)
{
    char dir[] = "/tmp/veritee-sim-XXXXXX";
    char path[64];
    struct sim *old = simulation_new(NULL);
    struct sim *restored;
    struct why why = { 0 };

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/keys", dir);
    CHECK_STATUS(sim_restore(path, NULL, SIMULATION_NOW, &restored, &why),
                 STATUS_NO_FILE);
    assert_null(restored);
    CHECK_STATUS(sim_save_keys(old, path, &why), STATUS_OK);
    CHECK_STATUS(sim_restore(path, NULL, SIMULATION_NOW, &restored, &why),
                 STATUS_OK);
    check_same_root(old, restored);
    sim_free(restored);
    assert_int_equal(truncate(path, 100), 0);
    CHECK_STATUS(sim_restore(path, NULL, SIMULATION_NOW, &restored, &why),
                 STATUS_NO_FILE);
    assert_null(restored);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    sim_free(old);
}

static void missing_items_are_empty(void **state)
{
    struct sim_options options;
    struct sim *sim;
    struct collateral_set c;

    (void)state;
    sim_options_default(&options);
    for (size_t i = SIM_ROOT_CRL; i <= SIM_QE_IDENTITY; i++)
        options.items[i].faults = SIM_MISSING;
    sim = simulation_new(&options);
    sim_collateral(sim, TEE_SGX, &c);
    assert_int_equal(
        c.tcb_info.len + c.qe_identity.len + c.pck_crl.len + c.root_crl.len, 0);
    assert_true(c.tcb_info_chain.len > 0);
    sim_free(sim);
}

static void check_file(const char *dir, const char *name, struct slice want)
{
    char path[512];
    struct buffer got;
    struct why why = { 0 };

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    CHECK_STATUS(file_read(path, 65536, &got, &why), STATUS_OK);
    assert_true(slice_equal(buffer_view(&got), want));
    buffer_free(&got);
    assert_int_equal(unlink(path), 0);
}

static void writes_files_for_the_verifier(void **state)
{
    char top[] = "/tmp/veritee-sim-XXXXXX";
    char dir[64];
    struct sim *sim = simulation_new(NULL);
    struct collateral_set c;
    struct why why = { 0 };

    (void)state;
    assert_non_null(mkdtemp(top));
    (void)snprintf(dir, sizeof(dir), "%s/new", top);
    CHECK_STATUS(sim_write_dir(sim, TEE_TDX, dir, &why), STATUS_OK);
    sim_collateral(sim, TEE_TDX, &c);
    check_file(dir, "root.pem", sim_root_pem(sim));
    check_file(dir, "tcb_info.json", c.tcb_info);
    check_file(dir, "tcb_info_issuer_chain.pem", c.tcb_info_chain);
    check_file(dir, "qe_identity.json", c.qe_identity);
    check_file(dir, "qe_identity_issuer_chain.pem", c.qe_identity_chain);
    check_file(dir, "pck_crl.der", c.pck_crl);
    check_file(dir, "pck_crl_issuer_chain.pem", c.pck_crl_chain);
    check_file(dir, "root_ca_crl.der", c.root_crl);
    check_file(dir, "tcb_numbers.json", sim_tcb_numbers(sim, TEE_TDX));
    assert_int_equal(rmdir(dir), 0); /* and nothing else */
    assert_int_equal(rmdir(top), 0);
    CHECK_STATUS(sim_write_dir(sim, TEE_TDX, "/dev/null/x", &why),
                 STATUS_NO_FILE);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_read_back),
        cmocka_unit_test(what_does_not_fit_fails),
        cmocka_unit_test(numbers_and_times_are_read_back),
        cmocka_unit_test(keys_sign_what_verifies),
        cmocka_unit_test(quotes_carry_the_report_data),
        cmocka_unit_test(quotes_respect_the_buffer),
        cmocka_unit_test(simulations_share_nothing),
        cmocka_unit_test(renewing_keeps_the_root),
        cmocka_unit_test(keys_survive_in_a_file),
        cmocka_unit_test(missing_items_are_empty),
        cmocka_unit_test(writes_files_for_the_verifier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
