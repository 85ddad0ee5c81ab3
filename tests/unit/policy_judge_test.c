/* judge: the rows one by one, releases, reasons and deadlines.
 *
 * long: one table of rows. */
#include "tests/support/check.h"

#include "policy/field.h"
#include "policy/judge.h"
#include "policy/policy.h"
#include "tests/support/good_claims.h"
#include "tests/support/policy_text.h"

#define NOW  GOOD_NOW
#define D128 D64 D64
#define DAY  DAY_S

static void add_advisory(struct claims *c, const char *name)
{
    assert_true(
        advisories_add(&c->tcb.advisories, slice_text(name), TCB_PLATFORM));
}

static struct judge_input input_of(const struct claims *c)
{
    return (struct judge_input){
        .claims = c,
        .now_unix = NOW,
        .attested_unix = NOW - 5,
        .challenged = true,
    };
}

typedef void change_fn(struct claims *c);

static void genoa(struct claims *c)
{
    const struct snp_tcb now = { .bootloader = 4, .snp = 22, .microcode = 213 };

    c->snp.has_cpuid = true;
    c->snp.cpuid_family = 25;
    c->snp.cpuid_model = 17;
    c->snp.cpuid_stepping = 1;
    c->snp.has_mitigations = true;
    c->snp.launch_mitigations = 1;
    c->snp.current_mitigations = 3;
    c->snp.current = c->snp.launch = now;
    c->snp.committed =
        (struct snp_tcb){ .bootloader = 3, .snp = 21, .microcode = 208 };
}

static void as_it_is(struct claims *c)
{
    (void)c;
}

static void as_a_td(struct claims *c)
{
    *c = good_claims_tdx();
}

static void other_code(struct claims *c)
{
    c->tdx.mr_td[47] ^= 1;
    c->sgx.mr_enclave[31] ^= 1;
    c->snp.measurement[0] ^= 1;
}

static void as_td_1_0(struct claims *c)
{
    c->tdx.has_1_5 = false;
}

static void other_rtmr3(struct claims *c)
{
    c->tdx.rtmr[3][0] ^= 1;
}

static void debug(struct claims *c)
{
    c->debug = true;
}

static void simulated(struct claims *c)
{
    c->simulated = true;
}

static void out_of_date(struct claims *c)
{
    c->tcb.status = TCB_OUT_OF_DATE;
    c->tcb.platform = TCB_OUT_OF_DATE;
}

static void out_of_date_configuration(struct claims *c)
{
    c->tcb.status = TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
}

static void long_out_of_date(struct claims *c)
{
    out_of_date(c);
    c->tcb.date_unix = NOW - 14 * DAY - 1;
}

static void just_in_grace(struct claims *c)
{
    out_of_date(c);
    c->tcb.date_unix = NOW - 14 * DAY;
}

static void undated(struct claims *c)
{
    out_of_date(c);
    c->tcb.date_unix = 0;
}

static void hardening_615(struct claims *c)
{
    c->tcb.status = TCB_SW_HARDENING_NEEDED;
    add_advisory(c, "INTEL-SA-00615");
}

static void hardening_615_and_837(struct claims *c)
{
    hardening_615(c);
    add_advisory(c, "INTEL-SA-00837");
}

static void up_to_date_with_615(struct claims *c)
{
    add_advisory(c, "INTEL-SA-00615");
}

static void out_of_date_with_615(struct claims *c)
{
    out_of_date(c);
    add_advisory(c, "INTEL-SA-00615");
}

static void revoked(struct claims *c)
{
    c->tcb.status = TCB_REVOKED;
}

static void revoked_qe(struct claims *c)
{
    c->tcb.qe = TCB_REVOKED;
}

static void module_out_of_date(struct claims *c)
{
    c->tcb.module = TCB_OUT_OF_DATE;
}

static void module_not_judged(struct claims *c)
{
    c->tcb.module = TCB_NONE;
}

static void evaluation_18(struct claims *c)
{
    c->tcb.evaluation_number = 18;
}

static void ends_in_a_day(struct claims *c)
{
    c->validity.earliest_expiry_unix = NOW + DAY;
}

static void ended(struct claims *c)
{
    c->validity.earliest_expiry_unix = NOW - 1;
}

