#include "common/text.h"
#include "verifier/verification.h"

static const char CLAUSE[] = "PCS API v4, TCB info";

enum status check_platform_chain(struct verification *v, struct why *why)
{
    enum status st =
        chain_parse(CHAIN_PCK, v->quote.auth.cert_data, &v->pck_chain, why);

    if (st == STATUS_OK)
        why_seen(why, "%zu certificates", v->pck_chain.count);
    return st;
}

enum status check_platform_roles(struct verification *v, struct why *why)
{
    enum status st = chain_check_roles(&v->pck_chain, &v->set->root, why);

    if (st == STATUS_OK)
        why_seen(why, "PCK, %s CA, root",
                 chain_is_platform(&v->pck_chain) ? "Platform" : "Processor");
    return st;
}

enum status check_platform_signatures(struct verification *v, struct why *why)
{
    return chain_check_signatures(&v->pck_chain, &v->set->pck_crl_chain, why);
}

enum status check_platform_dates(struct verification *v, struct why *why)
{
    return trusted_set_dates_of(&v->pck_chain, v->now_unix, why);
}

/* All of the chain but the PCK: the root signed it, so its list covers it. */
enum status check_platform_ca_revoked(struct verification *v, struct why *why)
{
    for (size_t i = 1; i < v->pck_chain.count; i++) {
        enum status st =
            crl_check_cert(&v->set->root_crl, &v->pck_chain.certs[i], why);

        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

/* A CA is a name and a key: the certificates may differ. */
enum status check_platform_crl_issuer(struct verification *v, struct why *why)
{
    const struct x509 *ca = &v->pck_chain.certs[1];
    const struct x509 *issuer = chain_leaf(&v->set->pck_crl_chain);

    if (!slice_equal(ca->subject, issuer->subject)) {
        (void)why_fail(why, STATUS_MISMATCH, "pck_crl.issuer", "RFC 5280 6.3.3",
                       "%.*s", (int)issuer->common_name.len,
                       (const char *)issuer->common_name.at);
        return why_expect(why, "%.*s", (int)ca->common_name.len,
                          (const char *)ca->common_name.at);
    }
    if (!slice_equal(ca->key.bytes, issuer->key.bytes))
        return why_bytes(why, STATUS_MISMATCH, "pck_crl.issuer",
                         "RFC 5280 6.3.3", issuer->key.bytes, ca->key.bytes);
    return STATUS_OK;
}

enum status check_platform_pck_revoked(struct verification *v, struct why *why)
{
    return crl_check_cert(&v->set->pck_crl, chain_leaf(&v->pck_chain), why);
}

enum status check_platform_user_crls(struct verification *v, struct why *why)
{
    const struct x509 *const certs[] = {
        &v->pck_chain.certs[0],
        &v->pck_chain.certs[1],
        chain_root(&v->pck_chain),
        chain_leaf(&v->set->pck_crl_chain),
        chain_leaf(&v->set->tcb_info_chain),
        chain_leaf(&v->set->qe_identity_chain),
    };
    struct user_crl_certs all = { .count = COUNT_OF(certs) };

    memcpy(all.at, certs, sizeof(certs));
    return user_crl_check(v->user_crls, v->user_crl_count, &all, v->now_unix,
                          &v->validity, why);
}

enum status check_platform_extension(struct verification *v, struct why *why)
{
    char fmspc[2 * sizeof(v->pck.platform.fmspc) + 1];
    enum status st = pck_ext_read(chain_leaf(&v->pck_chain), &v->pck, why);

    if (st != STATUS_OK)
        return st;
    v->pck.platform.platform_ca = chain_is_platform(&v->pck_chain);
    text_hex(SLICE_OF(v->pck.platform.fmspc), fmspc, sizeof(fmspc));
    why_seen(why, "FMSPC %s, PCESVN %u", fmspc,
             (unsigned)v->pck.platform.pce_svn);
    return STATUS_OK;
}

enum status check_platform_tcb_info(struct verification *v, struct why *why)
{
    const struct tcb_info *info = &v->set->tcb_info;
    const struct platform_claims *p = &v->pck.platform;

    if (info->tee != v->quote.tee) {
        (void)why_fail(why, STATUS_MISMATCH, "tcb_info.id", CLAUSE, "of %s",
                       tee_name(info->tee));
        return why_expect(why, "of %s", tee_name(v->quote.tee));
    }
    if (!slice_equal(SLICE_OF(info->fmspc), SLICE_OF(p->fmspc)))
        return why_bytes(why, STATUS_MISMATCH, "tcb_info.fmspc", CLAUSE,
                         SLICE_OF(info->fmspc), SLICE_OF(p->fmspc));
    if (!slice_equal(SLICE_OF(info->pce_id), SLICE_OF(p->pce_id)))
        return why_bytes(why, STATUS_MISMATCH, "tcb_info.pce_id", CLAUSE,
                         SLICE_OF(info->pce_id), SLICE_OF(p->pce_id));
    return STATUS_OK;
}

enum status check_platform_module(struct verification *v, struct why *why)
{
    const struct tdx_claims *td = &v->quote.td.says;
    const struct tdx_module *module =
        tcb_info_module(&v->set->tcb_info, td->tee_tcb_svn[1]);
    enum status st;

    if (module == NULL)
        return why_fail(why, STATUS_MISMATCH, "tcb_info.tdx_module_identities",
                        CLAUSE, "no TDX_%02X", td->tee_tcb_svn[1]);
    st = tdx_module_check(module, td, why);
    if (st == STATUS_OK)
        why_seen(why, "TDX_%02X", td->tee_tcb_svn[1]);
    return st;
}
