#include "verifier/verify.h"

#include <assert.h>
#include <stdlib.h>

#include "verifier/trusted_set.h"
#include "verifier/validity.h"
#include "verifier/verification.h"

/* One row of the table. Exactly one function is set. */
struct check {
    const char *id;
    const char *title;
    trusted_set_check *collateral; /* depends on collateral alone */
    trusted_set_dates *dates;      /* on collateral and the time */
    verification_check *quote;     /* on the quote too */
    enum tee_type only;            /* TEE_NONE: for every TEE */
    bool only_with_crls;           /* where the user has lists */
};

/* clang-format off */
/* The order is the argument: each check may rely on all those above it, and
 * no claim exists before the last one. docs/VERIFICATION.md walks this table. */
static const struct check checks[] = {
    /* What was sent. */
    { "quote-format", "The quote is well formed",
      .quote = check_quote_format },
    { "quote-vendor", "The quoting enclave is Intel's",
      .quote = check_quote_vendor },
    { "certification-type", "The quote carries its PCK certificate chain",
      .quote = check_quote_certification },

    /* What Intel published. */
    { "trusted-root", "The trusted root is known",
      .collateral = trusted_set_root },
    { "pck-crl-chain", "The PCK CRL's chain ends at the trusted root",
      .collateral = trusted_set_crl_chain },
    { "pck-crl-chain-dates", "The PCK CRL's chain is in its validity",
      .dates = trusted_set_crl_chain_dates },
    { "root-crl-signature", "The root CA's CRL is signed by the root",
      .collateral = trusted_set_root_crl },
    { "root-crl-dates", "The root CA's CRL is current",
      .dates = trusted_set_root_crl_dates },
    { "pck-crl-signer-not-revoked", "The PCK CRL's issuer is not revoked",
      .collateral = trusted_set_crl_signer },
    { "pck-crl-signature", "The PCK CRL is signed by its issuer",
      .collateral = trusted_set_pck_crl },
    { "pck-crl-dates", "The PCK CRL is current",
      .dates = trusted_set_pck_crl_dates },
    { "tcb-info-chain", "The TCB info's chain ends at the trusted root",
      .collateral = trusted_set_tcb_chain },
    { "tcb-info-chain-dates", "The TCB info's chain is in its validity",
      .dates = trusted_set_tcb_chain_dates },
    { "tcb-info-signer-not-revoked", "The TCB info's signer is not revoked",
      .collateral = trusted_set_tcb_signer },
    { "tcb-info-signature", "The TCB info is signed over its exact bytes",
      .collateral = trusted_set_tcb_signature },
    { "tcb-info-format", "The TCB info is well formed",
      .collateral = trusted_set_tcb_info },
    { "tcb-info-dates", "The TCB info is current",
      .dates = trusted_set_tcb_info_dates },
    { "qe-identity-chain", "The QE identity's chain ends at the trusted root",
      .collateral = trusted_set_qe_chain },
    { "qe-identity-chain-dates", "The QE identity's chain is in its validity",
      .dates = trusted_set_qe_chain_dates },
    { "qe-identity-signer-not-revoked",
      "The QE identity's signer is not revoked",
      .collateral = trusted_set_qe_signer },
    { "qe-identity-signature", "The QE identity is signed over its exact bytes",
      .collateral = trusted_set_qe_signature },
    { "qe-identity-format", "The QE identity is well formed",
      .collateral = trusted_set_qe_identity },
    { "qe-identity-dates", "The QE identity is current",
      .dates = trusted_set_qe_identity_dates },

    /* Which platform it is. */
    { "pck-chain-format", "The PCK certificate chain is well formed",
      .quote = check_platform_chain },
    { "pck-chain-roles", "It is a PCK, its CA and the trusted root",
      .quote = check_platform_roles },
    { "pck-chain-signatures", "Each certificate is signed by the next",
      .quote = check_platform_signatures },
    { "pck-chain-dates", "Each certificate is in its validity",
      .quote = check_platform_dates },
    { "pck-ca-not-revoked", "The PCK's CA is not revoked",
      .quote = check_platform_ca_revoked },
    { "pck-crl-issuer", "The PCK CRL is that of the PCK's CA",
      .quote = check_platform_crl_issuer },
    { "pck-not-revoked", "The PCK certificate is not revoked",
      .quote = check_platform_pck_revoked },
    { "user-crls", "No revocation list of the user's own names any of them",
      .quote = check_platform_user_crls, .only_with_crls = true },
    { "pck-extension", "The PCK certificate says which platform it is",
      .quote = check_platform_extension },
    { "tcb-info-platform", "The TCB info is for this platform",
      .quote = check_platform_tcb_info },
    { "tdx-module", "The TDX module is Intel's",
      .quote = check_platform_module, .only = TEE_TDX },

    /* Which enclave signed the quote. */
    { "qe-report-signature", "The QE's report is signed by the PCK",
      .quote = check_quote_qe_signature },
    { "qe-report-binding", "The QE vouches for the attestation key",
      .quote = check_quote_qe_binding },
    { "qe-identity-tee", "The QE identity is for this kind of TEE",
      .quote = check_quote_qe_tee },
    { "qe-signer", "The QE is signed by Intel",
      .quote = check_quote_qe_signer },
    { "qe-product", "The QE is a quoting enclave",
      .quote = check_quote_qe_product },
    { "qe-attributes", "The QE's attributes are as they must be",
      .quote = check_quote_qe_attributes },
    { "qe-misc-select", "The QE's MISCSELECT is as it must be",
      .quote = check_quote_qe_misc },

    /* The quote itself. */
    { "attestation-key", "The attestation key is a point of P-256",
      .quote = check_quote_key },
    { "quote-signature", "The quote is signed by the attestation key",
      .quote = check_quote_signature },

    /* How up to date all of it is. */
    { "tcb-level", "The platform is at a TCB level Intel knows",
      .quote = check_tcb_platform },
    { "tdx-module-level", "The TDX module is at a TCB level Intel knows",
      .quote = check_tcb_module, .only = TEE_TDX },
    { "qe-level", "The QE is at a TCB level Intel knows",
      .quote = check_tcb_qe },
    { "tcb-status", "Nothing of the TCB is revoked",
      .quote = check_tcb_status },
};
/* clang-format on */

