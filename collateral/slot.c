#include "collateral/slot.h"

#include <assert.h>
#include <stdlib.h>

#include "collateral/pace.h"
#include "common/secret.h"
#include "common/text.h"

/* Items that nobody asked for in this time are left to expire. */
#define IN_USE_SECONDS ((int64_t)7 * 24 * 3600)

/* How often a VCEK is looked for again. */
#define LASTING_SECONDS ((int64_t)90 * 24 * 3600)

/* Freed by one line, when its search has stopped. */
struct slot {
    const struct slot_env *env; /* borrowed */
    struct search *search;      /* owned */
    bool is_lasting;            /* its item is good for years */
    bool in_background;         /* the search under way began as a refresh */
    struct item *item;          /* held; NULL if none; may have expired */
    int64_t looked_unix;  /* when it came, or was confirmed, from outside */
    int64_t refresh_unix; /* when to look again */
    unsigned refresh_failures; /* in a row */
    struct slot_leg *legs;     /* borrowed, a list */
    int64_t asked_unix;
};

static int64_t now_of(const struct slot *s)
{
    return s->env->search.now_unix(s->env->search.ctx);
}

static uint32_t random_number(void)
{
    uint32_t number;

    secret_random(&number, sizeof(number));
    return number;
}

static void settle_all(struct slot *s, struct item *item, const struct why *why)
{
    struct slot_leg *leg = s->legs;

    s->legs = NULL;
    while (leg != NULL) {
        struct slot_leg *next = leg->next; /* |leg| may die when told */

        leg->slot = NULL;
        leg->on_settled(leg, item, why);
        leg = next;
    }
}

static void log_item(const struct slot *s, const struct item *item)
{
    char until[TEXT_TIME_ROOM];

    text_time(item->facts.next_update_unix, until);
    log_event(s->env->search.log, LOG_INFO, "collateral.got",
              LOG_FIELDS(LOG_S("item", collateral_item_name(item->kind)),
                         LOG_S("from", item->origin), LOG_S("until", until)));
}

/* A certificate does not change; the list that may name it does. */
static int64_t every_of(const struct slot *s)
{
    return s->is_lasting ? LASTING_SECONDS : s->env->refresh_seconds;
}

static void plan_refresh(struct slot *s, const struct item *item)
{
    s->refresh_failures = 0;
    s->looked_unix = item->fetched_unix;
    s->refresh_unix =
        pace_refresh_unix(item->fetched_unix, item->facts.next_update_unix,
                          every_of(s), random_number());
    if (item_is_stapled(item) && search_has_service(s->search))
        s->refresh_unix = MIN_OF(s->refresh_unix,
                                 pace_confirm_unix(now_of(s), random_number()));
}

static void on_found(void *ctx, struct item *item)
{
    struct slot *s = ctx;
    struct item *old = s->item;

    s->in_background = false;
    plan_refresh(s, item);
    if (old != NULL && item_same(old, item)) {
        /* The old one stays, so that bundles stay what they are. */
        item_unref(item);
        settle_all(s, old, NULL);
        return;
    }
    log_item(s, item);
    s->item = item;
    settle_all(s, item, NULL);
    if (old != NULL)
        s->env->on_replaced(s->env->ctx);
    item_unref(old);
}

static void on_failed(void *ctx, const struct why *why)
{
    struct slot *s = ctx;

    if (!s->in_background) {
        settle_all(s, NULL, why);
        return;
    }
    s->in_background = false;
    s->refresh_failures++;
    s->refresh_unix =
        now_of(s) + pace_retry_seconds(s->refresh_failures, random_number());
    if (s->legs != NULL) /* it expired meanwhile: these may have it stapled */
        search_start(s->search);
}

static bool on_next_stapled(void *ctx, struct slice *body, struct slice *chain)
{
    const struct slot *s = ctx;

    for (struct slot_leg *leg = s->legs; leg != NULL; leg = leg->next) {
        if (leg->stapled_tried)
            continue;
        leg->stapled_tried = true;
        *body = leg->stapled_body;
        *chain = leg->stapled_chain;
        return true;
    }
    return false;
}

static void on_stopped(void *ctx)
{
    struct slot *s = ctx;
    const struct slot_env *env = s->env;

    item_unref(s->item);
    free(s);
    env->on_gone(env->ctx);
}

static const struct search_events events = {
    .next_stapled = on_next_stapled,
    .on_found = on_found,
    .on_failed = on_failed,
    .on_stopped = on_stopped,
};

struct slot *slot_new(const struct slot_env *env, const struct want *want,
                      struct slice root_der, const struct source_list *sources)
{
    struct slot *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->env = env;
    s->is_lasting = want->item == ITEM_VCEK;
    s->asked_unix = now_of(s);
    s->search = search_new(&env->search, want, root_der, sources, &events, s);
    if (s->search == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

bool slot_is_for(const struct slot *s, const struct want *want,
                 const struct source_list *sources)
{
    return search_is_for(s->search, want, sources);
}

void slot_ask(struct slot *s, struct slot_leg *leg)
{
    struct why why;

    assert(leg->slot == NULL);
    s->asked_unix = now_of(s);
    if (!search_clock_is_sane(s->search, &why)) {
        leg->on_settled(leg, NULL, &why);
        return;
    }
    if (s->item != NULL && item_usable(s->item, s->asked_unix)) {
        leg->on_settled(leg, s->item, NULL);
        return;
    }
    leg->stapled_tried = leg->stapled_body.len == 0;
    leg->slot = s;
    leg->next = s->legs;
    s->legs = leg;
    if (search_is_idle(s->search))
        search_start(s->search);
}

void slot_leave(struct slot_leg *leg)
{
    struct slot_leg **at;

    if (leg->slot == NULL)
        return;
    at = &leg->slot->legs;
    while (*at != leg)
        at = &(*at)->next;
    *at = leg->next;
    leg->slot = NULL;
}

void slot_tick(struct slot *s)
{
    int64_t now = now_of(s);
    int64_t longest = MAX_OF(every_of(s), PACE_REFRESH_FAST_SECONDS);

    if (s->item == NULL || !search_is_idle(s->search))
        return;
    if (now - s->asked_unix > IN_USE_SECONDS ||
        !pace_is_due(now, s->refresh_unix, longest))
        return;
    s->in_background = true;
    search_start_newer(s->search, s->looked_unix);
}

bool slot_is_idle(const struct slot *s)
{
    return search_is_idle(s->search) && s->legs == NULL;
}

bool slot_has_item(const struct slot *s)
{
    return s->item != NULL;
}

int64_t slot_asked_unix(const struct slot *s)
{
    return s->asked_unix;
}

void slot_stop(struct slot *s)
{
    while (s->legs != NULL)
        slot_leave(s->legs);
    search_stop(s->search);
}
