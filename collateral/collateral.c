#include "collateral/collateral.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "collateral/fetch.h"
#include "collateral/slot.h"
#include "collateral/store.h"
#include "common/buffer.h"
#include "common/limits.h"

#define TICK_MAX_MS       10000
#define TICK_MIN_MS       1000
#define REFRESH_SECONDS   ((int64_t)8 * 3600)
#define FETCH_DEADLINE_MS 10000

/* Answers that are alike get the same bundle; more are rarely in use. */
#define BUNDLES_MAX 16

/* Freed by one line, when all its parts have ended: two timers, the fetcher
 * and the slots. */
struct collateral {
    struct collateral_config config; /* |store_dir| is not kept */
    struct slot_env env;
    struct store store;
    struct fetcher *fetcher;
    uv_timer_t tick;
    uv_timer_t soon; /* runs while somebody is to be told something */
    struct slot *slots[COLLATERAL_SLOTS_MAX]; /* owned */
    size_t slot_count;
    struct collateral_wait *waits; /* owned, a list */
    size_t wait_count;
    struct bundle *bundles[BUNDLES_MAX]; /* held; NULL where none */
    size_t bundle_at;                    /* whose turn to be replaced it is */
    bool changed;                        /* on_changed() is due */
    bool closing;
    unsigned parts; /* that have not ended */
    void (*on_closed)(void *ctx);
    void *closed_ctx;
};

/* One request. Freed when answered or cancelled. */
struct collateral_wait {
    struct collateral_wait *next;
    struct collateral *engine;
    struct wait_leg {
        struct slot_leg leg;
        struct collateral_wait *wait;
        enum collateral_item item;
        struct buffer body; /* what is stapled; borrowed by |leg| */
        struct buffer chain;
    } legs[ITEM_COUNT];
    struct item *items[ITEM_COUNT]; /* held; NULL until settled */
    unsigned missing;               /* legs that have not settled */
    struct why why;                 /* of the first that failed; or all zero */
    collateral_done *done;
    void *ctx;
};

static int64_t now_of(void *ctx)
{
    const struct collateral *c = ctx;

    return c->config.now_unix(c->config.ctx);
}

static int64_t system_now(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL);
}

/* --- answers -------------------------------------------------------------- */

static void on_soon(uv_timer_t *timer);

static void tell_soon(struct collateral *c)
{
    if (!c->closing)
        (void)uv_timer_start(&c->soon, on_soon, 0, 0); /* has a callback */
}

static bool is_answered(const struct collateral_wait *w)
{
    return w->missing == 0 || w->why.status != STATUS_OK;
}

/* Take |w| out of its engine and free it. */
static void wait_free(struct collateral_wait *w)
{
    struct collateral_wait **at = &w->engine->waits;

    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    w->engine->wait_count--;
    for (size_t i = 0; i < ITEM_COUNT; i++) {
        slot_leave(&w->legs[i].leg);
        buffer_free(&w->legs[i].body);
        buffer_free(&w->legs[i].chain);
        item_unref(w->items[i]);
    }
    free(w);
}

static bool is_of(const struct bundle *b, struct item *const items[ITEM_COUNT])
{
    for (size_t i = 0; i < ITEM_COUNT; i++)
        if (b->items[i] != items[i])
            return false;
    return true;
}

/* A bundle of |items|, one reference for the caller; NULL without memory. */
static struct bundle *bundle_of(struct collateral *c,
                                struct item *const items[ITEM_COUNT])
{
    struct bundle *b;

    for (size_t i = 0; i < BUNDLES_MAX; i++)
        if (c->bundles[i] != NULL && is_of(c->bundles[i], items))
            return bundle_ref(c->bundles[i]);
    b = bundle_new(items);
    if (b == NULL)
        return NULL;
    bundle_unref(c->bundles[c->bundle_at]);
    c->bundles[c->bundle_at] = bundle_ref(b);
    c->bundle_at = (c->bundle_at + 1) % BUNDLES_MAX;
    return b;
}

/* The bundle |w| waited for; or NULL, and |w->why| says why not. */
static struct bundle *result_of(struct collateral_wait *w)
{
    struct collateral *c = w->engine;
    struct bundle *b;

