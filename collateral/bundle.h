/* collateral/bundle.h: the checked collateral of one platform, all of it.
 *
 * Immutable once made and counted by reference, under the rules of item.h.
 * While the items do not change, the engine hands out the same bundle, so
 * that its address can stand for its content as long as it is held. */
#ifndef COLLATERAL_BUNDLE_H
#define COLLATERAL_BUNDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "collateral/item.h"
#include "verifier/collateral_set.h"
#include "verifier/verify.h"

struct bundle {
    struct collateral_set set;      /* views into |items| */
    struct item *items[ITEM_COUNT]; /* held; indexed by enum collateral_item */
    int64_t next_update_unix;       /* least of the items': the last second */
    enum collateral_item next_item; /* the item whose it is */
    unsigned refs;
    struct trusted_set *trusted; /* owned; |set| with its signatures checked, if
                                  * somebody did; set once, on the loop */
};

/* A new bundle that takes a reference to each of |items| (none NULL), held
 * once. NULL when out of memory. */
struct bundle *bundle_new(struct item *const items[ITEM_COUNT]);

/* One reference more; returns |b|. */
struct bundle *bundle_ref(struct bundle *b);

/* One reference less; the last one frees it. NULL is allowed. */
void bundle_unref(struct bundle *b);

/* True up to and including the last second of all its items. */
bool bundle_usable(const struct bundle *b, int64_t now_unix);

#endif
