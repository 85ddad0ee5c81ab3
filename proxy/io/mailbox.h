/* proxy/io/mailbox.h: messages from any thread to one loop.
 *
 * The only way by which event loops talk to each other. A letter is the
 * sender's memory: posting copies and allocates nothing. From then on it is
 * the receiver's, who keeps it, frees it, or sends it back with an answer.
 * Letters arrive in the order they were posted. */
#ifndef PROXY_IO_MAILBOX_H
#define PROXY_IO_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "common/status.h"

struct mailbox;

/* First field, or any other, of what is sent: see CONTAINER_OF(). */
struct letter {
    struct letter *next; /* the mailbox's */
    /* Called on the receiver's loop. The letter is the callee's. */
    void (*on_letter)(struct letter *letter);
};

/* A mailbox of |loop|, for at most |max| letters that nobody has read yet.
 * While open it keeps the loop alive. On the loop's thread, or before the loop
 * runs. Returns STATUS_OK or STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status mailbox_open(uv_loop_t *loop, size_t max,
                                    struct mailbox **out);

/* From any thread: |letter| is the receiver's from now on. Returns STATUS_OK;
 * or, and the letter stays the caller's, STATUS_BUSY when |max| letters wait,
 * STATUS_SHUTTING_DOWN once it is closed. */
MUST_CHECK enum status mailbox_post(struct mailbox *m, struct letter *letter);

/* The same for a letter that bounds itself, and so is never too many: an answer
 * to one that was taken, or one that is sent once. False, and the letter stays
 * the caller's, once it is closed. */
bool mailbox_send(struct mailbox *m, struct letter *letter);

/* On the loop: deliver what is there, before this returns, and take no more.
 * Again is harmless. */
void mailbox_close(struct mailbox *m);

/* When the loop has ended and nobody posts any more. NULL is allowed. */
void mailbox_free(struct mailbox *m);

#endif
