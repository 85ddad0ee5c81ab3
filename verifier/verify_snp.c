#include "verifier/verify_snp.h"

#include <assert.h>
#include <stdlib.h>

#include "verifier/snp_explain.h"
#include "verifier/snp_run.h"
#include "verifier/user_crl.h"
#include "verifier/validity.h"
#include "verifier/wolf.h"

/* names: verify_snp all that the file is for */

/* --- what was sent --- */

static enum status check_report(struct snp_run *r, struct why *why)
{
    enum status st = snp_report_parse(r->in->report, &r->report, why);

    if (st == STATUS_OK)
        why_seen(why, "version %u, VMPL %u", r->report.version,
                 (unsigned)r->report.says.vmpl);
    return st;
}

static enum status check_endorsement(struct snp_run *r, struct why *why)
{
    return snp_chain_parse(r->in->endorsement, &r->chain, why);
}

static enum status check_extensions(struct snp_run *r, struct why *why)
{
    enum status st = snp_ext_read(&r->chain.endorsement, &r->ext, why);

    if (st == STATUS_OK)
        why_seen(why, "%s %s", snp_product_name(r->ext.product),
                 snp_signer_name(r->ext.signer));
    return st;
}

static enum status check_signer(struct snp_run *r, struct why *why)
{
    if (r->ext.signer == r->report.says.signer)
        return STATUS_OK;
    (void)why_fail(why, STATUS_MISMATCH, "endorsement.subject", "AMD 56860 7.3",
                   "a %s", snp_signer_name(r->ext.signer));
    return why_expect(why, "a %s, which the report names",
                      snp_signer_name(r->report.says.signer));
}

/* --- what AMD issued --- */

static enum status check_root(struct snp_run *r, struct why *why)
{
    enum status st = snp_chain_root(&r->chain, r->in->root_pem, r->ext.product,
                                    r->ext.signer, why);

    if (st == STATUS_OK)
        why_seen(why, r->chain.built_in ? "AMD's, built in"
                                        : "named by the user: a simulation");
    return st;
}

static enum status check_roles(struct snp_run *r, struct why *why)
{
    return snp_chain_check_roles(&r->chain, why);
}

static enum status check_signatures(struct snp_run *r, struct why *why)
{
    return snp_chain_check_signatures(&r->chain, why);
}

static enum status check_dates(struct snp_run *r, struct why *why)
{
    return snp_chain_check_dates(&r->chain, r->in->now_unix, why);
}

static enum status check_crl_signature(struct snp_run *r, struct why *why)
{
    enum status st = crl_parse(CRL_ARK, r->in->crl, &r->crl, why);

    if (st == STATUS_OK)
        st = crl_check_issuer(&r->crl, &r->chain.ark, why);
    return st;
}

static enum status check_crl_dates(struct snp_run *r, struct why *why)
{
    return crl_check_dates(&r->crl, r->in->now_unix, why);
}

static enum status check_ask_revoked(struct snp_run *r, struct why *why)
{
    enum status st = crl_check_cert(&r->crl, &r->chain.ark, why);

    if (st == STATUS_OK)
        st = crl_check_cert(&r->crl, &r->chain.ask, why);
    return st;
}

/* The ASK publishes no list of its own: the ARK's is the only one. */
static enum status check_endorsement_revoked(struct snp_run *r, struct why *why)
{
    return crl_check_serial(&r->crl, &r->chain.endorsement, why);
}

/* As the ARK's, a list here may name an endorsement. */
static enum status check_user_crls(struct snp_run *r, struct why *why)
{
    const struct user_crl_certs certs = {
        .count = 3,
        .at = { &r->chain.endorsement, &r->chain.ask, &r->chain.ark },
        .one_list = true,
    };

    return user_crl_check(r->in->user_crls, r->in->user_crl_count, &certs,
                          r->in->now_unix, &r->validity, why);
}

/* --- the report --- */

static enum status check_report_signature(struct snp_run *r, struct why *why)
{
    if (wolf_p384_verify(r->chain.endorsement.key.bytes.at,
                         r->report.signed_part, r->report.signature))
        return STATUS_OK;
    return why_fail(why, STATUS_BAD_SIGNATURE, "report.signature",
                    "AMD 56860 7.3", "not made by the %s over this content",
                    snp_signer_name(r->ext.signer));
}

static enum status check_product(struct snp_run *r, struct why *why)
{
    const struct snp_claims *s = &r->report.says;

    if (!s->has_cpuid) {
        why_seen(why, "not told by a report of version 2");
        return STATUS_OK;
    }
    if (snp_report_product(&r->report) == r->ext.product)
        return STATUS_OK;
    (void)why_fail(why, STATUS_MISMATCH, "report.cpuid", "AMD 56860 7.3",
                   "family %02x, model %02x", s->cpuid_family, s->cpuid_model);
    return why_expect(why, "a model of %s", snp_product_name(r->ext.product));
}

