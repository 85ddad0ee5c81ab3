#include "verifier/explain.h"

#include "verifier/verification.h"
#include "verifier/wolf.h"

/* Who listens, and to which check. */
struct listener {
    const char *check;
    explain_fn *fn;
    void *ctx;
};

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

/* What a failed check did not come to read is empty, and not told. */
static void tell_part(const struct listener *l, enum explain_act act,
                      const char *what, struct slice whole, struct slice bytes)
{
    const struct explain_row row = { .check = l->check,
                                     .act = act,
                                     .what = what,
                                     .whole = whole,
                                     .bytes = bytes };

    if (bytes.len > 0)
        l->fn(l->ctx, &row);
}

static void tell(const struct listener *l, enum explain_act act,
                 const char *what, struct slice bytes)
{
    tell_part(l, act, what, (struct slice){ 0 }, bytes);
}

static void tell_number(const struct listener *l, enum explain_act act,
                        const char *what, uint32_t v)
{
    const uint8_t bytes[] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
                              (uint8_t)(v >> 8), (uint8_t)v };

    tell(l, act, what, SLICE_OF(bytes));
}

static void tell_key(const struct listener *l, const struct x509 *cert)
{
    tell(l, EXPLAIN_KEY, cert->labels->of[X509_KEY], cert->key.bytes);
}

/* The root's key, then each certificate, root first, under the key of the
 * next. */
static void tell_chain(const struct listener *l, const struct verification *v,
                       const struct chain *chain)
{
    if (chain->count == 0)
        return;
    tell(l, EXPLAIN_FOUND, chain_root(chain)->labels->of[X509_KEY],
         chain_root(chain)->key.bytes);
    tell(l, EXPLAIN_EXPECTED, "trusted root", SLICE_OF(v->set->root.key));
    for (size_t i = chain->count; i-- > 0;) {
        const struct x509 *cert = &chain->certs[i];

        tell_part(l, EXPLAIN_SIGNED, cert->labels->of[X509_WHOLE], cert->der,
                  cert->tbs);
        tell(l, EXPLAIN_SIGNATURE, cert->labels->of[X509_SIGNATURE],
             cert->signature);
        tell_key(l, i + 1 < chain->count ? cert + 1 : cert);
    }
}

static void tell_serials(const struct listener *l, const struct chain *chain,
                         size_t from)
{
    for (size_t i = from; i < chain->count; i++)
        tell(l, EXPLAIN_SERIAL, chain->certs[i].labels->of[X509_SERIAL],
             chain->certs[i].serial);
}

static void explain_vendor(const struct verification *v,
                           const struct listener *l)
{
    tell(l, EXPLAIN_FOUND, "quote.header.vendor_id",
         SLICE_OF(v->quote.vendor_id));
}

static void explain_root(const struct verification *v, const struct listener *l)
{
    tell(l, EXPLAIN_KEY, "trusted root", SLICE_OF(v->set->root.key));
}

static void explain_crl_chain(const struct verification *v,
                              const struct listener *l)
{
    tell_chain(l, v, &v->set->pck_crl_chain);
}

static void explain_root_crl(const struct verification *v,
                             const struct listener *l)
{
    tell_part(l, EXPLAIN_SIGNED, "root_ca_crl", v->set->raw.root_crl,
              v->set->root_crl.tbs);
    tell(l, EXPLAIN_SIGNATURE, "root_ca_crl.signature",
         v->set->root_crl.signature);
    tell_key(l, chain_root(&v->set->pck_crl_chain));
}

static void explain_crl_signer(const struct verification *v,
                               const struct listener *l)
{
    tell_serials(l, &v->set->pck_crl_chain, 0);
}

static void explain_pck_crl(const struct verification *v,
                            const struct listener *l)
{
    tell_part(l, EXPLAIN_SIGNED, "pck_crl", v->set->raw.pck_crl,
              v->set->pck_crl.tbs);
    tell(l, EXPLAIN_SIGNATURE, "pck_crl.signature", v->set->pck_crl.signature);
    tell_key(l, chain_leaf(&v->set->pck_crl_chain));
}

static void explain_tcb_chain(const struct verification *v,
                              const struct listener *l)
{
    tell_chain(l, v, &v->set->tcb_info_chain);
}

static void explain_tcb_signer(const struct verification *v,
                               const struct listener *l)
{
    tell_serials(l, &v->set->tcb_info_chain, 0);
}