static void smt_not_stated(struct claims *c)
{
    c->platform.smt_enabled = TRI_UNKNOWN;
}

static void version_2(struct claims *c)
{
    c->sgx.isv_svn = 2;
}

static void version_65535(struct claims *c)
{
    c->sgx.isv_svn = 65535;
}

static void hidden_attribute(struct claims *c)
{
    c->tdx.td_attributes[7] = 0x80;
}

static void other_attribute(struct claims *c)
{
    c->tdx.td_attributes[3] = 0;
}

static void not_checked(struct claims *c)
{
    c->snp.revocation_checked = false;
}

static void lower_second_svn(struct claims *c)
{
    c->tdx.tee_tcb_svn[0] = 9;
    c->tdx.tee_tcb_svn[1] = 0;
}

#define MRTD      TDX "      mrtd: " D96 "\n"
#define MRENCLAVE SGX "      mrenclave: " D64 "\n"
#define GUEST     SNP "      measurement: " D96 "\n"
#define ZEROS_32                                                               \
    "\"0000000000000000000000000000000000000000000000000000000000000000\""
#define ZEROS                                                                  \
    "000000000000000000000000000000000000000000000000"                         \
    "000000000000000000000000000000000000000000000000"

/* Which row refuses, "" if none, and what its field is. */
static const struct {
    const char *name;
    const char *policy;
    change_fn *change;
    const char *row;
    const char *field;
} cases[] = {
    /* clang-format off */
    { "the named TD", MRTD, as_it_is, "", "" },
    { "other code", MRTD, other_code, "policy-mrtd", "accept.mrtd" },
    { "a register that is not asked", MRTD, other_rtmr3, "", "" },
    { "a register that is", MRTD "      rtmr3: " D96 "\n", other_rtmr3,
      "policy-rtmr3", "accept.rtmr3" },
    { "one of two values", TDX "      mrtd: [ " ZEROS ", " D96 " ]\n",
      as_it_is, "", "" },
    { "none of two values", TDX "      mrtd: [ " ZEROS ", " D96 " ]\n",
      other_code, "policy-mrtd", "accept.mrtd" },
    { "a TD where an enclave is named", MRENCLAVE, as_a_td, "policy-tee",
      "accept.tee" },
    { "no measurement", TDX, as_it_is, "policy-measurement", "accept" },
    { "no measurement but an owner", TDX "      mrowner: " ZEROS "\n",
      as_it_is, "policy-measurement", "accept" },
    { "nothing", SERVICE "    accept: {}\n", as_it_is, "policy-measurement",
      "accept" },
    { "a debug TD", MRTD, debug, "policy-debug", "accept.debug" },
    { "a debug TD that is accepted", MRTD "      debug: true\n", debug, "",
      "" },
    { "a simulated TD", MRTD, simulated, "policy-root", "root" },
    { "a simulated TD whose root is named",
      MRTD "    root: root.pem\n", simulated, "", "" },
    { "a field of TDX 1.5 in a quote without",
      MRTD "      mrservicetd: " ZEROS "\n", as_it_is, "policy-mrservicetd",
      "accept.mrservicetd" },
    { "an attribute under the mask",
      MRTD "      td-attributes: { value: 0000001000000000,"
           " mask: ffffffff00000000 }\n", hidden_attribute, "", "" },
    { "an attribute without mask",
      MRTD "      td-attributes: 0000001000000000\n", hidden_attribute,
      "policy-td-attributes", "accept.td-attributes" },
    { "another attribute",
      MRTD "      td-attributes: { value: 0000001000000000,"
           " mask: ffffffff00000000 }\n", other_attribute,
      "policy-td-attributes", "accept.td-attributes" },
    { "versions that are reached",
      MRTD "      tee-tcb-svn: 05010000000000000000000000000000\n", as_it_is,
      "", "" },
    { "one version that is not, though another is higher",
      MRTD "      tee-tcb-svn: 05010000000000000000000000000000\n",
      lower_second_svn, "policy-tee-tcb-svn", "accept.tee-tcb-svn" },
    { "another report data", MRTD "      report-data: \"" D128 "\"\n", as_it_is,
      "policy-report-data", "accept.report-data" },
    { "a module that runs of TDX 1.0",
      MRTD "      tee-tcb-svn-2: 00000000000000000000000000000000\n", as_td_1_0,
      "policy-tee-tcb-svn-2", "accept.tee-tcb-svn-2" },
    { "a PCE too old", MRTD "      platform: { pce-svn: 65535 }\n", as_it_is,
      "policy-pce-svn", "accept.platform.pce-svn" },
    { "a kind of machine of the list",
      MRTD "      platform: { fmspc: [ 000000000000, 00806f050000 ] }\n",
      as_it_is, "", "" },
    { "a kind of machine that is not",
      MRTD "      platform: { fmspc: 000000000000 }\n", as_it_is,
      "policy-fmspc", "accept.platform.fmspc" },
    { "a machine that does not say who it is",
      MRTD "      platform: { ppid: 00000000000000000000000000000000 }\n",
      as_it_is, "policy-ppid", "accept.platform.ppid" },
    { "a fact that holds", MRTD "      platform: { smt: false }\n", as_it_is,
      "", "" },
    { "a fact that does not", MRTD "      platform: { smt: true }\n",
      as_it_is, "policy-smt", "accept.platform.smt" },
    { "a fact that is not stated", MRTD "      platform: { smt: false }\n",
      smt_not_stated, "policy-smt", "accept.platform.smt" },

    { "out of date", MRTD, out_of_date, "policy-tcb-status",
      "accept.tcb.status" },
    { "out of date, which is accepted",
      MRTD "      tcb: { status: [ UpToDate, OutOfDate ] }\n", out_of_date,
      "", "" },
    { "out of date, in grace", MRTD "      tcb: { grace-days: 14 }\n",
      just_in_grace, "", "" },
    { "out of date, after grace", MRTD "      tcb: { grace-days: 14 }\n",
      long_out_of_date, "policy-tcb-status", "accept.tcb.status" },
    { "out of date since nobody knows", MRTD "      tcb: { grace-days: 14 }\n",
      undated, "policy-tcb-status", "accept.tcb.status" },
    { "grace does not mend a configuration",
      MRTD "      tcb: { grace-days: 14 }\n", out_of_date_configuration,
      "policy-tcb-status", "accept.tcb.status" },
    { "unless that is accepted",
      MRTD "      tcb: { grace-days: 14, status: ConfigurationNeeded }\n",
      out_of_date_configuration, "", "" },
    { "an advisory in grace", MRTD "      tcb: { grace-days: 14 }\n",
      out_of_date_with_615, "policy-advisories", "accept.tcb.advisories" },
    { "a listed advisory in grace",
      MRTD "      tcb: { grace-days: 14, advisories: INTEL-SA-00615 }\n",
      out_of_date_with_615, "", "" },
    { "hardening", MRTD, hardening_615, "policy-tcb-status",
      "accept.tcb.status" },
    { "hardening that is accepted, without its advisory",
      MRTD "      tcb: { status: SWHardeningNeeded }\n", hardening_615,
      "policy-advisories", "accept.tcb.advisories" },
    { "hardening that is accepted, with its advisory",
      MRTD "      tcb: { status: SWHardeningNeeded,"
           " advisories: [ INTEL-SA-00615 ] }\n", hardening_615, "", "" },
    { "one advisory more",
      MRTD "      tcb: { status: SWHardeningNeeded,"
           " advisories: [ INTEL-SA-00615 ] }\n", hardening_615_and_837,
      "policy-advisories", "accept.tcb.advisories" },
    { "any advisory",
      MRTD "      tcb: { status: SWHardeningNeeded, advisories: any }\n",
      hardening_615_and_837, "", "" },
    { "an advisory of what is up to date", MRTD, up_to_date_with_615, "", "" },
    { "an advisory of what is up to date, where none is listed",
      MRTD "      tcb: { advisories: [] }\n", up_to_date_with_615,
      "policy-advisories", "accept.tcb.advisories" },
    { "revoked", MRTD, revoked, "policy-not-revoked", "accept.tcb" },
    { "revoked in part", MRTD, revoked_qe, "policy-not-revoked",
      "accept.tcb" },
    { "a module out of date, not asked", MRTD, module_out_of_date, "", "" },
    { "a module out of date, asked", MRTD "      tcb: { module: UpToDate }\n",
      module_out_of_date, "policy-tcb-module", "accept.tcb.module" },
    { "a module that was not judged", MRTD "      tcb: { module: UpToDate }\n",
      module_not_judged, "policy-tcb-module", "accept.tcb.module" },
    { "a platform out of date, asked",
      MRTD "      tcb: { status: OutOfDate, platform: UpToDate }\n",
      out_of_date, "policy-tcb-platform", "accept.tcb.platform" },
    { "a quoting enclave, asked", MRTD "      tcb: { qe: OutOfDate }\n",
      as_it_is, "policy-tcb-qe", "accept.tcb.qe" },
    { "the evaluation that is asked",
      MRTD "      tcb: { min-evaluation-number: 19 }\n", as_it_is, "", "" },
    { "an older evaluation",
      MRTD "      tcb: { min-evaluation-number: 19 }\n", evaluation_18,
      "policy-evaluation", "accept.tcb.min-evaluation-number" },
    { "collateral for a day", MRTD "      min-collateral-life: 1d\n",
      ends_in_a_day, "", "" },
    { "collateral for less", MRTD "      min-collateral-life: 86401s\n",
      ends_in_a_day, "policy-collateral-life", "accept.min-collateral-life" },
    { "collateral that has ended since", MRTD, ended,
      "policy-collateral-life", "accept.min-collateral-life" },
    { "young enough", MRTD "      max-age: 5s\n", as_it_is, "", "" },
    { "too old", MRTD "      max-age: 4s\n", as_it_is, "policy-age",
      "accept.max-age" },

    { "the named enclave", MRENCLAVE, as_it_is, "", "" },
    { "another enclave", MRENCLAVE, other_code, "policy-mrenclave",
      "accept.mrenclave" },
    { "another enclave of the signer", SGX "      mrsigner: " D64 "\n",
      other_code, "", "" },
    { "a product of the list", MRENCLAVE "      isv-prod-id: [ 1, 7 ]\n",
      as_it_is, "", "" },
    { "a product that is not", MRENCLAVE "      isv-prod-id: 8\n", as_it_is,
      "policy-isv-prod-id", "accept.isv-prod-id" },
    { "the least version", MRENCLAVE "      isv-svn: 3\n", as_it_is, "", "" },
    { "an older version", MRENCLAVE "      isv-svn: 3\n", version_2,
      "policy-isv-svn", "accept.isv-svn" },
    { "the named guest", GUEST, as_it_is, "", "" },
    { "another guest", GUEST, other_code, "policy-measurement",
      "accept.measurement" },
    { "a guest whose keys may be revoked", GUEST, not_checked,
      "policy-revocation", "accept.revocation" },
    { "which is accepted", GUEST "      revocation: optional\n", not_checked,
      "", "" },
    { "old microcode", GUEST "      tcb: { microcode: 214 }\n", as_it_is,
      "policy-tcb-microcode", "accept.tcb.microcode" },
    { "microcode of today", GUEST "      tcb: { microcode: 213, snp: 22 }\n",
      as_it_is, "", "" },
    { "a level that is not accepted", GUEST "      vmpl: 0\n", as_it_is,
      "policy-vmpl", "accept.vmpl" },
    { "one of two levels", GUEST "      vmpl: [ 0, 1 ]\n", as_it_is, "", "" },
    { "a version of the guest above 16 bits", GUEST "      guest-svn: 70000\n",
      as_it_is, "", "" },
    { "a version just below", GUEST "      guest-svn: 70001\n", as_it_is,
      "policy-guest-svn", "accept.guest-svn" },
    { "a policy of the guest", GUEST "      guest-policy: 0000000000030000\n",
      as_it_is, "", "" },
    { "another policy of the guest",
      GUEST "      guest-policy: { value: 0000000000000000,"
            " mask: 0000000000010000 }\n", as_it_is, "policy-guest-policy",
      "accept.guest-policy" },
    { "no author", GUEST "      author-key-digest: " ZEROS "\n", as_it_is,
      "policy-author-key-digest", "accept.author-key-digest" },
    { "versions of the processor", MRENCLAVE
      "      cpu-svn: 00000000000000000000000000000000\n", as_it_is, "", "" },
    { "a version of the processor that is not reached", MRENCLAVE
      "      cpu-svn: 000000000000000000000000000000ff\n", as_it_is,
      "policy-cpu-svn", "accept.cpu-svn" },
    { "another certified version", MRENCLAVE
      "      platform: { pck-cpu-svn: ff000000000000000000000000000000 }\n",
      as_it_is, "policy-pck-cpu-svn", "accept.platform.pck-cpu-svn" },
    { "another maker of the quoting enclave", MRENCLAVE
      "      platform: { qe-vendor: ffffffffffffffffffffffffffffffff }\n",
      as_it_is, "policy-qe-vendor", "accept.platform.qe-vendor" },
    { "a run of the guest", GUEST "      report-id: " ZEROS_32 "\n", as_it_is,
      "", "" },
    { "another run", GUEST "      report-id: " D64 "\n", as_it_is,
      "policy-report-id", "accept.report-id" },
    { "another migration agent", GUEST "      report-id-ma: " D64 "\n", as_it_is,
      "policy-report-id-ma", "accept.report-id-ma" },
    { "a processor", GUEST "      platform: { cpuid-family: 25, cpuid-model: 17,"
      " cpuid-stepping: [ 1, 2 ] }\n", genoa, "", "" },
    { "another stepping", GUEST "      platform: { cpuid-stepping: 2 }\n", genoa,
      "policy-cpuid-stepping", "accept.platform.cpuid-stepping" },
    { "a processor that is not told", GUEST
      "      platform: { cpuid-family: 0 }\n", as_it_is, "policy-cpuid-family",
      "accept.platform.cpuid-family" },
    { "a mitigation", GUEST "      platform: { current-mitigations: "
      "{ value: 0000000000000002, mask: 0000000000000002 } }\n", genoa, "", "" },
    { "one that came later", GUEST "      platform: { launch-mitigations: "
      "{ value: 0000000000000002, mask: 0000000000000002 } }\n", genoa,
      "policy-launch-mitigations", "accept.platform.launch-mitigations" },
    { "mitigations that are not told", GUEST
      "      platform: { launch-mitigations: 0000000000000000 }\n", as_it_is,
      "policy-launch-mitigations", "accept.platform.launch-mitigations" },
    { "all that runs", GUEST "      tcb: { current: 00040016d5, "
      "committed: 00030015d0, launch: 00040016d5 }\n", genoa, "", "" },
    { "microcode that runs and is old", GUEST
      "      tcb: { current: 00000000d6 }\n", genoa, "policy-tcb-current",
      "accept.tcb.current" },
    { "a boot loader that can come back", GUEST
      "      tcb: { committed: 0004000000 }\n", genoa, "policy-tcb-committed",
      "accept.tcb.committed" },
    { "firmware that was old at the start", GUEST
      "      tcb: { launch: 0000001700 }\n", genoa, "policy-tcb-launch",
      "accept.tcb.launch" },
    { "a far newer version", MRENCLAVE "      isv-svn: 256\n", version_65535,
      "", "" },
    /* clang-format on */
};

