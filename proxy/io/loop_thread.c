#include "proxy/io/loop_thread.h"

#include <assert.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "proxy/io/shutdown.h"

static void on_over(struct letter *letter)
{
    struct loop_thread *t = CONTAINER_OF(letter, struct loop_thread, ended);
    int rc = uv_thread_join(&t->thread);

    assert(rc == 0);
    t->on_ended(t->ctx, t->clean);
}

enum status loop_thread_init(struct loop_thread *t, struct why *why)
{
    *t = (struct loop_thread){ .ended.on_letter = on_over };
    if (uv_loop_init(&t->loop) != 0)
        return why_fail(why, STATUS_NO_MEMORY, "loop", NULL, "no event loop");
    if (mailbox_open(&t->loop, MAILBOX_LETTERS_MAX, &t->mailbox) != STATUS_OK) {
        (void)uv_loop_close(&t->loop); /* nothing is on it */
        return why_fail(why, STATUS_NO_MEMORY, "worker", NULL, "no mailbox");
    }
    return STATUS_OK;
}

static void run_to_end(struct loop_thread *t)
{
    (void)uv_run(&t->loop, UV_RUN_DEFAULT); /* ends when all is closed */
    t->clean = shutdown_loop(&t->loop, stderr);
}

static void run(void *arg)
{
    struct loop_thread *t = arg;
    bool sent;

    run_to_end(t);
    sent = mailbox_send(t->home, &t->ended);
    assert(sent); /* it is open until we are joined */
}

enum status loop_thread_start(struct loop_thread *t, struct mailbox *home,
                              void (*on_ended)(void *ctx, bool clean),
                              void *ctx, struct why *why)
{
    t->home = home;
    t->on_ended = on_ended;
    t->ctx = ctx;
    if (uv_thread_create(&t->thread, run, t) != 0)
        return why_fail(why, STATUS_NO_MEMORY, "worker", NULL, "no thread");
    t->started = true;
    return STATUS_OK;
}

void loop_thread_give(struct loop_thread *t, struct loop_order *order)
{
    if (!order->given)
        (void)mailbox_send(t->mailbox, &order->letter); /* or it is over */
    order->given = true;
}

void loop_thread_fini(struct loop_thread *t)
{
    if (!t->started)
        run_to_end(t);
    mailbox_free(t->mailbox);
    *t = (struct loop_thread){ 0 };
}
