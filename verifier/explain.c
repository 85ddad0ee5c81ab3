#include "verifier/explain.h"

#include "verifier/teller.h"
#include "verifier/verification.h"
#include "verifier/wolf.h"

const char *explain_act_name(enum explain_act act)
{
    static const char *const names[] = {
        [EXPLAIN_SIGNED] = "signed", [EXPLAIN_SIGNATURE] = "signature",
        [EXPLAIN_KEY] = "key",       [EXPLAIN_HASHED] = "hashed",
        [EXPLAIN_FOUND] = "found",   [EXPLAIN_EXPECTED] = "expected",
        [EXPLAIN_MASK] = "mask",     [EXPLAIN_SERIAL] = "serial",
    };

    return names[act];
}

/* The root's key, then each certificate, root first, under the key of the
 * next. */
static void tell_chain(const struct teller *t, const struct verification *v,
                       const struct chain *chain)
{
    if (chain->count == 0)
        return;
    teller_bytes(t, EXPLAIN_FOUND, chain_root(chain)->labels->of[X509_KEY],
                 chain_root(chain)->key.bytes);
    teller_bytes(t, EXPLAIN_EXPECTED, "trusted root",
                 SLICE_OF(v->set->root.key));
    for (size_t i = chain->count; i-- > 0;) {
        const struct x509 *cert = &chain->certs[i];

        teller_signed(t, cert, i + 1 < chain->count ? cert + 1 : cert);
    }
}

static void tell_serials(const struct teller *t, const struct chain *chain,
                         size_t from)
{
    for (size_t i = from; i < chain->count; i++)
        teller_bytes(t, EXPLAIN_SERIAL, chain->certs[i].labels->of[X509_SERIAL],
                     chain->certs[i].serial);
}

static void explain_vendor(const struct verification *v, const struct teller *t)
{
    teller_bytes(t, EXPLAIN_FOUND, "quote.header.vendor_id",
                 SLICE_OF(v->quote.vendor_id));
}

static void explain_root(const struct verification *v, const struct teller *t)
{
    teller_bytes(t, EXPLAIN_KEY, "trusted root", SLICE_OF(v->set->root.key));
}

static void explain_crl_chain(const struct verification *v,
                              const struct teller *t)
{
    tell_chain(t, v, &v->set->pck_crl_chain);
}

static void explain_root_crl(const struct verification *v,
                             const struct teller *t)
{
    teller_part(t, EXPLAIN_SIGNED, "root_ca_crl", v->set->raw.root_crl,
                v->set->root_crl.tbs);
    teller_bytes(t, EXPLAIN_SIGNATURE, "root_ca_crl.signature",
                 v->set->root_crl.signature);
    teller_key(t, chain_root(&v->set->pck_crl_chain));
}

static void explain_crl_signer(const struct verification *v,
                               const struct teller *t)
{
    tell_serials(t, &v->set->pck_crl_chain, 0);
}

static void explain_pck_crl(const struct verification *v,
                            const struct teller *t)
{
    teller_part(t, EXPLAIN_SIGNED, "pck_crl", v->set->raw.pck_crl,
                v->set->pck_crl.tbs);
    teller_bytes(t, EXPLAIN_SIGNATURE, "pck_crl.signature",
                 v->set->pck_crl.signature);
    teller_key(t, chain_leaf(&v->set->pck_crl_chain));
}

static void explain_tcb_chain(const struct verification *v,
                              const struct teller *t)
{
    tell_chain(t, v, &v->set->tcb_info_chain);
}

static void explain_tcb_signer(const struct verification *v,
                               const struct teller *t)
{
    tell_serials(t, &v->set->tcb_info_chain, 0);
}

static void explain_tcb_signature(const struct verification *v,
                                  const struct teller *t)
{
    teller_part(t, EXPLAIN_SIGNED, "tcb_info", v->set->raw.tcb_info,
                v->set->tcb_info_text.body);
    teller_bytes(t, EXPLAIN_SIGNATURE, "tcb_info.signature",
                 SLICE_OF(v->set->tcb_info_text.signature));
    teller_key(t, chain_leaf(&v->set->tcb_info_chain));
}

static void explain_qe_chain(const struct verification *v,
                             const struct teller *t)
{
    tell_chain(t, v, &v->set->qe_identity_chain);
}

static void explain_qe_cert(const struct verification *v,
                            const struct teller *t)
{
    tell_serials(t, &v->set->qe_identity_chain, 0);
}

static void explain_qe_identity(const struct verification *v,
                                const struct teller *t)
{
    teller_part(t, EXPLAIN_SIGNED, "qe_identity", v->set->raw.qe_identity,
                v->set->qe_identity_text.body);
    teller_bytes(t, EXPLAIN_SIGNATURE, "qe_identity.signature",
                 SLICE_OF(v->set->qe_identity_text.signature));
    teller_key(t, chain_leaf(&v->set->qe_identity_chain));
}

