/* Signals as callbacks, and the proof that a loop is empty. */
#include "proxy/io/shutdown.h"

#include <signal.h>

#include "tests/support/check.h"
#include "tests/support/loop.h"

struct heard {
    unsigned stops, reloads;
    bool something;
};

static void on_stop(void *ctx, unsigned count)
{
    struct heard *h = ctx;

    h->stops++;
    assert_int_equal(count, h->stops);
    h->something = true;
}

static void on_reload(void *ctx)
{
    struct heard *h = ctx;

    h->reloads++;
    h->something = true;
}

static const struct shutdown_events events = { on_stop, on_reload };

static void wait_for(uv_loop_t *loop, struct heard *h, int number)
{
    h->something = false;
    assert_int_equal(raise(number), 0);
    loop_until(loop, &h->something);
}

static void signals_become_callbacks(void **state)
{
    uv_loop_t loop;
    struct shutdown *s;
    struct heard h = { 0 };

    (void)state;
    loop_begin(&loop);
    CHECK_STATUS(shutdown_watch(&loop, &events, &h, &s), STATUS_OK);
    wait_for(&loop, &h, SIGHUP);
    assert_int_equal(h.reloads, 1);
    wait_for(&loop, &h, SIGTERM);
    wait_for(&loop, &h, SIGINT);
    assert_int_equal(h.stops, 2);
    assert_int_equal(raise(SIGPIPE), 0); /* and this one is nobody's end */
    shutdown_unwatch(s);
    loop_end(&loop);
}

static void watching_keeps_no_loop_alive(void **state)
{
    uv_loop_t loop;
    struct shutdown *s;
    struct heard h = { 0 };

    (void)state;
    loop_begin(&loop);
    CHECK_STATUS(shutdown_watch(&loop, &events, &h, &s), STATUS_OK);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    shutdown_unwatch(s);
    shutdown_unwatch(NULL);
    loop_end(&loop);
}

static void a_handle_that_nobody_closed_is_named(void **state)
{
    uv_loop_t loop;
    uv_timer_t timer;
    char line[64] = "";
    FILE *complaints = tmpfile();

    (void)state;
    assert_non_null(complaints);
    loop_begin(&loop);
    assert_int_equal(uv_timer_init(&loop, &timer), 0);
    assert_false(shutdown_loop(&loop, complaints));
    assert_false(shutdown_loop(&loop, NULL));
    rewind(complaints);
    assert_non_null(fgets(line, sizeof(line), complaints));
    assert_string_equal(line, "left on the loop: timer\n");
    (void)fclose(complaints);
    uv_close((uv_handle_t *)&timer, NULL);
    assert_true(shutdown_loop(&loop, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_become_callbacks),
        cmocka_unit_test(watching_keeps_no_loop_alive),
        cmocka_unit_test(a_handle_that_nobody_closed_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
