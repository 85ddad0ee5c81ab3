#include "proxy/server/quote_source.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "common/list.h"
#include "common/rate.h"

/* Waits in a list of the source, then is the one being made. Freed by
 * order_free() only. */
struct quote_order {
    struct quote_source *source;
    struct list link; /* in source.waiting, or in none */
    uint8_t report_data[QUOTE_REPORT_DATA_BYTES];
    quote_done_fn *on_done; /* NULL once cancelled */
    void *ctx;
    bool first;         /* see quote_source_get_first() */
    struct proof proof; /* of the worker while it is being made */
    struct why why;     /* likewise */
};

struct quote_source {
    uv_loop_t *loop;
    struct quote_maker maker;
    const struct log *log;
    size_t waiting_max;
    size_t waiting_count;
    struct rate_limit limit;    /* see quote_source_limit() */
    struct rate rate;           /* by the loop's clock */
    struct list waiting;        /* the oldest first */
    struct quote_order *making; /* NULL: the worker is idle */
    uv_work_t work;
    uv_timer_t rest; /* until the limit allows the next */
    struct quote_figures figures;
    size_t parts; /* |rest|, and |work| while it runs: then all is freed */
    bool closed;
};

static void order_free(struct quote_order *o)
{
    proof_fini(&o->proof);
    free(o);
}

enum status quote_source_open(uv_loop_t *loop, const struct quote_maker *maker,
                              size_t waiting_max, const struct log *log,
                              struct quote_source **out)
{
    struct quote_source *s = calloc(1, sizeof(*s));

    *out = s;
    if (s == NULL)
        return STATUS_NO_MEMORY;
    s->loop = loop;
    s->maker = *maker;
    s->waiting_max = waiting_max;
    s->log = log;
    (void)uv_timer_init(loop, &s->rest); /* cannot fail */
    s->parts = 1;
    return STATUS_OK;
}

static void part_gone(struct quote_source *s)
{
    assert(s->parts > 0);
    if (--s->parts == 0)
        free(s);
}

/* On a worker thread: touches nothing but the order and the maker. */
static void on_work(uv_work_t *work)
{
    struct quote_source *s = CONTAINER_OF(work, struct quote_source, work);
    struct quote_order *o = s->making;
    enum status st =
        s->maker.make(s->maker.ctx, o->report_data, &o->proof, &o->why);

    if (st == STATUS_OK && !proof_ok(&o->proof))
        (void)why_fail(&o->why, STATUS_LIMIT, "quote", NULL,
                       "more than %d bytes, or no memory", QUOTE_MAX_BYTES);
    assert(st == STATUS_OK || o->why.status == st);
}

static void on_made(uv_work_t *work, int rc);
static void on_rested(uv_timer_t *timer);

static void make(struct quote_source *s, struct quote_order *o)
{
    int rc;

    list_remove(&o->link);
    s->waiting_count--;
    s->making = o;
    s->parts++;
    rc = uv_queue_work(s->loop, &s->work, on_work, on_made);
    assert(rc == 0); /* fails only without a work function */
}

/* If there is one, and none is being made: now, or when the limit allows. */
static void make_next(struct quote_source *s)
{
    const uint64_t now_ms = uv_now(s->loop);
    struct quote_order *o;

    if (s->making != NULL || list_empty(&s->waiting))
        return;
    o = CONTAINER_OF(list_first(&s->waiting), struct quote_order, link);
    if (o->first || rate_spend(&s->rate, &s->limit, now_ms))
        make(s, o);
    else /* cannot fail: not closed */
        (void)uv_timer_start(&s->rest, on_rested,
                             rate_wait_ms(&s->rate, &s->limit, now_ms), 0);
}

static void on_rested(uv_timer_t *timer)
{
    make_next(CONTAINER_OF(timer, struct quote_source, rest));
}

static void on_made(uv_work_t *work, int rc)
{
    struct quote_source *s = CONTAINER_OF(work, struct quote_source, work);
    struct quote_order *o = s->making;
    bool good = o->why.status == STATUS_OK;

    assert(rc == 0); /* nobody cancels work */
    s->making = NULL;
    if (s->closed) {
        order_free(o);
        part_gone(s);
        return;
    }
    s->parts--;
    make_next(s);
    s->figures.made += good;
    s->figures.failed += !good;
    if (!good)
        log_why(s->log, LOG_WARN, "quote.failed", &o->why,
                LOG_FIELDS(LOG_S("source", s->maker.name)));
    if (o->on_done != NULL)
        o->on_done(o->ctx, good ? &o->proof : NULL, good ? NULL : &o->why);
    order_free(o); /* |s| may be closed by now */
}

void quote_source_limit(struct quote_source *s, size_t a_second)
{
    s->limit = (struct rate_limit){ a_second, 1000 };
    s->rate = (struct rate){ 0 };
}

static struct quote_order *order_new(struct quote_source *s,
                                     const uint8_t *report_data,
                                     quote_done_fn *on_done, void *ctx)
{
    struct quote_order *o = calloc(1, sizeof(*o));

    if (o == NULL)
        return NULL;
    o->source = s;
    memcpy(o->report_data, report_data, sizeof(o->report_data));
    o->on_done = on_done;
    o->ctx = ctx;
    proof_init(&o->proof);
    return o;
}

static void queued(struct quote_source *s)
{
    s->waiting_count++;
    make_next(s);
}

enum status
quote_source_get(struct quote_source *s,
                 const uint8_t report_data[static QUOTE_REPORT_DATA_BYTES],
                 quote_done_fn *on_done, void *ctx, struct quote_order **out)
{
    *out = NULL;
    if (s->waiting_count >= s->waiting_max) {
        s->figures.busy++;
        return STATUS_BUSY;
    }
    *out = order_new(s, report_data, on_done, ctx);
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    list_add(&s->waiting, &(*out)->link);
    queued(s);
    return STATUS_OK;
}

enum status quote_source_get_first(
    struct quote_source *s,
    const uint8_t report_data[static QUOTE_REPORT_DATA_BYTES],
    quote_done_fn *on_done, void *ctx, struct quote_order **out)
{
    *out = order_new(s, report_data, on_done, ctx);
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    (*out)->first = true;
    list_add_first(&s->waiting, &(*out)->link);
    queued(s);
    return STATUS_OK;
}

void quote_source_cancel(struct quote_order *order)
{
    struct quote_source *s;

    if (order == NULL)
        return;
    s = order->source;
    order->on_done = NULL;
    if (order == s->making)
        return; /* freed in on_made() */
    list_remove(&order->link);
    s->waiting_count--;
    order_free(order);
}

struct quote_figures quote_source_figures(const struct quote_source *s)
{
    return s->figures;
}

size_t quote_source_waiting(const struct quote_source *s)
{
    return s->waiting_count;
}

static void on_rest_closed(uv_handle_t *handle)
{
    part_gone(CONTAINER_OF(handle, struct quote_source, rest));
}

void quote_source_close(struct quote_source *s)
{
    if (s == NULL)
        return;
    LIST_EACH(link, &s->waiting) {
        list_remove(link);
        order_free(CONTAINER_OF(link, struct quote_order, link));
    }
    s->closed = true;
    uv_close((uv_handle_t *)&s->rest, on_rest_closed);
}