static enum status read_tcb(const struct snp_run *r, const char *field,
                            const uint8_t bytes[SNP_TCB_BYTES],
                            struct snp_tcb *out, struct why *why)
{
    if (snp_tcb_read(r->ext.product, bytes, out))
        return STATUS_OK;
    return why_bytes(why, STATUS_BAD_FIELD, field, "AMD 56860 2.2",
                     slice_of(bytes, SNP_TCB_BYTES), (struct slice){ 0 });
}

static enum status check_tcb_format(struct snp_run *r, struct why *why)
{
    enum status st = read_tcb(r, "report.current_tcb", r->report.current_tcb,
                              &r->current, why);

    if (st == STATUS_OK)
        st = read_tcb(r, "report.reported_tcb", r->report.reported_tcb,
                      &r->reported, why);
    if (st == STATUS_OK)
        st = read_tcb(r, "report.committed_tcb", r->report.committed_tcb,
                      &r->committed, why);
    if (st == STATUS_OK)
        st = read_tcb(r, "report.launch_tcb", r->report.launch_tcb, &r->launch,
                      why);
    return st;
}

static enum status refuse_tcb(const char *field, const struct snp_tcb *found,
                              const char *relation,
                              const struct snp_tcb *expected, struct why *why)
{
    char text[SNP_TCB_TEXT_ROOM];

    snp_tcb_text(found, text);
    (void)why_fail(why, STATUS_MISMATCH, field, "AMD 56860 2.2", "%s", text);
    snp_tcb_text(expected, text);
    return why_expect(why, "%s %s", relation, text);
}

static enum status check_tcb_order(struct snp_run *r, struct why *why)
{
    if (!snp_tcb_covers(&r->committed, &r->reported))
        return refuse_tcb("report.reported_tcb", &r->reported,
                          "at most the committed", &r->committed, why);
    if (!snp_tcb_covers(&r->current, &r->committed))
        return refuse_tcb("report.committed_tcb", &r->committed,
                          "at most the current", &r->current, why);
    return STATUS_OK;
}

static enum status check_tcb_endorsed(struct snp_run *r, struct why *why)
{
    char text[SNP_TCB_TEXT_ROOM];

    if (!snp_tcb_equal(&r->reported, &r->ext.tcb))
        return refuse_tcb("report.reported_tcb", &r->reported,
                          "the endorsement's,", &r->ext.tcb, why);
    snp_tcb_text(&r->reported, text);
    why_seen(why, "%s", text);
    return STATUS_OK;
}

static enum status check_chip(struct snp_run *r, struct why *why)
{
    struct slice chip = SLICE_OF(r->report.says.chip_id);

    if (r->ext.signer == SNP_VLEK)
        why_seen(why, "a VLEK is of no chip, but of %s", r->ext.csp_id);
    else if (slice_is_zero(chip))
        why_seen(why, "the report hides it; the VCEK is of one chip");
    else if (!slice_equal(chip, SLICE_OF(r->ext.chip_id)))
        return why_bytes(why, STATUS_MISMATCH, "report.chip_id",
                         "AMD 56860 7.3", chip, SLICE_OF(r->ext.chip_id));
    return STATUS_OK;
}

/* --- the table --- */

struct check {
    const char *id;
    const char *title;
    /* Returns STATUS_OK, with |why->found| saying what was seen, or the status
     * of the defect with |why| filled. */
    enum status (*run)(struct snp_run *r, struct why *why);
    enum { ALWAYS, WITH_CRL, WITH_USER_CRLS } when; /* else skipped */
};

/* clang-format off */
/* The order is the argument: each check may rely on all those above it, and
 * no claim exists before the last one. docs/VERIFICATION.md walks this table. */
