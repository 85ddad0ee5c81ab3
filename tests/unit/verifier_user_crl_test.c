/* user_crl: lists that the user has, beside those of the collateral. What they
 * refuse is in the tables of verifier_table_test and verifier_verify_snp_test. */
#include "tests/support/evidence.h"

#include "common/text.h"
#include "tests/support/snp_sim.h"

#define OWN_LIST "/etc/veritee/own.crl"

/* Sound evidence, and what else was said under the same keys. */
struct bench {
    struct evidence sound;
    struct evidence other;
    struct claims claims;
    struct verdict verdict;
    struct why why;
};

static void begin(struct bench *b, const struct sim_options *other)
{
    evidence_make(&b->sound, NULL, TEE_TDX);
    evidence_renew(&b->other, &b->sound, other, TEE_TDX);
}

static void end(struct bench *b)
{
    evidence_free(&b->sound);
    evidence_free(&b->other);
}

static enum status verify(struct bench *b, const struct user_crl *lists,
                          size_t count)
{
    struct verify_input in = evidence_input(&b->sound);
    const struct check_result *failed;
    enum status st;

    in.user_crls = lists;
    in.user_crl_count = count;
    st = verify_quote(&in, &b->claims, &b->verdict);
    failed = verdict_failed(&b->verdict);
    b->why = failed != NULL ? failed->why : (struct why){ 0 };
    return st;
}

static const char *seen(const struct bench *b)
{
    for (size_t i = 0; i < b->verdict.count; i++)
        if (strcmp(b->verdict.checks[i].id, "user-crls") == 0)
            return b->verdict.checks[i].why.found;
    return "no such row";
}

static void without_lists_the_row_is_skipped(void **state)
{
    struct bench b;

    (void)state;
    begin(&b, NULL);
    CHECK_STATUS(verify(&b, NULL, 0), STATUS_OK);
    assert_string_equal(seen(&b), "the user has none");
    end(&b);
}

static void a_list_that_names_nobody_changes_only_the_expiry(void **state)
{
    struct sim_options o;
    struct bench b;
    struct user_crl lists[2];

    (void)state;
    sim_options_default(&o);
    o.items[SIM_PCK_CRL].until_s = 77;
    begin(&b, &o);
    lists[0] = (struct user_crl){ OWN_LIST, b.other.set.pck_crl };
    lists[1] = (struct user_crl){ OWN_LIST, b.other.set.root_crl };
    CHECK_STATUS(verify(&b, lists, 2), STATUS_OK);
    assert_string_equal(seen(&b), "2 of 2 lists are of its CAs");
    assert_int_equal(b.claims.validity.earliest_expiry_unix,
                     SIMULATION_NOW + 77);
    assert_string_equal(b.claims.validity.earliest_expiry_item, "user_crl");
    end(&b);
}

static void the_reason_names_serial_and_file(void **state)
{
    struct sim_options o;
    struct bench b;
    struct user_crl list = { .name = OWN_LIST };
    char want[128];

    (void)state;
    sim_options_default(&o);
    o.items[SIM_PCK].faults = SIM_REVOKED;
    begin(&b, &o);
    CHECK_STATUS(verify(&b, NULL, 0), STATUS_OK);
    assert_string_equal(b.claims.certs[0].name, "pck");
    text_hex_cut(slice_of(b.claims.certs[0].serial,
                          b.claims.certs[0].serial_len),
                 want, sizeof(want));
    (void)snprintf(want + strlen(want), sizeof(want) - strlen(want),
                   " is on the list " OWN_LIST);
    list.der = b.other.set.pck_crl;
    CHECK_STATUS(verify(&b, &list, 1), STATUS_REVOKED);
    assert_string_equal(b.why.found, want);
    end(&b);
}

