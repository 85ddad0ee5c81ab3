/* Each allocation of a verification fails once: no leak, no crash, and no
 * claims. */
#include "tests/support/evidence.h"

#include "tests/support/alloc.h"
#include "tests/support/snp_sim.h"

static void a_verification_without_memory_proves_nothing(void **state)
{
    struct evidence e;
    struct verify_input in;
    struct claims claims;
    struct verdict verdict;
    enum status st = STATUS_NO_MEMORY;
    size_t n;

    (void)state;
    evidence_make(&e, NULL, TEE_TDX);
    in = evidence_input(&e);
    for (n = 0; st != STATUS_OK; n++) {
        alloc_fail_after(n);
        st = verify_quote(&in, &claims, &verdict);
        assert_int_equal(alloc_failed(), st != STATUS_OK);
        assert_int_equal(claims.tee == TEE_NONE, st != STATUS_OK);
        assert_true(verdict.count > 0);
        if (st != STATUS_OK)
            CHECK_STATUS(st, STATUS_NO_MEMORY);
    }
    assert_in_range(n, 3, 99);
    evidence_free(&e);
}

/* A signature that cannot be checked for want of memory does not hold. */
static void a_report_without_memory_proves_nothing(void **state)
{
    struct sim_snp_plan plan;
    struct snp_sim s;
    struct verify_snp_input in;
    struct claims claims;
    struct verdict verdict;
    enum status st = STATUS_NO_MEMORY;
    size_t n;

    (void)state;
    snp_sim_default(&plan);
    snp_sim_make(&plan, &s);
    in = snp_sim_input(&s);
    for (n = 0; st != STATUS_OK; n++) {
        alloc_fail_after(n);
        st = verify_snp(&in, &claims, &verdict);
        assert_int_equal(claims.tee == TEE_NONE, st != STATUS_OK);
        assert_true(verdict.count > 0);
        if (verdict_failed(&verdict) == NULL && st != STATUS_OK)
            CHECK_STATUS(st, STATUS_NO_MEMORY);
    }
    assert_false(alloc_failed());
    assert_true(n > 1);
}

static void collateral_without_memory_is_not_trusted(void **state)
{
    struct verify_input in;
    struct evidence e;
    struct trusted_set *set = NULL;
    struct claims claims;
    struct verdict verdict;
    enum status st = STATUS_NO_MEMORY;

    (void)state;
    evidence_make(&e, NULL, TEE_SGX);
    for (size_t n = 0; st != STATUS_OK; n++) {
        alloc_fail_after(n);
        st = verify_collateral(&e.set, sim_root_pem(e.sim), &set, &verdict);
        assert_int_equal(set == NULL, st != STATUS_OK);
    }
    in = evidence_input(&e);
    st = STATUS_NO_MEMORY;
    for (size_t n = 0; st != STATUS_OK; n++) {
        alloc_fail_after(n);
        st = verify_quote_with(set, &in, &claims, &verdict);
        assert_int_equal(claims.tee == TEE_NONE, st != STATUS_OK);
    }
    assert_false(alloc_failed());
    verify_trusted_free(set);
    evidence_free(&e);
}

static void an_item_without_memory_is_not_good(void **state)
{
    struct evidence e;
    struct item_facts w;
    struct why why;
    enum status st = STATUS_NO_MEMORY;

    (void)state;
    evidence_make(&e, NULL, TEE_SGX);
    for (size_t n = 0; st != STATUS_OK; n++) {
        alloc_fail_after(n);
        st = collateral_item_check(ITEM_PCK_CRL, e.set.pck_crl,
                                   e.set.pck_crl_chain, sim_root_pem(e.sim),
                                   SIMULATION_NOW, &w, &why);
        assert_int_equal(w.next_update_unix == 0, st != STATUS_OK);
    }
    assert_false(alloc_failed());
    evidence_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verification_without_memory_proves_nothing),
        cmocka_unit_test(a_report_without_memory_proves_nothing),
        cmocka_unit_test(collateral_without_memory_is_not_trusted),
        cmocka_unit_test(an_item_without_memory_is_not_good),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
