#include "tests/support/evidence.h"

/* --- what is accepted --- */

static enum status verify_options(const struct sim_options *o,
                                  enum tee_type tee, struct claims *claims)
{
    struct evidence e;
    struct verdict verdict;
    struct verify_input in;
    enum status st;

    evidence_make(&e, o, tee);
    in = evidence_input(&e);
    st = verify_quote(&in, claims, &verdict);
    evidence_free(&e);
    return st;
}

static void claims_say_what_was_proved(void **state)
{
    struct sim_options o;
    struct claims c;
    uint8_t report_data[64];

    (void)state;
    sim_options_default(&o);
    o.qe_evaluation_number = 17;
    o.items[SIM_QE_IDENTITY].from_s = -7;
    o.items[SIM_PCK_CRL].until_s = 99;
    CHECK_STATUS(verify_options(&o, TEE_TDX, &c), STATUS_OK);
    assert_int_equal(c.tee, TEE_TDX);
    assert_int_equal(c.quote_version, 4);
    assert_true(c.simulated);
    assert_false(c.debug);
    evidence_report_data(report_data);
    assert_memory_equal(c.report_data, report_data, 64);
    assert_int_equal(c.tdx.mr_td[0], 0xd1);
    assert_int_equal(c.tcb.status, TCB_UP_TO_DATE);
    assert_int_equal(c.tcb.platform, TCB_UP_TO_DATE);
    assert_int_equal(c.tcb.module, TCB_UP_TO_DATE);
    assert_int_equal(c.tcb.qe, TCB_UP_TO_DATE);
    assert_int_equal(c.tcb.evaluation_number, 17);
    assert_int_equal(c.tcb.advisories.count, 0);
    assert_int_equal(c.tcb.date_unix, SIMULATION_NOW - 100 * 86400);
    assert_memory_equal(c.platform.fmspc, o.platform.fmspc, 6);
    assert_true(c.platform.platform_ca && c.platform.has_ppid);
    assert_int_equal(c.platform.pce_svn, 13);
    assert_int_equal(c.platform.cached_keys, TRI_FALSE);
    assert_int_equal(c.validity.earliest_issue_unix,
                     SIMULATION_NOW - 365 * 86400);
    assert_int_equal(c.validity.latest_issue_unix, SIMULATION_NOW - 7);
    assert_int_equal(c.validity.earliest_expiry_unix, SIMULATION_NOW + 99);
    assert_string_equal(c.validity.earliest_expiry_item, "pck_crl");
}

/* Its own dates and number, whoever signed it and whatever the others say. */
static void each_item_is_claimed_by_its_name(void **state)
{
    static const struct {
        const char *name;
        uint32_t evaluation_number;
        bool has_crl_number;
        enum sim_item item;
    } want[] = {
        { "tcb_info", 18, false, SIM_TCB_INFO },
        { "qe_identity", 17, false, SIM_QE_IDENTITY },
        { "pck_crl", 0, true, SIM_PCK_CRL },
        { "root_ca_crl", 0, true, SIM_ROOT_CRL },
    };
    struct sim_options o;
    struct claims c;

    (void)state;
    sim_options_default(&o);
    o.qe_evaluation_number = 17;
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        o.items[want[i].item].from_s = -10 - (int64_t)i;
        o.items[want[i].item].until_s = 1000 + (int64_t)i;
    }
    CHECK_STATUS(verify_options(&o, TEE_TDX, &c), STATUS_OK);
    assert_int_equal(c.item_count, COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        const struct item_claims *item = &c.items[i];

        assert_string_equal(item->name, want[i].name);
        assert_int_equal(item->issued_unix, SIMULATION_NOW - 10 - (int64_t)i);
        assert_int_equal(item->next_update_unix,
                         SIMULATION_NOW + 1000 + (int64_t)i);
        assert_int_equal(item->evaluation_number, want[i].evaluation_number);
        assert_int_equal(item->crl_number_len > 0, want[i].has_crl_number);
    }
}

