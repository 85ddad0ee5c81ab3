/* A thread with a loop and a mailbox: told by letters, joined at its end. */
#include "proxy/io/loop_thread.h"

#include "common/compiler.h"
#include "proxy/io/shutdown.h"
#include "tests/support/check.h"
#include "tests/support/loop.h"

struct fixture {
    uv_loop_t home;
    struct mailbox *mailbox;
    struct loop_thread thread;
    struct loop_order greet, stop;
    uv_timer_t timer; /* on the thread's loop */
    bool leave_timer;
    unsigned greetings;
    uv_thread_t greeter;
    unsigned ended;
    bool over, clean;
};

static void on_greet(struct letter *letter)
{
    struct fixture *f = CONTAINER_OF(letter, struct fixture, greet.letter);

    f->greetings++;
    f->greeter = uv_thread_self();
}

static void on_stop(struct letter *letter)
{
    struct fixture *f = CONTAINER_OF(letter, struct fixture, stop.letter);

    mailbox_close(f->thread.mailbox);
    if (f->leave_timer)
        uv_unref((uv_handle_t *)&f->timer);
    else
        uv_close((uv_handle_t *)&f->timer, NULL);
}

static void on_ended(void *ctx, bool clean)
{
    struct fixture *f = ctx;

    f->ended++;
    f->over = true;
    f->clean = clean;
}

static void begin(struct fixture *f)
{
    struct why why;

    *f = (struct fixture){ .greet.letter.on_letter = on_greet,
                           .stop.letter.on_letter = on_stop };
    loop_begin(&f->home);
    CHECK_STATUS(mailbox_open(&f->home, 8, &f->mailbox), STATUS_OK);
    CHECK_STATUS(loop_thread_init(&f->thread, &why), STATUS_OK);
    assert_int_equal(uv_timer_init(&f->thread.loop, &f->timer), 0);
}

static void start(struct fixture *f)
{
    struct why why;

    CHECK_STATUS(loop_thread_start(&f->thread, f->mailbox, on_ended, f, &why),
                 STATUS_OK);
}

static void end(struct fixture *f)
{
    loop_thread_fini(&f->thread);
    mailbox_close(f->mailbox);
    loop_end(&f->home);
    mailbox_free(f->mailbox);
}

static void it_obeys_on_its_own_thread_and_is_joined(void **state)
{
    struct fixture f;
    const uv_thread_t here = uv_thread_self();

    (void)state;
    begin(&f);
    start(&f);
    loop_thread_give(&f.thread, &f.greet);
    loop_thread_give(&f.thread, &f.stop);
    loop_until(&f.home, &f.over);
    assert_true(f.clean);
    assert_int_equal(f.ended, 1);
    assert_int_equal(f.greetings, 1);
    assert_false(uv_thread_equal(&here, &f.greeter));
    end(&f);
}

static void an_order_is_obeyed_once(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    for (size_t i = 0; i < 3; i++)
        loop_thread_give(&f.thread, &f.greet);
    start(&f);
    loop_thread_give(&f.thread, &f.greet);
    loop_thread_give(&f.thread, &f.stop);
    loop_until(&f.home, &f.over);
    assert_int_equal(f.greetings, 1);
    end(&f);
}

static void what_is_over_needs_no_orders(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    start(&f);
    loop_thread_give(&f.thread, &f.stop);
    loop_until(&f.home, &f.over);
    loop_thread_give(&f.thread, &f.stop);
    loop_thread_give(&f.thread, &f.greet);
    assert_int_equal(f.greetings, 0);
    end(&f);
}

static void what_is_left_on_the_loop_is_told(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.leave_timer = true;
    start(&f);
    loop_thread_give(&f.thread, &f.stop);
    loop_until(&f.home, &f.over);
    assert_false(f.clean);
    uv_close((uv_handle_t *)&f.timer, NULL);
    assert_true(shutdown_loop(&f.thread.loop, stderr));
    end(&f);
}

static void without_a_start_it_ends_where_it_was_made(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    loop_thread_give(&f.thread, &f.stop);
    mailbox_close(f.thread.mailbox); /* delivers */
    end(&f);
    assert_int_equal(f.ended, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_obeys_on_its_own_thread_and_is_joined),
        cmocka_unit_test(an_order_is_obeyed_once),
        cmocka_unit_test(what_is_over_needs_no_orders),
        cmocka_unit_test(what_is_left_on_the_loop_is_told),
        cmocka_unit_test(without_a_start_it_ends_where_it_was_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
