/* Many threads verify at once, some by the same collateral. */
#include "tests/support/evidence.h"

#include <uv.h>

#include "tests/support/snp_sim.h"

#define THREADS 4
#define ROUNDS  6

/* What they share, and only read. */
static struct evidence tdx, sgx;
static struct trusted_set *trusted; /* of |tdx| */
static struct snp_sim amd;

/* cmocka's asserts are for the thread of the test alone: this one counts. */
struct worker {
    uv_thread_t thread;
    unsigned wrong;
};

static bool finds(enum status st, const struct claims *claims,
                  const struct verdict *verdict, enum tee_type tee)
{
    return st == STATUS_OK && claims->tee == tee &&
           verdict_failed(verdict) == NULL;
}

static unsigned verify_each(void)
{
    struct verify_input in = evidence_input(&tdx);
    const struct verify_snp_input report = snp_sim_input(&amd);
    struct claims claims;
    struct verdict verdict;
    enum status st = verify_quote(&in, &claims, &verdict);
    unsigned wrong = finds(st, &claims, &verdict, TEE_TDX) ? 0 : 1;

    st = verify_quote_with(trusted, &in, &claims, &verdict);
    wrong += finds(st, &claims, &verdict, TEE_TDX) ? 0 : 1;
    in = evidence_input(&sgx);
    st = verify_quote(&in, &claims, &verdict);
    wrong += finds(st, &claims, &verdict, TEE_SGX) ? 0 : 1;
    in.collateral =
        &tdx.set; /* of another root: refused, among all that pass */
    st = verify_quote(&in, &claims, &verdict);
    wrong += st != STATUS_OK && claims.tee == TEE_NONE ? 0 : 1;
    st = verify_snp(&report, &claims, &verdict);
    wrong += finds(st, &claims, &verdict, TEE_SEV_SNP) ? 0 : 1;
    return wrong;
}

static void work(void *ctx)
{
    struct worker *w = ctx;

    for (unsigned i = 0; i < ROUNDS; i++)
        w->wrong += verify_each();
}

static void each_thread_finds_what_one_alone_finds(void **state)
{
    struct worker workers[THREADS] = { 0 };
    struct sim_snp_plan plan;
    struct verdict verdict;

    (void)state;
    evidence_make(&tdx, NULL, TEE_TDX);
    evidence_make(&sgx, NULL, TEE_SGX);
    snp_sim_default(&plan);
    snp_sim_make(&plan, &amd);
    CHECK_STATUS(verify_collateral(&tdx.set, sim_root_pem(tdx.sim), &trusted,
                                   &verdict),
                 STATUS_OK);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(
            uv_thread_create(&workers[i].thread, work, &workers[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(uv_thread_join(&workers[i].thread), 0);
        assert_int_equal(workers[i].wrong, 0);
    }
    assert_int_equal(verify_each(), 0);
    verify_trusted_free(trusted);
    evidence_free(&tdx);
    evidence_free(&sgx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_thread_finds_what_one_alone_finds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
