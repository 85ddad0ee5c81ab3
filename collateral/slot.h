/* collateral/slot.h: one item of collateral: had, looked for, or not to be had.
 *
 * Answers from memory while its item is usable. However many ask meanwhile,
 * one search goes on, and all who wait share what it finds. An item in use is
 * looked for again in the background, long before it ends. */
#ifndef COLLATERAL_SLOT_H
#define COLLATERAL_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "collateral/search.h"

struct slot;

/* What all slots of an engine share. */
struct slot_env {
    struct search_env search;
    int64_t refresh_seconds;        /* as in collateral.h */
    void (*on_replaced)(void *ctx); /* an item took another's place */
    void (*on_gone)(void *ctx);     /* a slot that was stopped is freed */
    void *ctx;                      /* of these two */
};

/* One who waits at a slot; the storage is the asker's. */
struct slot_leg {
    /* Empty: nothing was stapled. Borrowed while the leg waits. */
    struct slice stapled_body;
    struct slice stapled_chain;

    /* Told once, possibly from within slot_ask(): |item|, which a reference
     * may be taken of, or else |why|. Must not call into the same slot. */
    void (*on_settled)(struct slot_leg *leg, struct item *item,
                       const struct why *why);

    /* The slot's. */
    struct slot *slot;     /* NULL unless waiting */
    struct slot_leg *next; /* in the slot's list */
    bool stapled_tried;
};

/* A slot; arguments as for search_new(). NULL when out of memory. */
struct slot *slot_new(const struct slot_env *env, const struct want *want,
                      struct slice root_der, const struct source_list *sources);

/* True if it is what slot_new() with these would make. */
bool slot_is_for(const struct slot *s, const struct want *want,
                 const struct source_list *sources);

/* Wait for the item. */
void slot_ask(struct slot *s, struct slot_leg *leg);

/* Do not wait any longer; nothing if the leg is not waiting. */
void slot_leave(struct slot_leg *leg);

/* Start a search in the background if one is due. */
void slot_tick(struct slot *s);

/* True if nothing is under way and nobody waits: it may be stopped. */
bool slot_is_idle(const struct slot *s);

/* What decides which slot makes room: whether it has an item, and when it was
 * asked last. */
bool slot_has_item(const struct slot *s);
int64_t slot_asked_unix(const struct slot *s);

/* Leave waiting legs untold, give up what is under way, and free it: before
 * this returns, or once the thread pool is done with it. */
void slot_stop(struct slot *s);

#endif
