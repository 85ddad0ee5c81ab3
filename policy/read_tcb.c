#include "policy/read_tcb.h"

#include <string.h>

#include "common/limits.h"

#define GRACE_MAX_DAYS 3650

#define BIT(s) POLICY_STATUS_BIT(TCB_##s)

/* What Intel can say of a part. TCB info: PCS API v4, tcbLevels; the module
 * and the quoting enclave know fewer words. TDRelaunchAdvised is said of the
 * whole alone. */
#define OF_PART (BIT(UP_TO_DATE) | BIT(OUT_OF_DATE))
#define OF_PLATFORM                                                            \
    (OF_PART | BIT(SW_HARDENING_NEEDED) | BIT(CONFIGURATION_NEEDED) |          \
     BIT(CONFIGURATION_AND_SW_HARDENING_NEEDED) |                              \
     BIT(OUT_OF_DATE_CONFIGURATION_NEEDED))
#define OF_TDX                                                                 \
    (OF_PLATFORM | BIT(RELAUNCH_ADVISED) |                                     \
     BIT(RELAUNCH_ADVISED_CONFIGURATION_NEEDED))

static enum status read_status(struct reader *r, const struct node *node,
                               void *item)
{
    enum tcb_status *s = item;

    if (node->kind != NODE_TEXT || !tcb_status_parse(node->text, s))
        return read_unexpected(r, node,
                               "a TCB status in Intel's words, such as "
                               "UpToDate or SWHardeningNeeded");
    if (*s == TCB_REVOKED)
        return read_unexpected(r, node,
                               "a status that can be accepted; Revoked never "
                               "is");
    return STATUS_OK;
}

/* Read a list of statuses, of which only |possible| ones make sense. */
static enum status read_statuses(struct reader *r, const struct node *node,
                                 uint32_t possible, uint32_t *out)
{
    const struct node *item = node->kind == NODE_LIST ? node->first : node;
    void *list;
    size_t count;
    enum status st =
        read_list(r, node, sizeof(enum tcb_status), read_status, &list, &count);

    *out = 0;
    for (size_t i = 0; st == STATUS_OK && i < count; i++) {
        uint32_t bit = POLICY_STATUS_BIT(((enum tcb_status *)list)[i]);

        if ((bit & possible) == 0)
            return read_unexpected(r, item, "a status that can occur here");
        if ((bit & *out) != 0)
            return read_unexpected(r, item, "each status once");
        *out |= bit;
        item = item->next;
    }
    return st;
}

/* What read_tcb_block() hands to the words. */
struct tcb_draft {
    struct tcb_policy *tcb;
    enum tee_type tee;
};

static enum status on_status(struct reader *r, const struct node *key, void *to)
{
    const struct tcb_draft *d = to;

    return read_statuses(r, key->value,
                         d->tee == TEE_TDX ? OF_TDX : OF_PLATFORM,
                         &d->tcb->statuses);
}

static enum status on_platform(struct reader *r, const struct node *key,
                               void *to)
{
    const struct tcb_draft *d = to;

    return read_statuses(r, key->value, OF_PLATFORM, &d->tcb->platform);
}

static enum status on_module(struct reader *r, const struct node *key, void *to)
{
    const struct tcb_draft *d = to;

    if (d->tee != TEE_TDX)
        return read_unexpected(r, key, "no TDX module where tee is %s",
                               tee_name(d->tee));
    return read_statuses(r, key->value, OF_PART, &d->tcb->module);
}

static enum status on_qe(struct reader *r, const struct node *key, void *to)
{
    const struct tcb_draft *d = to;

    return read_statuses(r, key->value, OF_PART, &d->tcb->qe);
}

static enum status on_grace_days(struct reader *r, const struct node *key,
                                 void *to)
{
    const struct tcb_draft *d = to;
    uint64_t days;
    enum status st = read_number(r, key->value, 0, GRACE_MAX_DAYS, &days);

    d->tcb->grace_days = (uint32_t)days;
    return st;
}

static bool is_advisory(struct slice text)
{
    static const char prefix[] = "INTEL-SA-";
    size_t len = sizeof(prefix) - 1;

    if (text.len <= len || text.len >= ADVISORY_MAX_BYTES ||
        !slice_equal(slice_of(text.at, len), slice_text(prefix)))
        return false;
    for (size_t i = len; i < text.len; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return true;
}

static enum status read_advisory(struct reader *r, const struct node *node,
                                 void *item)
{
    if (node->kind != NODE_TEXT || !is_advisory(node->text))
        return read_unexpected(r, node, "an advisory such as INTEL-SA-00615");
    return read_copy(r, node->text, item);
}

static enum status on_advisories(struct reader *r, const struct node *key,
                                 void *to)
{
    const struct tcb_draft *d = to;
    const struct node *list = key->value;
    void *names = NULL;
    enum status st;

    d->tcb->has_advisories = true;
    if (list->kind == NODE_LIST && list->count == 0)
        return STATUS_OK;
    if (list->kind == NODE_TEXT && slice_equal(list->text, slice_text("any"))) {
        d->tcb->advisories_any = true;
        return read_warn(r, list, "accepts every advisory, known or to come");
    }
    st = read_list(r, list, sizeof(const char *), read_advisory, &names,
                   &d->tcb->advisory_count);
    d->tcb->advisories = names;
    return st;
}

static enum status on_min_evaluation(struct reader *r, const struct node *key,
                                     void *to)
{
    const struct tcb_draft *d = to;
    uint64_t n;
    enum status st = read_number(r, key->value, 1, UINT32_MAX, &n);

    d->tcb->min_evaluation_number = (uint32_t)n;
    return st;
}

static const struct word tcb_words[] = {
    /* clang-format off */
    { "status",                on_status },
    { "platform",              on_platform },
    { "module",                on_module },
    { "qe",                    on_qe },
    { "grace-days",            on_grace_days },
    { "advisories",            on_advisories },
    { "min-evaluation-number", on_min_evaluation },
    /* clang-format on */
};

void read_tcb_default(struct tcb_policy *tcb)
{
    *tcb = (struct tcb_policy){ .statuses = BIT(UP_TO_DATE) };
}

enum status read_tcb_block(struct reader *r, const struct node *key,
                           enum tee_type tee, struct tcb_policy *tcb)
{
    struct tcb_draft d = { .tcb = tcb, .tee = tee };

    return read_block(r, key, tcb_words, COUNT_OF(tcb_words), &d);
}
