/* What must hold for every policy and every claims: found by trying many,
 * made by a generator with a fixed seed. */
#include "tests/support/check.h"

#include "policy/field.h"
#include "policy/judge.h"
#include "tests/support/good_claims.h"

#define ROUNDS       60000
#define VALUES_MAX   2
#define RELEASES_MAX 2

/* splitmix64: the same numbers everywhere. */
static uint64_t draw(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint32_t below(uint64_t *seed, uint32_t n)
{
    return (uint32_t)(draw(seed) % n);
}

/* True once in |n| times. */
static bool once_in(uint64_t *seed, uint32_t n)
{
    return below(seed, n) == 0;
}

/* A policy with storage of its own, so that it can be bent. */
struct made {
    struct accept accept;
    struct release releases[RELEASES_MAX];
    struct clause clauses[RELEASES_MAX][FIELDS_OF_TEE_MAX];
    uint8_t values[RELEASES_MAX][FIELDS_OF_TEE_MAX]
                  [VALUES_MAX * FIELD_MAX_BYTES];
    uint8_t masks[RELEASES_MAX][FIELDS_OF_TEE_MAX][FIELD_MAX_BYTES];
    const char *advisories[2];
};

static const char *const advisory_names[] = { "INTEL-SA-1", "INTEL-SA-2" };

/* The values of fields are few, so that policies and claims often agree. */
static void make_bytes(uint64_t *seed, uint8_t *out, size_t len)
{
    memset(out, 0, len);
    out[0] = once_in(seed, 3) ? 1 : 0;
}

/* As a policy can have it: neither an unknown word nor an empty text. */
static void make_value(uint64_t *seed, const struct field *field, uint8_t *out)
{
    make_bytes(seed, out, field->len);
    if (field->first_word > 0 || field->kind == FIELD_TEXT)
        out[0]++;
}

static void make_clause(uint64_t *seed, struct made *m, size_t r, size_t i,
                        const struct field *field)
{
    struct clause *c = &m->clauses[r][i];

    *c = (struct clause){
        .field = field,
        .count = 1 + below(seed, VALUES_MAX),
        .values = m->values[r][i],
    };
    for (size_t v = 0; v < c->count; v++)
        make_value(seed, field, m->values[r][i] + v * field->len);
    if (field->kind == FIELD_MASKED || field->kind == FIELD_BITS) {
        memset(m->masks[r][i], 0xff, field->len);
        c->mask = m->masks[r][i];
    }
}

static void make_release(uint64_t *seed, struct made *m, size_t r)
{
    struct release *release = &m->releases[r];

    *release = (struct release){ .name = "r", .clauses = m->clauses[r] };
    for (size_t f = 0; f < field_count; f++) {
        const struct field *field = &field_table[f];

        if ((field->tees & FIELD_OF(m->accept.tee)) == 0 || !once_in(seed, 6))
            continue;
        make_clause(seed, m, r, release->count++, field);
        release->names_code = release->names_code || field->is_measurement;
    }
}

/* A set of statuses that has no Revoked and is not empty. */
static uint32_t make_statuses(uint64_t *seed)
{
    uint32_t set = once_in(seed, 2) ? 0 : (uint32_t)draw(seed);

    set &= POLICY_STATUS_BIT(TCB_STATUS_COUNT) - 2;
    return (set | POLICY_STATUS_BIT(TCB_UP_TO_DATE)) &
           ~POLICY_STATUS_BIT(TCB_REVOKED);
}

static const struct policy_serial serials[] = {
    { .text = "01", .len = 1, .bytes = { 1 }, .file = "p", .line = 1 },
    { .text = "02", .len = 1, .bytes = { 2 }, .file = "p", .line = 2 },
};

static const char *const programs[] = { "/bin/a", NULL };

static void make_accept(uint64_t *seed, struct made *m)
{
    struct accept *a = &m->accept;

    memset(m, 0, sizeof(*m));
    *a = (struct accept){
        .tee = (enum tee_type)(TEE_SGX + below(seed, 3)),
        .revocation_optional = once_in(seed, 2),
        .debug = once_in(seed, 2),
        .simulated = once_in(seed, 2),
        .freshness = once_in(seed, 2) ? FRESH_EPOCH : FRESH_CHALLENGE,
        .max_age_s = once_in(seed, 2) ? 1 + below(seed, 4000) : 0,
        .min_collateral_life_s = below(seed, 2) * below(seed, 20 * DAY_S),
        .tcb = {
            .statuses = make_statuses(seed),
            .platform = once_in(seed, 6) ? make_statuses(seed) : 0,
            .module = once_in(seed, 6) ? make_statuses(seed) : 0,
            .qe = once_in(seed, 6) ? make_statuses(seed) : 0,
            .grace_days = below(seed, 2) * below(seed, 30),
            .advisories_any = once_in(seed, 3),
            .has_advisories = once_in(seed, 2),
            .advisories = m->advisories,
            .min_evaluation_number = below(seed, 2) * below(seed, 22),
        },
        .release_count = once_in(seed, 8) ? 0 : 1 + below(seed, RELEASES_MAX),
        .releases = m->releases,
    };
    if (once_in(seed, 3))
        a->revocations = (struct policy_revocations){
            .serial_count = 1 + below(seed, COUNT_OF(serials)),
            .serials = serials,
        };
    if (once_in(seed, 3))
        a->exec = (struct policy_exec){ .argc = 1, .argv = programs };
    if (a->tcb.has_advisories)
        a->tcb.advisory_count = below(seed, 3);
    for (size_t i = 0; i < a->tcb.advisory_count; i++)
        m->advisories[i] = advisory_names[i];
    for (size_t r = 0; r < a->release_count; r++)
        make_release(seed, m, r);
}

static enum tcb_status make_status(uint64_t *seed)
{
    if (!once_in(seed, 3))
        return once_in(seed, 3) ? TCB_OUT_OF_DATE : TCB_UP_TO_DATE;
    return (enum tcb_status)(TCB_UP_TO_DATE +
                             below(seed, TCB_STATUS_COUNT - 1));
}

/* Say what some release asks for, more or less: else nothing is accepted. */
static void follow_release(uint64_t *seed, const struct accept *a,
                           struct claims *c)
{
    const struct release *r;

    if (a->release_count == 0)
        return;
    r = &a->releases[below(seed, (uint32_t)a->release_count)];
    for (size_t i = 0; i < r->count; i++)
        if (!once_in(seed, 8))
            memcpy((uint8_t *)c + r->clauses[i].field->offset,
                   r->clauses[i].values, r->clauses[i].field->len);
}

static void make_claims(uint64_t *seed, const struct accept *a,
                        struct claims *c)
{
    uint8_t *bytes = (uint8_t *)c;
    uint8_t serial;

    *c = good_claims_tdx();
    c->tee = once_in(seed, 20) ? TEE_SGX : a->tee;
    c->debug = once_in(seed, 8);
    c->simulated = once_in(seed, 8);
    c->tdx.has_1_5 = !once_in(seed, 4);
    c->snp.has_author_key = !once_in(seed, 4);
    c->snp.has_cpuid = !once_in(seed, 4);
    c->snp.has_mitigations = !once_in(seed, 4);
    c->snp.revocation_checked = !once_in(seed, 4);
    c->platform.has_ppid = !once_in(seed, 4);
    c->platform.has_instance_id = !once_in(seed, 4);
    for (size_t i = 0; i < field_count; i++)
        make_bytes(seed, bytes + field_table[i].offset, field_table[i].len);
    c->platform.smt_enabled = (enum tristate)below(seed, 3);
    follow_release(seed, a, c);
    c->cert_count = 0;
    serial = (uint8_t)(1 + below(seed, 5));
    claims_add_cert(c, "pck", slice_of(&serial, 1));
    c->tcb.status = make_status(seed);
    c->tcb.platform = make_status(seed);
    c->tcb.module = make_status(seed);
    c->tcb.qe = make_status(seed);
    c->tcb.date_unix = GOOD_NOW - (int64_t)below(seed, 40 * DAY_S);
    c->tcb.evaluation_number = below(seed, 24);
    c->validity.earliest_expiry_unix = GOOD_NOW + below(seed, 30 * DAY_S);
    for (size_t i = 0; i < COUNT_OF(advisory_names); i++)
        if (once_in(seed, 3))
            assert_true(advisories_add(&c->tcb.advisories,
                                       slice_text(advisory_names[i]), TCB_QE));
}

/* What a policy is tried on. |in| points to |claims| and |exec|. */
struct attempt {
    struct claims claims;
    struct why exec;
    struct judge_input in;
    struct decision decision;
};

static void make_attempt(uint64_t *seed, const struct accept *a,
                         struct attempt *t)
{
    make_claims(seed, a, &t->claims);
    t->in = (struct judge_input){
        .claims = &t->claims,
        .now_unix = GOOD_NOW,
        .attested_unix = GOOD_NOW - (int64_t)below(seed, 4000),
        .challenged = !once_in(seed, 4),
    };
    t->exec = (struct why){ .status = STATUS_OK };
    if (once_in(seed, 3))
        (void)why_fail(&t->exec, STATUS_POLICY, "accept.exec", NULL, "no");
    if (!once_in(seed, 4))
        t->in.exec = &t->exec;
}

static bool accepts(const struct accept *a, struct attempt *t)
{
    struct why why;
    enum status st = judge_claims(a, &t->in, &t->decision, &why);

    assert_true(st == STATUS_OK || st == STATUS_POLICY ||
                st == STATUS_EMPTY_POLICY);
    return st == STATUS_OK;
}

/* Ways to make a policy accept more. Each may change nothing. */
typedef void loosen_fn(uint64_t *seed, struct made *m);

static void allow_debug(uint64_t *seed, struct made *m)
{
    (void)seed;
    m->accept.debug = true;
}

static void name_a_root(uint64_t *seed, struct made *m)
{
    (void)seed;
    m->accept.simulated = true;
}

static void forget_revocation(uint64_t *seed, struct made *m)
{
    (void)seed;
    m->accept.revocation_optional = true;
}

static void allow_epochs(uint64_t *seed, struct made *m)
{
    (void)seed;
    m->accept.freshness = FRESH_EPOCH;
}

static void raise_age(uint64_t *seed, struct made *m)
{
    if (m->accept.max_age_s != 0)
        m->accept.max_age_s += below(seed, 4000);
}

static void forget_age(uint64_t *seed, struct made *m)
{
    (void)seed;
    m->accept.max_age_s = 0;
}

static void shorten_life(uint64_t *seed, struct made *m)
{
    (void)seed;
    m->accept.min_collateral_life_s /= 2;
}

static void add_status(uint64_t *seed, struct made *m)
{
    m->accept.tcb.statuses |= make_statuses(seed);
}

static void add_part_status(uint64_t *seed, struct made *m)
{
    struct tcb_policy *tcb = &m->accept.tcb;

    tcb->platform |= tcb->platform != 0 ? make_statuses(seed) : 0;
    tcb->module |= tcb->module != 0 ? make_statuses(seed) : 0;
    tcb->qe |= tcb->qe != 0 ? make_statuses(seed) : 0;
}

static void forget_parts(uint64_t *seed, struct made *m)
{
    (void)seed;
    m->accept.tcb.platform = 0;
    m->accept.tcb.module = 0;
    m->accept.tcb.qe = 0;
}

static void add_grace(uint64_t *seed, struct made *m)
{
    m->accept.tcb.grace_days += below(seed, 30);
}

static void allow_an_advisory(uint64_t *seed, struct made *m)
{
    struct tcb_policy *tcb = &m->accept.tcb;

    (void)seed;
    if (!tcb->has_advisories || tcb->advisory_count == 2)
        return;
    m->advisories[tcb->advisory_count] = advisory_names[tcb->advisory_count];
    tcb->advisory_count++;
}

static void allow_all_advisories(uint64_t *seed, struct made *m)
{
    (void)seed;
    m->accept.tcb.advisories_any = true;
}

static void lower_evaluation(uint64_t *seed, struct made *m)
{
    (void)seed;
    m->accept.tcb.min_evaluation_number /= 2;
}

static void revoke_less(uint64_t *seed, struct made *m)
{
    struct policy_revocations *own = &m->accept.revocations;

    own->serial_count = below(seed, (uint32_t)own->serial_count + 1);
}

static void forget_exec(uint64_t *seed, struct made *m)
{
    (void)seed;
    m->accept.exec = (struct policy_exec){ 0 };
}

static void add_release(uint64_t *seed, struct made *m)
{
    if (m->accept.release_count < RELEASES_MAX)
        make_release(seed, m, m->accept.release_count++);
}

static void add_values(uint64_t *seed, struct made *m)
{
    for (size_t r = 0; r < m->accept.release_count; r++)
        for (size_t i = 0; i < m->releases[r].count; i++) {
            struct clause *c = &m->clauses[r][i];

            if (c->count == VALUES_MAX)
                continue;
            make_value(seed, c->field, m->values[r][i] + c->field->len);
            c->count++;
        }
}

static void clear_mask_bits(uint64_t *seed, struct made *m)
{
    (void)seed;
    for (size_t r = 0; r < m->accept.release_count; r++)
        for (size_t i = 0; i < m->releases[r].count; i++)
            m->masks[r][i][0] &= (uint8_t)~1u;
}

static void lower_floors(uint64_t *seed, struct made *m)
{
    (void)seed;
    for (size_t r = 0; r < m->accept.release_count; r++)
        for (size_t i = 0; i < m->releases[r].count; i++) {
            enum field_kind kind = m->clauses[r][i].field->kind;

            if (kind == FIELD_SVNS || kind == FIELD_FLOOR ||
                kind == FIELD_VERSION)
                m->values[r][i][0] = 0;
        }
}

/* What names the code stays: without it nothing is accepted. */
static void drop_clauses(uint64_t *seed, struct made *m)
{
    for (size_t r = 0; r < m->accept.release_count; r++) {
        struct release *release = &m->releases[r];

        for (size_t i = release->count; i > 0; i--)
            if (!m->clauses[r][i - 1].field->is_measurement && once_in(seed, 2))
                m->clauses[r][i - 1] = m->clauses[r][--release->count];
    }
}

static const struct {
    const char *name;
    loosen_fn *loosen;
} ways[] = {
    /* clang-format off */
    { "debug accepted",            allow_debug },
    { "root named",                name_a_root },
    { "revocation forgotten",      forget_revocation },
    { "epochs accepted",           allow_epochs },
    { "max-age raised",            raise_age },
    { "max-age dropped",           forget_age },
    { "life shortened",            shorten_life },
    { "status added",              add_status },
    { "status of a part added",    add_part_status },
    { "statuses of parts dropped", forget_parts },
    { "grace added",               add_grace },
    { "advisory listed",           allow_an_advisory },
    { "any advisory accepted",     allow_all_advisories },
    { "evaluation lowered",        lower_evaluation },
    { "fewer serials revoked",     revoke_less },
    { "external check forgotten",  forget_exec },
    { "release added",             add_release },
    { "values added",              add_values },
    { "masks narrowed",            clear_mask_bits },
    { "floors lowered",            lower_floors },
    { "clauses dropped",           drop_clauses },
    /* clang-format on */
};

static void loosening_never_refuses_what_was_accepted(void **state)
{
    static struct made m;
    static struct attempt t;
    uint64_t seed = 1;
    size_t accepted = 0;
    size_t newly[COUNT_OF(ways)] = { 0 };

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        size_t w = below(&seed, COUNT_OF(ways));
        bool before;
        bool after;

        make_accept(&seed, &m);
        make_attempt(&seed, &m.accept, &t);
        before = accepts(&m.accept, &t);
        ways[w].loosen(&seed, &m);
        after = accepts(&m.accept, &t);
        if (before && !after)
            fail_msg("%s: %s", ways[w].name,
                     verdict_failed(&t.decision.verdict)->id);
        accepted += before;
        newly[w] += after && !before;
    }
    assert_true(accepted > ROUNDS / 100); /* else the test says little */
    for (size_t w = 0; w < COUNT_OF(ways); w++)
        if (newly[w] == 0)
            fail_msg("never accepted more: %s", ways[w].name);
}