    if (w->why.status != STATUS_OK)
        return NULL;
    b = bundle_of(c, w->items);
    if (b == NULL) {
        (void)why_fail(&w->why, STATUS_NO_MEMORY, "collateral", NULL,
                       "no memory for a bundle");
        return NULL;
    }
    if (bundle_usable(b, now_of(c)))
        return b;
    /* The first came before the last was there, and has ended meanwhile. */
    (void)why_fail(&w->why, STATUS_EXPIRED, collateral_item_name(b->next_item),
                   NULL, "its last second passed while others were fetched");
    bundle_unref(b);
    return NULL;
}

/* |w| is gone before its owner hears of it, who may do anything then. */
static void answer(struct collateral_wait *w)
{
    struct bundle *b = result_of(w);
    struct why why = w->why;
    collateral_done *done = w->done;
    void *ctx = w->ctx;

    wait_free(w);
    done(ctx, b, b == NULL ? &why : NULL);
    bundle_unref(b);
}

static struct collateral_wait *next_answered(const struct collateral *c)
{
    struct collateral_wait *w = c->waits;

    while (w != NULL && !is_answered(w))
        w = w->next;
    return w;
}

static void on_soon(uv_timer_t *timer)
{
    struct collateral *c = CONTAINER_OF(timer, struct collateral, soon);

    if (c->changed) {
        c->changed = false;
        if (c->config.on_changed != NULL)
            c->config.on_changed(c->config.ctx);
    }
    while (!c->closing) { /* anyone who is told may close us */
        struct collateral_wait *w = next_answered(c);

        if (w == NULL)
            return;
        answer(w);
    }
}

static void on_settled(struct slot_leg *slot_leg, struct item *item,
                       const struct why *why)
{
    struct wait_leg *leg = CONTAINER_OF(slot_leg, struct wait_leg, leg);
    struct collateral_wait *w = leg->wait;

    w->missing--;
    if (item != NULL)
        w->items[leg->item] = item_ref(item);
    else if (w->why.status == STATUS_OK)
        w->why = *why; /* the others are not worth waiting for */
    if (is_answered(w))
        tell_soon(w->engine);
}

/* --- slots ---------------------------------------------------------------- */

static void part_ended(void *ctx)
{
    struct collateral *c = ctx;

    assert(c->parts > 0);
    if (--c->parts > 0)
        return;
    if (c->on_closed != NULL)
        c->on_closed(c->closed_ctx);
    free(c);
}

static void on_replaced(void *ctx)
{
    struct collateral *c = ctx;

    c->changed = true;
    tell_soon(c);
}

/* True if |a| should go before |b|. */
static bool goes_first(const struct slot *a, const struct slot *b)
{
    if (slot_has_item(a) != slot_has_item(b))
        return !slot_has_item(a);
    return slot_asked_unix(a) < slot_asked_unix(b);
}

/* Stop the slot that is missed least. False if all are in use. */
static bool make_room(struct collateral *c)
{
    size_t least = c->slot_count;

    for (size_t i = 0; i < c->slot_count; i++) {
        if (!slot_is_idle(c->slots[i]))
            continue;
        if (least == c->slot_count || goes_first(c->slots[i], c->slots[least]))
            least = i;
    }
    if (least == c->slot_count)
        return false;
    slot_stop(c->slots[least]);
    c->slots[least] = c->slots[--c->slot_count];
    return true;
}

/* The slot for |want|, old or new; NULL with |why| filled. */
static struct slot *slot_for(struct collateral *c, const struct want *want,
                             struct slice root_der,
                             const struct source_list *sources, struct why *why)
{
    struct slot *s;

    for (size_t i = 0; i < c->slot_count; i++)
        if (slot_is_for(c->slots[i], want, sources))
            return c->slots[i];
    if (c->slot_count == COLLATERAL_SLOTS_MAX && !make_room(c)) {
        (void)why_fail(why, STATUS_LIMIT, "collateral", NULL,
                       "%d items are looked for already", COLLATERAL_SLOTS_MAX);
        return NULL;
    }
    s = slot_new(&c->env, want, root_der, sources);
    if (s == NULL) {
        (void)why_fail(why, STATUS_NO_MEMORY, "collateral", NULL, "no memory");
        return NULL;
    }
    c->parts++;
    c->slots[c->slot_count++] = s;
    return s;
}

/* --- requests ------------------------------------------------------------- */

