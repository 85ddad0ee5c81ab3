/* proxy/server/turnstile.h: the work that those without a session make takes a
 * share of a loop's time, and no more.
 *
 * Whoever wants something that costs passes here: at once, while there is time
 * left; else in the order they came, when there is again. So a flood of them
 * waits for itself, and the streams of sessions are served in between. Time is
 * the thread's on its processor: a machine that is busy with other things does
 * not make anybody wait. */
#ifndef PROXY_SERVER_TURNSTILE_H
#define PROXY_SERVER_TURNSTILE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/list.h"

#define TURNSTILE_SHARE   8                /* one in so many */
#define TURNSTILE_MAX_NS  INT64_C(1000000) /* saved up while nobody came */
#define TURNSTILE_MIN_NS  INT64_C(100000)  /* a turn: the system works, too */
#define TURNSTILE_TICK_MS 1

/* In whoever waits; all zero at first. */
struct turnstile_place {
    struct list link; /* in turnstile.line */
    void (*on_turn)(struct turnstile_place *p);
};

/* A plain struct; only turnstile.c writes it. */
struct turnstile {
    struct list line;    /* of places */
    int64_t left_ns;     /* may be less than nothing */
    uint64_t counted_ns; /* when |left_ns| was, by uv_hrtime() */
    uv_loop_t *loop;
    uv_timer_t tick;
    bool open; /* |tick| is; since the first wait */
};

/* |loop| outlives it. */
void turnstile_init(struct turnstile *t, uv_loop_t *loop);

/* When nobody waits any more; |t| must stay until the loop has closed what it
 * has. Again is harmless. */
void turnstile_close(struct turnstile *t);

/* |p|, which does not wait, wants |on_turn| to be called: now if there is time
 * and nobody waits, else later, unless it leaves. It may free |p|, or let it
 * pass again. */
void turnstile_pass(struct turnstile *t, struct turnstile_place *p,
                    void (*on_turn)(struct turnstile_place *p));

/* Wait no more. Harmless for who does not. */
void turnstile_leave(struct turnstile_place *p);

#endif
