/* collateral/shelf.h: the bundles that were handed out last.
 *
 * So that answers that are alike get the same bundle, whose address can stand
 * for its content. */
#ifndef COLLATERAL_SHELF_H
#define COLLATERAL_SHELF_H

#include <stddef.h>

#include "collateral/bundle.h"
#include "collateral/item.h"

/* More are rarely in use. */
#define SHELF_BUNDLES 16

/* All zero is an empty one. */
struct shelf {
    struct bundle *bundles[SHELF_BUNDLES]; /* held; NULL where none */
    size_t next;                           /* whose turn to go it is */
};

/* The bundle of |items|, old or new; one reference is the caller's. NULL when
 * out of memory. */
struct bundle *shelf_bundle_of(struct shelf *s,
                               struct item *const items[ITEM_COUNT]);

/* Give back all that |s| holds, and empty it. */
void shelf_clear(struct shelf *s);

#endif
