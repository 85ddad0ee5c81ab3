#include "collateral/collateral.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "collateral/fetch.h"
#include "collateral/roster.h"
#include "collateral/shelf.h"
#include "collateral/slot.h"
#include "collateral/store.h"
#include "common/buffer.h"
#include "common/limits.h"
#include "verifier/snp_item.h"

#define TICK_MAX_MS       10000
#define TICK_MIN_MS       1000
#define REFRESH_SECONDS   ((int64_t)8 * 3600)
#define FETCH_DEADLINE_MS 10000

/* Freed by one line, when all its parts have ended: two timers, the fetcher
 * and the slots. */
struct collateral {
    struct collateral_config config; /* |store_dir| is not kept */
    struct slot_env env;
    struct store store;
    struct fetcher *fetcher;
    uv_timer_t tick;
    uv_timer_t soon; /* runs while somebody is to be told something */
    struct roster roster;
    struct collateral_wait *waits; /* owned, a list */
    size_t wait_count;
    struct shelf shelf;
    bool changed; /* on_changed() is due */
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
        bool is_optional;   /* the answer may go without */
        struct buffer body; /* what is stapled; borrowed by |leg| */
        struct buffer chain;
        bool is_pending;   /* asked for, and not settled */
        struct item *item; /* held; NULL until settled, or if not had */
        struct why why;    /* why it was not had; else all zero */
    } legs[ITEM_COUNT];
    struct why why; /* of the first leg that failed; or all zero */

    /* Frees the wait, then tells whoever asked. */
    void (*answer)(struct collateral_wait *w);
    union {
        collateral_done *bundle;
        collateral_snp_done *snp;
        collateral_numbers_done *numbers;
    } done; /* which of them, |answer| knows */
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

/* Is |w| to be answered now? Then |w->why| says whether it has all. Legs behind
 * one that has failed are not worth waiting for; those before it are, so that
 * the same is always told first. */
static bool conclude(struct collateral_wait *w)
{
    for (size_t i = 0; i < COUNT_OF(w->legs); i++) {
        const struct wait_leg *leg = &w->legs[i];

        if (leg->is_pending)
            return false;
        if (leg->why.status == STATUS_OK || leg->is_optional)
            continue;
        w->why = leg->why;
        return true;
    }
    return true;
}

/* Take |w| out of its engine and free it. */
static void wait_free(struct collateral_wait *w)
{
    struct collateral_wait **at = &w->engine->waits;

    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    w->engine->wait_count--;
    for (size_t i = 0; i < COUNT_OF(w->legs); i++) {
        slot_leave(&w->legs[i].leg);
        buffer_free(&w->legs[i].body);
        buffer_free(&w->legs[i].chain);
        item_unref(w->legs[i].item);
    }
    free(w);
}

/* The bundle |w| waited for; or NULL, and |w->why| says why not. */
static struct bundle *result_of(struct collateral_wait *w)
{
    struct collateral *c = w->engine;
    struct item *items[ITEM_COUNT];
    struct bundle *b;

    if (w->why.status != STATUS_OK)
        return NULL;
    for (size_t i = 0; i < ITEM_COUNT; i++)
        items[i] = w->legs[i].item;
    b = shelf_bundle_of(&c->shelf, items);
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
static void answer_bundle(struct collateral_wait *w)
{
    struct bundle *b = result_of(w);
    struct why why = w->why;
    collateral_done *done = w->done.bundle;
    void *ctx = w->ctx;

    wait_free(w);
    done(ctx, b, b == NULL ? &why : NULL);
    bundle_unref(b);
}

enum { SNP_VCEK_LEG, SNP_CRL_LEG, SNP_LEGS };

static void answer_snp(struct collateral_wait *w)
{
    struct collateral_snp snp = { .vcek = w->legs[SNP_VCEK_LEG].item,
                                  .crl = w->legs[SNP_CRL_LEG].item,
                                  .crl_why = w->legs[SNP_CRL_LEG].why };
    struct why why = w->why;
    collateral_snp_done *done = w->done.snp;
    void *ctx = w->ctx;
    bool ok = why.status == STATUS_OK;

    w->legs[SNP_VCEK_LEG].item = w->legs[SNP_CRL_LEG].item = NULL;
    wait_free(w);
    done(ctx, ok ? &snp : NULL, ok ? NULL : &why);
    item_unref(snp.vcek);
    item_unref(snp.crl);
}

static void answer_numbers(struct collateral_wait *w)
{
    struct tcb_numbers numbers = { .tee = TEE_NONE };
    struct why why = w->why;
    collateral_numbers_done *done = w->done.numbers;
    void *ctx = w->ctx;
    enum status st = why.status;

    if (st == STATUS_OK)
        st = tcb_numbers_read(w->legs[0].item->body, &numbers, &why);
    wait_free(w);
    done(ctx, st == STATUS_OK ? &numbers : NULL, st == STATUS_OK ? NULL : &why);
}

static struct collateral_wait *next_answered(const struct collateral *c)
{
    struct collateral_wait *w = c->waits;

