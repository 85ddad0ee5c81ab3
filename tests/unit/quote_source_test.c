/* proxy/server/quote_source.h: one at a time, in order, and bounded. */
#include "proxy/server/quote_source.h"

#include <semaphore.h>

#include "common/compiler.h"
#include "proxy/io/shutdown.h"
#include "tests/support/check.h"

#define WAITING_MAX 3

/* A maker whose quote is the first byte of the report data, thrice. */
struct maker {
    sem_t gate; /* one post a quote */
    enum status fail;
};

static enum status make(void *ctx, const uint8_t *report_data,
                        struct proof *out, struct why *why)
{
    struct maker *m = ctx;
    uint8_t quote[3] = { report_data[0], report_data[0], report_data[0] };

    assert_int_equal(sem_wait(&m->gate), 0);
    if (m->fail != STATUS_OK)
        return why_fail(why, m->fail, "maker", NULL, "told to fail");
    buffer_add(&out->quote, SLICE_OF(quote));
    return STATUS_OK;
}

struct test {
    uv_loop_t loop;
    struct maker maker;
    struct quote_source *source;
    char got[32];                  /* the quotes' bytes, or "!" */
    struct quote_order *to_cancel; /* by the next callback */
    bool to_close;
};

static void on_done(void *ctx, const struct proof *proof, const struct why *why)
{
    struct test *t = ctx;
    size_t len = strlen(t->got);

    assert_true((proof == NULL) != (why == NULL));
    t->got[len] = proof != NULL ? (char)proof->quote.at[2] : '!';
    assert_true(proof == NULL || proof->quote.len == 3);
    quote_source_cancel(t->to_cancel);
    t->to_cancel = NULL;
    if (t->to_close)
        quote_source_close(t->source);
    t->to_close = false;
}

static void setup(struct test *t)
{
    const struct quote_maker maker = { "test", make, &t->maker };

    *t = (struct test){ 0 };
    assert_int_equal(uv_loop_init(&t->loop), 0);
    assert_int_equal(sem_init(&t->maker.gate, 0, 0), 0);
    CHECK_STATUS(quote_source_open(&t->loop, &maker, WAITING_MAX, NULL,
                                   &t->source),
                 STATUS_OK);
}

static void finish(struct test *t)
{
    quote_source_close(t->source);
    for (int i = 0; i < 10; i++)
        assert_int_equal(sem_post(&t->maker.gate), 0);
    assert_true(shutdown_loop(&t->loop, stderr));
    assert_int_equal(sem_destroy(&t->maker.gate), 0);
}

static enum status ask(struct test *t, char what, struct quote_order **order)
{
    uint8_t report_data[QUOTE_REPORT_DATA_BYTES] = { (uint8_t)what };
    struct quote_order *ignored;

    return quote_source_get(t->source, report_data, on_done, t,
                            order ? order : &ignored);
}

/* Let |count| quotes be made, and what follows from them happen. */
static void let_make(struct test *t, size_t count)
{
    size_t want = strlen(t->got) + count;

    for (size_t i = 0; i < count; i++)
        assert_int_equal(sem_post(&t->maker.gate), 0);
    while (strlen(t->got) < want)
        (void)uv_run(&t->loop, UV_RUN_ONCE);
}

static void quotes_are_made_in_order(void **state)
{
    struct test t;

    (void)state;
    setup(&t);
    CHECK_STATUS(ask(&t, 'a', NULL), STATUS_OK);
    CHECK_STATUS(ask(&t, 'b', NULL), STATUS_OK);
    CHECK_STATUS(ask(&t, 'c', NULL), STATUS_OK);
    assert_string_equal(t.got, "");
    let_make(&t, 3);
    assert_string_equal(t.got, "abc");
    finish(&t);
}

/* As long as it takes to see that nothing comes. */
static void wait_in_vain(struct test *t, uint64_t ms)
{
    const uint64_t until = uv_now(&t->loop) + ms;

    while (uv_now(&t->loop) < until) {
        (void)uv_run(&t->loop, UV_RUN_NOWAIT);
        uv_sleep(1);
    }
}

static void more_a_second_than_the_limit_says_wait(void **state)
{
    struct test t;

    (void)state;
    setup(&t);
    quote_source_limit(t.source, 2);
    CHECK_STATUS(ask(&t, 'a', NULL), STATUS_OK);
    CHECK_STATUS(ask(&t, 'b', NULL), STATUS_OK);
    CHECK_STATUS(ask(&t, 'c', NULL), STATUS_OK);
    CHECK_STATUS(ask(&t, 'd', NULL), STATUS_OK);
    CHECK_STATUS(ask(&t, 'e', NULL), STATUS_BUSY);
    let_make(&t, 4); /* within a second */
    assert_string_equal(t.got, "abcd");
    finish(&t);
}

static void nothing_is_made_before_the_limit_allows_it(void **state)
{
    struct test t;
    uint64_t began;

    (void)state;
    setup(&t);
    began = uv_now(&t.loop);
    quote_source_limit(t.source, 1);
    assert_int_equal(sem_post(&t.maker.gate), 0); /* for 'b', beforehand */
    CHECK_STATUS(ask(&t, 'a', NULL), STATUS_OK);
    let_make(&t, 1);
    uv_update_time(&t.loop);
    CHECK_STATUS(ask(&t, 'b', NULL), STATUS_OK);
    wait_in_vain(&t, 200);
    if (uv_now(&t.loop) - began < 1000) /* or the machine was too busy to say */
        assert_string_equal(t.got, "a");
    finish(&t); /* while 'b' waits */
}

