#include "proxy/server/keys.h"

#include <assert.h>
#include <stdlib.h>

#include "common/compiler.h"
#include "common/secret.h"
#include "proxy/server/teekit_evidence.h"
#include "proxy/tunnel/session.h"

#define TICK_MIN_MS 100
#define TICK_MAX_MS 30000 /* a machine that slept is noticed within */

/* Freed in on_timer_closed() only. */
struct keys {
    struct keys_config config;
    uv_timer_t timer;
    uint64_t made;              /* epochs begun so far */
    uv_mutex_t lock;            /* of |current|, against keys_hold() */
    struct keys_epoch *current; /* NULL: none that may be used */
    struct keys_epoch *next;    /* waits for its quote; NULL: none */
    struct quote_order *order;  /* of |next| */
    int64_t failed_ms; /* when the last attempt failed; 0: it did not */
    bool told_first;
};

void keys_let_go(struct keys_epoch *e)
{
    if (e == NULL || atomic_fetch_sub(&e->holders, 1) > 1)
        return;
    keypair_free(e->pair);
    proof_fini(&e->proof);
    proof_fini(&e->teekit);
    free(e);
}

static struct keys_epoch *epoch_new(struct keys *k)
{
    struct keys_epoch *e = calloc(1, sizeof(*e));

    if (e == NULL)
        return NULL;
    atomic_init(&e->holders, 1);
    proof_init(&e->proof);
    proof_init(&e->teekit);
    e->issued_unix = k->config.now_ms() / 1000;
    secret_random(e->nonce, sizeof(e->nonce));
    e->pair = keypair_new();
    if (e->pair == NULL) {
        keys_let_go(e);
        return NULL;
    }
    e->number = ++k->made;
    return e;
}

/* Let |e|, which is taken, stand where the current epoch did. */
static void set_current(struct keys *k, struct keys_epoch *e)
{
    struct keys_epoch *old;

    uv_mutex_lock(&k->lock);
    old = k->current;
    k->current = e;
    uv_mutex_unlock(&k->lock);
    keys_let_go(old);
}

/* Give |next| up, and try again later. */
static void fail_next(struct keys *k, enum status st)
{
    keys_let_go(k->next);
    k->next = NULL;
    k->failed_ms = k->config.now_ms();
    log_event(k->config.log, LOG_WARN, "keys.failed",
              LOG_FIELDS(LOG_S("status", status_name(st)),
                         LOG_N("epochs", k->made)));
}

/* |next| has all its quotes. */
static void adopt_next(struct keys *k)
{
    set_current(k, k->next);
    k->next = NULL;
    log_event(k->config.log, LOG_INFO, "keys.epoch",
              LOG_FIELDS(LOG_N("epoch", k->current->number)));
    if (k->config.on_epoch != NULL)
        k->config.on_epoch(k->config.ctx, &k->current->proof);
    if (k->told_first)
        return;
    k->told_first = true;
    k->config.on_first(k->config.ctx); /* may close us */
}

static void order(struct keys *k, const uint8_t *binding,
                  quote_done_fn *on_done)
{
    enum status st = quote_source_get_first(k->config.source, binding, on_done,
                                            k, &k->order);

    if (st != STATUS_OK)
        fail_next(k, st);
}

/* Put what was made into |to|; false when |next| had to be given up. */
static bool take_proof(struct keys *k, const struct proof *proof,
                       const struct why *why, struct proof *to)
{
    k->order = NULL;
    if (proof != NULL)
        proof_copy(proof, to);
    if (why == NULL && proof_ok(to))
        return true;
    fail_next(k, why != NULL ? why->status : STATUS_NO_MEMORY);
    return false;
}

static void on_teekit_quote(void *ctx, const struct proof *proof,
                            const struct why *why)
{
    struct keys *k = ctx;

    if (take_proof(k, proof, why, &k->next->teekit))
        adopt_next(k);
}