static void what_is_revoked_never_passes(void **state)
{
    static struct made m;
    static struct attempt t;
    uint64_t seed = 2;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        make_accept(&seed, &m);
        m.accept.tcb.statuses = UINT32_MAX; /* as no file can have it */
        m.accept.tcb.advisories_any = true;
        make_attempt(&seed, &m.accept, &t);
        *(once_in(&seed, 2) ? &t.claims.tcb.status : &t.claims.tcb.qe) =
            TCB_REVOKED;
        assert_false(accepts(&m.accept, &t));
    }
}

static void what_the_user_revokes_never_passes(void **state)
{
    static struct made m;
    static struct attempt t;
    uint64_t seed = 5;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        make_accept(&seed, &m);
        m.accept.revocations.serial_count = COUNT_OF(serials);
        m.accept.revocations.serials = serials;
        make_attempt(&seed, &m.accept, &t);
        claims_add_cert(&t.claims, "root",
                        slice_of(serials[below(&seed, 2)].bytes, 1));
        assert_false(accepts(&m.accept, &t));
    }
}

static void what_names_no_measurement_accepts_nothing(void **state)
{
    static struct made m;
    static struct attempt t;
    uint64_t seed = 3;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct why why;

        make_accept(&seed, &m);
        for (size_t r = 0; r < m.accept.release_count; r++)
            while (m.releases[r].names_code)
                make_release(&seed, &m, r);
        make_attempt(&seed, &m.accept, &t);
        CHECK_STATUS(judge_claims(&m.accept, &t.in, &t.decision, &why),
                     STATUS_EMPTY_POLICY);
    }
}

static void what_is_accepted_stays_so_to_its_last_second(void **state)
{
    static struct made m;
    static struct attempt t;
    uint64_t seed = 4;
    size_t accepted = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t end;

        make_accept(&seed, &m);
        make_attempt(&seed, &m.accept, &t);
        if (!accepts(&m.accept, &t))
            continue;
        accepted++;
        end = t.decision.deadline_unix;
        assert_true(end >= t.in.now_unix);
        t.in.now_unix += (end - t.in.now_unix) / 2;
        assert_true(accepts(&m.accept, &t));
        t.in.now_unix = end;
        assert_true(accepts(&m.accept, &t));
        t.in.now_unix = end + 1;
        assert_false(accepts(&m.accept, &t));
    }
    assert_true(accepted > ROUNDS / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loosening_never_refuses_what_was_accepted),
        cmocka_unit_test(what_is_revoked_never_passes),
        cmocka_unit_test(what_the_user_revokes_never_passes),
        cmocka_unit_test(what_names_no_measurement_accepts_nothing),
        cmocka_unit_test(what_is_accepted_stays_so_to_its_last_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