static void explain_tcb_signature(const struct verification *v,
                                  const struct listener *l)
{
    tell_part(l, EXPLAIN_SIGNED, "tcb_info", v->set->raw.tcb_info,
              v->set->tcb_info_text.body);
    tell(l, EXPLAIN_SIGNATURE, "tcb_info.signature",
         SLICE_OF(v->set->tcb_info_text.signature));
    tell_key(l, chain_leaf(&v->set->tcb_info_chain));
}

static void explain_qe_chain(const struct verification *v,
                             const struct listener *l)
{
    tell_chain(l, v, &v->set->qe_identity_chain);
}

static void explain_qe_cert(const struct verification *v,
                            const struct listener *l)
{
    tell_serials(l, &v->set->qe_identity_chain, 0);
}

static void explain_qe_identity(const struct verification *v,
                                const struct listener *l)
{
    tell_part(l, EXPLAIN_SIGNED, "qe_identity", v->set->raw.qe_identity,
              v->set->qe_identity_text.body);
    tell(l, EXPLAIN_SIGNATURE, "qe_identity.signature",
         SLICE_OF(v->set->qe_identity_text.signature));
    tell_key(l, chain_leaf(&v->set->qe_identity_chain));
}

static void explain_pck_chain(const struct verification *v,
                              const struct listener *l)
{
    tell_chain(l, v, &v->pck_chain);
}

static void explain_pck_ca(const struct verification *v,
                           const struct listener *l)
{
    tell_serials(l, &v->pck_chain, 1);
}

static void explain_crl_issuer(const struct verification *v,
                               const struct listener *l)
{
    const struct x509 *issuer = chain_leaf(&v->set->pck_crl_chain);
    const struct x509 *ca = &v->pck_chain.certs[1];

    tell(l, EXPLAIN_FOUND, issuer->labels->of[X509_SUBJECT], issuer->subject);
    tell(l, EXPLAIN_EXPECTED, ca->labels->of[X509_SUBJECT], ca->subject);
    tell(l, EXPLAIN_FOUND, issuer->labels->of[X509_KEY], issuer->key.bytes);
    tell(l, EXPLAIN_EXPECTED, ca->labels->of[X509_KEY], ca->key.bytes);
}

static void explain_pck_serial(const struct verification *v,
                               const struct listener *l)
{
    const struct x509 *pck = chain_leaf(&v->pck_chain);

    tell(l, EXPLAIN_SERIAL, pck->labels->of[X509_SERIAL], pck->serial);
}

static void explain_tcb_info(const struct verification *v,
                             const struct listener *l)
{
    const struct tcb_info *info = &v->set->tcb_info;

    tell(l, EXPLAIN_FOUND, "tcb_info.fmspc", SLICE_OF(info->fmspc));
    tell(l, EXPLAIN_EXPECTED, "pck_chain.leaf.sgx_extension.fmspc",
         SLICE_OF(v->pck.platform.fmspc));
    tell(l, EXPLAIN_FOUND, "tcb_info.pce_id", SLICE_OF(info->pce_id));
    tell(l, EXPLAIN_EXPECTED, "pck_chain.leaf.sgx_extension.pce_id",
         SLICE_OF(v->pck.platform.pce_id));
}

static void explain_module(const struct verification *v,
                           const struct listener *l)
{
    const struct tdx_claims *td = &v->quote.td.says;
    const struct tdx_module *module =
        tcb_info_module(&v->set->tcb_info, td->tee_tcb_svn[1]);

    if (module == NULL)
        return;
    tell(l, EXPLAIN_FOUND, "td_report.mr_signer_seam",
         SLICE_OF(td->mr_signer_seam));
    tell(l, EXPLAIN_EXPECTED, "tcb_info.tdx_module.mr_signer",
         SLICE_OF(module->mr_signer));
    tell(l, EXPLAIN_FOUND, "td_report.seam_attributes",
         SLICE_OF(td->seam_attributes));
    tell(l, EXPLAIN_EXPECTED, "tcb_info.tdx_module.attributes",
         SLICE_OF(module->attributes));
}

static void explain_qe_report(const struct verification *v,
                              const struct listener *l)
{
    tell_part(l, EXPLAIN_SIGNED, "quote", v->bytes, v->quote.auth.qe_report);
    tell_part(l, EXPLAIN_SIGNATURE, "quote", v->bytes,
              v->quote.auth.qe_signature);
    tell_key(l, chain_leaf(&v->pck_chain));
}