static void on_quote(void *ctx, const struct proof *proof,
                     const struct why *why)
{
    struct keys *k = ctx;
    uint8_t binding[TEEKIT_BINDING_BYTES];

    if (!take_proof(k, proof, why, &k->next->proof))
        return;
    if (k->config.teekit && teekit_evidence_differs(k->next, binding))
        order(k, binding, on_teekit_quote);
    else
        adopt_next(k);
}

static void make_next(struct keys *k)
{
    uint8_t binding[QUOTE_REPORT_DATA_BYTES];

    k->next = epoch_new(k);
    if (k->next == NULL) {
        fail_next(k, STATUS_NO_MEMORY);
        return;
    }
    session_epoch_binding(k->next->nonce, k->next->issued_unix,
                          k->next->pair->public_key, binding);
    order(k, binding, on_quote);
}

/* Age of the current epoch. A clock that went back says nothing of it, so
 * that it counts as over. */
static int64_t age_ms(const struct keys *k, int64_t now_ms)
{
    int64_t age = now_ms - k->current->issued_unix * 1000;

    return age >= 0 ? age : k->config.epoch_ms;
}

/* Is it too early to try again? Not when the clock went back. */
static bool is_resting(const struct keys *k, int64_t now_ms)
{
    const int64_t rest_ms = MIN_OF(k->config.epoch_ms / 10, KEYS_RETRY_MS);

    return now_ms >= k->failed_ms && now_ms < k->failed_ms + rest_ms;
}

void keys_tick(struct keys *k)
{
    int64_t now_ms = k->config.now_ms();

    if (k->current != NULL && age_ms(k, now_ms) >= 2 * k->config.epoch_ms) {
        log_event(k->config.log, LOG_ERROR, "keys.too_old",
                  LOG_FIELDS(LOG_N("epoch", k->current->number)));
        set_current(k, NULL);
    }
    if (k->next != NULL || is_resting(k, now_ms))
        return;
    if (k->current == NULL ||
        age_ms(k, now_ms) >= k->config.epoch_ms - k->config.epoch_ms / 10)
        make_next(k);
}

static void on_timer(uv_timer_t *timer)
{
    keys_tick(CONTAINER_OF(timer, struct keys, timer));
}

enum status keys_open(uv_loop_t *loop, const struct keys_config *config,
                      struct keys **out)
{
    const int64_t wish_ms = config->epoch_ms / 20;
    const int64_t tick_ms = MAX_OF(TICK_MIN_MS, MIN_OF(wish_ms, TICK_MAX_MS));
    struct keys *k = calloc(1, sizeof(*k));
    int rc;

    *out = k;
    if (k == NULL)
        return STATUS_NO_MEMORY;
    if (uv_mutex_init(&k->lock) != 0) {
        free(k);
        *out = NULL;
        return STATUS_NO_MEMORY;
    }
    k->config = *config;
    rc = uv_timer_init(loop, &k->timer);
    assert(rc == 0); /* never fails */
    rc = uv_timer_start(&k->timer, on_timer, 0, (uint64_t)tick_ms);
    assert(rc == 0); /* fails only while closing */
    return STATUS_OK;
}

struct keys_epoch *keys_hold(struct keys *k)
{
    struct keys_epoch *e;

    uv_mutex_lock(&k->lock);
    e = k->current;
    if (e != NULL)
        (void)atomic_fetch_add(&e->holders, 1);
    uv_mutex_unlock(&k->lock);
    return e;
}

bool keys_ready(struct keys *k)
{
    struct keys_epoch *e = keys_hold(k);

    keys_let_go(e);
    return e != NULL;
}

static void on_timer_closed(uv_handle_t *timer)
{
    struct keys *k = CONTAINER_OF(timer, struct keys, timer);

    uv_mutex_destroy(&k->lock);
    free(k);
}

void keys_close(struct keys *k)
{
    if (k == NULL || uv_is_closing((uv_handle_t *)&k->timer))
        return;
    quote_source_cancel(k->order);
    keys_let_go(k->next);
    k->next = NULL;
    set_current(k, NULL);
    uv_close((uv_handle_t *)&k->timer, on_timer_closed);
}