static const struct check checks[] = {
    /* What was sent. */
    { "report-format", "The report is well formed", check_report, ALWAYS },
    { "endorsement-format", "The endorsement is a certificate of a P-384 key",
      check_endorsement, ALWAYS },
    { "endorsement-extensions", "It says what processor and TCB it endorses",
      check_extensions, ALWAYS },
    { "endorsement-kind", "It is of the kind that the report names",
      check_signer, ALWAYS },

    /* What AMD issued. */
    { "trusted-root", "The trusted root is known", check_root, ALWAYS },
    { "endorsement-chain-roles", "It is an endorsement, its signer and the root",
      check_roles, ALWAYS },
    { "endorsement-chain-signatures", "Each certificate is signed by the next",
      check_signatures, ALWAYS },
    { "endorsement-chain-dates", "Each certificate is in its validity",
      check_dates, ALWAYS },
    { "ark-crl-signature", "The CRL is signed by the root",
      check_crl_signature, WITH_CRL },
    { "ark-crl-dates", "The CRL is current", check_crl_dates, WITH_CRL },
    { "ask-not-revoked", "The endorsement's signer is not revoked",
      check_ask_revoked, WITH_CRL },
    { "endorsement-not-revoked", "The endorsement is not revoked",
      check_endorsement_revoked, WITH_CRL },
    { "user-crls", "No revocation list of the user's own names any of them",
      check_user_crls, WITH_USER_CRLS },

    /* The report. */
    { "report-signature", "The report is signed by the endorsed key",
      check_report_signature, ALWAYS },
    { "processor", "The processor is of the endorsed product",
      check_product, ALWAYS },
    { "tcb-format", "The TCB versions are well formed",
      check_tcb_format, ALWAYS },
    { "tcb-order", "The reported TCB is committed, and that is running",
      check_tcb_order, ALWAYS },
    { "tcb-endorsed", "The reported TCB is the endorsed one",
      check_tcb_endorsed, ALWAYS },
    { "chip-endorsed", "The chip is the endorsed one", check_chip, ALWAYS },
};
/* clang-format on */

static_assert(COUNT_OF(checks) <= VERDICT_CHECKS_MAX, "a verdict holds them");

static void list_checks(struct verdict *out)
{
    *out = (struct verdict){ .count = COUNT_OF(checks) };
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        out->checks[i].id = checks[i].id;
        out->checks[i].title = checks[i].title;
    }
}

static enum status run_row(const struct check *c, struct snp_run *r,
                           struct check_result *out)
{
    enum status st;

    if (c->when == WITH_CRL && r->in->crl.len == 0) {
        why_seen(&out->why, "no revocation list was given");
        return STATUS_OK;
    }
    if (c->when == WITH_USER_CRLS && r->in->user_crl_count == 0) {
        why_seen(&out->why, "the user has none");
        return STATUS_OK;
    }
    st = c->run(r, &out->why);
    out->outcome = st == STATUS_OK ? OUTCOME_PASS : OUTCOME_FAIL;
    if (r->in->explain != NULL)
        snp_explain_check(c->id, r, r->in->explain, r->in->explain_ctx);
    return st;
}

/* --- claims --- */

static void gather_validity(const struct snp_run *r,
                            struct validity_claims *out)
{
    const struct snp_chain *c = &r->chain;

    *out = r->validity;
    validity_add(out, &c->ark.validity, "ark");
    validity_add(out, &c->ask.validity, "ask");
    validity_add(out, &c->endorsement.validity, "endorsement");
    if (r->in->crl.len > 0)
        validity_add(out, &r->crl.dates, "ark_crl");
}

static void gather_claims(const struct snp_run *r, struct claims *out)
{
    struct snp_claims *s = &out->snp;
    struct item_claims list;

    out->tee = TEE_SEV_SNP;
    out->quote_version = r->report.version;
    out->simulated = !r->chain.built_in;
    memcpy(out->report_data, r->report.report_data, sizeof(out->report_data));
    *s = r->report.says;
    out->debug = (s->policy & SNP_POLICY_DEBUG) != 0;
    s->product = r->ext.product;
    s->current = r->current;
    s->reported = r->reported;
    s->committed = r->committed;
    s->launch = r->launch;
    memcpy(s->csp_id, r->ext.csp_id, sizeof(s->csp_id));
    s->revocation_checked = r->in->crl.len > 0;
    gather_validity(r, &out->validity);
    claims_add_cert(out, snp_signer_name(r->ext.signer),
                    r->chain.endorsement.serial);
    claims_add_cert(out, "ask", r->chain.ask.serial);
    claims_add_cert(out, "ark", r->chain.ark.serial);
    if (r->in->crl.len == 0)
        return;
    crl_claims(&r->crl, "ark_crl", &list);
    claims_add_item(out, &list);
}

enum status verify_snp(const struct verify_snp_input *in, struct claims *claims,
                       struct verdict *verdict)
{
    struct snp_run *r = calloc(1, sizeof(*r));
    enum status st = STATUS_OK;

    *claims = (struct claims){ 0 };
    list_checks(verdict);
    if (r == NULL)
        return STATUS_NO_MEMORY;
    r->in = in;
    r->validity = validity_none();
    for (size_t i = 0; i < COUNT_OF(checks) && st == STATUS_OK; i++)
        st = run_row(&checks[i], r, &verdict->checks[i]);
    if (st == STATUS_OK)
        gather_claims(r, claims);
    free(r);
    return st;
}