    while (w != NULL && !conclude(w))
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
        w->answer(w);
    }
}

static void on_settled(struct slot_leg *slot_leg, struct item *item,
                       const struct why *why)
{
    struct wait_leg *leg = CONTAINER_OF(slot_leg, struct wait_leg, leg);
    struct collateral_wait *w = leg->wait;

    leg->is_pending = false;
    if (item != NULL)
        leg->item = item_ref(item);
    else
        leg->why = *why;
    if (conclude(w))
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

/* --- requests ------------------------------------------------------------- */

/* What is over the limit, or finds no memory, counts as not stapled. */
static void staple(struct wait_leg *leg, struct slice body, struct slice chain)
{
    buffer_add(&leg->body, body);
    buffer_add(&leg->chain, chain);
    leg->leg.stapled_body = buffer_view(&leg->body);
    leg->leg.stapled_chain = buffer_view(&leg->chain);
}

static struct collateral_wait *
wait_new(struct collateral *c, void (*answer)(struct collateral_wait *w),
         void *ctx)
{
    struct collateral_wait *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return NULL;
    w->engine = c;
    w->answer = answer;
    w->ctx = ctx;
    for (size_t i = 0; i < COUNT_OF(w->legs); i++) {
        struct wait_leg *leg = &w->legs[i];

        leg->wait = w;
        leg->leg.on_settled = on_settled;
        leg->body = leg->chain = buffer_with_max(COLLATERAL_MAX_BYTES);
    }
    w->next = c->waits;
    c->waits = w;
    c->wait_count++;
    return w;
}

/* One item that is waited for. */
struct ask {
    struct want want;
    struct wait_leg *leg;
};

/* Ask for each, until one is known not to be had. All are pending before the
 * first may settle. */
static enum status ask_all(struct collateral_wait *w, const struct ask *asks,
                           size_t count, struct slice root,
                           const struct source_list *sources, struct why *why)
{
    struct collateral *c = w->engine;

    for (size_t i = 0; i < count; i++)
        asks[i].leg->is_pending = true;
    for (size_t i = 0; i < count && w->why.status == STATUS_OK; i++) {
        bool is_new;
        struct slot *s = roster_slot_for(&c->roster, &asks[i].want, root,
                                         sources, &is_new, why);

        if (s == NULL)
            return why->status;
        c->parts += is_new;
        slot_ask(s, &asks[i].leg->leg);
    }
    return STATUS_OK;
}

static enum status check_room(const struct collateral *c, struct why *why)
{
    if (c->closing)
        return why_fail(why, STATUS_SHUTTING_DOWN, "collateral", NULL,
                        "the engine is closed");
    if (c->wait_count == COLLATERAL_WAITS_MAX)
        return why_fail(why, STATUS_LIMIT, "collateral", NULL,
                        "%d requests are waiting already",
                        COLLATERAL_WAITS_MAX);
    return STATUS_OK;
}

static enum status check_tee(enum tee_type tee, struct why *why)
{
    if (tee == TEE_SGX || tee == TEE_TDX)
        return STATUS_OK;
    return why_fail(why, STATUS_UNSUPPORTED, "collateral", NULL,
                    "there is no such collateral for \"%s\"", tee_name(tee));
}

/* Begin to wait for |asks| in |sources|; |w| is freed unless OK. */
static enum status begin(struct collateral_wait *w, const struct ask *asks,
                         size_t count, struct slice root,
                         const struct collateral_source *from,
                         size_t from_count, struct collateral_wait **out,
                         struct why *why)
{
    struct source_list sources;
    enum status st = source_list_copy(from, from_count, &sources, why);

    if (st == STATUS_OK)
        st = ask_all(w, asks, count, root, &sources, why);
    source_list_free(&sources);
    if (st == STATUS_OK)
        *out = w;
    else
        wait_free(w);
    return st;
}

static enum status no_memory(struct why *why)
{
    return why_fail(why, STATUS_NO_MEMORY, "collateral", NULL, "no memory");
}

enum status collateral_get(struct collateral *c,
                           const struct collateral_request *request,
                           struct collateral_wait **out, struct why *why)
{
    const struct collateral_request *r = request;
    struct ask asks[ITEM_COUNT];
    struct collateral_wait *w;
    enum status st = check_room(c, why);

    *out = NULL;
    if (st == STATUS_OK)
        st = check_tee(r->platform.tee, why);
    if (st != STATUS_OK)
        return st;
    w = wait_new(c, answer_bundle, r->ctx);
    if (w == NULL)
        return no_memory(why);
    w->done.bundle = r->done;
    for (enum collateral_item i = 0; i < ITEM_COUNT; i++) {
        struct slice body, chain;

        asks[i] =
            (struct ask){ want_of(i, &r->platform, &r->update, r->root_der),
                          &w->legs[i] };
        if (r->stapled == NULL)
            continue;
        collateral_item_slices(r->stapled, i, &body, &chain);
        staple(&w->legs[i], body, chain);
    }
    return begin(w, asks, ITEM_COUNT, r->root_der, r->sources, r->source_count,
                 out, why);
}

enum status collateral_get_snp(struct collateral *c,
                               const struct collateral_snp_request *request,
                               struct collateral_wait **out, struct why *why)
{
    const struct collateral_snp_request *r = request;
    struct snp_item_wish wish;
    struct ask asks[SNP_LEGS];
    size_t count = 0;
    struct collateral_wait *w;
    enum status st = check_room(c, why);

    *out = NULL;
    if (st == STATUS_OK)
        st = snp_item_wish_read(r->report, r->endorsement, &wish, why);
    if (st != STATUS_OK)
        return st;
    w = wait_new(c, answer_snp, r->ctx);
    if (w == NULL)
        return no_memory(why);
    w->done.snp = r->done;
    if (r->endorsement.len == 0)
        asks[count++] =
            (struct ask){ want_of_snp(ITEM_VCEK, &wish, r->root_pem),
                          &w->legs[SNP_VCEK_LEG] };
    asks[count++] = (struct ask){ want_of_snp(ITEM_ARK_CRL, &wish, r->root_pem),
                                  &w->legs[SNP_CRL_LEG] };
    w->legs[SNP_CRL_LEG].is_optional = true;
    staple(&w->legs[SNP_CRL_LEG], r->crl, (struct slice){ 0 });
    return begin(w, asks, count, r->root_pem, r->sources, r->source_count, out,
                 why);
}

enum status
collateral_get_numbers(struct collateral *c,
                       const struct collateral_numbers_request *request,
                       struct collateral_wait **out, struct why *why)
{
    const struct collateral_numbers_request *r = request;
    struct collateral_wait *w;
    struct ask ask;
    enum status st = check_room(c, why);

    *out = NULL;
    if (st == STATUS_OK)
        st = check_tee(r->tee, why);
    if (st != STATUS_OK)
        return st;
    w = wait_new(c, answer_numbers, r->ctx);
    if (w == NULL)
        return no_memory(why);
    w->done.numbers = r->done;
    ask = (struct ask){ want_of_numbers(r->tee, r->root_der), &w->legs[0] };
    return begin(w, &ask, 1, r->root_der, r->sources, r->source_count, out,
                 why);
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
    roster_tick(&c->roster);
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
    c->roster.env = &c->env;
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
        c->waits->answer(c->waits);
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
    roster_stop(&c->roster);
    shelf_clear(&c->shelf);
    fetcher_close(c->fetcher, part_ended, c);
    uv_close((uv_handle_t *)&c->tick, on_tick_closed);
    uv_close((uv_handle_t *)&c->soon, on_soon_closed);
}