static void sgx_claims_leave_tdx_empty(void **state)
{
    static const struct tdx_claims nothing;
    struct sim_options o;
    struct claims c;

    (void)state;
    sim_options_default(&o);
    o.processor_ca = true;
    o.sgx.attributes[0] |= 2;
    CHECK_STATUS(verify_options(&o, TEE_SGX, &c), STATUS_OK);
    assert_true(c.debug);
    assert_false(c.platform.platform_ca);
    assert_int_equal(c.sgx.mr_enclave[31], 0xe0);
    assert_int_equal(c.tcb.module, TCB_NONE);
    assert_int_equal(c.tcb.module_date_unix, 0);
    assert_memory_equal(&c.tdx, &nothing, sizeof(nothing));
}

static void every_bit_of_tud_opens_a_td(void **state)
{
    struct sim_options o;
    struct claims c;

    (void)state;
    sim_options_default(&o);
    for (unsigned bit = 0; bit < 8; bit += 7) {
        o.tdx.td_attributes[0] = (uint8_t)(1U << bit);
        CHECK_STATUS(verify_options(&o, TEE_TDX, &c), STATUS_OK);
        assert_true(c.debug);
    }
}

static const struct {
    const char *name;
    const char *platform;
    const char *module;
    const char *qe;
    enum tcb_status want;
    size_t advisories;
} mixes[] = {
    /* clang-format off */
    { "all up to date",      "UpToDate", "UpToDate", "UpToDate", TCB_UP_TO_DATE, 3 },
    { "an old module",       "SWHardeningNeeded", "OutOfDate", "UpToDate", TCB_OUT_OF_DATE, 3 },
    { "an old QE",           "ConfigurationNeeded", "UpToDate", "OutOfDate", TCB_OUT_OF_DATE_CONFIGURATION_NEEDED, 3 },
    { "hardening",           "SWHardeningNeeded", "UpToDate", "UpToDate", TCB_SW_HARDENING_NEEDED, 3 },
    /* clang-format on */
};

static void statuses_and_advisories_of_the_parts_come_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mixes); i++) {
        struct sim_options o;
        struct claims c;

        sim_options_default(&o);
        o.tcb_levels.at[0].status = mixes[i].platform;
        o.tcb_levels.at[0].advisories = "INTEL-SA-00003,INTEL-SA-00001";
        o.module_levels.at[0].status = mixes[i].module;
        o.module_levels.at[0].advisories = "INTEL-SA-00002,INTEL-SA-00003";
        o.module_levels.at[0].date_s = -999;
        o.qe_levels.at[0].status = mixes[i].qe;
        CHECK_STATUS(verify_options(&o, TEE_TDX, &c), STATUS_OK);
        assert_int_equal(c.tcb.status, mixes[i].want);
        assert_int_equal(c.tcb.advisories.count, mixes[i].advisories);
        assert_string_equal(c.tcb.advisories.names[0], "INTEL-SA-00001");
        assert_string_equal(c.tcb.advisories.names[2], "INTEL-SA-00003");
        assert_int_equal(c.tcb.advisories.parts[2], TCB_PLATFORM | TCB_MODULE);
        assert_int_equal(c.tcb.module_date_unix, SIMULATION_NOW - 999);
        assert_int_equal(c.tcb.date_unix, c.tcb.platform_date_unix);
    }
}

