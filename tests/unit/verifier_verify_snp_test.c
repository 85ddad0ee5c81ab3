#include "tests/support/check.h"

#include "common/buffer.h"
#include "common/file.h"
#include "common/text.h"
#include "tests/support/snp_sim.h"
#include "verifier/pem.h"
#include "verifier/snp_roots.h"
#include "verifier/x509.h"

/* --- one vector for each row of the table --- */

static struct sim_snp_item *ark(struct sim_snp_plan *p)
{
    return &p->certs[SIM_SNP_ARK];
}

static struct sim_snp_item *ask(struct sim_snp_plan *p)
{
    return &p->certs[SIM_SNP_ASK];
}

static struct sim_snp_item *leaf(struct sim_snp_plan *p)
{
    return &p->certs[SIM_SNP_ENDORSEMENT];
}

/* clang-format off */
#define PLAN(name, body) static void name(struct sim_snp_plan *p) { body }

PLAN(no_change,         (void)p;)
PLAN(report_version,    sim_snp_put(p, 0, 1, 4);)
PLAN(struct_version,    p->struct_version = 2;)
PLAN(common_name,       leaf(p)->name = "SEV-XCEK";)
PLAN(no_product,        p->product = NULL;)
PLAN(other_product,     p->product = "Venice";)
PLAN(product_prefix,    p->product = "Mila";)
PLAN(long_product,      p->product = "Milano";)
PLAN(no_bootloader,     p->without_spl |= 1U << 1;)
PLAN(no_microcode,      p->without_spl |= 1U << 8;)
PLAN(large_spl,         p->spl[3] = 256;)
PLAN(reserved_spl,      p->spl[5] = 1;)
PLAN(no_fmc,            p->product = "Turin-B1";)
PLAN(no_hwid,           p->hwid_len = 0;)
PLAN(short_hwid,        p->hwid_len = 63;)
PLAN(turin_hwid,        p->hwid_len = 8;)
PLAN(vcek_with_csp,     p->csp_id = "CN=x";)
PLAN(vlek_without_csp,  sim_snp_use_vlek(p); p->csp_id = NULL;)
PLAN(vlek_with_hwid,    sim_snp_use_vlek(p); p->hwid_len = 64;)
PLAN(vlek_bad_csp,      sim_snp_use_vlek(p); p->csp_id = "line\nbreak";)
PLAN(vlek_report,       sim_snp_put(p, 0x48, 4, 4);)
PLAN(vcek_report,       sim_snp_use_vlek(p); sim_snp_put(p, 0x48, 0, 4);)
PLAN(stranger_leaf,     leaf(p)->issuer = "SEV-Stranger";)
PLAN(stranger_ask,      ask(p)->issuer = "ARK-Stranger";)
PLAN(unrooted_ark,      ark(p)->issuer = "ARK-Above";)
PLAN(leaf_is_ca,        leaf(p)->is_ca = true;)
PLAN(ask_is_no_ca,      ask(p)->is_ca = false;)
PLAN(ask_may_not_sign,  ask(p)->key_usage = X509_DIGITAL_SIGNATURE;)
PLAN(ark_may_not_list,  ark(p)->key_usage = X509_KEY_CERT_SIGN;)
PLAN(leaf_by_ark,       leaf(p)->signed_by = SIM_SNP_ARK;)
PLAN(ask_by_ask,        ask(p)->signed_by = SIM_SNP_ASK;)
PLAN(ark_by_ask,        ark(p)->signed_by = SIM_SNP_ASK;)
PLAN(old_leaf,          leaf(p)->dates.until_unix = SNP_SIM_NOW - 1;)
PLAN(future_leaf,       leaf(p)->dates.from_unix = SNP_SIM_NOW + 1;)
PLAN(old_ask,           ask(p)->dates.until_unix = SNP_SIM_NOW - 1;)
PLAN(future_ark,        ark(p)->dates.from_unix = SNP_SIM_NOW + 1;)
PLAN(list_by_ask,       p->list_by = SIM_SNP_ASK;)
PLAN(list_forged,       p->list_by = SIM_SNP_ASK; ask(p)->name = "ARK-Simulated";
                        leaf(p)->issuer = "ARK-Simulated";)
