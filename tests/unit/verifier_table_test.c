#include "tests/support/evidence.h"

#include "common/file.h"
#include "verifier/quote.h"

/* --- one vector for each row of the table --- */

/* Evidence in the making: |o| decides what |a| is made of, and |p| what |b|,
 * under the same keys, is made of; then pieces of |b| may replace those of |a|. */
struct bench {
    struct sim_options o;
    struct sim_options p;
    struct evidence a;
    struct evidence b;
    struct slice root;
    struct user_crl own; /* the user's; without a name: none */
};

static void fault(struct sim_options *o, enum sim_item item, uint32_t faults)
{
    o->items[item].faults |= faults;
}

static void expire(struct sim_options *o, enum sim_item item)
{
    o->items[item].until_s = -1;
}

/* clang-format off */
#define BENCH(name, body) static void name(struct bench *w) { body }

BENCH(rogue_pck_ca,      fault(&w->o, SIM_PCK_CA, SIM_ROGUE);)
BENCH(expired_pck_ca,    expire(&w->o, SIM_PCK_CA);)
BENCH(revoked_pck_ca,    fault(&w->o, SIM_PCK_CA, SIM_REVOKED);)
BENCH(other_revokes_pck, fault(&w->p, SIM_PCK, SIM_REVOKED);)
BENCH(other_revokes_ca,  fault(&w->p, SIM_PCK_CA, SIM_REVOKED);)
BENCH(other_revokes_signer, fault(&w->p, SIM_TCB_SIGNING, SIM_REVOKED);)
BENCH(other_forges_crl,  fault(&w->p, SIM_PCK_CRL, SIM_ROGUE);)
BENCH(other_is_late,     expire(&w->p, SIM_PCK_CRL);)
BENCH(other_is_early,    w->p.items[SIM_PCK_CRL].from_s = 1;)
BENCH(other_is_unnumbered, fault(&w->p, SIM_PCK_CRL, SIM_NO_CRL_NUMBER);)
BENCH(rogue_root_crl,    fault(&w->o, SIM_ROOT_CRL, SIM_ROGUE);)
BENCH(no_root_crl,       fault(&w->o, SIM_ROOT_CRL, SIM_MISSING);)
BENCH(expired_root_crl,  expire(&w->o, SIM_ROOT_CRL);)
BENCH(rogue_pck_crl,     fault(&w->o, SIM_PCK_CRL, SIM_ROGUE);)
BENCH(expired_pck_crl,   expire(&w->o, SIM_PCK_CRL);)
BENCH(future_pck_crl,    w->o.items[SIM_PCK_CRL].from_s = 1;)
BENCH(rogue_signer,      fault(&w->o, SIM_TCB_SIGNING, SIM_ROGUE);)
BENCH(expired_signer,    expire(&w->o, SIM_TCB_SIGNING);)
BENCH(revoked_signer,    fault(&w->o, SIM_TCB_SIGNING, SIM_REVOKED);)
BENCH(rogue_tcb_info,    fault(&w->o, SIM_TCB_INFO, SIM_ROGUE);)
BENCH(no_tcb_info,       fault(&w->o, SIM_TCB_INFO, SIM_MISSING);)
BENCH(no_levels,         w->o.tcb_levels.count = 0;)
BENCH(expired_tcb_info,  expire(&w->o, SIM_TCB_INFO);)
BENCH(future_tcb_info,   w->o.items[SIM_TCB_INFO].from_s = 1;)
BENCH(rogue_qe_identity, fault(&w->o, SIM_QE_IDENTITY, SIM_ROGUE);)
BENCH(no_qe_levels,      w->o.qe_levels.count = 0;)
BENCH(expired_qe_identity, expire(&w->o, SIM_QE_IDENTITY);)
BENCH(renamed_pck,       fault(&w->o, SIM_PCK, SIM_OTHER_NAME);)
BENCH(rogue_pck,         fault(&w->o, SIM_PCK, SIM_ROGUE);)
BENCH(expired_pck,       expire(&w->o, SIM_PCK);)
BENCH(future_pck,        w->o.items[SIM_PCK].from_s = 1;)
BENCH(revoked_pck,       fault(&w->o, SIM_PCK, SIM_REVOKED);
                        fault(&w->o, SIM_PCK_CRL, SIM_MANY_ENTRIES);)