static void a_td_1_5_may_be_advised_to_relaunch(void **state)
{
    static const struct {
        uint8_t launch, current; /* SVN of the module */
        enum tcb_status want;    /* TCB_NONE: refused */
    } cases[] = {
        { 8, 8, TCB_UP_TO_DATE }, { 5, 8, TCB_RELAUNCH_ADVISED },
        { 8, 5, TCB_UP_TO_DATE }, { 5, 5, TCB_OUT_OF_DATE },
        { 8, 1, TCB_NONE },       { 1, 8, TCB_NONE },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim_options o;
        struct claims c;
        enum status st;

        sim_options_default(&o);
        o.tdx_quote_version = 5;
        o.tdx.has_1_5 = true;
        o.tdx.tee_tcb_svn[0] = cases[i].launch;
        o.tdx.tee_tcb_svn_2[0] = cases[i].current;
        st = verify_options(&o, TEE_TDX, &c);
        CHECK_STATUS(st, cases[i].want == TCB_NONE ? STATUS_TCB_UNKNOWN
                                                   : STATUS_OK);
        assert_int_equal(c.tcb.status, cases[i].want);
    }
}

static void good_things_that_look_odd_are_accepted(void **state)
{
    static const struct {
        enum sim_item item;
        uint32_t faults;
    } cases[] = { { SIM_PCK, SIM_SGX_REVERSED },
                  { SIM_PCK, SIM_HIGH_SERIAL },
                  { SIM_PCK_CRL, SIM_MANY_ENTRIES } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim_options o;
        struct claims c;

        sim_options_default(&o);
        o.items[cases[i].item].faults = cases[i].faults;
        CHECK_STATUS(verify_options(&o, TEE_SGX, &c), STATUS_OK);
    }
}

static void another_root_accepts_nothing(void **state)
{
    struct evidence e, other;
    struct claims c;
    struct verdict v;
    struct verify_input in;

    (void)state;
    evidence_make(&e, NULL, TEE_SGX);
    evidence_make(&other, NULL, TEE_SGX);
    in = evidence_input(&e);
    in.root_der = (struct slice){ 0 }; /* Intel's */
    CHECK_STATUS(verify_quote(&in, &c, &v), STATUS_BAD_CHAIN);
    assert_string_equal(verdict_failed(&v)->id, "pck-crl-chain");
    in.root_der = sim_root_pem(other.sim); /* same name, another key */
    CHECK_STATUS(verify_quote(&in, &c, &v), STATUS_BAD_CHAIN);
    in = evidence_input(&e);
    in.quote = buffer_view(&other.quote); /* the other's platform */
    CHECK_STATUS(verify_quote(&in, &c, &v), STATUS_BAD_CHAIN);
    assert_string_equal(verdict_failed(&v)->id, "pck-chain-roles");
    evidence_free(&e);
    evidence_free(&other);
}

/* --- time --- */

static enum status verify_at(const struct evidence *e, int64_t now_unix)
{
    struct claims c;
    struct verdict v;
    struct verify_input in = evidence_input(e);

    in.now_unix = now_unix;
    return verify_quote(&in, &c, &v);
}

static void the_first_and_the_last_second_are_good(void **state)
{
    struct evidence e;

    (void)state;
    evidence_make(&e, NULL, TEE_TDX);
    CHECK_STATUS(verify_at(&e, SIMULATION_NOW - 86400), STATUS_OK);
    CHECK_STATUS(verify_at(&e, SIMULATION_NOW - 86401), STATUS_NOT_YET);
    CHECK_STATUS(verify_at(&e, SIMULATION_NOW + 30 * 86400), STATUS_OK);
    CHECK_STATUS(verify_at(&e, SIMULATION_NOW + 30 * 86400 + 1),
                 STATUS_EXPIRED);
    CHECK_STATUS(verify_at(&e, 0), STATUS_NOT_YET);
    CHECK_STATUS(verify_at(&e, INT64_MIN), STATUS_NOT_YET);
    CHECK_STATUS(verify_at(&e, INT64_MAX), STATUS_EXPIRED);
    evidence_free(&e);
}

/* --- collateral that was checked before --- */

static enum status verify_with(const struct trusted_set *set,
                               struct slice quote, int64_t now_unix,
                               struct claims *c, struct verdict *v)
{
    const struct verify_input in = { .quote = quote, .now_unix = now_unix };

