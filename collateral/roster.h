/* collateral/roster.h: the slots of an engine, at most COLLATERAL_SLOTS_MAX.
 *
 * One for each item under each list of sources. When all are taken, the one
 * that is missed least makes room. */
#ifndef COLLATERAL_ROSTER_H
#define COLLATERAL_ROSTER_H

#include <stddef.h>

#include "collateral/slot.h"
#include "collateral/source.h"
#include "collateral/want.h"
#include "common/limits.h"
#include "common/slice.h"
#include "common/status.h"

/* All zero but for |env| is an empty one. */
struct roster {
    const struct slot_env *env; /* borrowed */
    size_t count;
    struct slot *slots[COLLATERAL_SLOTS_MAX]; /* owned */
};

/* The slot for |want|, old or new; arguments as for search_new(). |*is_new|
 * tells which: of each new one, env->on_gone() will tell. NULL with |why|
 * filled: STATUS_LIMIT when all are in use, or STATUS_NO_MEMORY. */
struct slot *roster_slot_for(struct roster *r, const struct want *want,
                             struct slice root_der,
                             const struct source_list *sources, bool *is_new,
                             struct why *why);

/* Start what is due in the background. */
void roster_tick(struct roster *r);

/* Stop them all. */
void roster_stop(struct roster *r);

#endif