BENCH(no_sgx_extension,  fault(&w->o, SIM_PCK, SIM_NO_SGX);)
BENCH(other_fmspc,       w->o.tcb_fmspc[5] ^= 1;)
BENCH(other_pce_id,      w->o.tcb_pce_id[0] ^= 1;)
BENCH(other_module,      w->o.tdx.tee_tcb_svn[1] = 2;)
BENCH(other_module_signer, w->o.tdx.mr_signer_seam[0] = 1;)
BENCH(module_attributes, w->o.tdx.seam_attributes[0] = 1;)
BENCH(rogue_qe_report,   fault(&w->o, SIM_QE_REPORT, SIM_ROGUE);)
BENCH(other_binding,     fault(&w->o, SIM_QUOTE, SIM_OTHER_BINDING);)
BENCH(other_qe_signer,   w->o.qe.mr_signer[0] ^= 1;)
BENCH(other_qe_product,  w->o.qe.isv_prod_id ^= 1;)
BENCH(other_qe_attributes, w->o.qe.attributes[8] ^= 1;)
BENCH(debug_qe,          w->o.qe.attributes[0] |= 2;
                        w->o.qe_attributes_mask[0] &= 0xfd;)
BENCH(other_qe_misc,     w->o.qe.misc_select ^= 1;)
BENCH(off_curve,         fault(&w->o, SIM_QUOTE, SIM_OFF_CURVE);)
BENCH(rogue_quote,       fault(&w->o, SIM_QUOTE, SIM_ROGUE);)
BENCH(old_platform,      memset(w->o.component_svns, 0, 16);)
BENCH(old_pce,           w->o.platform.pce_svn = 1;)
BENCH(old_module,        w->o.tdx.tee_tcb_svn[0] = 1;)
BENCH(old_qe,            w->o.qe.isv_svn = 1;)
BENCH(revoked_level,     w->o.tcb_levels.at[0].status = "Revoked";)
BENCH(revoked_module,    w->o.module_levels.at[0].status = "Revoked";)
BENCH(revoked_qe_level,  w->o.qe_levels.at[0].status = "Revoked";)

BENCH(version_2,         w->a.quote.at[0] = 2;)
BENCH(other_vendor,      w->a.quote.at[12] ^= 1;)
BENCH(no_root,           w->root = slice_text("no certificate");)
BENCH(no_crl_chain,      w->a.set.pck_crl_chain = (struct slice){ 0 };)
BENCH(pck_crl_as_root,   w->a.set.root_crl = w->a.set.pck_crl;)
BENCH(root_crl_as_pck,   w->a.set.pck_crl = w->a.set.root_crl;)
BENCH(swapped_documents, w->a.set.tcb_info = w->a.set.qe_identity;)
BENCH(crl_chain_for_qe,  w->a.set.qe_identity_chain = w->a.set.pck_crl_chain;)
/* clang-format on */

/* The certification data type of a quote is two bytes, six before its data. */
static void set_certification(struct bench *w, uint8_t type)
{
    struct quote q;
    struct why why;

    CHECK_STATUS(quote_parse(buffer_view(&w->a.quote), &q, &why), STATUS_OK);
    w->a.quote.at[q.auth.cert_data.at - w->a.quote.at - 6] = type;
}

/* clang-format off */
BENCH(clear_ppid,        set_certification(w, 1);)
BENCH(ppid_rsa_2048,     set_certification(w, 2);)
BENCH(ppid_rsa_3072,     set_certification(w, 3);)
BENCH(pck_alone,         set_certification(w, 4);)
BENCH(report_in_report,  set_certification(w, 6);)
BENCH(platform_manifest, set_certification(w, 7);)
BENCH(certified_by_none, set_certification(w, 8);)
/* clang-format on */

static void bent_chain(struct bench *w)
{
    struct quote q;
    struct why why;

    CHECK_STATUS(quote_parse(buffer_view(&w->a.quote), &q, &why), STATUS_OK);
    w->a.quote.at[q.auth.cert_data.at - w->a.quote.at] ^= 1;
}