    return verify_quote_with(set, &in, c, v);
}

static void trusted_collateral_serves_many_quotes(void **state)
{
    struct evidence e, forged;
    struct sim_options o;
    struct trusted_set *set;
    struct claims c;
    struct verdict v;

    (void)state;
    sim_options_default(&o);
    o.items[SIM_QUOTE].faults = SIM_ROGUE;
    evidence_make(&e, NULL, TEE_TDX);
    evidence_renew(&forged, &e, &o, TEE_TDX);
    CHECK_STATUS(verify_collateral(&e.set, sim_root_pem(e.sim), &set, &v),
                 STATUS_OK);
    assert_null(verdict_failed(&v));
    assert_int_equal(v.checks[0].outcome, OUTCOME_SKIP);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_STATUS(verify_with(set, buffer_view(&e.quote), SIMULATION_NOW, &c,
                                 &v),
                     STATUS_OK);
        assert_int_equal(c.tcb.status, TCB_UP_TO_DATE);
        assert_string_equal(c.validity.earliest_expiry_item, "tcb_info");
        CHECK_STATUS(verify_with(set, buffer_view(&forged.quote),
                                 SIMULATION_NOW, &c, &v),
                     STATUS_BAD_SIGNATURE);
        assert_string_equal(verdict_failed(&v)->id, "quote-signature");
        CHECK_STATUS(verify_with(set, buffer_view(&e.quote),
                                 SIMULATION_NOW + 31 * 86400, &c, &v),
                     STATUS_EXPIRED);
        assert_int_equal(c.tee, TEE_NONE);
    }
    verify_trusted_free(set);
    evidence_free(&e);
    evidence_free(&forged);
}

static void trusted_collateral_owns_its_bytes(void **state)
{
    struct evidence e;
    struct trusted_set *set;
    struct claims c;
    struct verdict v;
    struct buffer quote;

    (void)state;
    evidence_make(&e, NULL, TEE_SGX);
    CHECK_STATUS(verify_collateral(&e.set, sim_root_pem(e.sim), &set, &v),
                 STATUS_OK);
    quote = e.quote;
    e.quote = (struct buffer){ 0 };
    evidence_free(&e);
    CHECK_STATUS(verify_with(set, buffer_view(&quote), SIMULATION_NOW, &c, &v),
                 STATUS_OK);
    buffer_free(&quote);
    verify_trusted_free(set);
    verify_trusted_free(NULL);
}

static void bad_collateral_is_not_trusted(void **state)
{
    struct evidence e;
    struct sim_options o;
    struct trusted_set *set;
    struct verdict v;

    (void)state;
    sim_options_default(&o);
    o.items[SIM_QE_IDENTITY].faults = SIM_ROGUE;
    evidence_make(&e, &o, TEE_SGX);
    CHECK_STATUS(verify_collateral(&e.set, sim_root_pem(e.sim), &set, &v),
                 STATUS_BAD_SIGNATURE);
    assert_null(set);
    assert_string_equal(verdict_failed(&v)->id, "qe-identity-signature");
    evidence_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_say_what_was_proved),
        cmocka_unit_test(each_item_is_claimed_by_its_name),
        cmocka_unit_test(sgx_claims_leave_tdx_empty),
        cmocka_unit_test(every_bit_of_tud_opens_a_td),
        cmocka_unit_test(statuses_and_advisories_of_the_parts_come_together),
        cmocka_unit_test(a_td_1_5_may_be_advised_to_relaunch),
        cmocka_unit_test(good_things_that_look_odd_are_accepted),
        cmocka_unit_test(another_root_accepts_nothing),
        cmocka_unit_test(the_first_and_the_last_second_are_good),
        cmocka_unit_test(trusted_collateral_serves_many_quotes),
        cmocka_unit_test(trusted_collateral_owns_its_bytes),
        cmocka_unit_test(bad_collateral_is_not_trusted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
