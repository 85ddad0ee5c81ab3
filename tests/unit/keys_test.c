/* proxy/server/keys.h: epochs come in time, go in time, and stay whole. */
#include "proxy/server/keys.h"

#include "common/compiler.h"
#include "common/secret.h"
#include "proxy/io/shutdown.h"
#include "proxy/server/teekit_evidence.h"
#include "proxy/tunnel/session.h"
#include "tests/support/check.h"

#define EPOCH_MS ((int64_t)100000)
#define START_MS ((int64_t)1700000000000)

/* A quote is its report data. */
static enum status make(void *ctx, const uint8_t *report_data,
                        struct proof *out, struct why *why)
{
    const enum status *fail = ctx;

    if (*fail != STATUS_OK)
        return why_fail(why, *fail, "maker", NULL, "told to fail");
    buffer_add(&out->quote, slice_of(report_data, QUOTE_REPORT_DATA_BYTES));
    return STATUS_OK;
}

/* One of an SEV-SNP machine, which clients of teekit compare in another way;
 * the one for them fails when it is told to. */
static enum status make_snp(void *ctx, const uint8_t *report_data,
                            struct proof *out, struct why *why)
{
    static unsigned made;
    const enum status *fail = ctx;

    if (made++ % 2 == 1 && *fail != STATUS_OK)
        return why_fail(why, *fail, "maker", NULL, "told to fail");
    out->is_snp = true;
    buffer_add(&out->quote, slice_of(report_data, QUOTE_REPORT_DATA_BYTES));
    return STATUS_OK;
}

/* The clock that the keys see; tests set it. */
static int64_t clock_ms;

static int64_t now_ms(void)
{
    return clock_ms;
}

struct test {
    uv_loop_t loop;
    enum status fail; /* of the maker */
    struct quote_source *source;
    struct keys *keys;
    unsigned firsts;
};

static void on_first(void *ctx)
{
    struct test *t = ctx;

    t->firsts++;
}

/* Let quotes that were ordered be made. */
static void settle(struct test *t)
{
    while (uv_loop_alive(&t->loop) &&
           (quote_source_waiting(t->source) > 0 || t->loop.active_reqs.count))
        (void)uv_run(&t->loop, UV_RUN_ONCE);
}

static void setup_snp(struct test *t, bool snp)
{
    const struct quote_maker maker = { "test", snp ? make_snp : make,
                                       &t->fail };
    struct keys_config config = { .epoch_ms = EPOCH_MS,
                                  .teekit = snp,
                                  .now_ms = now_ms,
                                  .on_first = on_first,
                                  .ctx = t };

    *t = (struct test){ 0 };
    clock_ms = START_MS;
    assert_int_equal(uv_loop_init(&t->loop), 0);
    CHECK_STATUS(quote_source_open(&t->loop, &maker, 1, NULL, &t->source),
                 STATUS_OK);
    config.source = t->source;
    CHECK_STATUS(keys_open(&t->loop, &config, &t->keys), STATUS_OK);
}

static void setup(struct test *t)
{
    setup_snp(t, false);
}

static void finish(struct test *t)
{
    keys_close(t->keys);
    quote_source_close(t->source);
    assert_true(shutdown_loop(&t->loop, stderr));
}

/* At |after_ms| from the start: the number of the current epoch, 0 for none. */
static uint64_t epoch_at(struct test *t, int64_t after_ms)
{
    struct keys_epoch *e;
    uint64_t number;

    clock_ms = START_MS + after_ms;
    keys_tick(t->keys);
    settle(t);
    e = keys_hold(t->keys);
    number = e == NULL ? 0 : e->number;
    keys_let_go(e);
    return number;
}

static void the_quote_binds_key_nonce_and_time(void **state)
{
    uint8_t want[64];
    struct keys_epoch *e;
    struct test t;

    (void)state;
    setup(&t);
    assert_null(keys_hold(t.keys));
    assert_int_equal(epoch_at(&t, 0), 1);
    assert_int_equal(t.firsts, 1);
    e = keys_hold(t.keys);
    assert_int_equal(e->issued_unix, START_MS / 1000);
    session_epoch_binding(e->nonce, e->issued_unix, e->pair->public_key, want);
    assert_true(slice_equal(buffer_view(&e->proof.quote), SLICE_OF(want)));
    keys_let_go(e);
    finish(&t);
}

/* Key and both quotes are one epoch, or none. */
static void clients_of_teekit_get_a_quote_of_the_same_epoch(void **state)
{
    uint8_t want[TEEKIT_BINDING_BYTES], issued[TEEKIT_EVIDENCE_ISSUED_BYTES];
    struct teekit_envelope kx;
    struct keys_epoch *e;
    struct test t;
    struct why why;

    (void)state;
    setup_snp(&t, true);
    t.fail = STATUS_INTERNAL;
    assert_int_equal(epoch_at(&t, 0), 0);
    t.fail = STATUS_OK;
    assert_int_equal(epoch_at(&t, KEYS_RETRY_MS), 2);
    assert_int_equal(t.firsts, 1);
    e = keys_hold(t.keys);
    assert_true(teekit_evidence_announce(e, issued, &kx));
    CHECK_STATUS(teekit_binding_make(TEEKIT_SNP, &kx, want, &why), STATUS_OK);
    assert_true(slice_equal(kx.quote, SLICE_OF(want)));
    assert_true(slice_equal(kx.val, SLICE_OF(e->nonce)));
    session_epoch_binding(e->nonce, e->issued_unix, e->pair->public_key, want);
    assert_true(slice_equal(buffer_view(&e->proof.quote), SLICE_OF(want)));
    keys_let_go(e);
    finish(&t);
}