static void check_row(const char *name, const char *want, const char *got)
{
    if (strcmp(want, got) != 0)
        fail_msg("%s: \"%s\", not \"%s\"", name, got, want);
}

/* The row that refused, "" if none. */
static const char *failed_row(const struct decision *d)
{
    const struct check_result *failed = verdict_failed(&d->verdict);

    return failed == NULL ? "" : failed->id;
}

static struct claims claims_for(enum tee_type tee)
{
    return tee == TEE_SGX       ? good_claims_sgx()
           : tee == TEE_SEV_SNP ? good_claims_snp()
                                : good_claims_tdx();
}

static void each_row_refuses_what_it_is_about(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct policy *p = policy_text_parse(cases[i].policy);
        const struct accept *accept = &p->services[0].accept;
        struct claims c = claims_for(accept->tee);
        struct judge_input in = input_of(&c);
        struct decision d;
        struct why why = { 0 };
        enum status st;

        cases[i].change(&c);
        st = judge_claims(accept, &in, &d, &why);
        assert_int_equal(st == STATUS_OK, failed_row(&d)[0] == '\0');
        assert_int_equal(st == STATUS_OK, d.release != NULL);
        assert_int_equal(st == STATUS_OK, d.deadline_unix != 0);
        assert_int_equal(why.status, st);
        check_row(cases[i].name, cases[i].row, failed_row(&d));
        check_row(cases[i].name, cases[i].field,
                  st == STATUS_OK ? "" : why.field);
        if (st != STATUS_OK) {
            assert_int_equal(status_class(st), CLASS_POLICY);
            assert_true(why.found[0] != '\0' && why.expected[0] != '\0');
        }
        policy_free(p);
    }
}

