/* proxy/local/far.h: the far side of a local connection.
 *
 * Either a stream in an attested session, or, where the policy says
 * `default: direct`, a plain TCP connection. Fronts and relays know only
 * this. Nothing is said to the application before on_opened(), and nothing is
 * sent but what far_early() gave, and that in an accepted session only
 * (promises P1 and P3).
 *
 * No event comes from within a call of this header; an event may make any
 * call.
 *
 * Back-pressure: write at most far_room(); each byte of on_data() is given
 * back by far_consumed() once it has left our memory. */
#ifndef PROXY_LOCAL_FAR_H
#define PROXY_LOCAL_FAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"
#include "verifier/verify.h"

struct far;
struct gather;

/* Why a far side could not be had, or ended before its time. */
struct far_failure {
    struct why why;
    const char *service;  /* name of the service, NULL if none; borrowed */
    const char *endpoint; /* host:port we talked to; NULL if none; borrowed */
    /* The verifier's checks, NULL if there was no attestation, and behind them
     * the policy's, NULL if it was not asked; borrowed during the call. */
    const struct verdict *verdict;
    const struct verdict *judgement;
};

struct far_events {
    /* The target was reached, by an accepted session or directly. Before this
     * only on_failed() can come. */
    void (*on_opened)(void *ctx);
    /* Bytes from the target, borrowed during the call. */
    void (*on_data)(void *ctx, struct slice data);
    /* The target sends no more. */
    void (*on_fin)(void *ctx);
    /* Before or after on_opened(); nothing comes after it. The owner must
     * still call far_close(). Never called from within far_open(). */
    void (*on_failed)(void *ctx, const struct far_failure *failure);
    /* far_room() was 0 and is not any more. */
    void (*on_room)(void *ctx);
};

/* What each kind of far side provides. First field of its struct. */
struct far_ops {
    void (*early)(struct far *f, struct slice bytes); /* if |takes_early| */
    size_t (*room)(struct far *f);
    uint8_t *(*reserve)(struct far *f, size_t *room);
    void (*commit)(struct far *f, size_t len);
    void (*fin)(struct far *f);
    void (*consumed)(struct far *f, size_t len);
    bool (*is_leaving)(struct far *f); /* NULL: never */
    void (*close)(struct far *f);
};

struct far {
    const struct far_ops *ops;
    const struct far_events *events; /* borrowed, static */
    void *ctx;
    struct gather *gather; /* the bytes of on_data() stay until it ends, for
                            * conn_write_gathered(); NULL: they do not */
    bool takes_early;      /* far_early() may be called */
    bool early_sent;       /* what it gave was sent: it is not to be written */
};

/* Before on_opened(), once, if |takes_early|: the first bytes, copied, to be
 * sent along with the question for the target, which saves waiting for its
 * answer. All are sent, or none: there may be too many, or no room or memory for
 * them. If they were, and the session is lost, nobody knows whether they
 * arrived, and nothing is tried elsewhere. */
static inline void far_early(struct far *f, struct slice bytes)
{
    f->ops->early(f, bytes);
}

/* Bytes that may be written now. */
static inline size_t far_room(struct far *f)
{
    return f->ops->room(f);
}

/* Where the next bytes go and how many fit, at most far_room(); NULL and 0
 * when none. Good until any other call on |f|. */
static inline uint8_t *far_reserve(struct far *f, size_t *room)
{
    return f->ops->reserve(f, room);
}

/* |len| bytes were put where far_reserve() said. */
static inline void far_commit(struct far *f, size_t len)
{
    f->ops->commit(f, len);
}

/* Copy |data| in; returns how many bytes were taken, at most far_room(). */
size_t far_write(struct far *f, struct slice data);

/* No more bytes from us. */
static inline void far_fin(struct far *f)
{
    f->ops->fin(f);
}

/* |len| bytes of on_data() have left our memory. */
static inline void far_consumed(struct far *f, size_t len)
{
    f->ops->consumed(f, len);
}

/* True when its session takes no new streams: what is going on goes on, but
 * another request must not use it. */
static inline bool far_is_leaving(struct far *f)
{
    return f->ops->is_leaving != NULL && f->ops->is_leaving(f);
}

/* The owner is done with it, whatever its state. No callback follows. */
static inline void far_close(struct far *f)
{
    f->ops->close(f);
}

#endif
