#include "verifier/verification.h"

/* Take the window of |item| (static) into account. */
static void add_window(struct validity_claims *c, const struct window *w,
                       const char *item)
{
    c->earliest_issue_unix = MIN_OF(c->earliest_issue_unix, w->from_unix);
    c->latest_issue_unix = MAX_OF(c->latest_issue_unix, w->from_unix);
    if (w->until_unix >= c->earliest_expiry_unix)
        return;
    c->earliest_expiry_unix = w->until_unix;
    c->earliest_expiry_item = item;
}

static void add_chain(struct validity_claims *c, const struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        add_window(c, &chain->certs[i].validity, chain_name(chain->kind));
}

static void gather_validity(const struct verification *v,
                            struct validity_claims *out)
{
    const struct trusted_set *set = v->set;

    *out = (struct validity_claims){ .earliest_issue_unix = INT64_MAX,
                                     .latest_issue_unix = INT64_MIN,
                                     .earliest_expiry_unix = INT64_MAX,
                                     .earliest_expiry_item = "" };
    add_window(out, &set->tcb_info.dates, collateral_item_name(ITEM_TCB_INFO));
    add_window(out, &set->qe_identity.dates,
               collateral_item_name(ITEM_QE_IDENTITY));
    add_window(out, &set->pck_crl.dates, collateral_item_name(ITEM_PCK_CRL));
    add_window(out, &set->root_crl.dates, collateral_item_name(ITEM_ROOT_CRL));
    add_chain(out, &set->pck_crl_chain);
    add_chain(out, &set->tcb_info_chain);
    add_chain(out, &set->qe_identity_chain);
    add_chain(out, &v->pck_chain);
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
}