PLAN(old_list,          p->list_dates.until_unix = SNP_SIM_NOW - 1;)
PLAN(future_list,       p->list_dates.from_unix = SNP_SIM_NOW + 1;)
PLAN(listed_ark,        p->listed = 0x10000;)
PLAN(listed_ask,        p->listed = 0x10001;)
PLAN(listed_leaf,       p->listed = 0;)
PLAN(bent_r,            p->bend_signature_at = 0x2a0;)
PLAN(bent_s,            p->bend_signature_at = 0x2e8;)
PLAN(bent_measurement,  p->bend_signature_at = 0x90;)
PLAN(genoa_cpu,         sim_snp_put(p, 0x188, 0x1119, 2);)
PLAN(unknown_cpu,       sim_snp_put(p, 0x188, 0x2019, 2);)
PLAN(reserved_tcb,      p->report[0x38 + 3] = 1;)
PLAN(reserved_launch,   p->report[0x1f0 + 2] = 1;)
PLAN(reported_above,    p->report[0x180 + 6]++; p->spl[3]++;)
PLAN(committed_above,   p->report[0x1e0 + 7]++;)
PLAN(old_endorsement,   p->spl[8]--;)
PLAN(new_endorsement,   p->spl[1]++;)
PLAN(other_chip,        p->report[0x1a0 + 63] ^= 1;)

/* What is still accepted. */
PLAN(vlek,              sim_snp_use_vlek(p);)
PLAN(version_2,         sim_snp_put(p, 0, 2, 4); sim_snp_put(p, 0x188, 0, 3);)
PLAN(version_5,         sim_snp_put(p, 0, 5, 4); sim_snp_put(p, 0x1f8, 11, 8);)
PLAN(hidden_chip,       memset(p->report + 0x1a0, 0, 64);)
PLAN(wrapped_hwid,      memmove(p->hwid + 2, p->hwid, 64); p->hwid[0] = 4;
                        p->hwid[1] = 64; p->hwid_len = 66;)
PLAN(no_reserved_spls,  p->without_spl |= 0xf0;)
PLAN(bergamo,           p->product = "Genoa"; sim_snp_put(p, 0x188, 0xa019, 2);)
PLAN(last_second,       leaf(p)->dates.until_unix = SNP_SIM_NOW;
                        p->list_dates.until_unix = SNP_SIM_NOW;)
PLAN(older_reported,    p->report[0x180 + 7]--; p->spl[8]--;)
PLAN(debug,             sim_snp_put(p, 8, 0xb0000, 8);)
/* clang-format on */

static void turin(struct sim_snp_plan *p)
{
    static const size_t tcbs[] = { 0x38, 0x180, 0x1e0, 0x1f0 };

    p->product = "Turin-C1";
    p->without_spl = 0xf0;
    p->spl[9] = 2;
    p->hwid_len = 8;
    memset(p->report + 0x1a8, 0, 56);
    sim_snp_put(p, 0x188, 0x021a, 2);
    for (size_t i = 0; i < COUNT_OF(tcbs); i++)
        sim_snp_put(p, tcbs[i], UINT64_C(0xdb00000018000402), 8);
}

static void turin_fmc(struct sim_snp_plan *p)
{
    turin(p);
    p->spl[9]++;
}

static void turin_tail(struct sim_snp_plan *p)
{
    turin(p);
    p->report[0x1a0 + 8] = 1;
}

typedef void plan_fn(struct sim_snp_plan *p);