static void explain_binding(const struct verification *v,
                            const struct listener *l)
{
    const struct quote_auth *a = &v->quote.auth;
    uint8_t want[sizeof(a->qe.report_data)] = { 0 };

    wolf_sha256(a->key, a->qe_auth_data, want);
    tell_part(l, EXPLAIN_HASHED, "quote", v->bytes, a->key);
    tell_part(l, EXPLAIN_HASHED, "quote", v->bytes, a->qe_auth_data);
    tell(l, EXPLAIN_FOUND, "qe_report.report_data",
         SLICE_OF(a->qe.report_data));
    tell(l, EXPLAIN_EXPECTED, "the digest, then zeros", SLICE_OF(want));
}

static void explain_qe_signer(const struct verification *v,
                              const struct listener *l)
{
    tell(l, EXPLAIN_FOUND, "qe_report.mr_signer",
         SLICE_OF(v->quote.auth.qe.says.mr_signer));
    tell(l, EXPLAIN_EXPECTED, "qe_identity.mrsigner",
         SLICE_OF(v->set->qe_identity.mr_signer));
}

static void explain_qe_product(const struct verification *v,
                               const struct listener *l)
{
    tell_number(l, EXPLAIN_FOUND, "qe_report.isv_prod_id",
                v->quote.auth.qe.says.isv_prod_id);
    tell_number(l, EXPLAIN_EXPECTED, "qe_identity.isvprodid",
                v->set->qe_identity.isv_prod_id);
}

static void explain_qe_attributes(const struct verification *v,
                                  const struct listener *l)
{
    tell(l, EXPLAIN_FOUND, "qe_report.attributes",
         SLICE_OF(v->quote.auth.qe.says.attributes));
    tell(l, EXPLAIN_MASK, "qe_identity.attributesMask",
         SLICE_OF(v->set->qe_identity.attributes_mask));
    tell(l, EXPLAIN_EXPECTED, "qe_identity.attributes",
         SLICE_OF(v->set->qe_identity.attributes));
}

static void explain_qe_misc(const struct verification *v,
                            const struct listener *l)
{
    tell_number(l, EXPLAIN_FOUND, "qe_report.misc_select",
                v->quote.auth.qe.says.misc_select);
    tell_number(l, EXPLAIN_MASK, "qe_identity.miscselectMask",
                v->set->qe_identity.misc_select_mask);
    tell_number(l, EXPLAIN_EXPECTED, "qe_identity.miscselect",
                v->set->qe_identity.misc_select);
}

static void explain_quote(const struct verification *v,
                          const struct listener *l)
{
    tell_part(l, EXPLAIN_SIGNED, "quote", v->bytes, v->quote.signed_part);
    tell_part(l, EXPLAIN_SIGNATURE, "quote", v->bytes, v->quote.auth.signature);
    tell_part(l, EXPLAIN_KEY, "quote", v->bytes, v->quote.auth.key);
}

static void explain_tcb_level(const struct verification *v,
                              const struct listener *l)
{
    const struct tdx_claims *td = &v->quote.td.says;

    tell(l, EXPLAIN_FOUND, "pck_chain.leaf.sgx_extension.tcb components",
         SLICE_OF(v->pck.component_svns));
    tell_number(l, EXPLAIN_FOUND, "pck_chain.leaf.sgx_extension.pcesvn",
                v->pck.platform.pce_svn);
    if (v->quote.tee == TEE_TDX)
        tell(l, EXPLAIN_FOUND, "td_report.tee_tcb_svn",
             SLICE_OF(td->tee_tcb_svn));
    if (td->has_1_5)
        tell(l, EXPLAIN_FOUND, "td_report.tee_tcb_svn_2",
             SLICE_OF(td->tee_tcb_svn_2));
}

static void explain_qe_level(const struct verification *v,
                             const struct listener *l)
{
    tell_number(l, EXPLAIN_FOUND, "qe_report.isv_svn",
                v->quote.auth.qe.says.isv_svn);
}

/* clang-format off */
static const struct explanation {
    const char *check; /* its id in the table of verify.c */
    void (*tell)(const struct verification *v, const struct listener *l);
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
    const struct listener l = { .check = id, .fn = fn, .ctx = ctx };

    for (size_t i = 0; i < COUNT_OF(explanations); i++)
        if (strcmp(explanations[i].check, id) == 0)
            explanations[i].tell(v, &l);
}
