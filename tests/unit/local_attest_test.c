/* attest: a whole attestation, and one whose asker goes away under it. */
#include "tests/support/check.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "common/secret.h"
#include "proxy/local/attest.h"
#include "proxy/server/sim.h"
#include "tests/support/loop.h"
#include "tests/support/policy_text.h"

/* More turns of the loop than collateral that is at hand needs. */
#define TURNS 50

/* A simulated TEE, and who attests it. */
struct rig {
    uv_loop_t loop;
    struct sim *sim;
    struct collateral *collateral;
    struct policy *policy;
    struct buffer root;    /* lent to attest_start() */
    struct crl_files crls; /* likewise */
    struct buffer quote;   /* of |evidence| */
    struct session_evidence evidence;
    bool done;
    enum status status;
    char found[200];
};

/* |more| is what accept says beside that. */
static void make_policy(struct rig *rig, const char *mrtd, const char *more)
{
    static const char form[] =
        "services:\n  a:\n    hosts: [ a.example ]\n"
        "    endpoints: [ ws://a.example ]\n    root: sim.pem\n"
        "    collateral: { sources: [ stapled ] }\n    accept:\n      tee: tdx\n"
        "      mrtd: \"%s\"\n%s";
    char text[sizeof(form) + 96 + 256];

    (void)snprintf(text, sizeof(text), form, mrtd, more);
    rig->policy = policy_text_parse(text);
}

static void make_evidence(struct rig *rig)
{
    struct session_evidence *e = &rig->evidence;
    struct collateral_set set;
    const uint8_t challenge[SESSION_CHALLENGE_BYTES] = { 1 };
    const uint8_t key[SESSION_KEY_BYTES] = { 2 };

    session_challenge_binding(challenge, key, e->report_data);
    rig->quote = buffer_with_max(QUOTE_MAX_BYTES);
    CHECK_STATUS(sim_quote(rig->sim, TEE_TDX, e->report_data, &rig->quote),
                 STATUS_OK);
    e->quote = buffer_view(&rig->quote);
    e->challenged = true;
    sim_collateral(rig->sim, TEE_TDX, &set);
    e->stapled = (struct session_stapled){
        .item = { set.tcb_info, set.tcb_info_chain, set.qe_identity,
                  set.qe_identity_chain, set.pck_crl, set.pck_crl_chain,
                  set.root_crl },
    };
}

static void begin_with(struct rig *rig, const char *mrtd, const char *more)
{
    const struct collateral_config config = { .store_dir = NULL };
    struct slice root;
    struct why why;

    *rig = (struct rig){ .done = false };
    loop_begin(&rig->loop);
    CHECK_STATUS(sim_new(NULL, (int64_t)time(NULL), &rig->sim, &why),
                 STATUS_OK);
    CHECK_STATUS(collateral_open(&rig->loop, &config, NULL, &rig->collateral,
                                 &why),
                 STATUS_OK);
    root = sim_root_pem(rig->sim);
    rig->root = buffer_with_max(root.len);
    buffer_add(&rig->root, root);
    make_policy(rig, mrtd, more);
    make_evidence(rig);
}

static void begin(struct rig *rig, const char *mrtd)
{
    begin_with(rig, mrtd, "");
}

/* What attest_start() was lent. */
static void take_back(struct rig *rig)
{
    buffer_free(&rig->root);
    policy_free(rig->policy);
    rig->policy = NULL;
}

static void end(struct rig *rig)
{
    take_back(rig);
    collateral_close(rig->collateral, NULL, NULL);
    loop_end(&rig->loop);
    buffer_free(&rig->quote);
    sim_free(rig->sim);
}

static void on_attested(void *ctx, const struct attestation *result)
{
    struct rig *rig = ctx;

    assert_false(rig->done);
    rig->done = true;
    rig->status = result->why.status;
    (void)snprintf(rig->found, sizeof(rig->found), "%s", result->why.found);
}

static struct attest *start(struct rig *rig)
{
    const struct attest_request request = {
        .loop = &rig->loop,
        .collateral = rig->collateral,
        .service = &rig->policy->services[0],
        .root_der = buffer_view(&rig->root),
        .crls = &rig->crls,
        .evidence = &rig->evidence,
        .challenged_unix = (int64_t)time(NULL),
        .done = on_attested,
        .ctx = rig,
    };
    struct attest *a;

    rig->done = false;
    CHECK_STATUS(attest_start(&request, &a), STATUS_OK);
    assert_false(rig->done);
    return a;
}

static void expect(struct rig *rig, enum status want)
{
    (void)start(rig);
    loop_until(&rig->loop, &rig->done);
    CHECK_STATUS(rig->status, want);
}

/* What the simulation measures. */
#define SIM_MRTD                                                               \
    "d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1"                         \
    "d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1"

static void what_is_expected_is_accepted(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, SIM_MRTD);
    expect(&rig, STATUS_OK);
    end(&rig);
}

/* From the second on, the collateral's signatures are not checked again: all
 * that is of the quote is. */
