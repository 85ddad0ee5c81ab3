#include "policy/judge.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "policy/field.h"
#include "policy/judge_tcb.h"

#define USER_REVOKED "policy-revoked"

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

static const struct judge_row identity_rows[] = {
    /* clang-format off */
    { "policy-measurement", "policy names a measurement",
      NULL, measurement_named },
    { "policy-tee",         "kind of TEE",          NULL, tee_is_named },
    { "policy-root",        "root is a trusted one", NULL, root_is_real },
    { "policy-debug",       "debugging is off",     NULL, debug_is_off },
    /* clang-format on */
};

static bool asks_serials(const struct accept *a)
{
    return a->revocations.serial_count > 0;
}

static bool is_serial(const struct policy_serial *s,
                      const struct cert_claims *cert)
{
    return slice_equal(slice_of(s->bytes, s->len),
                       slice_of(cert->serial, cert->serial_len));
}

static enum status refuse_serial(const struct policy_serial *s,
                                 const struct cert_claims *cert,
                                 struct why *why)
{
    (void)why_fail(why, STATUS_POLICY, "revoked", NULL, "%s of %s", s->text,
                   cert->name);
    return why_expect(why, "none that is revoked in line %u of %s", s->line,
                      s->file);
}

static enum status no_serial_revoked(const struct judgement *j, struct why *why)
{
    const struct policy_revocations *own = &j->accept->revocations;
    const struct claims *c = j->claims;

    if (c->cert_count == 0) {
        (void)why_fail(why, STATUS_POLICY, "revoked", NULL, "no certificate");
        return why_expect(why, "serial numbers to compare");
    }
    for (size_t i = 0; i < own->serial_count; i++)
        for (size_t k = 0; k < c->cert_count; k++)
            if (is_serial(&own->serials[i], &c->certs[k]))
                return refuse_serial(&own->serials[i], &c->certs[k], why);
    why_seen(why, "%zu certificates, none of them", c->cert_count);
    return STATUS_OK;
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
static const struct judge_row state_rows[] = {
    /* clang-format off */
    { USER_REVOKED,             "nothing that the user revokes", asks_serials,
      no_serial_revoked },
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

static const struct judge_row *exec_row(void)
{
    return &state_rows[COUNT_OF(state_rows) - 1];
}

static_assert(COUNT_OF(identity_rows) + FIELDS_OF_TEE_MAX + JUDGE_TCB_ROWS +
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

static void judge_rows(const struct judgement *j, const struct judge_row *rows,
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
    if (judge_tcb_needs_grace(j))
        earlier(j->out, judge_tcb_grace_end(j), "grace-days");
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
    judge_rows(&j, judge_tcb_rows, JUDGE_TCB_ROWS);
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

bool judge_found_revoked(const struct decision *d)
{
    for (size_t i = 0; i < d->verdict.count; i++) {
        const struct check_result *c = &d->verdict.checks[i];

        if (c->outcome == OUTCOME_FAIL &&
            (strcmp(c->id, USER_REVOKED) == 0 ||
             strcmp(c->id, JUDGE_TCB_REVOKED) == 0))
            return true;
    }
    return false;
}