/* Judge evidence of the server's epoch that was made at |unix_time|. */
static enum status judge_epoch(const struct policy *p, int64_t unix_time)
{
    struct claims c = good_claims_tdx();
    struct judge_input in = input_of(&c);
    struct decision d;
    struct why why;

    in.challenged = false;
    in.attested_unix = unix_time;
    return judge_claims(&p->services[0].accept, &in, &d, &why);
}

static void epochs_are_accepted_by_name_only(void **state)
{
    struct policy *strict = policy_text_parse(MRTD);
    struct policy *loose =
        policy_text_parse(MRTD "      freshness: epoch\n      max-age: 1h\n");

    (void)state;
    CHECK_STATUS(judge_epoch(strict, NOW), STATUS_POLICY);
    CHECK_STATUS(judge_epoch(loose, NOW), STATUS_OK);
    CHECK_STATUS(judge_epoch(loose, NOW - 3600), STATUS_OK);
    CHECK_STATUS(judge_epoch(loose, NOW - 3601), STATUS_POLICY);
    CHECK_STATUS(judge_epoch(loose, NOW + CLOCK_SKEW_SECONDS), STATUS_OK);
    CHECK_STATUS(judge_epoch(loose, NOW + CLOCK_SKEW_SECONDS + 1),
                 STATUS_POLICY);
    CHECK_STATUS(judge_epoch(loose, INT64_MAX), STATUS_POLICY);
    policy_free(strict);
    policy_free(loose);
}

