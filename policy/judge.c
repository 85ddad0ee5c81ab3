#include "policy/judge.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "policy/field.h"

#define DAY_SECONDS (24 * 60 * 60)

/* One judgement, while it is made. */
struct judgement {
    const struct accept *accept;
    const struct judge_input *in;
    const struct claims *claims;
    /* That matches or comes closest; NULL if none names a measurement. */
    const struct release *release;
    struct decision *out;
};

/* Agree or fail with |why| filled; may say what was seen. */
typedef enum status judge_fn(const struct judgement *j, struct why *why);
typedef bool asked_fn(const struct accept *accept);

struct row {
    const char *id;
    const char *title;
    asked_fn *asked; /* NULL: always */
    judge_fn *judge;
};

static enum status measurement_named(const struct judgement *j, struct why *why)
{
    if (j->release != NULL)
        return STATUS_OK;
    (void)why_fail(why, STATUS_EMPTY_POLICY, "accept", NULL,
                   "no measurement named");
    return why_expect(why, "one that says which code is accepted");
}

static enum status tee_is_named(const struct judgement *j, struct why *why)
{
    if (j->claims->tee == j->accept->tee) {
        why_seen(why, "%s", tee_name(j->claims->tee));
        return STATUS_OK;
    }
    (void)why_fail(why, STATUS_POLICY, "accept.tee", NULL, "%s",
                   tee_name(j->claims->tee));
    return why_expect(why, "%s", tee_name(j->accept->tee));
}

static enum status root_is_real(const struct judgement *j, struct why *why)
{
    if (!j->claims->simulated)
        return STATUS_OK;
    if (j->accept->simulated) {
        why_seen(why, "SIMULATED, by a root that the policy names");
        return STATUS_OK;
    }
    (void)why_fail(why, STATUS_POLICY, "root", NULL, "a simulated TEE");
    return why_expect(why, "a root that is built in");
}

static enum status debug_is_off(const struct judgement *j, struct why *why)
{
    if (!j->claims->debug)
        return STATUS_OK;
    if (j->accept->debug) {
        why_seen(why, "a debug TEE, which the policy accepts");
        return STATUS_OK;
    }
    (void)why_fail(why, STATUS_POLICY, "accept.debug", NULL, "a debug TEE");
    return why_expect(why, "one whose host cannot read its memory");
}

