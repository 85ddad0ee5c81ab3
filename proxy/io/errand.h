/* proxy/io/errand.h: something that another loop does for this one.
 *
 * Who wants it sends it out from home; the office, on the other loop, begins
 * it, perhaps for long, and finishes it; then it is done, back home. It can be
 * recalled meanwhile. Nothing but the errand is touched by both threads, and by
 * one at a time. It is freed on whichever has the last of its letters. */
#ifndef PROXY_IO_ERRAND_H
#define PROXY_IO_ERRAND_H

#include <stdatomic.h>
#include <stdbool.h>

#include "common/list.h"
#include "common/status.h"
#include "proxy/io/mailbox.h"

struct errand;

struct errand_ops {
    /* There: start it; errand_finish() follows, now or later. */
    void (*begin)(struct errand *e);
    /* There: what was begun is not wanted any more, and not finished. */
    void (*abandon)(struct errand *e);
    /* Home: it was finished, and not recalled. */
    void (*done)(struct errand *e);
    /* On either loop, at the very end. */
    void (*free)(struct errand *e);
};

/* Where errands are done. */
struct errand_office {
    struct mailbox *mailbox;
    struct list begun;
};

/* A field of what is to be done. All its own. */
struct errand {
    struct letter out; /* there, and home again */
    struct letter recall;
    atomic_uint letters; /* of those, under way or being worked on */
    struct errand_office *office;
    struct mailbox *home;
    const struct errand_ops *ops;
    struct list link; /* of those begun */
    bool recalled;    /* home's to know */
};

/* On the office's loop; |mailbox| is of it, and outlives it. */
void errand_office_init(struct errand_office *o, struct mailbox *mailbox);

/* When no errand can be sent any more and |mailbox| is closed: abandon all that
 * was begun. */
void errand_office_fini(struct errand_office *o);

/* From home: all but |e| itself is borrowed until it is freed. Returns
 * STATUS_OK; STATUS_BUSY or STATUS_SHUTTING_DOWN, and then ops->free() was
 * called. */
MUST_CHECK enum status errand_send(struct errand *e,
                                   const struct errand_ops *ops,
                                   struct errand_office *office,
                                   struct mailbox *home);

/* There: |e| goes home. */
void errand_finish(struct errand *e);

/* Home, before ops->done(): it is not called any more. */
void errand_recall(struct errand *e);

#endif