static const struct vector {
    const char *check; /* where it must fail; NULL: it must not */
    const char *name;
    plan_fn *bend;
    enum status want;
    const char *field;
} vectors[] = {
    /* clang-format off */
    { NULL, "all is sound", no_change, STATUS_OK, NULL },
    { NULL, "a VLEK", vlek, STATUS_OK, NULL },
    { NULL, "version 2", version_2, STATUS_OK, NULL },
    { NULL, "version 5", version_5, STATUS_OK, NULL },
    { NULL, "a Turin", turin, STATUS_OK, NULL },
    { NULL, "a Bergamo", bergamo, STATUS_OK, NULL },
    { NULL, "a hidden chip id", hidden_chip, STATUS_OK, NULL },
    { NULL, "a hwID in an OCTET STRING", wrapped_hwid, STATUS_OK, NULL },
    { NULL, "no reserved SPLs", no_reserved_spls, STATUS_OK, NULL },
    { NULL, "the last second", last_second, STATUS_OK, NULL },
    { NULL, "a TCB reported below the committed", older_reported, STATUS_OK, NULL },
    { NULL, "debug, which is a claim", debug, STATUS_OK, NULL },
    { "report-format", "version 1", report_version, STATUS_BAD_VERSION, "report.version" },
    { "endorsement-extensions", "structVersion 2", struct_version, STATUS_BAD_CERT, "endorsement.extensions" },
    { "endorsement-extensions", "another name", common_name, STATUS_UNSUPPORTED, "endorsement.subject" },
    { "endorsement-extensions", "no product", no_product, STATUS_BAD_CERT, "endorsement.extensions" },
    { "endorsement-extensions", "an unknown product", other_product, STATUS_UNSUPPORTED, "endorsement.extensions" },
    { "endorsement-extensions", "the beginning of a product", product_prefix, STATUS_UNSUPPORTED, "endorsement.extensions" },
    { "endorsement-extensions", "more than a product", long_product, STATUS_UNSUPPORTED, "endorsement.extensions" },
    { "endorsement-extensions", "no blSPL", no_bootloader, STATUS_BAD_CERT, "endorsement.extensions" },
    { "endorsement-extensions", "no ucodeSPL", no_microcode, STATUS_BAD_CERT, "endorsement.extensions" },
    { "endorsement-extensions", "an SPL of 256", large_spl, STATUS_BAD_CERT, "endorsement.extensions" },
    { "endorsement-extensions", "a reserved SPL", reserved_spl, STATUS_BAD_CERT, "endorsement.extensions" },
    { "endorsement-extensions", "a Turin without fmcSPL", no_fmc, STATUS_BAD_CERT, "endorsement.extensions" },
    { "endorsement-extensions", "no hwID", no_hwid, STATUS_BAD_CERT, "endorsement.extensions" },
    { "endorsement-extensions", "a hwID of 63 bytes", short_hwid, STATUS_BAD_CERT, "endorsement.extensions" },
    { "endorsement-extensions", "a hwID of 8 bytes, no Turin", turin_hwid, STATUS_BAD_CERT, "endorsement.extensions" },
    { "endorsement-extensions", "a VCEK with a cspID", vcek_with_csp, STATUS_BAD_CERT, "endorsement.extensions" },
    { "endorsement-extensions", "a VLEK without cspID", vlek_without_csp, STATUS_BAD_CERT, "endorsement.extensions" },
    { "endorsement-extensions", "a VLEK with a hwID", vlek_with_hwid, STATUS_BAD_CERT, "endorsement.extensions" },
    { "endorsement-extensions", "a cspID of two lines", vlek_bad_csp, STATUS_BAD_CERT, "endorsement.extensions" },
    { "endorsement-kind", "a VCEK for a VLEK", vlek_report, STATUS_MISMATCH, "endorsement.subject" },
    { "endorsement-kind", "a VLEK for a VCEK", vcek_report, STATUS_MISMATCH, "endorsement.subject" },
    { "endorsement-chain-roles", "another's endorsement", stranger_leaf, STATUS_BAD_CHAIN, "endorsement.issuer" },
    { "endorsement-chain-roles", "another's ASK", stranger_ask, STATUS_BAD_CHAIN, "ask.issuer" },
    { "endorsement-chain-roles", "an ARK that is no root", unrooted_ark, STATUS_BAD_CHAIN, "ark.issuer" },
    { "endorsement-chain-roles", "an endorsement that is a CA", leaf_is_ca, STATUS_BAD_CHAIN, "endorsement.basic_constraints" },
    { "endorsement-chain-roles", "an ASK that is no CA", ask_is_no_ca, STATUS_BAD_CHAIN, "ask.basic_constraints" },
    { "endorsement-chain-roles", "an ASK that may not sign", ask_may_not_sign, STATUS_BAD_CHAIN, "ask.key_usage" },
    { "endorsement-chain-roles", "an ARK that may not list", ark_may_not_list, STATUS_BAD_CHAIN, "ark.key_usage" },
    { "endorsement-chain-signatures", "a leaf by the ARK", leaf_by_ark, STATUS_BAD_SIGNATURE, "endorsement.signature" },
    { "endorsement-chain-signatures", "an ASK by itself", ask_by_ask, STATUS_BAD_SIGNATURE, "ask.signature" },
    { "endorsement-chain-signatures", "an ARK by the ASK", ark_by_ask, STATUS_BAD_SIGNATURE, "ark.signature" },
    { "endorsement-chain-dates", "an old endorsement", old_leaf, STATUS_EXPIRED, "endorsement.validity" },
    { "endorsement-chain-dates", "an endorsement from the future", future_leaf, STATUS_NOT_YET, "endorsement.validity" },
    { "endorsement-chain-dates", "an old ASK", old_ask, STATUS_EXPIRED, "ask.validity" },
    { "endorsement-chain-dates", "an ARK from the future", future_ark, STATUS_NOT_YET, "ark.validity" },
    { "ark-crl-signature", "the ASK's list", list_by_ask, STATUS_MISMATCH, "ark_crl.issuer" },
    { "ark-crl-signature", "the ASK's list under the ARK's name", list_forged, STATUS_MISMATCH, "ark_crl.extensions" },
    { "ark-crl-dates", "an old list", old_list, STATUS_EXPIRED, "ark_crl.dates" },
    { "ark-crl-dates", "a list from the future", future_list, STATUS_NOT_YET, "ark_crl.dates" },
    { "ask-not-revoked", "a revoked ARK", listed_ark, STATUS_REVOKED, "ark.serial" },
    { "ask-not-revoked", "a revoked ASK", listed_ask, STATUS_REVOKED, "ask.serial" },
    { "endorsement-not-revoked", "a revoked endorsement", listed_leaf, STATUS_REVOKED, "endorsement.serial" },
    { "report-signature", "another r", bent_r, STATUS_BAD_SIGNATURE, "report.signature" },
    { "report-signature", "another s", bent_s, STATUS_BAD_SIGNATURE, "report.signature" },
    { "report-signature", "another measurement", bent_measurement, STATUS_BAD_SIGNATURE, "report.signature" },
    { "processor", "a Genoa with a Milan's endorsement", genoa_cpu, STATUS_MISMATCH, "report.cpuid" },
    { "processor", "an unknown model", unknown_cpu, STATUS_MISMATCH, "report.cpuid" },
    { "tcb-format", "a reserved byte", reserved_tcb, STATUS_BAD_FIELD, "report.current_tcb" },
    { "tcb-format", "a reserved byte at launch", reserved_launch, STATUS_BAD_FIELD, "report.launch_tcb" },
    { "tcb-order", "reported above committed", reported_above, STATUS_MISMATCH, "report.reported_tcb" },
    { "tcb-order", "committed above current", committed_above, STATUS_MISMATCH, "report.committed_tcb" },
    { "tcb-endorsed", "an older endorsement", old_endorsement, STATUS_MISMATCH, "report.reported_tcb" },
    { "tcb-endorsed", "a newer endorsement", new_endorsement, STATUS_MISMATCH, "report.reported_tcb" },
    { "tcb-endorsed", "another FMC", turin_fmc, STATUS_MISMATCH, "report.reported_tcb" },
    { "chip-endorsed", "another chip", other_chip, STATUS_MISMATCH, "report.chip_id" },
    { "chip-endorsed", "a longer chip id", turin_tail, STATUS_MISMATCH, "report.chip_id" },
    /* clang-format on */
};