static const struct row identity_rows[] = {
    /* clang-format off */
    { "policy-measurement", "policy names a measurement",
      NULL, measurement_named },
    { "policy-tee",         "kind of TEE",          NULL, tee_is_named },
    { "policy-root",        "root is built in",     NULL, root_is_real },
    { "policy-debug",       "debugging is off",     NULL, debug_is_off },
    /* clang-format on */
};

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
static int64_t grace_end(const struct accept *accept,
                         const struct tcb_claims *tcb)
{
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
static bool needs_grace(const struct judgement *j)
{
    const struct tcb_claims *tcb = &j->claims->tcb;

    return has_statuses(j->accept) &&
           !in_set(j->accept->tcb.statuses, tcb->status) &&
           in_set(j->accept->tcb.statuses, with_grace(tcb->status)) &&
           j->in->now_unix <= grace_end(j->accept, tcb);
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

    if (!needs_grace(j))
        return judge_status(j->accept->tcb.statuses, tcb->status,
                            "accept.tcb.status", why);
    text_time(grace_end(j->accept, tcb), until);
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

/* Intel's revocation lists are part of every verification. */
static bool asks_revocation(const struct accept *a)
{
    return a->tee == TEE_SEV_SNP && !a->revocation_optional;
}

static enum status revocation(const struct judgement *j, struct why *why)
{
    if (j->claims->snp.revocation_checked)
        return STATUS_OK;
    (void)why_fail(why, STATUS_POLICY, "accept.revocation", NULL,
                   "no revocation list");
    return why_expect(why, "AMD's, which does not name the key");
}

/* The last second at which the collateral has the life that is asked. */
static int64_t life_end(const struct judgement *j)
{
    return j->claims->validity.earliest_expiry_unix -
           j->accept->min_collateral_life_s;
}

static enum status collateral_life(const struct judgement *j, struct why *why)
{
    char expiry[TEXT_TIME_ROOM];

    text_time(j->claims->validity.earliest_expiry_unix, expiry);
    if (j->in->now_unix <= life_end(j)) {
        why_seen(why, "good until %s", expiry);
        return STATUS_OK;
    }
    (void)why_fail(why, STATUS_POLICY, "accept.min-collateral-life", NULL,
                   "%s ends at %s",
                   j->claims->validity.earliest_expiry_item != NULL
                       ? j->claims->validity.earliest_expiry_item
                       : "collateral",
                   expiry);
    return why_expect(why, "%" PRId64 " seconds more",
                      j->accept->min_collateral_life_s);
}

static enum status freshness(const struct judgement *j, struct why *why)
{
    if (j->in->challenged || j->accept->freshness == FRESH_EPOCH) {
        why_seen(why, j->in->challenged ? "made for our challenge"
                                        : "of the server's epoch");
        return STATUS_OK;
    }
    (void)why_fail(why, STATUS_POLICY, "accept.freshness", NULL,
                   "evidence of the server's epoch");
    return why_expect(why, "evidence made for our challenge");
}

static bool asks_age(const struct accept *a)
{
    return a->max_age_s != 0;
}

/* The last second at which the attestation is young enough. */
static int64_t age_end(const struct judgement *j)
{
    int64_t max = j->accept->max_age_s;

    return j->in->attested_unix > INT64_MAX - max ? INT64_MAX
                                                  : j->in->attested_unix + max;
}

static enum status age(const struct judgement *j, struct why *why)
{
    char made[TEXT_TIME_ROOM];

    text_time(j->in->attested_unix, made);
    if (j->in->attested_unix > j->in->now_unix + CLOCK_SKEW_SECONDS) {
        (void)why_fail(why, STATUS_POLICY, "accept.max-age", NULL,
                       "made in the future, %s", made);
        return why_expect(why, "a time that has been");
    }
    if (j->in->now_unix <= age_end(j)) {
        why_seen(why, "made at %s", made);
        return STATUS_OK;
    }
    (void)why_fail(why, STATUS_POLICY, "accept.max-age", NULL, "made at %s",
                   made);
    return why_expect(why, "at most %" PRId64 " seconds old",
                      j->accept->max_age_s);
}

static bool asks_exec(const struct accept *a)
{
    return a->exec.argc > 0;
}

static enum status exec_accepts(const struct judgement *j, struct why *why)
{
    if (j->in->exec != NULL) {
        *why = *j->in->exec;
        return why->status;
    }
    (void)why_fail(why, STATUS_POLICY, "accept.exec", NULL, "not run yet");
    return why_expect(why, "that %s accepts", j->accept->exec.argv[0]);
}

/* The external check comes last: it runs only when all others agree. */
static const struct row state_rows[] = {
    /* clang-format off */
    { "policy-not-revoked",     "nothing is revoked",    NULL,
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
    { "policy-revocation",      "revocation was checked", asks_revocation,
      revocation },
    { "policy-collateral-life", "collateral's remaining life", NULL,
      collateral_life },
    { "policy-freshness",       "freshness",             NULL, freshness },
    { "policy-age",             "age of the attestation", asks_age, age },
    { "policy-exec",            "external check",        asks_exec,
      exec_accepts },
    /* clang-format on */
};

static const struct row *exec_row(void)
{
    return &state_rows[COUNT_OF(state_rows) - 1];
}

static_assert(COUNT_OF(identity_rows) + FIELDS_OF_TEE_MAX +
                      COUNT_OF(state_rows) <=
                  VERDICT_CHECKS_MAX,
              "a verdict has room for every row");

/* The next row of the verdict, not yet judged. */
static struct check_result *add_row(struct decision *out, const char *id,
                                    const char *title)
{
    struct check_result *c = &out->verdict.checks[out->verdict.count++];

    c->id = id;
    c->title = title;
    return c;
}

static void conclude(struct check_result *c, enum status st)
{
    c->outcome = st == STATUS_OK ? OUTCOME_PASS : OUTCOME_FAIL;
}

static void judge_rows(const struct judgement *j, const struct row *rows,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct check_result *c = add_row(j->out, rows[i].id, rows[i].title);

        if (rows[i].asked == NULL || rows[i].asked(j->accept))
            conclude(c, rows[i].judge(j, &c->why));
        else
            why_seen(&c->why, "not asked");
    }
}

static size_t disagreements(const struct release *release,
                            const struct claims *claims)
{
    size_t n = 0;

    for (size_t i = 0; i < release->count; i++)
        if (!field_agrees(&release->clauses[i], claims))
            n++;
    return n;
}

/* The release with the fewest disagreements; of equals the one that asks more,
 * the first of those. */
static const struct release *closest(const struct accept *accept,
                                     const struct claims *claims)
{
    const struct release *best = NULL;
    size_t least = 0;

    for (size_t i = 0; i < accept->release_count; i++) {
        const struct release *r = &accept->releases[i];
        size_t n = disagreements(r, claims);

        if (!r->names_code)
            continue;
        if (best == NULL || n < least ||
            (n == least && r->count > best->count)) {
            best = r;
            least = n;
        }
    }
    return best;
}

static enum status judge_clause(const struct judgement *j,
                                const struct clause *clause, struct why *why)
{
    const struct field *field = clause->field;
    size_t used;

    if (field_agrees(clause, j->claims)) {
        why_seen(why, "%s", "");
        field_found(field, j->claims, why->found, sizeof(why->found));
        return STATUS_OK;
    }
    (void)why_fail(why, STATUS_POLICY, field->path, NULL, "%s", "");
    field_found(field, j->claims, why->found, sizeof(why->found));
    field_expected(clause, why->expected, sizeof(why->expected));
    used = strlen(why->expected);
    if (j->accept->release_count > 1)
        (void)snprintf(why->expected + used, sizeof(why->expected) - used,
                       " (%s, the closest of %zu releases)",
                       j->release->name[0] != '\0' ? j->release->name
                                                   : "without name",
                       j->accept->release_count);
    return STATUS_POLICY;
}

static void judge_release(const struct judgement *j)
{
    if (j->release == NULL || j->accept->tee != j->claims->tee)
        return; /* an earlier row says so */
    for (size_t i = 0; i < j->release->count; i++) {
        const struct clause *clause = &j->release->clauses[i];
        struct check_result *c =
            add_row(j->out, clause->field->id, clause->field->title);

        conclude(c, judge_clause(j, clause, &c->why));
    }
}

static void earlier(struct decision *out, int64_t end, const char *item)
{
    if (end >= out->deadline_unix)
        return;
    out->deadline_unix = end;
    out->deadline_item = item;
}

/* Until when the same input would be accepted. */
static void set_deadline(const struct judgement *j)
{
    const struct validity_claims *v = &j->claims->validity;

    j->out->release = j->release->name;
    j->out->deadline_unix = life_end(j);
    j->out->deadline_item = v->earliest_expiry_item != NULL
                                ? v->earliest_expiry_item
                                : "collateral";
    if (needs_grace(j))
        earlier(j->out, grace_end(j->accept, &j->claims->tcb), "grace-days");
    if (asks_age(j->accept))
        earlier(j->out, age_end(j), "max-age");
}

enum status judge_claims(const struct accept *accept,
                         const struct judge_input *in, struct decision *out,
                         struct why *why)
{
    struct judgement j = {
        .accept = accept,
        .in = in,
        .claims = in->claims,
        .release = closest(accept, in->claims),
        .out = out,
    };
    const struct check_result *failed;

    memset(out, 0, sizeof(*out));
    judge_rows(&j, identity_rows, COUNT_OF(identity_rows));
    judge_release(&j);
    judge_rows(&j, state_rows, COUNT_OF(state_rows));
    failed = verdict_failed(&out->verdict);
    if (failed != NULL) {
        *why = failed->why;
        out->wants_exec = in->exec == NULL && failed->id == exec_row()->id;
        if (out->wants_exec)
            out->release = j.release->name;
        return why->status;
    }
    set_deadline(&j);
    return STATUS_OK;
}