/* The signer was issued again; only the QE identity's chain has the old one. */
static void old_qe_signer(struct bench *w)
{
    expire(&w->p, SIM_TCB_SIGNING);
}

static void use_its_qe_chain(struct bench *w)
{
    w->a.set.qe_identity_chain = w->b.set.qe_identity_chain;
}

static void issue_signer_again(struct bench *w)
{
    fault(&w->p, SIM_TCB_SIGNING, SIM_HIGH_SERIAL | SIM_REVOKED);
}

static void use_its_qe_chain_and_list(struct bench *w)
{
    use_its_qe_chain(w);
    w->a.set.root_crl = w->b.set.root_crl;
}

/* The CA was issued again; the quote still has the old certificate of it. */
static void issue_ca_again(struct bench *w)
{
    fault(&w->o, SIM_PCK_CA, SIM_HIGH_SERIAL | SIM_REVOKED);
}

static void use_its_crl_chain(struct bench *w)
{
    w->a.set.pck_crl_chain = w->b.set.pck_crl_chain;
}

static void other_ca(struct bench *w)
{
    w->p.processor_ca = true;
}

static void use_its_pck_crl(struct bench *w)
{
    use_its_crl_chain(w);
    w->a.set.pck_crl = w->b.set.pck_crl;
}

/* A list that only the user has. */
static void use_pck_crl_as_own(struct bench *w)
{
    w->own = (struct user_crl){ "own.crl", w->b.set.pck_crl };
}

static void use_root_crl_as_own(struct bench *w)
{
    w->own = (struct user_crl){ "own.crl", w->b.set.root_crl };
}

static void use_nothing_as_own(struct bench *w)
{
    w->own = (struct user_crl){ "own.crl", { 0 } };
}

static void use_tdx_qe_identity(struct bench *w)
{
    struct collateral_set tdx;

    sim_collateral(w->a.sim, TEE_TDX, &tdx);
    w->a.set.qe_identity = tdx.qe_identity;
}

static void use_tdx_tcb_info(struct bench *w)
{
    struct collateral_set tdx;

    sim_collateral(w->a.sim, TEE_TDX, &tdx);
    w->a.set.tcb_info = tdx.tcb_info;
}

typedef void bench_fn(struct bench *w);

