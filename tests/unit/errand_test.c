/* Errands to another thread: done once, recalled at any time, never leaked. */
#include "proxy/io/errand.h"

#include <stdlib.h>

#include "common/compiler.h"
#include "tests/support/check.h"
#include "tests/support/loop.h"

enum { ERRANDS = 500 };

struct fixture {
    uv_loop_t home, there;
    struct mailbox *home_box, *there_box;
    struct errand_office office;
    uv_thread_t thread;
    atomic_uint freed;
    unsigned done;
    unsigned abandoned; /* the office's */
    struct letter stop;
};

struct question {
    struct errand errand;
    struct fixture *fixture;
    unsigned number, answer;
    bool hold; /* begun, and not finished */
};

static struct question *self(struct errand *e)
{
    return CONTAINER_OF(e, struct question, errand);
}

static void on_begin(struct errand *e)
{
    self(e)->answer = self(e)->number + 1;
    if (!self(e)->hold)
        errand_finish(e);
}

static void on_abandon(struct errand *e)
{
    self(e)->fixture->abandoned++;
}

static void on_done(struct errand *e)
{
    assert_int_equal(self(e)->answer, self(e)->number + 1);
    self(e)->fixture->done++;
}

static void on_free(struct errand *e)
{
    (void)atomic_fetch_add(&self(e)->fixture->freed, 1);
    free(self(e));
}

static const struct errand_ops ops = { on_begin, on_abandon, on_done, on_free };

static struct question *ask(struct fixture *f, unsigned number, bool hold,
                            enum status want)
{
    struct question *q = calloc(1, sizeof(*q));

    assert_non_null(q);
    q->fixture = f;
    q->number = number;
    q->hold = hold;
    CHECK_STATUS(errand_send(&q->errand, &ops, &f->office, f->home_box), want);
    return q;
}

static void on_stop(struct letter *letter)
{
    struct fixture *f = CONTAINER_OF(letter, struct fixture, stop);

    mailbox_close(f->there_box);
    errand_office_fini(&f->office);
}

static void run_there(void *arg)
{
    struct fixture *f = arg;

    (void)uv_run(&f->there, UV_RUN_DEFAULT);
}

static struct fixture *begin(size_t max)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    loop_begin(&f->home);
    loop_begin(&f->there);
    f->stop.on_letter = on_stop;
    CHECK_STATUS(mailbox_open(&f->home, max, &f->home_box), STATUS_OK);
    CHECK_STATUS(mailbox_open(&f->there, max, &f->there_box), STATUS_OK);
    errand_office_init(&f->office, f->there_box);
    return f;
}

static void start(struct fixture *f)
{
    assert_int_equal(uv_thread_create(&f->thread, run_there, f), 0);
}

/* Everything is freed at the end, whatever its state. */
static void end(struct fixture *f, unsigned count)
{
    assert_true(mailbox_send(f->there_box, &f->stop));
    assert_int_equal(uv_thread_join(&f->thread), 0);
    mailbox_close(f->home_box);
    assert_int_equal(atomic_load(&f->freed), count);
    loop_end(&f->home);
    loop_end(&f->there);
    mailbox_free(f->home_box);
    mailbox_free(f->there_box);
    free(f);
}

static bool has_more(void *ctx)
{
    const struct fixture *f = ctx;

    return f->done < ERRANDS;
}

static void each_is_done_once(void **state)
{
    struct fixture *f = begin(ERRANDS);

    (void)state;
    start(f);
    for (unsigned i = 0; i < ERRANDS; i++)
        (void)ask(f, i, false, STATUS_OK);
    loop_while(&f->home, has_more, f);
    assert_int_equal(f->done, ERRANDS);
    end(f, ERRANDS);
}

static void what_is_recalled_is_not_done(void **state)
{
    struct fixture *f = begin(ERRANDS);

    (void)state;
    start(f);
    for (unsigned i = 0; i < ERRANDS; i++) {
        struct question *q = ask(f, i, i % 3 == 0, STATUS_OK);

        if (i % 2 == 0)
            uv_sleep(0); /* begun or not: by chance */
        errand_recall(&q->errand);
    }
    (void)uv_run(&f->home, UV_RUN_NOWAIT);
    assert_int_equal(f->done, 0);
    end(f, ERRANDS);
}

static void what_was_begun_is_abandoned_at_the_end(void **state)
{
    struct fixture *f = begin(8);

    (void)state;
    (void)ask(f, 1, true, STATUS_OK);
    (void)ask(f, 2, true, STATUS_OK);
    start(f);
    end(f, 2);
}

static void too_many_are_freed_at_once(void **state)
{
    struct fixture *f = begin(1);

    (void)state;
    (void)ask(f, 1, false, STATUS_OK);
    (void)ask(f, 2, false, STATUS_BUSY);
    assert_int_equal(atomic_load(&f->freed), 1);
    start(f);
    end(f, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_done_once),
        cmocka_unit_test(what_is_recalled_is_not_done),
        cmocka_unit_test(what_was_begun_is_abandoned_at_the_end),
        cmocka_unit_test(too_many_are_freed_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