/* The two slices of |set| that are |item|. */
static void slices_of(const struct collateral_set *set,
                      enum collateral_item item, struct slice *body,
                      struct slice *chain)
{
    *chain = (struct slice){ 0 };
    switch (item) {
    case ITEM_TCB_INFO:
        *body = set->tcb_info;
        *chain = set->tcb_info_chain;
        return;
    case ITEM_QE_IDENTITY:
        *body = set->qe_identity;
        *chain = set->qe_identity_chain;
        return;
    case ITEM_PCK_CRL:
        *body = set->pck_crl;
        *chain = set->pck_crl_chain;
        return;
    case ITEM_ROOT_CRL:
        *body = set->root_crl;
        return;
    case ITEM_COUNT:
        break;
    }
    assert(!"an item that is not in the set");
}

/* What is over the limit, or finds no memory, counts as not stapled. */
static void copy_stapled(struct wait_leg *leg, const struct collateral_set *set)
{
    struct slice body, chain;

    leg->body = leg->chain = buffer_with_max(COLLATERAL_MAX_BYTES);
    if (set == NULL)
        return;
    slices_of(set, leg->item, &body, &chain);
    buffer_add(&leg->body, body);
    buffer_add(&leg->chain, chain);
    leg->leg.stapled_body = buffer_view(&leg->body);
    leg->leg.stapled_chain = buffer_view(&leg->chain);
}

static struct collateral_wait *wait_new(struct collateral *c,
                                        const struct collateral_request *r)
{
    struct collateral_wait *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return NULL;
    w->engine = c;
    w->done = r->done;
    w->ctx = r->ctx;
    w->missing = ITEM_COUNT;
    for (enum collateral_item i = 0; i < ITEM_COUNT; i++) {
        w->legs[i].wait = w;
        w->legs[i].item = i;
        w->legs[i].leg.on_settled = on_settled;
        copy_stapled(&w->legs[i], r->stapled);
    }
    w->next = c->waits;
    c->waits = w;
    c->wait_count++;
    return w;
}

/* Ask for each item, until one is known not to be had. */
static enum status ask_all(struct collateral_wait *w,
                           const struct collateral_request *r,
                           const struct source_list *sources, struct why *why)
{
    for (enum collateral_item i = 0;
         i < ITEM_COUNT && w->why.status == STATUS_OK; i++) {
        struct want want = want_of(i, &r->platform, &r->update, r->root_der);
        struct slot *s = slot_for(w->engine, &want, r->root_der, sources, why);

        if (s == NULL)
            return why->status;
        slot_ask(s, &w->legs[i].leg);
    }
    return STATUS_OK;
}

static enum status check_request(const struct collateral *c,
                                 const struct collateral_request *r,
                                 struct why *why)
{
    if (c->closing)
        return why_fail(why, STATUS_SHUTTING_DOWN, "collateral", NULL,
                        "the engine is closed");
    if (r->platform.tee != TEE_SGX && r->platform.tee != TEE_TDX)
        return why_fail(why, STATUS_UNSUPPORTED, "collateral", NULL,
                        "there is no such collateral for \"%s\"",
                        tee_name(r->platform.tee));
    if (c->wait_count == COLLATERAL_WAITS_MAX)
        return why_fail(why, STATUS_LIMIT, "collateral", NULL,
                        "%d requests are waiting already",
                        COLLATERAL_WAITS_MAX);
    return STATUS_OK;
}

static enum status get(struct collateral *c, const struct collateral_request *r,
                       const struct source_list *sources,
                       struct collateral_wait **out, struct why *why)
{
    struct collateral_wait *w = wait_new(c, r);

    if (w == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "collateral", NULL, "no memory");
    if (ask_all(w, r, sources, why) != STATUS_OK) {
        wait_free(w);
        return why->status;
    }
    *out = w;
    return STATUS_OK;
}

enum status collateral_get(struct collateral *c,
                           const struct collateral_request *request,
                           struct collateral_wait **out, struct why *why)
{
    struct source_list sources;
    enum status st;

    *out = NULL;
    st = check_request(c, request, why);
    if (st != STATUS_OK)
        return st;
    st = source_list_copy(request->sources, request->source_count, &sources,
                          why);
    if (st != STATUS_OK)
        return st;
    st = get(c, request, &sources, out, why);
    source_list_free(&sources);
    return st;
}

enum status collateral_get_snp(struct collateral *c,
                               const struct collateral_snp_request *request,
                               struct collateral_wait **out, struct why *why)
{
    (void)c; /* to come */
    (void)request;
    *out = NULL;
    return why_fail(why, STATUS_UNSUPPORTED, "collateral", NULL,
                    "not for SEV-SNP yet");
}

void collateral_cancel(struct collateral_wait *w)
{
    wait_free(w);
}

