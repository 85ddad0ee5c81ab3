#include "verifier/collateral_set.h"

/* names: collateral_item_ parts of a collateral set */

#include <assert.h>
#include <stdlib.h>

#include "verifier/tcb_numbers.h"
#include "verifier/trusted_set.h"

const char *collateral_item_name(enum collateral_item item)
{
    static const char *const names[ITEM_KINDS] = {
        [ITEM_TCB_INFO] = "tcb_info",       [ITEM_QE_IDENTITY] = "qe_identity",
        [ITEM_PCK_CRL] = "pck_crl",         [ITEM_ROOT_CRL] = "root_ca_crl",
        [ITEM_TCB_NUMBERS] = "tcb_numbers", [ITEM_VCEK] = "vcek",
        [ITEM_ARK_CRL] = "ark_crl",
    };

    return names[item];
}

void collateral_item_slices(const struct collateral_set *set,
                            enum collateral_item item, struct slice *body,
                            struct slice *chain)
{
    const struct slice parts[ITEM_COUNT][2] = {
        [ITEM_TCB_INFO] = { set->tcb_info, set->tcb_info_chain },
        [ITEM_QE_IDENTITY] = { set->qe_identity, set->qe_identity_chain },
        [ITEM_PCK_CRL] = { set->pck_crl, set->pck_crl_chain },
        [ITEM_ROOT_CRL] = { set->root_crl, { 0 } },
    };

    assert(item < ITEM_COUNT);
    *body = parts[item][0];
    *chain = parts[item][1];
}

/* The root's list comes without a chain: the root is a name and a key. */
static enum status check_root_crl(struct trusted_set *set, struct why *why)
{
    struct x509 root = {
        .subject = root_name(&set->root),
        .key = { SIGNATURE_KEY_P256, SLICE_OF(set->root.key) },
        .key_usage = X509_CRL_SIGN,
    };
    enum status st =
        crl_parse(CRL_ROOT, set->raw.root_crl, &set->root_crl, why);

    if (st != STATUS_OK)
        return st;
    root.subject_key_id = set->root_crl.authority_key_id; /* not compared */
    return crl_check_issuer(&set->root_crl, &root, why);
}

/* The numbers come as the TCB info does, from the same signer: they are held
 * in its place. */
static enum status check_numbers(struct trusted_set *set, struct why *why)
{
    struct tcb_numbers numbers;
    enum status st =
        signed_json_parse(set->raw.tcb_info, "tcbEvaluationDataNumbers",
                          "tcb_numbers", &set->tcb_info_text, why);

    if (st == STATUS_OK)
        st = signed_json_check(&set->tcb_info_text,
                               chain_leaf(&set->tcb_info_chain)->key.bytes.at,
                               "tcb_numbers.signature", why);
    if (st == STATUS_OK)
        st = tcb_numbers_parse(set->tcb_info_text.body, &numbers, why);
    return st;
}

/* Of bytes that check_numbers() has found good. */
static struct tcb_numbers numbers_of(const struct trusted_set *set)
{
    struct tcb_numbers numbers;
    struct why why;

    if (tcb_numbers_parse(set->tcb_info_text.body, &numbers, &why) != STATUS_OK)
        numbers = (struct tcb_numbers){ 0 };
    return numbers;
}

static enum status check_numbers_dates(const struct trusted_set *set,
                                       int64_t now_unix, struct why *why)
{
    const struct tcb_numbers numbers = numbers_of(set);

    return window_check(&numbers.dates, now_unix, "tcb_numbers.dates",
                        "PCS API v4", why);
}

/* The checks of verify.c's table that one item can pass by itself. */
static const struct plan {
    trusted_set_check *checks[4];
    trusted_set_dates *dates[2];
} plans[ITEM_KINDS] = {
    [ITEM_TCB_INFO] = { { trusted_set_root, trusted_set_tcb_chain,
                          trusted_set_tcb_signature, trusted_set_tcb_info },
                        { trusted_set_tcb_chain_dates,
                          trusted_set_tcb_info_dates } },
    [ITEM_QE_IDENTITY] = { { trusted_set_root, trusted_set_qe_chain,
                             trusted_set_qe_signature,
                             trusted_set_qe_identity },
                           { trusted_set_qe_chain_dates,
                             trusted_set_qe_identity_dates } },
    [ITEM_PCK_CRL] = { { trusted_set_root, trusted_set_crl_chain,
                         trusted_set_pck_crl },
                       { trusted_set_crl_chain_dates,
                         trusted_set_pck_crl_dates } },
    [ITEM_ROOT_CRL] = { { trusted_set_root, check_root_crl },
                        { trusted_set_root_crl_dates } },
    [ITEM_TCB_NUMBERS] = { { trusted_set_root, trusted_set_tcb_chain,
                             check_numbers },
                           { trusted_set_tcb_chain_dates,
                             check_numbers_dates } },
};

static struct collateral_set set_of(enum collateral_item item,
                                    struct slice body, struct slice chain)
{
    struct collateral_set set = { 0 };

