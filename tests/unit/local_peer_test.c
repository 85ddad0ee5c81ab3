/* peer: judged again, by new collateral and by new policies. */
#include "tests/support/check.h"

#include <signal.h>
#include <stdlib.h>

#include "common/file.h"
#include "common/secret.h"
#include "common/text.h"
#include "proxy/local/audit.h"
#include "proxy/local/peer.h"
#include "tests/support/folder.h"
#include "tests/support/policy_text.h"
#include "tests/support/server_rig.h"

/* What the simulation measures. */
#define SIM_MRTD                                                               \
    "d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1"                         \
    "d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1"

struct test {
    struct server_rig rig;
    struct folder folder; /* has the root */
    struct collateral *collateral;
    struct attest_desk *desk;
    struct snapshot *snapshot; /* that |peer| is judged by */
    struct snapshot *before;   /* an earlier one, or NULL */
    struct peer *peer;         /* NULL once closed */
    bool ready;
    unsigned refused;
    bool closed;
    enum status status; /* of on_closed() */
};

static void on_ready(void *ctx, struct peer *p)
{
    struct test *t = ctx;

    assert_ptr_equal(p, t->peer);
    t->ready = true;
}

static void on_goaway(void *ctx, struct peer *p)
{
    (void)ctx;
    (void)p;
}

static void on_closed(void *ctx, struct peer *p, const struct why *why)
{
    struct test *t = ctx;

    assert_ptr_equal(p, t->peer);
    t->peer = NULL;
    t->closed = true;
    t->status = why->status;
}

static void on_refused(void *ctx, struct peer *p, const struct why *why)
{
    struct test *t = ctx;

    assert_ptr_equal(p, t->peer);
    CHECK_STATUS(why->status, STATUS_POLICY);
    t->refused++;
}

static const struct peer_events events = {
    .on_ready = on_ready,
    .on_goaway = on_goaway,
    .on_refused = on_refused,
    .on_closed = on_closed,
};

/* |more| is what accept says beside that. */
static struct snapshot *policy_with(struct test *t, const char *mrtd,
                                    const char *more)
{
    char text[1024];
    struct policy *policy;
    struct snapshot *snapshot;
    struct why why;

    (void)snprintf(text, sizeof(text),
                   "services:\n  a:\n    hosts: [ demo.test ]\n"
                   "    endpoints: [ \"ws://127.0.0.1:%u\" ]\n"
                   "    root: \"%s/root.pem\"\n"
                   "    collateral: { sources: [ stapled ] }\n"
                   "    accept:\n      tee: tdx\n      mrtd: \"%s\"\n%s",
                   (unsigned)listener_port(t->rig.listener), t->folder.path,
                   mrtd, more);
    policy = policy_text_parse(text);
    CHECK_STATUS(snapshot_new(policy, policy, &snapshot, &why), STATUS_OK);
    return snapshot;
}

static struct snapshot *policy_for(struct test *t, const char *mrtd)
{
    return policy_with(t, mrtd, "");
}

/* The last certificate of the chain that the server staples. */
static struct slice root_of(const struct server_rig *rig)
{
    static const char mark[] = "-----BEGIN CERTIFICATE-----";
    struct slice chain = sim_source_stapled(rig->sim)->item[1];
    size_t at = chain.len - (sizeof(mark) - 1);

    while (!slice_equal(slice_of(chain.at + at, sizeof(mark) - 1),
                        slice_text(mark)))
        at--;
    return slice_of(chain.at + at, chain.len - at);
}

static void write_root(const struct test *t)
{
    const struct slice root = root_of(&t->rig);
    char path[FOLDER_ROOM + 16];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/root.pem", t->folder.path);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(root.at, 1, root.len, f), root.len);
    assert_int_equal(fclose(f), 0);
}

/* A peer whose session is ready. */
static struct test *begin(void)
{
    const struct collateral_config collateral = { .store_dir = NULL };
    struct server_rig_limits limits = server_rig_limits();
    struct test *t = calloc(1, sizeof(*t));
    struct peer_config peer;
    struct why why;

    assert_non_null(t);
    server_rig_begin(&t->rig, &limits);
    CHECK_STATUS(collateral_open(&t->rig.loop, &collateral, NULL,
                                 &t->collateral, &why),
                 STATUS_OK);
    CHECK_STATUS(attest_desk_open(&t->rig.loop, t->collateral, t->rig.mailbox,
                                  &t->desk),
                 STATUS_OK);
    folder_make(&t->folder);
    write_root(t);
    t->snapshot = policy_for(t, SIM_MRTD);
    peer = (struct peer_config){
        .loop = &t->rig.loop,
        .hub = t->rig.hub,
        .line = { .desk = t->desk, .home = t->rig.mailbox },
        .snapshot = t->snapshot,
        .service = &t->snapshot->policy->services[0],
        .endpoint = &t->snapshot->policy->services[0].endpoints[0],
        .events = &events,
        .ctx = t,
    };
    CHECK_STATUS(peer_open(&peer, &t->peer), STATUS_OK);
    loop_until(&t->rig.loop, &t->ready);
    return t;
}

