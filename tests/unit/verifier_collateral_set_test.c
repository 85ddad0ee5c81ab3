#include "tests/support/evidence.h"

/* The parts of |set| that make |item|. */
static void pick(const struct collateral_set *set, enum collateral_item item,
                 struct slice *body, struct slice *chain)
{
    const struct slice bodies[ITEM_COUNT] = { set->tcb_info, set->qe_identity,
                                              set->pck_crl, set->root_crl };
    const struct slice chains[ITEM_COUNT] = { set->tcb_info_chain,
                                              set->qe_identity_chain,
                                              set->pck_crl_chain };

    *body = bodies[item];
    *chain = chains[item];
}

static enum status check(const struct evidence *e, enum collateral_item item,
                         int64_t now_unix, struct item_facts *out,
                         struct why *why)
{
    struct slice body, chain;

    pick(&e->set, item, &body, &chain);
    return collateral_item_check(item, body, chain, sim_root_pem(e->sim),
                                 now_unix, out, why);
}

static const enum sim_item made_as[ITEM_COUNT] = {
    [ITEM_TCB_INFO] = SIM_TCB_INFO,
    [ITEM_QE_IDENTITY] = SIM_QE_IDENTITY,
    [ITEM_PCK_CRL] = SIM_PCK_CRL,
    [ITEM_ROOT_CRL] = SIM_ROOT_CRL,
};

static void each_item_is_good_within_its_window(void **state)
{
    struct sim_options o;
    struct evidence e;

    (void)state;
    sim_options_default(&o);
    for (unsigned i = 0; i < ITEM_COUNT; i++) {
        o.items[made_as[i]].from_s = -10 - (int64_t)i;
        o.items[made_as[i]].until_s = 10 + (int64_t)i;
    }
    o.tcb_evaluation_number = 7;
    o.qe_evaluation_number = 8;
    evidence_make(&e, &o, TEE_TDX);
    for (unsigned i = 0; i < ITEM_COUNT; i++) {
        static const uint32_t numbers[ITEM_COUNT] = { 7, 8, 0, 0 };
        enum collateral_item item = (enum collateral_item)i;
        int64_t from = SIMULATION_NOW - 10 - i;
        int64_t until = SIMULATION_NOW + 10 + i;
        const struct {
            int64_t now;
            enum status want;
        } times[] = { { from - 1, STATUS_NOT_YET },
                      { from, STATUS_OK },
                      { until, STATUS_OK },
                      { until + 1, STATUS_EXPIRED } };

        for (size_t k = 0; k < COUNT_OF(times); k++) {
            struct item_facts w;
            struct why why;

            CHECK_STATUS(check(&e, item, times[k].now, &w, &why),
                         times[k].want);
            assert_int_equal(w.issued_unix, from);
            assert_int_equal(w.next_update_unix, until);
            assert_int_equal(w.evaluation_number, numbers[i]);
        }
    }
    evidence_free(&e);
}

static void a_forged_or_missing_item_is_refused(void **state)
{
    static const struct item_facts nothing;
    static const struct {
        uint32_t faults;
        enum status want;
    } cases[] = { { SIM_ROGUE, STATUS_BAD_SIGNATURE },
                  { SIM_MISSING, STATUS_NO_COLLATERAL } };

    (void)state;
    for (unsigned i = 0; i < ITEM_COUNT * COUNT_OF(cases); i++) {
        enum collateral_item item = (enum collateral_item)(i % ITEM_COUNT);
        struct sim_options o;
        struct evidence e;
        struct item_facts w;
        struct why why;

        sim_options_default(&o);
        o.items[made_as[item]].faults = cases[i / ITEM_COUNT].faults;
        evidence_make(&e, &o, TEE_SGX);
        CHECK_STATUS(check(&e, item, SIMULATION_NOW, &w, &why),
                     cases[i / ITEM_COUNT].want);
        assert_memory_equal(&w, &nothing, sizeof(w));
        assert_non_null(why.field);
        evidence_free(&e);
    }
}

static void an_item_of_another_root_is_refused(void **state)
{
    struct evidence e;
    struct item_facts w;
    struct why why;

    (void)state;
    evidence_make(&e, NULL, TEE_SGX);
    for (unsigned i = 0; i < ITEM_COUNT; i++) {
        struct slice body, chain;
        enum status st;

        pick(&e.set, (enum collateral_item)i, &body, &chain);
        st = collateral_item_check((enum collateral_item)i, body, chain,
                                   (struct slice){ 0 }, SIMULATION_NOW, &w,
                                   &why);
        CHECK_STATUS(st,
                     i == ITEM_ROOT_CRL ? STATUS_MISMATCH : STATUS_BAD_CHAIN);
    }
    evidence_free(&e);
}