static void explain_pck_chain(const struct verification *v,
                              const struct teller *t)
{
    tell_chain(t, v, &v->pck_chain);
}

static void explain_pck_ca(const struct verification *v, const struct teller *t)
{
    tell_serials(t, &v->pck_chain, 1);
}

static void explain_crl_issuer(const struct verification *v,
                               const struct teller *t)
{
    const struct x509 *issuer = chain_leaf(&v->set->pck_crl_chain);
    const struct x509 *ca = &v->pck_chain.certs[1];

    teller_bytes(t, EXPLAIN_FOUND, issuer->labels->of[X509_SUBJECT],
                 issuer->subject);
    teller_bytes(t, EXPLAIN_EXPECTED, ca->labels->of[X509_SUBJECT],
                 ca->subject);
    teller_bytes(t, EXPLAIN_FOUND, issuer->labels->of[X509_KEY],
                 issuer->key.bytes);
    teller_bytes(t, EXPLAIN_EXPECTED, ca->labels->of[X509_KEY], ca->key.bytes);
}

static void explain_pck_serial(const struct verification *v,
                               const struct teller *t)
{
    const struct x509 *pck = chain_leaf(&v->pck_chain);

    teller_bytes(t, EXPLAIN_SERIAL, pck->labels->of[X509_SERIAL], pck->serial);
}

static void explain_tcb_info(const struct verification *v,
                             const struct teller *t)
{
    const struct tcb_info *info = &v->set->tcb_info;

    teller_bytes(t, EXPLAIN_FOUND, "tcb_info.fmspc", SLICE_OF(info->fmspc));
    teller_bytes(t, EXPLAIN_EXPECTED, "pck_chain.leaf.sgx_extension.fmspc",
                 SLICE_OF(v->pck.platform.fmspc));
    teller_bytes(t, EXPLAIN_FOUND, "tcb_info.pce_id", SLICE_OF(info->pce_id));
    teller_bytes(t, EXPLAIN_EXPECTED, "pck_chain.leaf.sgx_extension.pce_id",
                 SLICE_OF(v->pck.platform.pce_id));
}

static void explain_module(const struct verification *v, const struct teller *t)
{
    const struct tdx_claims *td = &v->quote.td.says;
    const struct tdx_module *module =
        tcb_info_module(&v->set->tcb_info, td->tee_tcb_svn[1]);

    if (module == NULL)
        return;
    teller_bytes(t, EXPLAIN_FOUND, "td_report.mr_signer_seam",
                 SLICE_OF(td->mr_signer_seam));
    teller_bytes(t, EXPLAIN_EXPECTED, "tcb_info.tdx_module.mr_signer",
                 SLICE_OF(module->mr_signer));
    teller_bytes(t, EXPLAIN_FOUND, "td_report.seam_attributes",
                 SLICE_OF(td->seam_attributes));
    teller_bytes(t, EXPLAIN_EXPECTED, "tcb_info.tdx_module.attributes",
                 SLICE_OF(module->attributes));
}

static void explain_qe_report(const struct verification *v,
                              const struct teller *t)
{
    teller_part(t, EXPLAIN_SIGNED, "quote", v->bytes, v->quote.auth.qe_report);
    teller_part(t, EXPLAIN_SIGNATURE, "quote", v->bytes,
                v->quote.auth.qe_signature);
    teller_key(t, chain_leaf(&v->pck_chain));
}

static void explain_binding(const struct verification *v,
                            const struct teller *t)
{
    const struct quote_auth *a = &v->quote.auth;
    uint8_t want[sizeof(a->qe.report_data)] = { 0 };

    wolf_sha256(a->key, a->qe_auth_data, want);
    teller_part(t, EXPLAIN_HASHED, "quote", v->bytes, a->key);
    teller_part(t, EXPLAIN_HASHED, "quote", v->bytes, a->qe_auth_data);
    teller_bytes(t, EXPLAIN_FOUND, "qe_report.report_data",
                 SLICE_OF(a->qe.report_data));
    teller_bytes(t, EXPLAIN_EXPECTED, "the digest, then zeros", SLICE_OF(want));
}

static void explain_qe_signer(const struct verification *v,
                              const struct teller *t)
{
    teller_bytes(t, EXPLAIN_FOUND, "qe_report.mr_signer",
                 SLICE_OF(v->quote.auth.qe.says.mr_signer));
    teller_bytes(t, EXPLAIN_EXPECTED, "qe_identity.mrsigner",
                 SLICE_OF(v->set->qe_identity.mr_signer));
}