static void end(struct test *t)
{
    const struct why why = { .status = STATUS_SHUTTING_DOWN };

    if (t->peer != NULL)
        peer_close(t->peer, &why);
    mailbox_close(t->rig.mailbox);
    attest_desk_close(t->desk);
    collateral_close(t->collateral, NULL, NULL);
    server_rig_end(&t->rig);
    snapshot_let_go(t->snapshot);
    snapshot_let_go(t->before);
    folder_remove(&t->folder);
    free(t);
}

static bool is_judging(void *ctx)
{
    const struct test *t = ctx;

    return t->peer != NULL && peer_is_judging(t->peer);
}

static void what_still_passes_goes_on(void **state)
{
    struct test *t = begin();

    (void)state;
    peer_rejudge(t->peer);
    assert_true(peer_is_judging(t->peer));
    loop_while(&t->rig.loop, is_judging, t);
    assert_false(t->closed);
    assert_int_equal(peer_state_of(t->peer), PEER_READY);
    end(t);
}

static void a_policy_that_refuses_closes_it(void **state)
{
    struct test *t = begin();
    struct snapshot *next = policy_for(t, D96);

    (void)state;
    CHECK_STATUS(peer_judge_by(t->peer, next, &next->policy->services[0]),
                 STATUS_POLICY);
    assert_true(t->closed);
    CHECK_STATUS(t->status, STATUS_POLICY);
    snapshot_let_go(next);
    end(t);
}

/* Judge |t|'s peer by another policy, which then is the test's. */
static enum status judge_by(struct test *t, struct snapshot *next)
{
    struct snapshot *before = t->snapshot;
    enum status st;

    t->snapshot = next;
    st = peer_judge_by(t->peer, next, &next->policy->services[0]);
    t->before = before; /* its endpoint lives as long as the peer */
    return st;
}

static void one_that_lets_streams_go_on_does_so_to_its_limit(void **state)
{
    struct test *t = begin();
    int64_t now_ms;

    (void)state;
    CHECK_STATUS(judge_by(t, policy_with(t, D96,
                                         "    on-refusal: { drain: 3s }\n")),
                 STATUS_POLICY);
    now_ms = (int64_t)uv_now(&t->rig.loop);
    assert_int_equal(t->refused, 1);
    assert_false(t->closed);
    assert_int_equal(peer_state_of(t->peer), PEER_DRAINING);
    peer_tick(t->peer, now_ms + 2999, 0);
    assert_false(t->closed);
    peer_tick(t->peer, now_ms + 3000, 0);
    assert_true(t->closed);
    CHECK_STATUS(t->status, STATUS_POLICY);
    end(t);
}

static void without_streams_it_ends_at_once_all_the_same(void **state)
{
    struct test *t = begin();

    (void)state;
    CHECK_STATUS(judge_by(t, policy_with(t, D96,
                                         "    on-refusal: { drain: 1d }\n")),
                 STATUS_POLICY);
    loop_until(&t->rig.loop, &t->closed);
    end(t);
}

static void a_refusal_does_not_put_off_the_deadline(void **state)
{
    static const char rules[] = "    on-refusal: { drain: 1d }\n"
                                "    on-expiry: close\n";
    struct test *t = begin();
    const int64_t until_unix = peer_attestation(t->peer)->deadline_unix;
    int64_t now_ms;

    (void)state;
    CHECK_STATUS(judge_by(t, policy_with(t, D96, rules)), STATUS_POLICY);
    now_ms = (int64_t)uv_now(&t->rig.loop);
    peer_tick(t->peer, now_ms, until_unix);
    assert_false(t->closed);
    peer_tick(t->peer, now_ms, until_unix + 1);
    assert_true(t->closed);
    CHECK_STATUS(t->status, STATUS_EXPIRED);
    end(t);
}

static void one_that_accepts_again_takes_the_limit_back(void **state)
{
    static const char rule[] = "    on-refusal: { drain: 1s }\n";
    struct test *t = begin();
    struct snapshot *first = t->snapshot;
    struct snapshot *between = policy_with(t, D96, rule);

    (void)state;
    CHECK_STATUS(judge_by(t, between), STATUS_POLICY);
    CHECK_STATUS(judge_by(t, policy_with(t, SIM_MRTD, rule)), STATUS_OK);
    peer_tick(t->peer, INT64_MAX / 2, 0);
    assert_false(t->closed);
    snapshot_let_go(between);
    t->before = first;
    end(t);
}

