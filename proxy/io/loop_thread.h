/* proxy/io/loop_thread.h: a thread that runs a loop of its own, and a mailbox
 * to reach it.
 *
 * Who opens it puts handles on the loop and starts it; from then on both sides
 * send letters, and share nothing else. It ends when all on its loop is closed,
 * the mailbox among it, and says so at home. Nothing here decides when. */
#ifndef PROXY_IO_LOOP_THREAD_H
#define PROXY_IO_LOOP_THREAD_H

#include <stdbool.h>
#include <uv.h>

#include "common/status.h"
#include "proxy/io/mailbox.h"

/* A letter that is sent once, however often it is given. A field of who
 * obeys: see CONTAINER_OF(). */
struct loop_order {
    struct letter letter; /* with on_letter() */
    bool given;           /* home's to know */
};

/* A field of whose thread it is. Others read |loop| and |mailbox|. */
struct loop_thread {
    uv_loop_t loop;
    struct mailbox *mailbox; /* of |loop|; closed there, by its owner */
    uv_thread_t thread;
    bool started;
    bool clean; /* the thread's, until it is joined */
    struct mailbox *home;
    struct letter ended;
    void (*on_ended)(void *ctx, bool clean);
    void *ctx;
};

/* Make loop and mailbox. Returns STATUS_OK; or STATUS_NO_MEMORY with |why|
 * filled, and there is nothing to end. */
MUST_CHECK enum status loop_thread_init(struct loop_thread *t, struct why *why);

/* Run the loop on a thread. When it is over and joined, |on_ended| is called on
 * the loop of |home|, which is open until then; |clean| unless something was
 * left on the loop, which stderr was told. Returns STATUS_OK; or
 * STATUS_NO_MEMORY with |why| filled. */
MUST_CHECK enum status
loop_thread_start(struct loop_thread *t, struct mailbox *home,
                  void (*on_ended)(void *ctx, bool clean), void *ctx,
                  struct why *why);

/* From home: send |order|, unless it was given before or the thread, which is
 * over, needs none. */
void loop_thread_give(struct loop_thread *t, struct loop_order *order);

/* After on_ended(). If it was never started, run what is closed on the loop,
 * the mailbox among it, to its end here. */
void loop_thread_fini(struct loop_thread *t);

#endif