static void collateral_that_was_checked_vouches_for_no_quote(void **state)
{
    struct rig rig;
    uint8_t *last;

    (void)state;
    begin(&rig, SIM_MRTD);
    expect(&rig, STATUS_OK);
    expect(&rig, STATUS_OK);
    last = rig.quote.at + 48 + 584 - 1; /* of the report data, signed */
    *last ^= 1;
    expect(&rig, STATUS_BAD_SIGNATURE);
    *last ^= 1;
    rig.evidence.report_data[0] ^= 1;
    expect(&rig, STATUS_BAD_BINDING);
    rig.evidence.report_data[0] ^= 1;
    expect(&rig, STATUS_OK);
    end(&rig);
}

static void what_the_policy_does_not_name_is_refused(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, D96);
    expect(&rig, STATUS_POLICY);
    end(&rig);
}

static void a_quote_for_another_key_is_refused(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, SIM_MRTD);
    rig.evidence.report_data[63] ^= 1;
    expect(&rig, STATUS_BAD_BINDING);
    end(&rig);
}

static void an_external_check_has_the_last_word(void **state)
{
    struct rig rig;

    (void)state;
    begin_with(&rig, SIM_MRTD, "      exec: [ /bin/sh, -c, exit 0 ]\n");
    expect(&rig, STATUS_OK);
    end(&rig);
    begin_with(&rig, SIM_MRTD,
               "      exec: [ /bin/sh, -c, 'echo no >&2; exit 4' ]\n");
    expect(&rig, STATUS_POLICY);
    assert_string_equal(rig.found, "exit status 4: no");
    end(&rig);
    begin_with(&rig, SIM_MRTD, "      exec: /nonexistent/check\n");
    expect(&rig, STATUS_POLICY);
    assert_string_equal(rig.found,
                        "/nonexistent/check: no such file or directory");
    end(&rig);
}

static void it_is_not_asked_about_what_is_refused_anyway(void **state)
{
    struct rig rig;

    (void)state;
    begin_with(&rig, D96, "      exec: /nonexistent/check\n");
    expect(&rig, STATUS_POLICY);
    assert_memory_equal(rig.found, "d1d1d1", 6);
    end(&rig);
}

static void who_is_gone_ends_the_external_check(void **state)
{
    struct attest *a;
    struct rig rig;

    (void)state;
    begin_with(&rig, SIM_MRTD, "      exec: [ /bin/sleep, 1000 ]\n");
    a = start(&rig);
    for (unsigned i = 0; i < TURNS; i++) {
        (void)uv_run(&rig.loop, UV_RUN_NOWAIT);
        (void)usleep(2000); /* so that it runs; the test holds without, too */
    }
    attest_cancel(a);
    end(&rig); /* no handle is left */
    assert_false(rig.done);
}

/* The simulation's PCK CRL says nothing new, unless it is bent: verifier tests
 * do that. Here: the lists arrive where they are looked at. */
static void the_users_lists_are_asked(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, SIM_MRTD);
    rig.crls = (struct crl_files){
        .count = 1,
        .lists = { { "own.crl", rig.evidence.stapled.item[4] } },
    };
    expect(&rig, STATUS_OK);
    rig.crls.lists[0].der = slice_text("no list");
    expect(&rig, STATUS_BAD_CRL);
    assert_memory_equal(rig.found, "own.crl: ", 9);
    end(&rig);
}

static void on_block(uv_work_t *work)
{
    uv_sem_wait(work->data);
}

/* Policy and root go with the generation that lent them, which does not wait
 * for the thread pool. */
static void who_is_gone_leaves_nothing_that_the_worker_reads(void **state)
{
    uv_work_t block;
    uv_sem_t sem;
    struct attest *a;
    struct rig rig;

    (void)state;
    begin(&rig, SIM_MRTD);
    expect(&rig, STATUS_OK); /* collateral is at hand from here on */
    assert_int_equal(uv_sem_init(&sem, 0), 0);
    block.data = &sem;
    assert_int_equal(uv_queue_work(&rig.loop, &block, on_block, NULL), 0);
    a = start(&rig);
    for (unsigned i = 0; i < TURNS; i++)
        (void)uv_run(&rig.loop, UV_RUN_NOWAIT);
    assert_false(rig.done); /* the only thread is busy */
    attest_cancel(a);
    take_back(&rig);
    uv_sem_post(&sem);
    end(&rig);
    assert_false(rig.done);
    uv_sem_destroy(&sem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_expected_is_accepted),
        cmocka_unit_test(collateral_that_was_checked_vouches_for_no_quote),
        cmocka_unit_test(what_the_policy_does_not_name_is_refused),
        cmocka_unit_test(a_quote_for_another_key_is_refused),
        cmocka_unit_test(the_users_lists_are_asked),
        cmocka_unit_test(an_external_check_has_the_last_word),
        cmocka_unit_test(it_is_not_asked_about_what_is_refused_anyway),
        cmocka_unit_test(who_is_gone_ends_the_external_check),
        cmocka_unit_test(who_is_gone_leaves_nothing_that_the_worker_reads),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    if (!secret_init() || setenv("UV_THREADPOOL_SIZE", "1", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