static void the_next_is_made_before_it_is_needed(void **state)
{
    struct test t;

    (void)state;
    setup(&t);
    assert_int_equal(epoch_at(&t, 0), 1);
    assert_int_equal(epoch_at(&t, EPOCH_MS * 9 / 10 - 1), 1);
    assert_int_equal(epoch_at(&t, EPOCH_MS * 9 / 10), 2);
    assert_int_equal(epoch_at(&t, EPOCH_MS), 2);
    assert_int_equal(epoch_at(&t, EPOCH_MS * 18 / 10), 3);
    assert_int_equal(t.firsts, 1);
    finish(&t);
}

static void who_holds_an_epoch_keeps_it(void **state)
{
    struct keys_epoch *old, *new;
    uint8_t key[32];
    struct test t;

    (void)state;
    setup(&t);
    assert_int_equal(epoch_at(&t, 0), 1);
    old = keys_hold(t.keys);
    memcpy(key, old->pair->secret_key, sizeof(key));
    assert_int_equal(epoch_at(&t, EPOCH_MS), 2);
    new = keys_hold(t.keys);
    assert_ptr_not_equal(old, new);
    assert_memory_not_equal(old->nonce, new->nonce, 32);
    assert_memory_not_equal(key, new->pair->secret_key, 32);
    keys_let_go(new);
    finish(&t);
    assert_memory_equal(old->pair->secret_key, key, 32); /* outlives all */
    keys_let_go(old);
    keys_let_go(NULL);
}

static void a_failing_source_keeps_the_old_until_it_is_too_old(void **state)
{
    struct test t;

    (void)state;
    setup(&t);
    assert_int_equal(epoch_at(&t, 0), 1);
    t.fail = STATUS_TIMED_OUT;
    assert_int_equal(epoch_at(&t, EPOCH_MS), 1);
    assert_int_equal(epoch_at(&t, 2 * EPOCH_MS - 1), 1);
    assert_int_equal(epoch_at(&t, 2 * EPOCH_MS), 0);
    t.fail = STATUS_OK;
    assert_true(epoch_at(&t, 2 * EPOCH_MS + KEYS_RETRY_MS) > 1);
    assert_int_equal(t.firsts, 1);
    finish(&t);
}

static void a_failure_is_tried_again_but_not_at_once(void **state)
{
    struct test t;

    (void)state;
    setup(&t);
    t.fail = STATUS_TIMED_OUT;
    assert_int_equal(epoch_at(&t, 0), 0);
    t.fail = STATUS_OK;
    assert_int_equal(epoch_at(&t, KEYS_RETRY_MS - 1), 0);
    assert_int_equal(epoch_at(&t, KEYS_RETRY_MS), 2);
    finish(&t);
}

static void a_clock_that_goes_back_makes_a_new_epoch(void **state)
{
    struct test t;

    (void)state;
    setup(&t);
    assert_int_equal(epoch_at(&t, 0), 1);
    assert_int_equal(epoch_at(&t, -EPOCH_MS), 2);
    assert_int_equal(epoch_at(&t, -EPOCH_MS + 1), 2);
    finish(&t);
}

static void a_failure_before_the_clock_went_back_does_not_delay(void **state)
{
    struct test t;

    (void)state;
    setup(&t);
    t.fail = STATUS_TIMED_OUT;
    assert_int_equal(epoch_at(&t, 0), 0);
    t.fail = STATUS_OK;
    assert_int_equal(epoch_at(&t, -1), 2);
    finish(&t);
}

static void closing_while_a_quote_is_made_leaves_nothing(void **state)
{
    struct test t;

    (void)state;
    setup(&t);
    keys_tick(t.keys);
    finish(&t);
    keys_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_quote_binds_key_nonce_and_time),
        cmocka_unit_test(clients_of_teekit_get_a_quote_of_the_same_epoch),
        cmocka_unit_test(the_next_is_made_before_it_is_needed),
        cmocka_unit_test(who_holds_an_epoch_keeps_it),
        cmocka_unit_test(a_failing_source_keeps_the_old_until_it_is_too_old),
        cmocka_unit_test(a_failure_is_tried_again_but_not_at_once),
        cmocka_unit_test(a_clock_that_goes_back_makes_a_new_epoch),
        cmocka_unit_test(a_failure_before_the_clock_went_back_does_not_delay),
        cmocka_unit_test(closing_while_a_quote_is_made_leaves_nothing),
    };

    return secret_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