static void items_do_not_pass_for_each_other(void **state)
{
    struct evidence e;
    struct item_facts w;
    struct why why;

    (void)state;
    evidence_make(&e, NULL, TEE_SGX);
    for (unsigned i = 0; i < ITEM_COUNT; i++) {
        for (unsigned k = 0; k < ITEM_COUNT; k++) {
            struct slice body, chain, unused;

            pick(&e.set, (enum collateral_item)k, &body, &unused);
            pick(&e.set, (enum collateral_item)i, &unused, &chain);
            assert_int_equal(i == k, collateral_item_check(
                                         (enum collateral_item)i, body, chain,
                                         sim_root_pem(e.sim), SIMULATION_NOW,
                                         &w, &why) == STATUS_OK);
        }
    }
    evidence_free(&e);
}

static void no_item_outlives_its_issuers(void **state)
{
    enum { DAY = 86400, END = SIMULATION_NOW + 5 * DAY };
    static const struct {
        enum sim_item issuer;
        bool ends[ITEM_COUNT];
    } cases[] = {
        { SIM_TCB_SIGNING, { true, true, false, false } },
        { SIM_PCK_CA, { false, false, true, false } },
        { SIM_ROOT, { true, true, true, false } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim_options o;
        struct evidence e;

        sim_options_default(&o);
        o.items[cases[i].issuer].until_s = 5 * DAY;
        evidence_make(&e, &o, TEE_TDX);
        for (enum collateral_item k = 0; k < ITEM_COUNT; k++) {
            struct item_facts f;
            struct why why;

            CHECK_STATUS(check(&e, k, END, &f, &why), STATUS_OK);
            assert_int_equal(f.next_update_unix == END, cases[i].ends[k]);
            CHECK_STATUS(check(&e, k, END + 1, &f, &why),
                         cases[i].ends[k] ? STATUS_EXPIRED : STATUS_OK);
        }
        evidence_free(&e);
    }
}

static void an_item_says_whom_it_is_for(void **state)
{
    static const uint8_t fmspc[6] = { 1, 2, 3, 4, 5, 6 };
    static const enum tee_type tees[] = { TEE_SGX, TEE_TDX };
    struct item_facts f[ITEM_COUNT];

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        enum tee_type tee = tees[i % 2];
        struct sim_options o;
        struct evidence e;
        struct why why;

        sim_options_default(&o);
        memcpy(o.tcb_fmspc, fmspc, sizeof(fmspc));
        o.processor_ca = i / 2 == 1;
        evidence_make(&e, &o, tee);
        for (enum collateral_item k = 0; k < ITEM_COUNT; k++)
            CHECK_STATUS(check(&e, k, SIMULATION_NOW, &f[k], &why), STATUS_OK);
        assert_int_equal(f[ITEM_TCB_INFO].tee, tee);
        assert_memory_equal(f[ITEM_TCB_INFO].fmspc, fmspc, sizeof(fmspc));
        assert_int_equal(f[ITEM_QE_IDENTITY].tee, tee);
        assert_true(slice_is_zero(SLICE_OF(f[ITEM_QE_IDENTITY].fmspc)));
        assert_int_equal(f[ITEM_PCK_CRL].tee, TEE_NONE);
        assert_int_equal(f[ITEM_PCK_CRL].platform_ca, !o.processor_ca);
        assert_int_equal(f[ITEM_ROOT_CRL].tee, TEE_NONE);
        evidence_free(&e);
    }
}

static void items_have_names(void **state)
{
    (void)state;
    assert_string_equal(collateral_item_name(ITEM_TCB_INFO), "tcb_info");
    assert_string_equal(collateral_item_name(ITEM_QE_IDENTITY), "qe_identity");
    assert_string_equal(collateral_item_name(ITEM_PCK_CRL), "pck_crl");
    assert_string_equal(collateral_item_name(ITEM_ROOT_CRL), "root_ca_crl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_is_good_within_its_window),
        cmocka_unit_test(a_forged_or_missing_item_is_refused),
        cmocka_unit_test(an_item_of_another_root_is_refused),
        cmocka_unit_test(items_do_not_pass_for_each_other),
        cmocka_unit_test(no_item_outlives_its_issuers),
        cmocka_unit_test(an_item_says_whom_it_is_for),
        cmocka_unit_test(items_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
