/* collateral/item.h: one item of collateral that was checked and may be kept.
 *
 * Immutable once made and counted by reference, so that bundles, the memory
 * of the engine and threads that verify share it without copies. References
 * are taken and given back on the loop's thread only; the content may be read
 * from any thread that a reference is held for. */
#ifndef COLLATERAL_ITEM_H
#define COLLATERAL_ITEM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"
#include "verifier/collateral_set.h"

struct item {
    enum collateral_item kind;
    struct slice body;       /* JSON, or DER of a CRL; in |bytes| */
    struct slice chain;      /* PEM; empty for the root CRL; in |bytes| */
    const char *origin;      /* "stapled" or a URL; in |bytes| */
    int64_t fetched_unix;    /* when it came from outside, by our clock */
    struct item_facts facts; /* what its signed content says */
    unsigned refs;
    uint8_t bytes[];
};

/* A new item with copies of |body| and |chain| (each COLLATERAL_MAX_BYTES at
 * most) and |origin|, held once. NULL when out of memory. */
struct item *item_new(enum collateral_item kind, struct slice body,
                      struct slice chain, const char *origin,
                      int64_t fetched_unix, const struct item_facts *facts);

/* One reference more; returns |item|. */
struct item *item_ref(struct item *item);

/* One reference less; the last one frees it. NULL is allowed. */
void item_unref(struct item *item);

/* It came from a peer, and no service of the user's has given it since. */
bool item_is_stapled(const struct item *item);

/* The same bytes in body and chain. */
bool item_same(const struct item *a, const struct item *b);

/* True up to and including its last second. */
bool item_usable(const struct item *item, int64_t now_unix);

#endif