static const struct vector {
    const char *check; /* where it must fail */
    const char *name;
    enum tee_type tee;
    bench_fn *bend; /* before it is made; may be NULL */
    bench_fn *swap; /* after; may be NULL */
    enum status want;
    const char *field;
} vectors[] = {
    /* clang-format off */
    { "quote-format", "an unknown version", TEE_SGX, NULL, version_2, STATUS_BAD_VERSION, "quote.header.version" },
    { "quote-vendor", "another vendor", TEE_SGX, NULL, other_vendor, STATUS_UNSUPPORTED, "quote.header.vendor_id" },
    { "certification-type", "a PPID in the clear", TEE_SGX, NULL, clear_ppid, STATUS_UNSUPPORTED, "quote.auth.cert_type" },
    { "certification-type", "a PPID under RSA-2048", TEE_TDX, NULL, ppid_rsa_2048, STATUS_UNSUPPORTED, "quote.auth.cert_type" },
    { "certification-type", "a PPID under RSA-3072", TEE_SGX, NULL, ppid_rsa_3072, STATUS_UNSUPPORTED, "quote.auth.cert_type" },
    { "certification-type", "a PCK certificate alone", TEE_TDX, NULL, pck_alone, STATUS_UNSUPPORTED, "quote.auth.cert_type" },
    { "certification-type", "a QE report inside of one", TEE_SGX, NULL, report_in_report, STATUS_UNSUPPORTED, "quote.auth.cert_type" },
    { "certification-type", "a platform manifest", TEE_TDX, NULL, platform_manifest, STATUS_UNSUPPORTED, "quote.auth.cert_type" },
    { "certification-type", "an unknown type", TEE_SGX, NULL, certified_by_none, STATUS_UNSUPPORTED, "quote.auth.cert_type" },
    { "trusted-root", "a root that is none", TEE_SGX, NULL, no_root, STATUS_BAD_CERT, "root" },
    { "pck-crl-chain", "no chain", TEE_SGX, NULL, no_crl_chain, STATUS_NO_COLLATERAL, "pck_crl_chain" },
    { "pck-crl-chain", "a CA that the root did not sign", TEE_SGX, rogue_pck_ca, NULL, STATUS_BAD_SIGNATURE, "pck_crl_chain.ca.signature" },
    { "pck-crl-chain-dates", "an old CA", TEE_SGX, expired_pck_ca, NULL, STATUS_EXPIRED, "pck_crl_chain.ca.validity" },
    { "root-crl-signature", "a forged list", TEE_SGX, rogue_root_crl, NULL, STATUS_BAD_SIGNATURE, "root_ca_crl.signature" },
    { "root-crl-signature", "no list", TEE_SGX, no_root_crl, NULL, STATUS_NO_COLLATERAL, "root_ca_crl" },
    { "root-crl-signature", "the CA's list", TEE_SGX, NULL, pck_crl_as_root, STATUS_MISMATCH, "root_ca_crl.issuer" },
    { "root-crl-dates", "an old list", TEE_SGX, expired_root_crl, NULL, STATUS_EXPIRED, "root_ca_crl.dates" },
    { "pck-crl-signer-not-revoked", "a revoked CA", TEE_SGX, revoked_pck_ca, NULL, STATUS_REVOKED, "pck_crl_chain.ca.serial" },
    { "pck-crl-signature", "a forged list", TEE_SGX, rogue_pck_crl, NULL, STATUS_BAD_SIGNATURE, "pck_crl.signature" },
    { "pck-crl-signature", "the root's list", TEE_SGX, NULL, root_crl_as_pck, STATUS_MISMATCH, "pck_crl.issuer" },
    { "pck-crl-dates", "an old list", TEE_SGX, expired_pck_crl, NULL, STATUS_EXPIRED, "pck_crl.dates" },
    { "pck-crl-dates", "a list from the future", TEE_SGX, future_pck_crl, NULL, STATUS_NOT_YET, "pck_crl.dates" },
    { "tcb-info-chain", "a signer that the root did not sign", TEE_SGX, rogue_signer, NULL, STATUS_BAD_SIGNATURE, "tcb_info_chain.leaf.signature" },
    { "tcb-info-chain-dates", "an old signer", TEE_SGX, expired_signer, NULL, STATUS_EXPIRED, "tcb_info_chain.leaf.validity" },
    { "tcb-info-signer-not-revoked", "a revoked signer", TEE_SGX, revoked_signer, NULL, STATUS_REVOKED, "tcb_info_chain.leaf.serial" },
    { "tcb-info-signature", "forged", TEE_SGX, rogue_tcb_info, NULL, STATUS_BAD_SIGNATURE, "tcb_info.signature" },
    { "tcb-info-signature", "missing", TEE_SGX, no_tcb_info, NULL, STATUS_NO_COLLATERAL, "tcb_info" },
    { "tcb-info-signature", "a QE identity", TEE_SGX, NULL, swapped_documents, STATUS_BAD_JSON, "tcb_info" },
    { "tcb-info-format", "no levels", TEE_SGX, no_levels, NULL, STATUS_BAD_JSON, "tcb_info" },
    { "tcb-info-dates", "old", TEE_SGX, expired_tcb_info, NULL, STATUS_EXPIRED, "tcb_info.dates" },
    { "tcb-info-dates", "from the future", TEE_SGX, future_tcb_info, NULL, STATUS_NOT_YET, "tcb_info.dates" },
    { "qe-identity-chain", "the CA's chain", TEE_SGX, NULL, crl_chain_for_qe, STATUS_BAD_CHAIN, "qe_identity_chain.leaf.subject" },
    { "qe-identity-chain-dates", "an old signer", TEE_SGX, old_qe_signer, use_its_qe_chain, STATUS_EXPIRED, "qe_identity_chain.leaf.validity" },
    { "qe-identity-signer-not-revoked", "a revoked signer", TEE_SGX, issue_signer_again, use_its_qe_chain_and_list, STATUS_REVOKED, "qe_identity_chain.leaf.serial" },
    { "qe-identity-signature", "forged", TEE_SGX, rogue_qe_identity, NULL, STATUS_BAD_SIGNATURE, "qe_identity.signature" },
    { "qe-identity-format", "no levels", TEE_SGX, no_qe_levels, NULL, STATUS_BAD_JSON, "qe_identity" },
    { "qe-identity-dates", "old", TEE_SGX, expired_qe_identity, NULL, STATUS_EXPIRED, "qe_identity.dates" },
    { "pck-chain-format", "no PEM", TEE_SGX, NULL, bent_chain, STATUS_BAD_CHAIN, "pck_chain" },
    { "pck-chain-roles", "no PCK", TEE_SGX, renamed_pck, NULL, STATUS_BAD_CHAIN, "pck_chain.leaf.subject" },
    { "pck-chain-signatures", "a PCK that the CA did not sign", TEE_SGX, rogue_pck, NULL, STATUS_BAD_SIGNATURE, "pck_chain.leaf.signature" },
    { "pck-chain-dates", "an old PCK", TEE_SGX, expired_pck, NULL, STATUS_EXPIRED, "pck_chain.leaf.validity" },
    { "pck-chain-dates", "a PCK from the future", TEE_TDX, future_pck, NULL, STATUS_NOT_YET, "pck_chain.leaf.validity" },
    { "pck-ca-not-revoked", "a CA that was issued again", TEE_SGX, issue_ca_again, use_its_crl_chain, STATUS_REVOKED, "pck_chain.ca.serial" },
    { "pck-crl-issuer", "the other CA's list", TEE_SGX, other_ca, use_its_pck_crl, STATUS_MISMATCH, "pck_crl.issuer" },
    { "pck-not-revoked", "a revoked PCK", TEE_SGX, revoked_pck, NULL, STATUS_REVOKED, "pck_chain.leaf.serial" },
    { "pck-extension", "no extension", TEE_SGX, no_sgx_extension, NULL, STATUS_BAD_CERT, "pck_chain.leaf.sgx_extension" },
    { "tcb-info-platform", "another FMSPC", TEE_SGX, other_fmspc, NULL, STATUS_MISMATCH, "tcb_info.fmspc" },
    { "tcb-info-platform", "another PCE", TEE_TDX, other_pce_id, NULL, STATUS_MISMATCH, "tcb_info.pce_id" },
    { "tcb-info-platform", "another TEE", TEE_SGX, NULL, use_tdx_tcb_info, STATUS_MISMATCH, "tcb_info.id" },
    { "tdx-module", "an unknown module", TEE_TDX, other_module, NULL, STATUS_MISMATCH, "tcb_info.tdx_module_identities" },
    { "tdx-module", "another signer", TEE_TDX, other_module_signer, NULL, STATUS_MISMATCH, "td_report.mr_signer_seam" },
    { "tdx-module", "attributes", TEE_TDX, module_attributes, NULL, STATUS_MISMATCH, "td_report.seam_attributes" },
    { "qe-report-signature", "forged", TEE_SGX, rogue_qe_report, NULL, STATUS_BAD_SIGNATURE, "quote.auth.qe_signature" },
    { "qe-report-binding", "another key", TEE_TDX, other_binding, NULL, STATUS_BAD_BINDING, "qe_report.report_data" },
    { "qe-identity-tee", "of the other TEE", TEE_SGX, NULL, use_tdx_qe_identity, STATUS_MISMATCH, "qe_identity.id" },
    { "qe-signer", "another", TEE_SGX, other_qe_signer, NULL, STATUS_MISMATCH, "qe_report.mr_signer" },
    { "qe-product", "another", TEE_SGX, other_qe_product, NULL, STATUS_MISMATCH, "qe_report.isv_prod_id" },
    { "qe-attributes", "others", TEE_SGX, other_qe_attributes, NULL, STATUS_MISMATCH, "qe_report.attributes" },
    { "qe-attributes", "debug, allowed by the mask", TEE_SGX, debug_qe, NULL, STATUS_MISMATCH, "qe_report.attributes" },
    { "user-crls", "a revoked PCK", TEE_SGX, other_revokes_pck, use_pck_crl_as_own, STATUS_REVOKED, "pck_chain.leaf.serial" },
    { "user-crls", "a revoked PCK CA", TEE_TDX, other_revokes_ca, use_root_crl_as_own, STATUS_REVOKED, "pck_chain.ca.serial" },
    { "user-crls", "a revoked signer", TEE_TDX, other_revokes_signer, use_root_crl_as_own, STATUS_REVOKED, "tcb_info_chain.leaf.serial" },
    { "user-crls", "a forged list", TEE_SGX, other_forges_crl, use_pck_crl_as_own, STATUS_BAD_SIGNATURE, "user_crl.signature" },
    { "user-crls", "a list of yesterday", TEE_SGX, other_is_late, use_pck_crl_as_own, STATUS_EXPIRED, "user_crl.dates" },
    { "user-crls", "a list of tomorrow", TEE_SGX, other_is_early, use_pck_crl_as_own, STATUS_NOT_YET, "user_crl.dates" },
    { "user-crls", "a list without number", TEE_SGX, other_is_unnumbered, use_pck_crl_as_own, STATUS_BAD_CRL, "user_crl.extensions" },
    { "user-crls", "an empty file", TEE_SGX, NULL, use_nothing_as_own, STATUS_NO_COLLATERAL, "user_crl" },
    { "qe-misc-select", "another", TEE_TDX, other_qe_misc, NULL, STATUS_MISMATCH, "qe_report.misc_select" },
    { "attestation-key", "off the curve", TEE_SGX, off_curve, NULL, STATUS_BAD_FIELD, "quote.auth.key" },
    { "quote-signature", "forged", TEE_SGX, rogue_quote, NULL, STATUS_BAD_SIGNATURE, "quote.auth.signature" },
    { "tcb-level", "components below all", TEE_SGX, old_platform, NULL, STATUS_TCB_UNKNOWN, "tcb_info.tcb_levels" },
    { "tcb-level", "PCESVN below all", TEE_TDX, old_pce, NULL, STATUS_TCB_UNKNOWN, "tcb_info.tcb_levels" },
    { "tdx-module-level", "below all", TEE_TDX, old_module, NULL, STATUS_TCB_UNKNOWN, "tcb_info.tdx_module_identities" },
    { "qe-level", "below all", TEE_SGX, old_qe, NULL, STATUS_TCB_UNKNOWN, "qe_identity.tcb_levels" },
    { "tcb-status", "a revoked platform", TEE_SGX, revoked_level, NULL, STATUS_REVOKED, "tcb_status" },
    { "tcb-status", "a revoked module", TEE_TDX, revoked_module, NULL, STATUS_REVOKED, "tcb_status" },
    { "tcb-status", "a revoked QE", TEE_SGX, revoked_qe_level, NULL, STATUS_REVOKED, "tcb_status" },
    /* clang-format on */
};