static const char roll_out[] = TDX
    "      any-of:\n"
    "        - { name: old, mrtd: " ZEROS ", rtmr1: " D96 " }\n"
    "        - { name: new, mrtd: " D96 ", rtmr1: " D96 ", rtmr3: " D96 " }\n"
    "        - { name: empty, mrseam: " D96 " }\n";

static void the_release_that_matches_is_named(void **state)
{
    struct policy *p = policy_text_parse(roll_out);
    struct claims c = good_claims_tdx();
    struct judge_input in = input_of(&c);
    struct decision d;
    struct why why;

    (void)state;
    CHECK_STATUS(judge_claims(&p->services[0].accept, &in, &d, &why),
                 STATUS_OK);
    assert_string_equal(d.release, "new");
    memset(c.tdx.mr_td, 0, sizeof(c.tdx.mr_td));
    CHECK_STATUS(judge_claims(&p->services[0].accept, &in, &d, &why),
                 STATUS_OK);
    assert_string_equal(d.release, "old");
    policy_free(p);
}

static void a_refusal_is_about_the_closest_release(void **state)
{
    struct policy *p = policy_text_parse(roll_out);
    struct claims c = good_claims_tdx();
    struct judge_input in = input_of(&c);
    struct decision d;
    struct why why;

    (void)state;
    c.tdx.rtmr[3][0] = 0xff;
    CHECK_STATUS(judge_claims(&p->services[0].accept, &in, &d, &why),
                 STATUS_POLICY);
    assert_string_equal(why.field, "accept.rtmr3");
    assert_string_equal(why.expected, D96 " (new, the closest of 3 releases)");
    assert_memory_equal(why.found, "ff0f", 4);
    assert_null(d.release);
    policy_free(p);
}

