#include "proxy/server/worker.h"

#include <stdlib.h>

#include "common/compiler.h"
#include "proxy/io/carrier.h"
#include "proxy/io/listener.h"
#include "proxy/io/loop_thread.h"
#include "proxy/server/serve.h"

#define SWEEP_MAX_MS 60000

/* Freed in worker_free(). */
struct worker {
    struct worker_config config;
    struct loop_thread thread;
    struct loop_order begin, drain, abort;
    struct letter follow;
    struct meter meter;
    struct rules *next; /* held; whose turn it is with |follow| */

    /* The worker's own, from its thread's start to its end. */
    uv_timer_t sweep; /* of what idles */
    struct carrier_hub *hub;
    struct serve *serve;
    struct rules *rules; /* held: those that |serve| follows */
    struct listener *listeners[OPTIONS_LISTEN_MAX];
    struct listener *adopted[ACTIVATION_SOCKETS_MAX];
    uint16_t ports[OPTIONS_LISTEN_MAX]; /* written before the thread starts */
};

/* --- on the worker's thread ---------------------------------------------- */

static void close_listeners(struct worker *w)
{
    for (size_t i = 0; i < COUNT_OF(w->listeners); i++) {
        listener_close(w->listeners[i]);
        w->listeners[i] = NULL;
    }
    for (size_t i = 0; i < COUNT_OF(w->adopted); i++) {
        listener_close(w->adopted[i]);
        w->adopted[i] = NULL;
    }
}

/* Nobody is left: the loop ends. */
static void on_empty(void *ctx)
{
    struct worker *w = ctx;

    carrier_hub_close(w->hub);
    w->hub = NULL;
    uv_close((uv_handle_t *)&w->sweep, NULL);
    mailbox_close(w->thread.mailbox);
}

static void on_sweep(uv_timer_t *timer)
{
    serve_sweep(CONTAINER_OF(timer, struct worker, sweep)->serve);
}

static void on_begin(struct letter *letter)
{
    struct worker *w = CONTAINER_OF(letter, struct worker, begin.letter);

    for (size_t i = 0; i < COUNT_OF(w->adopted); i++)
        listener_begin(w->adopted[i]);
}

static void on_drain(struct letter *letter)
{
    struct worker *w = CONTAINER_OF(letter, struct worker, drain.letter);

    close_listeners(w);
    serve_drain(w->serve); /* on_empty() may come from within */
}

static void on_abort(struct letter *letter)
{
    serve_abort(CONTAINER_OF(letter, struct worker, abort.letter)->serve);
}

/* On the main thread. */
static void on_followed(struct letter *letter)
{
    struct worker *w = CONTAINER_OF(letter, struct worker, follow);

    rules_let_go(w->next);
    w->next = NULL;
    w->config.on_followed(w->config.ctx);
}

/* The letter goes back, with the rules before. */
static void on_follow(struct letter *letter)
{
    struct worker *w = CONTAINER_OF(letter, struct worker, follow);
    struct rules *before = w->rules;

    serve_follow(w->serve, w->next);
    w->rules = w->next;
    w->next = before;
    letter->on_letter = on_followed;
    (void)mailbox_send(w->config.main, letter); /* open until we are joined */
}

static void on_accept(void *ctx, struct conn *conn)
{
    struct worker *w = ctx;

    serve_accept(w->serve, conn);
}

/* --- on the main thread -------------------------------------------------- */

static enum status start_serve(struct worker *w)
{
    const struct worker_config *c = &w->config;
    const struct serve_config config = {
        .loop = &w->thread.loop,
        .hub = w->hub,
        .keys = c->keys,
        .quotes = { .desk = c->desk, .home = w->thread.mailbox },
        .peers = c->peers,
        .staple = c->staple,
        .rules = w->rules,
        .log = &c->options->log,
        .meter = &w->meter,
        .streams_max = (uint32_t)c->options->limits.streams,
        .session_idle_ms = (uint64_t)c->options->limits.session_idle_s * 1000,
        .stream_idle_ms = (uint64_t)c->options->limits.stream_idle_s * 1000,
        .teekit = c->options->teekit,
        .teekit_body = c->options->limits.teekit_body,
        .teekit_beat_ms = SERVE_TEEKIT_BEAT_MS,
        .on_empty = on_empty,
        .ctx = w,
    };

    return serve_new(&config, &w->serve);
}

/* Often enough that nothing idles for more than a quarter longer than it may,
 * and a minute. */