static void prepare(struct bench *w, const struct vector *v)
{
    sim_options_default(&w->o);
    sim_options_default(&w->p);
    if (v->bend != NULL)
        v->bend(w);
    evidence_make(&w->a, &w->o, v->tee);
    evidence_renew(&w->b, &w->a, &w->p, v->tee);
    w->root = sim_root_pem(w->a.sim);
    w->own = (struct user_crl){ 0 };
    if (v->swap != NULL)
        v->swap(w);
}

static void check_vector(const struct vector *v, const struct verdict *verdict,
                         enum status st)
{
    const struct check_result *failed = verdict_failed(verdict);

    if (failed == NULL)
        fail_msg("%s: %s: accepted", v->check, v->name);
    if (strcmp(failed->id, v->check) != 0 || st != v->want ||
        failed->why.status != st || failed->why.field == NULL ||
        strcmp(failed->why.field, v->field) != 0)
        fail_msg("%s: %s: fails at %s with %s in %s: %s", v->check, v->name,
                 failed->id, status_name(st), failed->why.field,
                 failed->why.found);
    assert_true(failed->why.found[0] != '\0');
    assert_non_null(failed->why.clause);
    for (const struct check_result *c = verdict->checks;
         c < verdict->checks + verdict->count; c++)
        if (c > failed)
            assert_int_equal(c->outcome, OUTCOME_SKIP);
}

