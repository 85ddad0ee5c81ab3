/* proxy/tools/collateral_words.h: an item of collateral, to people and programs.
 *
 * docs/schema/collateral.schema.json has the shape of the objects. */
#ifndef PROXY_TOOLS_COLLATERAL_WORDS_H
#define PROXY_TOOLS_COLLATERAL_WORDS_H

#include <stdint.h>

#include "collateral/stock.h"
#include "collateral/store.h"
#include "common/buffer.h"
#include "common/json_out.h"

/* An item, the name it is kept under, and where from. All borrowed. */
struct collateral_words {
    const char *name;
    const struct store_entry *entry;
    const struct stock_item *item;
    const char *outcome; /* "stored"...; NULL: it was only looked at */
    int64_t now_unix;
};

/* Some lines. */
void collateral_words_text(const struct collateral_words *w,
                           struct buffer *out);

/* One object in the array that is open. */
void collateral_words_json(const struct collateral_words *w,
                           struct json_out *j);

#endif