static void start_sweeping(struct worker *w)
{
    const struct caps *c = &w->config.options->limits;
    const size_t never = SWEEP_MAX_MS / 250;
    const size_t shortest_s =
        MIN_OF(c->session_idle_s > 0 ? c->session_idle_s : never,
               c->stream_idle_s > 0 ? c->stream_idle_s : never);
    const uint64_t every_ms = MIN_OF(shortest_s * 250, (size_t)SWEEP_MAX_MS);

    (void)uv_timer_init(&w->thread.loop, &w->sweep); /* cannot fail */
    (void)uv_timer_start(&w->sweep, on_sweep, every_ms, every_ms);
}

static enum status start_listeners(struct worker *w, struct why *why)
{
    const struct options *o = w->config.options;
    struct listener_config config = { .log = &o->log,
                                      .shared = w->config.shared,
                                      .on_accept = on_accept,
                                      .ctx = w };
    struct worker *first = w->config.first;
    enum status st = STATUS_OK;

    for (size_t i = 0; i < o->listen_count && st == STATUS_OK; i++) {
        config.address = o->listen[i];
        st = first == NULL ? listener_open(&w->thread.loop, &config,
                                           &w->listeners[i], why)
                           : listener_join(&w->thread.loop, first->listeners[i],
                                           &config, &w->listeners[i], why);
        if (st == STATUS_OK)
            w->ports[i] = listener_port(w->listeners[i]);
    }
    return st;
}

/* Sockets that are open already: each worker has descriptors of its own. */
static enum status adopt_passed(struct worker *w, struct why *why)
{
    const struct activation *passed = w->config.passed;
    const struct listener_config config = { .waits = true,
                                            .log = &w->config.options->log,
                                            .on_accept = on_accept,
                                            .ctx = w };
    enum status st = STATUS_OK;

    for (size_t i = 0; i < passed->count && st == STATUS_OK; i++)
        st = listener_adopt(&w->thread.loop, &passed->sockets[i], &config,
                            &w->adopted[i], why);
    return st;
}

static enum status start(struct worker *w, struct why *why)
{
    enum status st = carrier_hub_open(&w->thread.loop, &w->hub);

    start_sweeping(w);
    if (st == STATUS_OK)
        st = start_serve(w);
    if (st != STATUS_OK)
        return why_fail(why, st, "worker", NULL, "%s", status_text(st));
    st = start_listeners(w, why);
    if (st == STATUS_OK)
        st = adopt_passed(w, why);
    if (st != STATUS_OK)
        return st;
    return loop_thread_start(&w->thread, w->config.main, w->config.on_ended,
                             w->config.ctx, why);
}

/* It has no thread: end here what there is. */
static void undo(struct worker *w)
{
    close_listeners(w);
    carrier_hub_close(w->hub);
    uv_close((uv_handle_t *)&w->sweep, NULL);
    mailbox_close(w->thread.mailbox);
    worker_free(w);
}

enum status worker_open(const struct worker_config *config, struct worker **out,
                        struct why *why)
{
    struct worker *w = calloc(1, sizeof(*w));
    enum status st;

    *out = NULL;
    if (w == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "worker", NULL, "no memory");
    st = loop_thread_init(&w->thread, why);
    if (st != STATUS_OK) {
        free(w);
        return st;
    }
    w->config = *config;
    w->begin.letter.on_letter = on_begin;
    w->drain.letter.on_letter = on_drain;
    w->abort.letter.on_letter = on_abort;
    w->rules = rules_hold(config->rules);
    st = start(w, why);
    if (st != STATUS_OK) {
        undo(w);
        return st;
    }
    *out = w;
    return STATUS_OK;
}

uint16_t worker_port(const struct worker *w, size_t i)
{
    return w->ports[i];
}

const struct meter *worker_meter(const struct worker *w)
{
    return &w->meter;
}

void worker_follow(struct worker *w, struct rules *rules)
{
    w->next = rules_hold(rules);
    w->follow.on_letter = on_follow;
    (void)mailbox_send(w->thread.mailbox, &w->follow); /* or it has ended */
}

void worker_begin(struct worker *w)
{
    loop_thread_give(&w->thread, &w->begin);
}

void worker_drain(struct worker *w)
{
    loop_thread_give(&w->thread, &w->drain);
}

void worker_abort(struct worker *w)
{
    loop_thread_give(&w->thread, &w->abort);
}

void worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    loop_thread_fini(&w->thread);
    serve_free(w->serve);
    rules_let_go(w->rules);
    rules_let_go(w->next);
    free(w);
}
