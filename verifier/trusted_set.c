#include "verifier/trusted_set.h"

#include <stdlib.h>

#include "common/builder.h"
#include "common/text.h"

static const char CLAUSE[] = "PCS API v4";

/* Copy what |set| borrows into one block. */
static bool own_bytes(struct trusted_set *set)
{
    struct slice *parts[] = {
        &set->raw.tcb_info,    &set->raw.tcb_info_chain,
        &set->raw.qe_identity, &set->raw.qe_identity_chain,
        &set->raw.pck_crl,     &set->raw.pck_crl_chain,
        &set->raw.root_crl,    &set->root_der,
    };
    struct builder b;
    size_t len = 0;

    for (size_t i = 0; i < COUNT_OF(parts); i++)
        len += parts[i]->len;
    set->copy = malloc(MAX_OF(len, 1));
    if (set->copy == NULL)
        return false;
    b = builder_over(set->copy, len);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        size_t at = b.len;

        builder_bytes(&b, *parts[i]);
        parts[i]->at = set->copy + at;
    }
    return true;
}

struct trusted_set *trusted_set_copy(const struct collateral_set *raw,
                                     struct slice root_der)
{
    struct trusted_set *set = calloc(1, sizeof(*set));

    if (set == NULL)
        return NULL;
    set->raw = *raw;
    set->root_der = root_der;
    if (!own_bytes(set)) {
        free(set);
        return NULL;
    }
    return set;
}

void trusted_set_free(struct trusted_set *set)
{
    if (set == NULL)
        return;
    free(set->copy);
    free(set);
}

enum status trusted_set_root(struct trusted_set *set, struct why *why)
{
    enum status st = root_read(set->root_der, &set->root, why);

    if (st != STATUS_OK)
        return st;
    why_seen(why, set->root.built_in ? "Intel SGX Root CA, built in"
                                     : "a root of the user's own");
    return STATUS_OK;
}

/* |known|: see chain_check_signatures(). */
static enum status check_chain(enum chain_kind kind, struct slice text,
                               const struct trust_root *root,
                               const struct chain *known, struct chain *out,
                               struct why *why)
{
    enum status st;

    if (text.len == 0)
        return why_fail(why, STATUS_NO_COLLATERAL, chain_name(kind), CLAUSE,
                        "nothing at all");
    st = chain_parse(kind, text, out, why);
    if (st == STATUS_OK)
        st = chain_check_roles(out, root, why);
    if (st == STATUS_OK)
        st = chain_check_signatures(out, known, why);
    if (st == STATUS_OK)
        why_seen(why, "%.*s, root", (int)chain_leaf(out)->common_name.len,
                 (const char *)chain_leaf(out)->common_name.at);
    return st;
}

enum status trusted_set_crl_chain(struct trusted_set *set, struct why *why)
{
    return check_chain(CHAIN_PCK_CRL, set->raw.pck_crl_chain, &set->root, NULL,
                       &set->pck_crl_chain, why);
}

static enum status check_crl(enum crl_kind kind, struct slice der,
                             const struct x509 *issuer, struct crl *out,
                             struct why *why)
{
    enum status st = crl_parse(kind, der, out, why);

    if (st == STATUS_OK)
        st = crl_check_issuer(out, issuer, why);
    if (st == STATUS_OK)
        why_seen(why, "%zu revoked", out->count);
    return st;
}

enum status trusted_set_root_crl(struct trusted_set *set, struct why *why)
{
    return check_crl(CRL_ROOT, set->raw.root_crl,
                     chain_root(&set->pck_crl_chain), &set->root_crl, why);
}

/* What the root signed, and the root itself. */
static enum status check_signer(const struct trusted_set *set,
                                const struct chain *chain, struct why *why)
{
    enum status st = crl_check_cert(&set->root_crl, chain_leaf(chain), why);

    if (st != STATUS_OK)
        return st;
    return crl_check_cert(&set->root_crl, chain_root(chain), why);
}

enum status trusted_set_crl_signer(struct trusted_set *set, struct why *why)
{
    return check_signer(set, &set->pck_crl_chain, why);
}

enum status trusted_set_pck_crl(struct trusted_set *set, struct why *why)
{
    return check_crl(CRL_PCK, set->raw.pck_crl, chain_leaf(&set->pck_crl_chain),
                     &set->pck_crl, why);
}

enum status trusted_set_tcb_chain(struct trusted_set *set, struct why *why)
{
    return check_chain(CHAIN_TCB_INFO, set->raw.tcb_info_chain, &set->root,
                       &set->pck_crl_chain, &set->tcb_info_chain, why);
}

enum status trusted_set_tcb_signer(struct trusted_set *set, struct why *why)
{
    return check_signer(set, &set->tcb_info_chain, why);
}

enum status trusted_set_tcb_signature(struct trusted_set *set, struct why *why)
{
    enum status st = signed_json_parse(set->raw.tcb_info, "tcbInfo", "tcb_info",
                                       &set->tcb_info_text, why);