static void each_vector_fails_at_its_check(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        struct bench w;
        struct claims claims;
        struct verdict verdict;
        struct verify_input in;
        enum status st;

        prepare(&w, &vectors[i]);
        in = evidence_input(&w.a);
        in.root_der = w.root;
        in.user_crls = &w.own;
        in.user_crl_count = w.own.name != NULL ? 1 : 0;
        st = verify_quote(&in, &claims, &verdict);
        check_vector(&vectors[i], &verdict, st);
        assert_int_equal(claims.tee, TEE_NONE);
        assert_int_equal(claims.tcb.status, TCB_NONE);
        evidence_free(&w.a);
        evidence_free(&w.b);
    }
}

/* What is refused for its kind is called by its name. */
static void certification_is_refused_by_name(void **state)
{
    (void)state;
    for (uint8_t type = 0; type <= 8; type++) {
        struct bench w = { .a = { 0 } };
        struct claims claims;
        struct verdict verdict;
        struct verify_input in;
        char words[64];

        if (type == QUOTE_CERT_PCK_CHAIN)
            continue;
        evidence_make(&w.a, NULL, TEE_TDX);
        set_certification(&w, type);
        in = evidence_input(&w.a);
        CHECK_STATUS(verify_quote(&in, &claims, &verdict), STATUS_UNSUPPORTED);
        (void)snprintf(words, sizeof(words), "%u (%s)", (unsigned)type,
                       quote_cert_name(type));
        assert_non_null(strstr(verdict_failed(&verdict)->why.found, words));
        evidence_free(&w.a);
    }
}