static void check_vector(const struct vector *v, const struct verdict *verdict,
                         enum status st)
{
    const struct check_result *failed = verdict_failed(verdict);
    const char *at = failed == NULL ? "no check" : failed->id;
    const char *field = failed == NULL ? NULL : failed->why.field;

    if (st != v->want || strcmp(at, v->check != NULL ? v->check : "no check") ||
        (v->field != NULL && (field == NULL || strcmp(field, v->field) != 0)))
        fail_msg("%s: %s at %s in %s: %s", v->name, status_name(st), at, field,
                 failed == NULL ? "" : failed->why.found);
    if (failed == NULL)
        return;
    assert_true(failed->why.found[0] != '\0');
    assert_non_null(failed->why.clause);
    assert_int_equal(failed->why.status, st);
    for (const struct check_result *c = failed + 1;
         c < verdict->checks + verdict->count; c++)
        assert_int_equal(c->outcome, OUTCOME_SKIP);
}

static void each_vector_fails_at_its_check(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        struct sim_snp_plan plan;
        struct snp_sim s;
        struct verify_snp_input in;
        struct claims claims;
        struct verdict verdict;
        enum status st;

        snp_sim_default(&plan);
        vectors[i].bend(&plan);
        snp_sim_make(&plan, &s);
        in = snp_sim_input(&s);
        st = verify_snp(&in, &claims, &verdict);
        check_vector(&vectors[i], &verdict, st);
        assert_int_equal(claims.tee, st == STATUS_OK ? TEE_SEV_SNP : TEE_NONE);
    }
}