static void a_defect_names_the_file(void **state)
{
    struct sim_options o;
    struct bench b;
    struct user_crl list = { .name = OWN_LIST };

    (void)state;
    sim_options_default(&o);
    o.items[SIM_PCK_CRL].faults = SIM_ROGUE;
    begin(&b, &o);
    list.der = b.other.set.pck_crl;
    CHECK_STATUS(verify(&b, &list, 1), STATUS_BAD_SIGNATURE);
    assert_memory_equal(b.why.found, OWN_LIST ": ", sizeof(OWN_LIST) + 1);
    end(&b);
}

/* As a list of the other PCK CA does. */
static void a_list_of_another_ca_is_passed_over(void **state)
{
    struct sim_options o;
    struct bench b;
    struct user_crl list = { .name = OWN_LIST };

    (void)state;
    sim_options_default(&o);
    o.processor_ca = true;
    o.items[SIM_PCK_CRL].until_s = -1;
    begin(&b, &o);
    list.der = b.other.set.pck_crl;
    CHECK_STATUS(verify(&b, &list, 1), STATUS_OK);
    assert_string_equal(seen(&b), "0 of 1 lists are of its CAs");
    end(&b);
}

/* --- with collateral that was checked before --- */

static void trusted_collateral_does_not_pass_over_them(void **state)
{
    struct sim_options o;
    struct bench b;
    struct user_crl list = { .name = OWN_LIST };
    struct verify_input in;
    struct trusted_set *set;

    (void)state;
    sim_options_default(&o);
    o.items[SIM_PCK].faults = SIM_REVOKED;
    begin(&b, &o);
    in = evidence_input(&b.sound);
    CHECK_STATUS(verify_collateral(in.collateral, in.root_der, &set,
                                   &b.verdict),
                 STATUS_OK);
    CHECK_STATUS(verify_quote_with(set, &in, &b.claims, &b.verdict), STATUS_OK);
    list.der = b.other.set.pck_crl;
    in.user_crls = &list;
    in.user_crl_count = 1;
    CHECK_STATUS(verify_quote_with(set, &in, &b.claims, &b.verdict),
                 STATUS_REVOKED);
    verify_trusted_free(set);
    end(&b);
}

/* --- SEV-SNP --- */

static enum status verify_amd(uint64_t listed, struct claims *claims,
                              struct verdict *verdict)
{
    struct sim_snp_plan plan;
    struct snp_sim s;
    struct verify_snp_input in;
    struct user_crl list = { .name = OWN_LIST };

    snp_sim_default(&plan);
    if (listed != 0)
        plan.listed = listed;
    else
        plan.listed = plan.certs[SIM_SNP_ENDORSEMENT].serial;
    snp_sim_make(&plan, &s);
    in = snp_sim_input(&s);
    list.der = in.crl;
    in.crl = (struct slice){ 0 };
    in.user_crls = &list;
    in.user_crl_count = 1;
    return verify_snp(&in, claims, verdict);
}

static void an_endorsement_on_a_list_is_refused(void **state)
{
    struct claims claims;
    struct verdict verdict;

    (void)state;
    CHECK_STATUS(verify_amd(0, &claims, &verdict), STATUS_REVOKED);
    assert_string_equal(verdict_failed(&verdict)->id, "user-crls");
    assert_non_null(strstr(verdict_failed(&verdict)->why.found,
                           " is on the list " OWN_LIST));
    CHECK_STATUS(verify_amd(UINT64_C(0x7777777777), &claims, &verdict),
                 STATUS_OK);
    assert_false(claims.snp.revocation_checked); /* by AMD's own list alone */
    assert_int_equal(claims.cert_count, 3);
    assert_string_equal(claims.certs[0].name, "vcek");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_lists_the_row_is_skipped),
        cmocka_unit_test(a_list_that_names_nobody_changes_only_the_expiry),
        cmocka_unit_test(the_reason_names_serial_and_file),
        cmocka_unit_test(a_defect_names_the_file),
        cmocka_unit_test(a_list_of_another_ca_is_passed_over),
        cmocka_unit_test(trusted_collateral_does_not_pass_over_them),
        cmocka_unit_test(an_endorsement_on_a_list_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
