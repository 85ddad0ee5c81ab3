/* collateral/stock.h: the items of a store, looked at without an engine.
 *
 * For tools. Whatever a file says of itself, it is believed only what its
 * signatures say, under the built-in roots or those that the user named; and
 * what is put into a store is checked as if it came from the network. */
#ifndef COLLATERAL_STOCK_H
#define COLLATERAL_STOCK_H

#include <stddef.h>
#include <stdint.h>

#include "collateral/store.h"
#include "collateral/want.h"
#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"

/* What items are checked by. */
struct stock_rules {
    const struct slice *roots; /* besides those built in; borrowed */
    size_t root_count;
    int64_t now_unix;
};

/* What is known of one item. */
struct stock_item {
    struct want want;        /* all zero unless it was recognised */
    struct slice root;       /* which it is under; empty: built in */
    struct item_facts facts; /* all zero unless signed well */
    struct why why;          /* STATUS_OK: good now */
};

/* Check the |entry| that is kept under |name|. |out->why.status| is STATUS_OK,
 * STATUS_EXPIRED or STATUS_NOT_YET with all of |out|, or says what is wrong:
 * STATUS_MISMATCH when it is not what its name says. */
void stock_check(const char *name, const struct store_entry *entry,
                 const struct stock_rules *rules, struct stock_item *out);

enum stock_outcome {
    STOCK_STORED,
    STOCK_SAME,   /* it is there already, to the byte */
    STOCK_OLDER,  /* than what is there: a rollback; refused */
    STOCK_REFUSED /* |item.why| */
};

/* "stored", "same", "older", "refused"; static. */
const char *stock_outcome_name(enum stock_outcome o);

/* Check |entry| and keep it in |s| under |name|, unless what is there is newer.
 * |out| is as of stock_check(), but for the reasons of _OLDER and of a file that
 * cannot be written, which is _REFUSED. */
enum stock_outcome stock_put(const struct store *s, const char *name,
                             const struct store_entry *entry,
                             const struct stock_rules *rules,
                             struct stock_item *out);

#endif
