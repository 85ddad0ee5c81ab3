#include "proxy/server/turnstile.h"

#include <assert.h>
#include <time.h>

#include "common/compiler.h"

void turnstile_init(struct turnstile *t, uv_loop_t *loop)
{
    *t = (struct turnstile){
        .left_ns = TURNSTILE_MAX_NS,
        .counted_ns = uv_hrtime(),
        .loop = loop,
    };
}

void turnstile_close(struct turnstile *t)
{
    assert(list_empty(&t->line));
    if (!t->open)
        return;
    t->open = false;
    uv_close((uv_handle_t *)&t->tick, NULL);
}

/* What this thread has had of its processor. */
static int64_t spent_ns(void)
{
    struct timespec at = { 0 };

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at); /* Linux has it */
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

/* The share of the time that has passed. */
static void earn(struct turnstile *t)
{
    const uint64_t now_ns = uv_hrtime();
    const uint64_t share = (now_ns - t->counted_ns) / TURNSTILE_SHARE;

    t->counted_ns = now_ns;
    t->left_ns += (int64_t)MIN_OF(share, (uint64_t)INT64_MAX / 2);
    t->left_ns = MIN_OF(t->left_ns, TURNSTILE_MAX_NS);
}

static void take_turn(struct turnstile *t, struct turnstile_place *p)
{
    const int64_t before_ns = spent_ns();

    p->on_turn(p); /* |p| may be gone */
    t->left_ns -= MAX_OF(spent_ns() - before_ns, TURNSTILE_MIN_NS);
}

static void on_tick(uv_timer_t *tick)
{
    struct turnstile *t = CONTAINER_OF(tick, struct turnstile, tick);

    earn(t);
    while (!list_empty(&t->line) && t->left_ns > 0) {
        struct list *link = list_first(&t->line);

        list_remove(link);
        take_turn(t, CONTAINER_OF(link, struct turnstile_place, link));
    }
    if (list_empty(&t->line))
        (void)uv_timer_stop(tick); /* cannot fail */
}

static void wait(struct turnstile *t, struct turnstile_place *p)
{
    if (!t->open)
        (void)uv_timer_init(t->loop, &t->tick); /* neither can fail */
    t->open = true;
    if (list_empty(&t->line))
        (void)uv_timer_start(&t->tick, on_tick, TURNSTILE_TICK_MS,
                             TURNSTILE_TICK_MS);
    list_add(&t->line, &p->link);
}

void turnstile_pass(struct turnstile *t, struct turnstile_place *p,
                    void (*on_turn)(struct turnstile_place *p))
{
    assert(!list_linked(&p->link));
    p->on_turn = on_turn;
    earn(t);
    if (list_empty(&t->line) && t->left_ns > 0)
        take_turn(t, p);
    else
        wait(t, p);
}

void turnstile_leave(struct turnstile_place *p)
{
    list_remove(&p->link);
}