static_assert(COUNT_OF(checks) <= VERDICT_CHECKS_MAX, "a verdict holds them");

/* What a run works on. */
struct run {
    struct trusted_set *building; /* NULL: the set was made before */
    struct verification *v;       /* NULL: only the set is made */
    explain_fn *explain;          /* NULL: nobody wants to know; needs |v| */
    void *explain_ctx;
};

static enum status run_check(const struct check *c, const struct run *run,
                             struct why *why)
{
    if (c->collateral != NULL)
        return c->collateral(run->building, why);
    if (c->dates != NULL)
        return c->dates(run->v->set, run->v->now_unix, why);
    return c->quote(run->v, why);
}

static enum status run_row(const struct check *c, const struct run *run,
                           struct check_result *out)
{
    bool is_once = c->collateral != NULL;
    enum status st;

    if (!is_once && run->v == NULL)
        return STATUS_OK;
    if (is_once && run->building == NULL) {
        why_seen(&out->why, "checked when the collateral came");
        out->outcome = OUTCOME_PASS;
        return STATUS_OK;
    }
    if (c->only != TEE_NONE && c->only != run->v->quote.tee) {
        why_seen(&out->why, "only for %s", tee_name(c->only));
        return STATUS_OK;
    }
    if (c->only_with_crls && run->v->user_crl_count == 0) {
        why_seen(&out->why, "the user has none");
        return STATUS_OK;
    }
    st = run_check(c, run, &out->why);
    out->outcome = st == STATUS_OK ? OUTCOME_PASS : OUTCOME_FAIL;
    if (run->explain != NULL)
        explain_check(c->id, run->v, run->explain, run->explain_ctx);
    return st;
}

static void list_checks(struct verdict *out)
{
    *out = (struct verdict){ .count = COUNT_OF(checks) };
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        out->checks[i].id = checks[i].id;
        out->checks[i].title = checks[i].title;
    }
}

static enum status run_checks(const struct run *run, struct verdict *out)
{
    enum status st = STATUS_OK;

    for (size_t i = 0; i < COUNT_OF(checks) && st == STATUS_OK; i++)
        st = run_row(&checks[i], run, &out->checks[i]);
    return st;
}

/* |building| is |set| while its checks are still to be made, else NULL. */
static enum status verify_under(struct trusted_set *building,
                                const struct trusted_set *set,
                                const struct verify_input *in,
                                struct claims *claims, struct verdict *verdict)
{
    struct verification *v = calloc(1, sizeof(*v));
    struct run run = { .building = building,
                       .v = v,
                       .explain = in->explain,
                       .explain_ctx = in->explain_ctx };
    enum status st;

    *claims = (struct claims){ 0 };
    list_checks(verdict);
    if (v == NULL)
        return STATUS_NO_MEMORY;
    v->bytes = in->quote;
    v->now_unix = in->now_unix;
    v->set = set;
    v->user_crls = in->user_crls;
    v->user_crl_count = in->user_crl_count;
    v->validity = validity_none();
    st = run_checks(&run, verdict);
    if (st == STATUS_OK)
        verification_claims(v, claims);
    free(v);
    return st;
}

enum status verify_quote_with(const struct trusted_set *set,
                              const struct verify_input *in,
                              struct claims *claims, struct verdict *verdict)
{
    return verify_under(NULL, set, in, claims, verdict);
}

enum status verify_quote(const struct verify_input *in, struct claims *claims,
                         struct verdict *verdict)
{
    struct trusted_set *set = calloc(1, sizeof(*set));
    enum status st;

    if (set == NULL) {
        *claims = (struct claims){ 0 };
        list_checks(verdict);
        return STATUS_NO_MEMORY;
    }
    set->raw = *in->collateral;
    set->root_der = in->root_der;
    st = verify_under(set, set, in, claims, verdict);
    trusted_set_free(set);
    return st;
}

enum status verify_collateral(const struct collateral_set *set,
                              struct slice root_der, struct trusted_set **out,
                              struct verdict *verdict)
{
    struct run run = { 0 };
    enum status st;

    *out = NULL;
    list_checks(verdict);
    run.building = trusted_set_copy(set, root_der);
    if (run.building == NULL)
        return STATUS_NO_MEMORY;
    st = run_checks(&run, verdict);
    if (st != STATUS_OK) {
        trusted_set_free(run.building);
        return st;
    }
    *out = run.building;
    return STATUS_OK;
}

void verify_trusted_free(struct trusted_set *set)
{
    trusted_set_free(set);
}