static void explain_qe_product(const struct verification *v,
                               const struct teller *t)
{
    teller_number(t, EXPLAIN_FOUND, "qe_report.isv_prod_id",
                  v->quote.auth.qe.says.isv_prod_id);
    teller_number(t, EXPLAIN_EXPECTED, "qe_identity.isvprodid",
                  v->set->qe_identity.isv_prod_id);
}

static void explain_qe_attributes(const struct verification *v,
                                  const struct teller *t)
{
    teller_bytes(t, EXPLAIN_FOUND, "qe_report.attributes",
                 SLICE_OF(v->quote.auth.qe.says.attributes));
    teller_bytes(t, EXPLAIN_MASK, "qe_identity.attributesMask",
                 SLICE_OF(v->set->qe_identity.attributes_mask));
    teller_bytes(t, EXPLAIN_EXPECTED, "qe_identity.attributes",
                 SLICE_OF(v->set->qe_identity.attributes));
}

static void explain_qe_misc(const struct verification *v,
                            const struct teller *t)
{
    teller_number(t, EXPLAIN_FOUND, "qe_report.misc_select",
                  v->quote.auth.qe.says.misc_select);
    teller_number(t, EXPLAIN_MASK, "qe_identity.miscselectMask",
                  v->set->qe_identity.misc_select_mask);
    teller_number(t, EXPLAIN_EXPECTED, "qe_identity.miscselect",
                  v->set->qe_identity.misc_select);
}

static void explain_quote(const struct verification *v, const struct teller *t)
{
    teller_part(t, EXPLAIN_SIGNED, "quote", v->bytes, v->quote.signed_part);
    teller_part(t, EXPLAIN_SIGNATURE, "quote", v->bytes,
                v->quote.auth.signature);
    teller_part(t, EXPLAIN_KEY, "quote", v->bytes, v->quote.auth.key);
}

static void explain_tcb_level(const struct verification *v,
                              const struct teller *t)
{
    const struct tdx_claims *td = &v->quote.td.says;

    teller_bytes(t, EXPLAIN_FOUND,
                 "pck_chain.leaf.sgx_extension.tcb components",
                 SLICE_OF(v->pck.component_svns));
    teller_number(t, EXPLAIN_FOUND, "pck_chain.leaf.sgx_extension.pcesvn",
                  v->pck.platform.pce_svn);
    if (v->quote.tee == TEE_TDX)
        teller_bytes(t, EXPLAIN_FOUND, "td_report.tee_tcb_svn",
                     SLICE_OF(td->tee_tcb_svn));
    if (td->has_1_5)
        teller_bytes(t, EXPLAIN_FOUND, "td_report.tee_tcb_svn_2",
                     SLICE_OF(td->tee_tcb_svn_2));
}

static void explain_qe_level(const struct verification *v,
                             const struct teller *t)
{
    teller_number(t, EXPLAIN_FOUND, "qe_report.isv_svn",
                  v->quote.auth.qe.says.isv_svn);
}

/* clang-format off */
static const struct explanation {
    const char *check; /* its id in the table of verify.c */
    void (*tell)(const struct verification *v, const struct teller *t);
} explanations[] = {
    { "quote-vendor", explain_vendor },
    { "trusted-root", explain_root },
    { "pck-crl-chain", explain_crl_chain },
    { "root-crl-signature", explain_root_crl },
    { "pck-crl-signer-not-revoked", explain_crl_signer },
    { "pck-crl-signature", explain_pck_crl },
    { "tcb-info-chain", explain_tcb_chain },
    { "tcb-info-signer-not-revoked", explain_tcb_signer },
    { "tcb-info-signature", explain_tcb_signature },
    { "qe-identity-chain", explain_qe_chain },
    { "qe-identity-signer-not-revoked", explain_qe_cert },
    { "qe-identity-signature", explain_qe_identity },
    { "pck-chain-signatures", explain_pck_chain },
    { "pck-ca-not-revoked", explain_pck_ca },
    { "pck-crl-issuer", explain_crl_issuer },
    { "pck-not-revoked", explain_pck_serial },
    { "tcb-info-platform", explain_tcb_info },
    { "tdx-module", explain_module },
    { "qe-report-signature", explain_qe_report },
    { "qe-report-binding", explain_binding },
    { "qe-signer", explain_qe_signer },
    { "qe-product", explain_qe_product },
    { "qe-attributes", explain_qe_attributes },
    { "qe-misc-select", explain_qe_misc },
    { "quote-signature", explain_quote },
    { "tcb-level", explain_tcb_level },
    { "qe-level", explain_qe_level },
};
/* clang-format on */

void explain_check(const char *id, const struct verification *v, explain_fn *fn,
                   void *ctx)
{
    const struct teller t = { .check = id, .fn = fn, .ctx = ctx };

    for (size_t i = 0; i < COUNT_OF(explanations); i++)
        if (strcmp(explanations[i].check, id) == 0)
            explanations[i].tell(v, &t);
}