static void each_check_has_a_vector(void **state)
{
    struct user_crl own = { .name = "own.crl" };
    struct evidence e;
    struct claims claims;
    struct verdict verdict;
    struct verify_input in;

    (void)state;
    evidence_make(&e, NULL, TEE_TDX);
    in = evidence_input(&e);
    in.user_crls = &own;
    in.user_crl_count = 1;
    own.der = e.set.pck_crl;
    CHECK_STATUS(verify_quote(&in, &claims, &verdict), STATUS_OK);
    for (size_t i = 0; i < verdict.count; i++) {
        size_t found = 0;

        for (size_t k = 0; k < COUNT_OF(vectors); k++)
            found += strcmp(vectors[k].check, verdict.checks[i].id) == 0;
        if (found == 0)
            fail_msg("nothing fails at %s", verdict.checks[i].id);
        assert_int_equal(verdict.checks[i].outcome, OUTCOME_PASS);
    }
    evidence_free(&e);
}

static void each_check_is_documented(void **state)
{
    struct evidence e;
    struct trusted_set *set;
    struct verdict verdict;
    struct buffer text;
    struct why why;

    (void)state;
    evidence_make(&e, NULL, TEE_TDX);
    CHECK_STATUS(verify_collateral(&e.set, sim_root_pem(e.sim), &set, &verdict),
                 STATUS_OK);
    CHECK_STATUS(file_read(TEST_SOURCE_DIR "/docs/VERIFICATION.md", 1 << 20,
                           &text, &why),
                 STATUS_OK);
    buffer_byte(&text, '\0');
    assert_true(buffer_ok(&text));
    for (size_t i = 0; i < verdict.count; i++) {
        char id[64];

        (void)snprintf(id, sizeof(id), "`%s`", verdict.checks[i].id);
        if (strstr((const char *)text.at, id) == NULL)
            fail_msg("%s is not in docs/VERIFICATION.md", id);
    }
    buffer_free(&text);
    verify_trusted_free(set);
    evidence_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_vector_fails_at_its_check),
        cmocka_unit_test(certification_is_refused_by_name),
        cmocka_unit_test(each_check_has_a_vector),
        cmocka_unit_test(each_check_is_documented),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