static const struct {
    const char *policy;
    change_fn *change;
    const char *found;
    const char *expected;
} reasons[] = {
    /* clang-format off */
    { MRTD "      tcb: { status: [ OutOfDate, UpToDate ] }\n", hardening_615,
      "SWHardeningNeeded", "UpToDate, OutOfDate" },
    { MRTD "      tcb: { module: UpToDate }\n", module_not_judged,
      "not judged", "UpToDate" },
    { MRTD "      min-collateral-life: 2d\n", ends_in_a_day,
      "tcb_info ends at 2026-05-29T20:26:40Z", "172800 seconds more" },
    { MRTD "      rtmr3: " D96 "\n      tcb: { min-evaluation-number: 20 }\n",
      as_it_is, "19", "at least 20" },
    { MRTD "      td-attributes: { value: 0000000000000000,"
           " mask: 0000001000000000 }\n", as_it_is, "0000001000000000",
      "0000000000000000 under the mask 0000001000000000" },
    { MRTD "      platform: { ppid: 00000000000000000000000000000000 }\n",
      as_it_is, "not stated", "00000000000000000000000000000000" },
    { TDX "      mrtd: [ " ZEROS ", " ZEROS " ]\n", as_it_is, D96,
      "one of 2, such as " ZEROS },
    { TDX "      mrtd: " ZEROS "\n", as_it_is, D96, ZEROS },
    { TDX "      any-of: [ { mrtd: " ZEROS " }, { name: b, mrtd: " ZEROS
      " } ]\n", as_it_is, D96,
      ZEROS " (without name, the closest of 2 releases)" },
    /* clang-format on */
};