/* Whoever revokes it, its key may be another's. */
static void what_is_revoked_is_cut_whatever_the_rule(void **state)
{
    struct test *t = begin();
    const struct cert_claims *pck = &peer_attestation(t->peer)->claims.certs[0];
    char serial[2 * SERIAL_MAX_BYTES + 1];
    char more[128];

    (void)state;
    text_hex(slice_of(pck->serial, pck->serial_len), serial, sizeof(serial));
    (void)snprintf(more, sizeof(more),
                   "    on-refusal: { drain: 1d }\n    revoked: \"%s\"\n",
                   serial);
    CHECK_STATUS(judge_by(t, policy_with(t, SIM_MRTD, more)), STATUS_POLICY);
    assert_true(t->closed);
    assert_int_equal(t->refused, 0);
    end(t);
}

/* |last|: so many seconds after the deadline it still goes on, and no more. */
static const struct {
    const char *rule;
    int64_t last;
} expiries[] = {
    { "", INT64_MAX / 4 },
    { "    on-expiry: drain\n", INT64_MAX / 4 },
    { "    on-expiry: close\n", 0 },
    { "    on-expiry: { drain: 90s }\n", 90 },
};

static void an_attestation_ends_its_streams_as_the_policy_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(expiries); i++) {
        struct test *t = begin();
        int64_t end_unix;

        CHECK_STATUS(judge_by(t, policy_with(t, SIM_MRTD, expiries[i].rule)),
                     STATUS_OK);
        end_unix = peer_attestation(t->peer)->deadline_unix + expiries[i].last;
        peer_tick(t->peer, 0, end_unix);
        assert_false(t->closed);
        if (expiries[i].last <= 90) {
            peer_tick(t->peer, 0, end_unix + 1);
            assert_true(t->closed);
            CHECK_STATUS(t->status, STATUS_EXPIRED);
        }
        end(t);
    }
}

/* A judgement under way is by the policy that is no more, which may be freed
 * before it ends. */
static void a_new_policy_judges_also_what_is_being_judged(void **state)
{
    struct test *t = begin();
    struct snapshot *before = t->snapshot;
    struct snapshot *between = policy_for(t, SIM_MRTD);

    (void)state;
    t->snapshot = policy_for(t, SIM_MRTD);
    CHECK_STATUS(peer_judge_by(t->peer, between, &between->policy->services[0]),
                 STATUS_OK);
    peer_rejudge(t->peer);
    CHECK_STATUS(peer_judge_by(t->peer, t->snapshot,
                               &t->snapshot->policy->services[0]),
                 STATUS_OK);
    snapshot_let_go(between);
    assert_true(peer_is_judging(t->peer)); /* for the same reason as before */
    loop_while(&t->rig.loop, is_judging, t);
    assert_false(t->closed);
    end(t);
    snapshot_let_go(before); /* its endpoint lives as long as the peer */
}

/* What a new policy can only tell by a whole attestation. */
static const struct {
    const char *name;
    const char *more;
    enum status want;
} proofs[] = {
    /* clang-format off */
    { "a check that accepts", "      exec: [ /bin/sh, -c, exit 0 ]\n", STATUS_OK },
    { "a check that refuses", "      exec: [ /bin/sh, -c, exit 1 ]\n", STATUS_POLICY },
    { "a check that is not there", "      exec: /nonexistent/check\n", STATUS_POLICY },
    { "a list of the user's", "    crls: own.crl\n", STATUS_OK },
    /* clang-format on */
};

static struct snapshot *policy_of_proof(struct test *t, size_t i)
{
    struct slice list = sim_source_stapled(t->rig.sim)->item[4];
    char path[FOLDER_ROOM + 16];
    char more[FOLDER_ROOM + 64];
    struct why why;

    (void)snprintf(path, sizeof(path), "%s/own.crl", t->folder.path);
    CHECK_STATUS(file_replace(path, list, 0600, &why), STATUS_OK);
    if (strstr(proofs[i].more, "crls") == NULL)
        return policy_with(t, SIM_MRTD, proofs[i].more);
    (void)snprintf(more, sizeof(more), "    crls: %s\n", path);
    return policy_with(t, SIM_MRTD, more);
}

static void a_new_policy_asks_others_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(proofs); i++) {
        struct test *t = begin();
        struct snapshot *before = t->snapshot;

        t->snapshot = policy_of_proof(t, i);
        CHECK_STATUS(peer_judge_by(t->peer, t->snapshot,
                                   &t->snapshot->policy->services[0]),
                     STATUS_OK);
        assert_true(peer_is_judging(t->peer));
        loop_while(&t->rig.loop, is_judging, t);
        if (t->closed != (proofs[i].want != STATUS_OK) ||
            (t->closed && t->status != proofs[i].want))
            fail_msg("%s: %s", proofs[i].name, status_name(t->status));
        end(t);
        snapshot_let_go(before); /* its endpoint lives as long as the peer */
    }
}