/* --- life ----------------------------------------------------------------- */

static int64_t or_default(int64_t number, int64_t otherwise)
{
    return number == 0 ? otherwise : number;
}

void collateral_tick(struct collateral *c)
{
    for (size_t i = 0; i < c->slot_count; i++)
        slot_tick(c->slots[i]);
}

static void on_tick(uv_timer_t *timer)
{
    collateral_tick(CONTAINER_OF(timer, struct collateral, tick));
}

/* Ten times in a refresh period, so that what is due in it is not late: pace.h
 * leaves a tenth. */
static void tick_often_enough(struct collateral *c)
{
    int64_t ms = c->env.refresh_seconds * 1000 / 10;

    ms = MAX_OF(MIN_OF(ms, TICK_MAX_MS), TICK_MIN_MS);
    (void)uv_timer_start(&c->tick, on_tick, (uint64_t)ms, (uint64_t)ms);
}

void collateral_refresh_every(struct collateral *c, int64_t seconds)
{
    c->env.refresh_seconds = or_default(seconds, REFRESH_SECONDS);
    tick_often_enough(c);
}

static void on_tick_closed(uv_handle_t *handle)
{
    part_ended(CONTAINER_OF(handle, struct collateral, tick));
}

static void on_soon_closed(uv_handle_t *handle)
{
    part_ended(CONTAINER_OF(handle, struct collateral, soon));
}

static void fill_env(struct collateral *c, uv_loop_t *loop,
                     const struct log *log)
{
    bool has_store = c->config.store_dir != NULL;

    c->env = (struct slot_env){
        .search = {
            .loop = loop,
            .fetcher = c->fetcher,
            .store = has_store ? &c->store : NULL,
            .log = log,
            .fetch_deadline_ms = or_default(c->config.fetch_deadline_ms,
                                            FETCH_DEADLINE_MS),
            .now_unix = now_of,
            .ctx = c,
        },
        .refresh_seconds = or_default(c->config.refresh_seconds,
                                      REFRESH_SECONDS),
        .on_replaced = on_replaced,
        .on_gone = part_ended,
        .ctx = c,
    };
    c->config.store_dir = NULL; /* the caller's, and |store| has it */
}

/* What can fail, so that nothing has to be closed if it does. */
static enum status acquire(struct collateral *c, uv_loop_t *loop,
                           struct why *why)
{
    if (c->config.store_dir != NULL &&
        store_init(&c->store, c->config.store_dir, why) != STATUS_OK)
        return why->status;
    if (fetcher_open(loop, &c->fetcher) != STATUS_OK)
        return why_fail(why, STATUS_NO_MEMORY, "collateral", NULL, "no memory");
    return STATUS_OK;
}

enum status collateral_open(uv_loop_t *loop,
                            const struct collateral_config *config,
                            const struct log *log, struct collateral **out,
                            struct why *why)
{
    struct collateral *c = calloc(1, sizeof(*c));

    *out = NULL;
    if (c == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "collateral", NULL, "no memory");
    c->config = *config;
    if (c->config.now_unix == NULL)
        c->config.now_unix = system_now;
    if (acquire(c, loop, why) != STATUS_OK) {
        free(c);
        return why->status;
    }
    fill_env(c, loop, log);
    c->parts = 3;
    (void)uv_timer_init(loop, &c->tick); /* cannot fail */
    (void)uv_timer_init(loop, &c->soon);
    tick_often_enough(c);
    uv_unref((uv_handle_t *)&c->tick);
    *out = c;
    return STATUS_OK;
}

static void answer_all(struct collateral *c)
{
    while (c->waits != NULL) {
        (void)why_fail(&c->waits->why, STATUS_SHUTTING_DOWN, "collateral", NULL,
                       "the engine is closed");
        answer(c->waits);
    }
}

void collateral_close(struct collateral *c, void (*on_closed)(void *ctx),
                      void *ctx)
{
    assert(!c->closing);
    c->closing = true;
    c->on_closed = on_closed;
    c->closed_ctx = ctx;
    answer_all(c);
    while (c->slot_count > 0)
        slot_stop(c->slots[--c->slot_count]);
    for (size_t i = 0; i < BUNDLES_MAX; i++)
        bundle_unref(c->bundles[i]);
    fetcher_close(c->fetcher, part_ended, c);
    uv_close((uv_handle_t *)&c->tick, on_tick_closed);
    uv_close((uv_handle_t *)&c->soon, on_soon_closed);
}