static void reasons_say_what_was_found_and_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        struct policy *p = policy_text_parse(reasons[i].policy);
        struct claims c = good_claims_tdx();
        struct judge_input in = input_of(&c);
        struct decision d;
        struct why why;

        reasons[i].change(&c);
        CHECK_STATUS(judge_claims(&p->services[0].accept, &in, &d, &why),
                     STATUS_POLICY);
        assert_string_equal(why.found, reasons[i].found);
        assert_string_equal(why.expected, reasons[i].expected);
        policy_free(p);
    }
}

static void every_row_is_shown_after_one_that_fails(void **state)
{
    struct policy *p = policy_text_parse(MRTD);
    struct claims c = good_claims_tdx();
    struct judge_input in = input_of(&c);
    struct decision d;
    struct why why;
    size_t failed = 0;
    size_t skipped = 0;

    (void)state;
    other_code(&c);
    out_of_date(&c);
    CHECK_STATUS(judge_claims(&p->services[0].accept, &in, &d, &why),
                 STATUS_POLICY);
    for (size_t i = 0; i < d.verdict.count; i++) {
        const struct check_result *r = &d.verdict.checks[i];

        assert_non_null(r->id);
        assert_true(r->title[0] != '\0');
        failed += r->outcome == OUTCOME_FAIL;
        skipped += r->outcome == OUTCOME_SKIP;
        if (r->outcome == OUTCOME_SKIP)
            assert_string_equal(r->why.found, "not asked");
    }
    assert_int_equal(failed, 2);
    assert_int_equal(skipped, 8);
    policy_free(p);
}

static const struct {
    const char *policy;
    change_fn *change;
    int64_t want; /* seconds from now */
    const char *item;
} deadlines[] = {
    /* clang-format off */
    { MRTD, as_it_is, 20 * DAY, "tcb_info" },
    { MRTD "      min-collateral-life: 5d\n", as_it_is, 15 * DAY, "tcb_info" },
    { MRTD "      max-age: 1h\n", as_it_is, 3600 - 5, "max-age" },
    { MRTD "      tcb: { grace-days: 14 }\n", out_of_date, 4 * DAY,
      "grace-days" },
    { MRTD "      tcb: { grace-days: 14 }\n", as_it_is, 20 * DAY, "tcb_info" },
    /* clang-format on */
};

static void what_ends_first_is_the_deadline(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(deadlines); i++) {
        struct policy *p = policy_text_parse(deadlines[i].policy);
        struct claims c = good_claims_tdx();
        struct judge_input in = input_of(&c);
        struct decision d;
        struct why why;

        deadlines[i].change(&c);
        CHECK_STATUS(judge_claims(&p->services[0].accept, &in, &d, &why),
                     STATUS_OK);
        assert_int_equal(d.deadline_unix, NOW + deadlines[i].want);
        assert_string_equal(d.deadline_item, deadlines[i].item);
        policy_free(p);
    }
}

