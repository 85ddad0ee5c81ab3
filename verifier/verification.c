#include "verifier/verification.h"

#include "verifier/validity.h"

static void add_chain(struct validity_claims *c, const struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        validity_add(c, &chain->certs[i].validity, chain_name(chain->kind));
}

static void gather_validity(const struct verification *v,
                            struct validity_claims *out)
{
    const struct trusted_set *set = v->set;

    *out = v->validity;
    validity_add(out, &set->tcb_info.dates,
                 collateral_item_name(ITEM_TCB_INFO));
    validity_add(out, &set->qe_identity.dates,
                 collateral_item_name(ITEM_QE_IDENTITY));
    validity_add(out, &set->pck_crl.dates, collateral_item_name(ITEM_PCK_CRL));
    validity_add(out, &set->root_crl.dates,
                 collateral_item_name(ITEM_ROOT_CRL));
    add_chain(out, &set->pck_crl_chain);
    add_chain(out, &set->tcb_info_chain);
    add_chain(out, &set->qe_identity_chain);
    add_chain(out, &v->pck_chain);
}

/* What the evidence rests on, each once. */
static void gather_certs(const struct verification *v, struct claims *out)
{
    static const char *const names[] = { "pck", "pck_ca", "root" };
    const struct x509 *tcb = chain_leaf(&v->set->tcb_info_chain);
    const struct x509 *qe = chain_leaf(&v->set->qe_identity_chain);

    for (size_t i = 0; i < v->pck_chain.count; i++)
        claims_add_cert(out, names[i], v->pck_chain.certs[i].serial);
    claims_add_cert(out, "tcb_signing", tcb->serial);
    if (!slice_equal(tcb->serial, qe->serial))
        claims_add_cert(out, "qe_identity_signing", qe->serial);
}

static void add_item(struct claims *c, enum collateral_item item,
                     const struct window *dates, uint32_t evaluation_number)
{
    const struct item_claims claim = {
        .name = collateral_item_name(item),
        .issued_unix = dates->from_unix,
        .next_update_unix = dates->until_unix,
        .evaluation_number = evaluation_number,
    };

    claims_add_item(c, &claim);
}

static void gather_items(const struct trusted_set *set, struct claims *out)
{
    struct item_claims list;

    add_item(out, ITEM_TCB_INFO, &set->tcb_info.dates,
             set->tcb_info.evaluation_number);
    add_item(out, ITEM_QE_IDENTITY, &set->qe_identity.dates,
             set->qe_identity.evaluation_number);
    crl_claims(&set->pck_crl, collateral_item_name(ITEM_PCK_CRL), &list);
    claims_add_item(out, &list);
    crl_claims(&set->root_crl, collateral_item_name(ITEM_ROOT_CRL), &list);
    claims_add_item(out, &list);
}

void verification_claims(const struct verification *v, struct claims *out)
{
    const struct quote *q = &v->quote;

    *out = (struct claims){ .tee = q->tee,
                            .quote_version = q->version,
                            .simulated = !v->set->root.built_in,
                            .sgx = q->sgx.says,
                            .tdx = q->td.says,
                            .tcb = v->tcb,
                            .platform = v->pck.platform };
    memcpy(out->qe_vendor_id, q->vendor_id, sizeof(out->qe_vendor_id));
    memcpy(out->user_data, q->user_data, sizeof(out->user_data));
    if (q->tee == TEE_SGX) {
        memcpy(out->report_data, q->sgx.report_data, sizeof(out->report_data));
        out->debug = (q->sgx.says.attributes[0] & REPORT_SGX_DEBUG) != 0;
    } else {
        memcpy(out->report_data, q->td.report_data, sizeof(out->report_data));
        out->debug = q->td.says.td_attributes[0] != 0;
    }
    gather_validity(v, &out->validity);
    gather_certs(v, out);
    gather_items(v->set, out);
}
