#include "policy/judge_tcb.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

#define DAY_SECONDS (24 * 60 * 60)

/* The verifier refuses what is revoked; a policy cannot accept it either. */
static enum status nothing_revoked(const struct judgement *j, struct why *why)
{
    const struct tcb_claims *tcb = &j->claims->tcb;

    if (tcb->status != TCB_REVOKED && tcb->platform != TCB_REVOKED &&
        tcb->module != TCB_REVOKED && tcb->qe != TCB_REVOKED)
        return STATUS_OK;
    (void)why_fail(why, STATUS_POLICY, "accept.tcb", NULL, "Revoked");
    return why_expect(why, "anything but Revoked");
}

static bool in_set(uint32_t set, enum tcb_status s)
{
    return (set & POLICY_STATUS_BIT(s)) != 0;
}

/* What a status counts as while it has grace. */
static enum tcb_status with_grace(enum tcb_status s)
{
    if (s == TCB_OUT_OF_DATE)
        return TCB_UP_TO_DATE;
    if (s == TCB_OUT_OF_DATE_CONFIGURATION_NEEDED)
        return TCB_CONFIGURATION_NEEDED;
    return s;
}

/* The last second of the grace that |accept| gives, 0 if none. */
int64_t judge_tcb_grace_end(const struct judgement *j)
{
    const struct accept *accept = j->accept;
    const struct tcb_claims *tcb = &j->claims->tcb;
    int64_t grace = (int64_t)accept->tcb.grace_days * DAY_SECONDS;

    if (grace == 0 || tcb->date_unix > INT64_MAX - grace)
        return 0;
    return tcb->date_unix + grace;
}

/* Intel judges the TCB by statuses, AMD publishes none: there the versions
 * are clauses. */
static bool has_statuses(const struct accept *a)
{
    return a->tee != TEE_SEV_SNP;
}

/* Accepted now by grace alone. */
bool judge_tcb_needs_grace(const struct judgement *j)
{
    const struct tcb_claims *tcb = &j->claims->tcb;

    return has_statuses(j->accept) &&
           !in_set(j->accept->tcb.statuses, tcb->status) &&
           in_set(j->accept->tcb.statuses, with_grace(tcb->status)) &&
           j->in->now_unix <= judge_tcb_grace_end(j);
}

/* "UpToDate, SWHardeningNeeded" of a set. */
static void list_statuses(uint32_t set, char *out, size_t room)
{
    size_t used = 0;

    out[0] = '\0';
    for (int s = TCB_NONE + 1; s < TCB_STATUS_COUNT; s++) {
        int n;

        if (!in_set(set, (enum tcb_status)s))
            continue;
        n = snprintf(out + used, room - used, "%s%s", used == 0 ? "" : ", ",
                     tcb_status_name((enum tcb_status)s));
        used += MIN_OF((size_t)n, room - used - 1);
    }
}

static enum status judge_status(uint32_t set, enum tcb_status found,
                                const char *path, struct why *why)
{
    const char *name =
        found == TCB_NONE ? "not judged" : tcb_status_name(found);

    if (in_set(set, found)) {
        why_seen(why, "%s", name);
        return STATUS_OK;
    }
    (void)why_fail(why, STATUS_POLICY, path, NULL, "%s", name);
    list_statuses(set, why->expected, sizeof(why->expected));
    return STATUS_POLICY;
}

static enum status tcb_status(const struct judgement *j, struct why *why)
{
    const struct tcb_claims *tcb = &j->claims->tcb;
    char until[TEXT_TIME_ROOM];

    if (!judge_tcb_needs_grace(j))
        return judge_status(j->accept->tcb.statuses, tcb->status,
                            "accept.tcb.status", why);
    text_time(judge_tcb_grace_end(j), until);
    why_seen(why, "%s, with grace until %s", tcb_status_name(tcb->status),
             until);
    return STATUS_OK;
}

static bool asks_platform(const struct accept *a)
{
    return a->tcb.platform != 0;
}

static enum status tcb_platform(const struct judgement *j, struct why *why)
{
    return judge_status(j->accept->tcb.platform, j->claims->tcb.platform,
                        "accept.tcb.platform", why);
}

static bool asks_module(const struct accept *a)
{
    return a->tcb.module != 0;
}

static enum status tcb_module(const struct judgement *j, struct why *why)
{
    return judge_status(j->accept->tcb.module, j->claims->tcb.module,
                        "accept.tcb.module", why);
}

static bool asks_qe(const struct accept *a)
{
    return a->tcb.qe != 0;
}

static enum status tcb_qe(const struct judgement *j, struct why *why)
{
    return judge_status(j->accept->tcb.qe, j->claims->tcb.qe, "accept.tcb.qe",
                        why);
}

static bool is_allowed(const struct tcb_policy *tcb, const char *advisory)
{
    for (size_t i = 0; i < tcb->advisory_count; i++)
        if (strcmp(tcb->advisories[i], advisory) == 0)
            return true;
    return false;
}

/* Without a list, an UpToDate TCB is taken at Intel's word, and any other must
 * have no advisories. With one, every advisory must stand in it. */
static enum status advisories_allowed(const struct judgement *j,
                                      struct why *why)
{
    const struct tcb_policy *tcb = &j->accept->tcb;
    const struct advisories *found = &j->claims->tcb.advisories;

    if (tcb->advisories_any ||
        (!tcb->has_advisories && j->claims->tcb.status == TCB_UP_TO_DATE)) {
        why_seen(why, "%zu, not judged", found->count);
        return STATUS_OK;
    }
    for (size_t i = 0; i < found->count; i++) {
        if (is_allowed(tcb, found->names[i]))
            continue;
        (void)why_fail(why, STATUS_POLICY, "accept.tcb.advisories", NULL, "%s",
                       found->names[i]);
        return why_expect(why, "advisories that the policy lists");
    }
    why_seen(why, "%zu, all listed", found->count);
    return STATUS_OK;
}

static bool asks_evaluation(const struct accept *a)
{
    return a->tcb.min_evaluation_number != 0;
}

static enum status evaluation_number(const struct judgement *j, struct why *why)
{
    uint32_t found = j->claims->tcb.evaluation_number;
    uint32_t least = j->accept->tcb.min_evaluation_number;

    if (found >= least) {
        why_seen(why, "%" PRIu32, found);
        return STATUS_OK;
    }
    (void)why_fail(why, STATUS_POLICY, "accept.tcb.min-evaluation-number", NULL,
                   "%" PRIu32, found);
    return why_expect(why, "at least %" PRIu32, least);
}

const struct judge_row judge_tcb_rows[JUDGE_TCB_ROWS] = {
    /* clang-format off */
    { JUDGE_TCB_REVOKED,        "nothing is revoked",    NULL,
      nothing_revoked },
    { "policy-tcb-status",      "TCB status",            has_statuses,
      tcb_status },
    { "policy-tcb-platform",    "TCB of the platform",   asks_platform,
      tcb_platform },
    { "policy-tcb-module",      "TCB of the TDX module", asks_module,
      tcb_module },
    { "policy-tcb-qe",          "TCB of the quoting enclave", asks_qe, tcb_qe },
    { "policy-advisories",      "advisories",            has_statuses,
      advisories_allowed },
    { "policy-evaluation",      "TCB evaluation number", asks_evaluation,
      evaluation_number },
    /* clang-format on */
};