static void serials_that_the_user_revokes_are_refused(void **state)
{
    static const uint8_t serial[] = { 0xde, 0xad };
    struct policy *p =
        policy_text_parse("revoked: [ \"01\", \"00DEAD\" ]\n" MRTD);
    const struct accept *a = &p->services[0].accept;
    struct claims c = good_claims_tdx();
    struct judge_input in = input_of(&c);
    struct decision d;
    struct why why;

    (void)state;
    c.cert_count = 0;
    CHECK_STATUS(judge_claims(a, &in, &d, &why), STATUS_POLICY);
    assert_string_equal(why.found, "no certificate");
    claims_add_cert(&c, "pck", slice_of(serial, 1));
    CHECK_STATUS(judge_claims(a, &in, &d, &why), STATUS_OK);
    claims_add_cert(&c, "pck_ca", SLICE_OF(serial));
    CHECK_STATUS(judge_claims(a, &in, &d, &why), STATUS_POLICY);
    assert_string_equal(why.field, "revoked");
    assert_string_equal(why.found, "00DEAD of pck_ca");
    assert_string_equal(why.expected,
                        "none that is revoked in line 1 of etc/p.yaml");
    policy_free(p);
}

static enum status judge_exec(const struct accept *a, const struct claims *c,
                              const struct why *exec, struct decision *d,
                              struct why *why)
{
    struct judge_input in = input_of(c);

    in.exec = exec;
    return judge_claims(a, &in, d, why);
}

static void an_external_check_is_wanted_when_all_else_agrees(void **state)
{
    struct policy *p = policy_text_parse(MRTD "      exec: /bin/a\n");
    const struct accept *a = &p->services[0].accept;
    const struct why yes = { .status = STATUS_OK, .found = "seen" };
    struct claims c = good_claims_tdx();
    struct decision d;
    struct why no;
    struct why why;

    (void)state;
    (void)why_fail(&no, STATUS_POLICY, "accept.exec", NULL, "exit status 1");
    CHECK_STATUS(judge_exec(a, &c, NULL, &d, &why), STATUS_POLICY);
    assert_true(d.wants_exec);
    assert_string_equal(d.release, "");
    assert_int_equal(d.deadline_unix, 0);
    assert_string_equal(why.found, "not run yet");
    assert_string_equal(why.expected, "that /bin/a accepts");
    CHECK_STATUS(judge_exec(a, &c, &no, &d, &why), STATUS_POLICY);
    assert_false(d.wants_exec);
    assert_null(d.release);
    assert_string_equal(why.found, "exit status 1");
    CHECK_STATUS(judge_exec(a, &c, &yes, &d, &why), STATUS_OK);
    assert_false(d.wants_exec);
    assert_int_equal(d.deadline_unix, NOW + 20 * DAY);
    c.debug = true;
    CHECK_STATUS(judge_exec(a, &c, NULL, &d, &why), STATUS_POLICY);
    assert_false(d.wants_exec);
    CHECK_STATUS(judge_exec(a, &c, &yes, &d, &why), STATUS_POLICY);
    policy_free(p);
}

static void a_measurement_is_needed_beside_an_external_check(void **state)
{
    struct policy *p = policy_text_parse(TDX "      exec: /bin/a\n");
    const struct claims c = good_claims_tdx();
    struct decision d;
    struct why why;

    (void)state;
    CHECK_STATUS(judge_exec(&p->services[0].accept, &c, NULL, &d, &why),
                 STATUS_EMPTY_POLICY);
    assert_false(d.wants_exec);
    policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_refuses_what_it_is_about),
        cmocka_unit_test(epochs_are_accepted_by_name_only),
        cmocka_unit_test(the_release_that_matches_is_named),
        cmocka_unit_test(a_refusal_is_about_the_closest_release),
        cmocka_unit_test(reasons_say_what_was_found_and_expected),
        cmocka_unit_test(every_row_is_shown_after_one_that_fails),
        cmocka_unit_test(what_ends_first_is_the_deadline),
        cmocka_unit_test(serials_that_the_user_revokes_are_refused),
        cmocka_unit_test(an_external_check_is_wanted_when_all_else_agrees),
        cmocka_unit_test(a_measurement_is_needed_beside_an_external_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