/* --- one sound signer for the rest --- */

static struct snp_sim sound;

static int make_sound(void **state)
{
    struct sim_snp_plan plan;

    (void)state;
    snp_sim_default(&plan);
    snp_sim_make(&plan, &sound);
    return 0;
}

static enum status verify_at(const struct verify_snp_input *in,
                             struct claims *claims, const char **check)
{
    struct verdict verdict;
    enum status st = verify_snp(in, claims, &verdict);
    const struct check_result *failed = verdict_failed(&verdict);

    *check = failed == NULL ? "" : failed->id;
    return st;
}

static void bytes_that_are_no_certificate(void **state)
{
    static const char *const texts[] = { "", "0", "no certificate" };
    struct verify_snp_input in = snp_sim_input(&sound);
    struct claims claims;
    const char *check;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        in = snp_sim_input(&sound);
        in.endorsement = slice_text(texts[i]);
        CHECK_STATUS(verify_at(&in, &claims, &check), STATUS_BAD_CERT);
        assert_string_equal(check, "endorsement-format");
    }
}

static void a_ca_is_no_endorsement(void **state)
{
    struct verify_snp_input in = snp_sim_input(&sound);
    struct claims claims;
    const char *check;

    (void)state;
    in.endorsement = slice_text(sound.amd.root);
    CHECK_STATUS(verify_at(&in, &claims, &check), STATUS_UNSUPPORTED);
    assert_string_equal(check, "endorsement-format");
}

/* AMD's names, a stranger's keys: without a root of the user's, built in ones
 * are used, whatever the peer sends. */
static void no_peer_supplies_a_root(void **state)
{
    struct verify_snp_input in = snp_sim_input(&sound);
    struct claims claims;
    const char *check;

    (void)state;
    in.root_pem = (struct slice){ 0 };
    CHECK_STATUS(verify_at(&in, &claims, &check), STATUS_BAD_CHAIN);
    assert_string_equal(check, "endorsement-chain-roles");
}

static void a_stranger_under_amds_name_is_refused(void **state)
{
    static const struct x509_labels labels = X509_LABELS("ask");
    struct sim_snp_plan plan;
    struct verify_snp_input in;
    struct snp_sim s;
    struct x509 real;
    struct pem pem;
    struct why why;
    struct claims claims;
    const char *check;

    (void)state;
    CHECK_STATUS(pem_parse(snp_roots_ask(SNP_MILAN, SNP_VCEK), "ask", &pem,
                           &why),
                 STATUS_OK);
    CHECK_STATUS(x509_parse(pem.certs[0], &labels, &real, &why), STATUS_OK);
    assert_true(real.subject.len > 0);
    snp_sim_default(&plan);
    plan.issuer_name = real.subject;
    snp_sim_make(&plan, &s);
    in = snp_sim_input(&s);
    in.root_pem = (struct slice){ 0 };
    CHECK_STATUS(verify_at(&in, &claims, &check), STATUS_BAD_SIGNATURE);
    assert_string_equal(check, "endorsement-chain-signatures");
}