    if (st != STATUS_OK)
        return st;
    return signed_json_check(&set->tcb_info_text,
                             chain_leaf(&set->tcb_info_chain)->key.bytes.at,
                             "tcb_info.signature", why);
}

enum status trusted_set_tcb_info(struct trusted_set *set, struct why *why)
{
    const struct tcb_info *info = &set->tcb_info;
    enum status st =
        tcb_info_parse(set->tcb_info_text.body, &set->tcb_info, why);

    if (st != STATUS_OK)
        return st;
    why_seen(why, "version %u, evaluation number %u, %zu levels",
             (unsigned)info->version, (unsigned)info->evaluation_number,
             info->level_count);
    return STATUS_OK;
}

enum status trusted_set_qe_chain(struct trusted_set *set, struct why *why)
{
    return check_chain(CHAIN_QE_IDENTITY, set->raw.qe_identity_chain,
                       &set->root, &set->tcb_info_chain,
                       &set->qe_identity_chain, why);
}

enum status trusted_set_qe_signer(struct trusted_set *set, struct why *why)
{
    return check_signer(set, &set->qe_identity_chain, why);
}

enum status trusted_set_qe_signature(struct trusted_set *set, struct why *why)
{
    enum status st =
        signed_json_parse(set->raw.qe_identity, "enclaveIdentity",
                          "qe_identity", &set->qe_identity_text, why);

    if (st != STATUS_OK)
        return st;
    return signed_json_check(&set->qe_identity_text,
                             chain_leaf(&set->qe_identity_chain)->key.bytes.at,
                             "qe_identity.signature", why);
}

enum status trusted_set_qe_identity(struct trusted_set *set, struct why *why)
{
    const struct qe_identity *id = &set->qe_identity;
    enum status st =
        qe_identity_parse(set->qe_identity_text.body, &set->qe_identity, why);

    if (st != STATUS_OK)
        return st;
    why_seen(why, "evaluation number %u, %zu levels",
             (unsigned)id->evaluation_number, id->levels.count);
    return STATUS_OK;
}

static void see_end(int64_t end_unix, struct why *why)
{
    char text[TEXT_TIME_ROOM];

    text_time(end_unix, text);
    why_seen(why, "until %s", text);
}

static int64_t chain_end(const struct chain *chain)
{
    int64_t end = INT64_MAX;

    for (size_t i = 0; i < chain->count; i++)
        end = MIN_OF(end, chain->certs[i].validity.until_unix);
    return end;
}

enum status trusted_set_dates_of(const struct chain *chain, int64_t now_unix,
                                 struct why *why)
{
    enum status st = chain_check_dates(chain, now_unix, why);

    if (st == STATUS_OK)
        see_end(chain_end(chain), why);
    return st;
}

enum status trusted_set_crl_chain_dates(const struct trusted_set *set,
                                        int64_t now_unix, struct why *why)
{
    return trusted_set_dates_of(&set->pck_crl_chain, now_unix, why);
}

enum status trusted_set_tcb_chain_dates(const struct trusted_set *set,
                                        int64_t now_unix, struct why *why)
{
    return trusted_set_dates_of(&set->tcb_info_chain, now_unix, why);
}

enum status trusted_set_qe_chain_dates(const struct trusted_set *set,
                                       int64_t now_unix, struct why *why)
{
    return trusted_set_dates_of(&set->qe_identity_chain, now_unix, why);
}

static enum status check_list_dates(const struct crl *crl, int64_t now_unix,
                                    struct why *why)
{
    enum status st = crl_check_dates(crl, now_unix, why);

    if (st == STATUS_OK)
        see_end(crl->dates.until_unix, why);
    return st;
}

enum status trusted_set_root_crl_dates(const struct trusted_set *set,
                                       int64_t now_unix, struct why *why)
{
    return check_list_dates(&set->root_crl, now_unix, why);
}

enum status trusted_set_pck_crl_dates(const struct trusted_set *set,
                                      int64_t now_unix, struct why *why)
{
    return check_list_dates(&set->pck_crl, now_unix, why);
}

/* Intel's library does not look at issueDate: it would take a set from the
 * future, which only a clock that stands wrong can see. */
static enum status check_window(const struct window *w, int64_t now_unix,
                                const char *field, struct why *why)
{
    enum status st = window_check(w, now_unix, field, CLAUSE, why);

    if (st == STATUS_OK)
        see_end(w->until_unix, why);
    return st;
}

enum status trusted_set_tcb_info_dates(const struct trusted_set *set,
                                       int64_t now_unix, struct why *why)
{
    return check_window(&set->tcb_info.dates, now_unix, "tcb_info.dates", why);
}

enum status trusted_set_qe_identity_dates(const struct trusted_set *set,
                                          int64_t now_unix, struct why *why)
{
    return check_window(&set->qe_identity.dates, now_unix, "qe_identity.dates",
                        why);
}