    switch (item) {
    case ITEM_TCB_INFO:
    case ITEM_TCB_NUMBERS:
        set.tcb_info = body;
        set.tcb_info_chain = chain;
        break;
    case ITEM_QE_IDENTITY:
        set.qe_identity = body;
        set.qe_identity_chain = chain;
        break;
    case ITEM_PCK_CRL:
        set.pck_crl = body;
        set.pck_crl_chain = chain;
        break;
    case ITEM_ROOT_CRL:
        set.root_crl = body;
        break;
    case ITEM_COUNT:
    case ITEM_VCEK:
    case ITEM_ARK_CRL:
    case ITEM_KINDS:
        break;
    }
    return set;
}

/* |until_unix|, or when the first of |chain| ends if that is earlier. */
static int64_t earliest_end(const struct chain *chain, int64_t until_unix)
{
    for (size_t i = 0; i < chain->count; i++)
        until_unix = MIN_OF(until_unix, chain->certs[i].validity.until_unix);
    return until_unix;
}

static void note_number(const struct crl *crl, struct item_facts *f)
{
    f->crl_number_len = MIN_OF(crl->number.len, sizeof(f->crl_number));
    memcpy(f->crl_number, crl->number.at, f->crl_number_len);
}

static struct item_facts facts_of_numbers(const struct trusted_set *set)
{
    const struct tcb_numbers n = numbers_of(set);

    return (struct item_facts){
        .issued_unix = n.dates.from_unix,
        .next_update_unix =
            earliest_end(&set->tcb_info_chain, n.dates.until_unix),
        .evaluation_number = tcb_numbers_greatest(&n),
        .tee = n.tee,
    };
}

static struct item_facts facts_of(enum collateral_item item,
                                  const struct trusted_set *set)
{
    const struct tcb_info *info = &set->tcb_info;
    const struct qe_identity *id = &set->qe_identity;
    struct item_facts f = { 0 };

    switch (item) {
    case ITEM_TCB_INFO:
        f = (struct item_facts){
            .issued_unix = info->dates.from_unix,
            .next_update_unix =
                earliest_end(&set->tcb_info_chain, info->dates.until_unix),
            .evaluation_number = info->evaluation_number,
            .tee = info->tee,
        };
        memcpy(f.fmspc, info->fmspc, sizeof(f.fmspc));
        break;
    case ITEM_QE_IDENTITY:
        f = (struct item_facts){
            .issued_unix = id->dates.from_unix,
            .next_update_unix =
                earliest_end(&set->qe_identity_chain, id->dates.until_unix),
            .evaluation_number = id->evaluation_number,
            .tee = id->tee,
        };
        break;
    case ITEM_PCK_CRL:
        f = (struct item_facts){
            .issued_unix = set->pck_crl.dates.from_unix,
            .next_update_unix = earliest_end(&set->pck_crl_chain,
                                             set->pck_crl.dates.until_unix),
            .platform_ca = chain_is_platform(&set->pck_crl_chain),
        };
        note_number(&set->pck_crl, &f);
        break;
    case ITEM_ROOT_CRL:
        f.issued_unix = set->root_crl.dates.from_unix;
        f.next_update_unix = set->root_crl.dates.until_unix;
        note_number(&set->root_crl, &f);
        break;
    case ITEM_TCB_NUMBERS:
        return facts_of_numbers(set);
    case ITEM_COUNT:
    case ITEM_VCEK:
    case ITEM_ARK_CRL:
    case ITEM_KINDS:
        break;
    }
    return f;
}

static enum status run_plan(const struct plan *plan, struct trusted_set *set,
                            int64_t now_unix, bool *is_read, struct why *why)
{
    enum status st = STATUS_OK;

    for (size_t i = 0; i < COUNT_OF(plan->checks) && st == STATUS_OK; i++)
        if (plan->checks[i] != NULL)
            st = plan->checks[i](set, why);
    *is_read = st == STATUS_OK;
    for (size_t i = 0; i < COUNT_OF(plan->dates) && st == STATUS_OK; i++)
        if (plan->dates[i] != NULL)
            st = plan->dates[i](set, now_unix, why);
    return st;
}

enum status collateral_item_check(enum collateral_item item, struct slice body,
                                  struct slice chain, struct slice root_der,
                                  int64_t now_unix, struct item_facts *out,
                                  struct why *why)
{
    struct trusted_set *set = calloc(1, sizeof(*set));
    bool is_read = false;
    enum status st;

    assert(item < ITEM_COUNT || item == ITEM_TCB_NUMBERS);
    *out = (struct item_facts){ 0 };
    if (set == NULL)
        return why_fail(why, STATUS_NO_MEMORY, collateral_item_name(item), NULL,
                        "no memory to check it");
    set->raw = set_of(item, body, chain);
    set->root_der = root_der;
    st = run_plan(&plans[item], set, now_unix, &is_read, why);
    if (is_read)
        *out = facts_of(item, set);
    trusted_set_free(set);
    return st;
}