/* A host hands out ASK and ARK behind the VCEK; they change nothing. */
static void only_the_first_certificate_counts(void **state)
{
    char text[16384];
    char base64[TEXT_BASE64_ROOM(sizeof(sound.amd.endorsement))];
    struct verify_snp_input in = snp_sim_input(&sound);
    struct claims claims;
    const char *check;

    (void)state;
    text_base64(in.endorsement, base64, sizeof(base64));
    (void)snprintf(text, sizeof(text),
                   "-----BEGIN CERTIFICATE-----\n%s\n"
                   "-----END CERTIFICATE-----\n"
                   "-----BEGIN CERTIFICATE-----\nMDAwMA==\n"
                   "-----END CERTIFICATE-----\n",
                   base64);
    in.endorsement = slice_text(text);
    CHECK_STATUS(verify_at(&in, &claims, &check), STATUS_OK);
}

static void a_root_is_two_certificates(void **state)
{
    struct verify_snp_input in = snp_sim_input(&sound);
    struct claims claims;
    const char *check;

    (void)state;
    in.root_pem = snp_roots_ark(SNP_MILAN);
    CHECK_STATUS(verify_at(&in, &claims, &check), STATUS_BAD_CHAIN);
    assert_string_equal(check, "trusted-root");
    in.root_pem = slice_text("none");
    CHECK_STATUS(verify_at(&in, &claims, &check), STATUS_BAD_CERT);
    assert_string_equal(check, "trusted-root");
}

static void bytes_that_are_no_list(void **state)
{
    struct verify_snp_input in = snp_sim_input(&sound);
    struct claims claims;
    const char *check;

    (void)state;
    in.crl = slice_text("no list");
    CHECK_STATUS(verify_at(&in, &claims, &check), STATUS_BAD_CRL);
    assert_string_equal(check, "ark-crl-signature");
}

static void a_forged_list(void **state)
{
    struct snp_sim other = sound;
    struct verify_snp_input in;
    struct claims claims;
    const char *check;

    (void)state;
    other.amd.list[other.amd.list_len - 1] ^= 1;
    in = snp_sim_input(&other);
    CHECK_STATUS(verify_at(&in, &claims, &check), STATUS_BAD_SIGNATURE);
    assert_string_equal(check, "ark-crl-signature");
}

static void claims_say_what_the_report_says(void **state)
{
    struct verify_snp_input in = snp_sim_input(&sound);
    struct claims c;
    const char *check;

    (void)state;
    CHECK_STATUS(verify_at(&in, &c, &check), STATUS_OK);
    assert_int_equal(c.tee, TEE_SEV_SNP);
    assert_int_equal(c.quote_version, 3);
    assert_true(c.simulated);
    assert_false(c.debug);
    assert_int_equal(c.report_data[0], 0x50);
    assert_int_equal(c.snp.product, SNP_MILAN);
    assert_int_equal(c.snp.signer, SNP_VCEK);
    assert_true(c.snp.revocation_checked);
    assert_int_equal(c.snp.current.bootloader, 4);
    assert_int_equal(c.snp.reported.snp, 24);
    assert_int_equal(c.snp.committed.microcode, 219);
    assert_int_equal(c.snp.launch.tee, 0);
    assert_string_equal(c.snp.csp_id, "");
    assert_int_equal(c.tcb.status, TCB_NONE);
    assert_true(c.validity.earliest_expiry_unix > SNP_SIM_NOW);
    in.crl = (struct slice){ 0 };
    CHECK_STATUS(verify_at(&in, &c, &check), STATUS_OK);
    assert_false(c.snp.revocation_checked);
}

static void a_debug_guest_is_called_so(void **state)
{
    struct sim_snp_plan plan;
    struct snp_sim s;
    struct verify_snp_input in;
    struct claims c;
    const char *check;

    (void)state;
    snp_sim_default(&plan);
    sim_snp_use_vlek(&plan);
    sim_snp_put(&plan, 8, 0xb0000, 8);
    snp_sim_make(&plan, &s);
    in = snp_sim_input(&s);
    CHECK_STATUS(verify_at(&in, &c, &check), STATUS_OK);
    assert_true(c.debug);
    assert_int_equal(c.snp.signer, SNP_VLEK);
    assert_string_equal(c.snp.csp_id, "CN=cc.example.com");
}