/* Who judges takes no more calls: what cannot be proved is over at once. */
static void what_nobody_can_be_asked_about_is_closed(void **state)
{
    struct test *t = begin();
    struct snapshot *before = t->snapshot;

    (void)state;
    t->snapshot = policy_of_proof(t, 0);
    mailbox_close(t->rig.mailbox);
    CHECK_STATUS(peer_judge_by(t->peer, t->snapshot,
                               &t->snapshot->policy->services[0]),
                 STATUS_SHUTTING_DOWN);
    assert_true(t->closed);
    end(t);
    snapshot_let_go(before);
}

#define NAMED(name)                                                            \
    "      any-of:\n        - { name: " name ", mrowner: \"" ZEROS_96 "\" }\n"
#define ZEROS_96                                                               \
    "000000000000000000000000000000000000000000000000"                         \
    "000000000000000000000000000000000000000000000000"

/* While the new policy's check runs, the name of the release that a policy
 * between had found may be gone with that policy. */
static void what_is_told_of_it_is_of_the_present_policy(void **state)
{
    struct test *t = begin();
    struct snapshot *before = t->snapshot;
    struct snapshot *between = policy_with(t, SIM_MRTD, NAMED("between"));
    const struct attestation *a = peer_attestation(t->peer);

    (void)state;
    CHECK_STATUS(peer_judge_by(t->peer, between, &between->policy->services[0]),
                 STATUS_OK);
    assert_string_equal(a->decision.release, "between");
    t->snapshot =
        policy_with(t, SIM_MRTD,
                    NAMED("present") "      exec: [ /bin/sh, -c, exit 0 ]\n");
    CHECK_STATUS(peer_judge_by(t->peer, t->snapshot,
                               &t->snapshot->policy->services[0]),
                 STATUS_OK);
    snapshot_let_go(between);
    assert_true(peer_is_judging(t->peer));
    assert_string_equal(a->decision.release, "present");
    loop_while(&t->rig.loop, is_judging, t);
    assert_string_equal(a->decision.release, "present");
    end(t);
    snapshot_let_go(before);
}

static void on_nothing_attested(void *ctx, const struct attestation *result)
{
    bool *done = ctx;

    assert_true(result->why.status != STATUS_OK);
    *done = true;
}

/* An endpoint may be of an older policy than the one that judges, and go with
 * its session, while the desk is still at it. */
static void the_desk_needs_no_endpoint_of_others(void **state)
{
    const struct session_evidence nothing = { .report_data = { 0 } };
    struct test *t = begin();
    struct attest_line line = { .desk = t->desk, .home = t->rig.mailbox };
    char *endpoint = malloc(sizeof("ws://gone.test"));
    bool done = false;
    struct attest_wish wish = {
        .snapshot = t->snapshot,
        .service = &t->snapshot->policy->services[0],
        .evidence = &nothing,
        .endpoint = endpoint,
        .done = on_nothing_attested,
        .ctx = &done,
    };
    struct attest_call *call;
    struct audit *audit;
    struct why why;

    (void)state;
    assert_non_null(endpoint);
    memcpy(endpoint, "ws://gone.test", sizeof("ws://gone.test"));
    CHECK_STATUS(audit_open(t->folder.path, 1 << 20, NULL, &audit, &why),
                 STATUS_OK);
    attest_desk_audit(t->desk, audit);
    CHECK_STATUS(attest_desk_get(&line, &wish, &call), STATUS_OK);
    free(endpoint);
    loop_until(&t->rig.loop, &done);
    attest_desk_audit(t->desk, NULL);
    audit_close(audit);
    end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_still_passes_goes_on),
        cmocka_unit_test(a_policy_that_refuses_closes_it),
        cmocka_unit_test(one_that_lets_streams_go_on_does_so_to_its_limit),
        cmocka_unit_test(without_streams_it_ends_at_once_all_the_same),
        cmocka_unit_test(a_refusal_does_not_put_off_the_deadline),
        cmocka_unit_test(one_that_accepts_again_takes_the_limit_back),
        cmocka_unit_test(what_is_revoked_is_cut_whatever_the_rule),
        cmocka_unit_test(an_attestation_ends_its_streams_as_the_policy_says),
        cmocka_unit_test(a_new_policy_judges_also_what_is_being_judged),
        cmocka_unit_test(a_new_policy_asks_others_again),
        cmocka_unit_test(what_nobody_can_be_asked_about_is_closed),
        cmocka_unit_test(what_is_told_of_it_is_of_the_present_policy),
        cmocka_unit_test(the_desk_needs_no_endpoint_of_others),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    if (!secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