/* The order that everybody depends on is not for clients. */
static void the_first_in_line_is_not_limited(void **state)
{
    static const uint8_t report_data[QUOTE_REPORT_DATA_BYTES] = { 'z' };
    struct quote_order *order;
    struct test t;

    (void)state;
    setup(&t);
    quote_source_limit(t.source, 1);
    CHECK_STATUS(ask(&t, 'a', NULL), STATUS_OK);
    CHECK_STATUS(ask(&t, 'b', NULL), STATUS_OK);
    let_make(&t, 1);
    CHECK_STATUS(quote_source_get_first(t.source, report_data, on_done, &t,
                                        &order),
                 STATUS_OK);
    /* It is being made: only the other waits. */
    assert_int_equal(quote_source_waiting(t.source), 1);
    let_make(&t, 2);
    assert_string_equal(t.got, "azb");
    finish(&t);
}

static void a_full_queue_says_busy(void **state)
{
    struct test t;
    struct quote_order *order;

    (void)state;
    setup(&t);
    for (int i = 0; i < 1 + WAITING_MAX; i++)
        CHECK_STATUS(ask(&t, (char)('a' + i), NULL), STATUS_OK);
    assert_int_equal(quote_source_waiting(t.source), WAITING_MAX);
    CHECK_STATUS(ask(&t, 'x', &order), STATUS_BUSY);
    assert_null(order);
    let_make(&t, 1);
    CHECK_STATUS(ask(&t, 'y', NULL), STATUS_OK);
    let_make(&t, 4);
    assert_string_equal(t.got, "abcdy");
    finish(&t);
}

static void the_first_goes_ahead_of_a_full_queue(void **state)
{
    const uint8_t report_data[QUOTE_REPORT_DATA_BYTES] = { 'K' };
    struct test t;
    struct quote_order *order;

    (void)state;
    setup(&t);
    for (int i = 0; i < 1 + WAITING_MAX; i++)
        CHECK_STATUS(ask(&t, (char)('a' + i), NULL), STATUS_OK);
    CHECK_STATUS(quote_source_get_first(t.source, report_data, on_done, &t,
                                        &order),
                 STATUS_OK);
    let_make(&t, 5);
    assert_string_equal(t.got, "aKbcd");
    finish(&t);
}

static void cancelled_orders_are_not_told(void **state)
{
    struct test t;
    struct quote_order *making, *waiting;

    (void)state;
    setup(&t);
    CHECK_STATUS(ask(&t, 'a', &making), STATUS_OK);
    CHECK_STATUS(ask(&t, 'b', &waiting), STATUS_OK);
    CHECK_STATUS(ask(&t, 'c', NULL), STATUS_OK);
    quote_source_cancel(making);
    quote_source_cancel(waiting);
    quote_source_cancel(NULL);
    assert_int_equal(quote_source_waiting(t.source), 1);
    assert_int_equal(sem_post(&t.maker.gate), 0); /* for 'a' */
    let_make(&t, 1);
    assert_string_equal(t.got, "c");
    finish(&t);
}

static void a_callback_may_cancel_another(void **state)
{
    struct test t;

    (void)state;
    setup(&t);
    CHECK_STATUS(ask(&t, 'a', NULL), STATUS_OK);
    CHECK_STATUS(ask(&t, 'b', &t.to_cancel), STATUS_OK);
    CHECK_STATUS(ask(&t, 'c', NULL), STATUS_OK);
    let_make(&t, 1);
    assert_int_equal(sem_post(&t.maker.gate), 0); /* 'b' is being made */
    let_make(&t, 1);
    assert_string_equal(t.got, "ac");
    finish(&t);
}

static void a_failure_reaches_who_asked_and_nobody_else(void **state)
{
    struct test t;

    (void)state;
    setup(&t);
    CHECK_STATUS(ask(&t, 'a', NULL), STATUS_OK);
    t.maker.fail = STATUS_NO_FILE;
    let_make(&t, 1);
    t.maker.fail = STATUS_OK;
    CHECK_STATUS(ask(&t, 'b', NULL), STATUS_OK);
    let_make(&t, 1);
    assert_string_equal(t.got, "!b");
    finish(&t);
}

static void closing_drops_what_waits(void **state)
{
    struct test t;

    (void)state;
    setup(&t);
    CHECK_STATUS(ask(&t, 'a', NULL), STATUS_OK);
    CHECK_STATUS(ask(&t, 'b', NULL), STATUS_OK);
    finish(&t); /* while 'a' is being made */
    assert_string_equal(t.got, "");
}

static void a_callback_may_close_the_source(void **state)
{
    struct test t;

    (void)state;
    setup(&t);
    CHECK_STATUS(ask(&t, 'a', NULL), STATUS_OK);
    CHECK_STATUS(ask(&t, 'b', NULL), STATUS_OK);
    t.to_close = true;
    let_make(&t, 1);
    t.source = NULL;
    finish(&t);
    assert_string_equal(t.got, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_are_made_in_order),
        cmocka_unit_test(more_a_second_than_the_limit_says_wait),
        cmocka_unit_test(nothing_is_made_before_the_limit_allows_it),
        cmocka_unit_test(the_first_in_line_is_not_limited),
        cmocka_unit_test(a_full_queue_says_busy),
        cmocka_unit_test(the_first_goes_ahead_of_a_full_queue),
        cmocka_unit_test(cancelled_orders_are_not_told),
        cmocka_unit_test(a_callback_may_cancel_another),
        cmocka_unit_test(a_failure_reaches_who_asked_and_nobody_else),
        cmocka_unit_test(closing_drops_what_waits),
        cmocka_unit_test(a_callback_may_close_the_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