/* --- sweeps: no byte of the report or the endorsement is free --- */

static void flip_each(const uint8_t *bytes, size_t len, size_t step,
                      bool is_report)
{
    uint8_t *copy = malloc(len);

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    for (size_t bit = 0; bit < len * 8; bit += step) {
        struct verify_snp_input in = snp_sim_input(&sound);
        struct claims claims;
        const char *check;

        copy[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        if (is_report)
            in.report = slice_of(copy, len);
        else
            in.endorsement = slice_of(copy, len);
        if (verify_at(&in, &claims, &check) == STATUS_OK)
            fail_msg("bit %zu is free", bit);
        copy[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    free(copy);
}

static void no_bit_of_the_report_is_free(void **state)
{
    (void)state;
    flip_each(sound.report, sizeof(sound.report), 13, true);
}

static void no_bit_of_the_endorsement_is_free(void **state)
{
    (void)state;
    flip_each(sound.amd.endorsement, sound.amd.endorsement_len, 7, false);
}

/* --- what is written about it --- */

static void each_check_has_a_vector(void **state)
{
    struct verify_snp_input in = snp_sim_input(&sound);
    const struct user_crl own = { "own.crl", in.crl };
    struct claims claims;
    struct verdict verdict;

    (void)state;
    in.user_crls = &own;
    in.user_crl_count = 1;
    CHECK_STATUS(verify_snp(&in, &claims, &verdict), STATUS_OK);
    for (size_t i = 0; i < verdict.count; i++) {
        const char *id = verdict.checks[i].id;
        /* These have tests of their own, with bytes no plan makes. */
        bool found = strcmp(id, "endorsement-format") == 0 ||
                     strcmp(id, "trusted-root") == 0 ||
                     strcmp(id, "user-crls") == 0;

        assert_int_equal(verdict.checks[i].outcome, OUTCOME_PASS);
        for (size_t k = 0; k < COUNT_OF(vectors) && !found; k++)
            found =
                vectors[k].check != NULL && strcmp(vectors[k].check, id) == 0;
        if (!found)
            fail_msg("no vector for %s", id);
    }
}

static void each_check_is_documented(void **state)
{
    struct verify_snp_input in = snp_sim_input(&sound);
    struct buffer doc = { 0 };
    struct claims claims;
    struct verdict verdict;
    struct why why;

    (void)state;
    CHECK_STATUS(file_read(TEST_SOURCE_DIR "/docs/VERIFICATION.md", 1 << 20,
                           &doc, &why),
                 STATUS_OK);
    buffer_byte(&doc, '\0');
    CHECK_STATUS(verify_snp(&in, &claims, &verdict), STATUS_OK);
    for (size_t i = 0; i < verdict.count; i++) {
        char name[80];

        (void)snprintf(name, sizeof(name), "`%s`", verdict.checks[i].id);
        if (strstr((const char *)doc.at, name) == NULL)
            fail_msg("docs/VERIFICATION.md does not mention %s", name);
    }
    buffer_free(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_vector_fails_at_its_check),
        cmocka_unit_test(bytes_that_are_no_certificate),
        cmocka_unit_test(a_ca_is_no_endorsement),
        cmocka_unit_test(no_peer_supplies_a_root),
        cmocka_unit_test(a_stranger_under_amds_name_is_refused),
        cmocka_unit_test(only_the_first_certificate_counts),
        cmocka_unit_test(a_root_is_two_certificates),
        cmocka_unit_test(bytes_that_are_no_list),
        cmocka_unit_test(a_forged_list),
        cmocka_unit_test(claims_say_what_the_report_says),
        cmocka_unit_test(a_debug_guest_is_called_so),
        cmocka_unit_test(no_bit_of_the_report_is_free),
        cmocka_unit_test(no_bit_of_the_endorsement_is_free),
        cmocka_unit_test(each_check_has_a_vector),
        cmocka_unit_test(each_check_is_documented),
    };

    return cmocka_run_group_tests(tests, make_sound, NULL);
}
