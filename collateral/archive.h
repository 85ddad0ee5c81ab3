/* collateral/archive.h: many items of a store in one file, to carry to a
 * machine without a network.
 *
 * Says nothing about what is in it: stock.h checks each item as if it came from
 * the network. The format, of which docs/schema/collateral-bundle.md tells
 * more:
 *
 *     veritee-bundle 1
 *     item 6241
 *     (as many bytes: a file as store.h has it)
 *     item ...
 *     end 4
 */
#ifndef COLLATERAL_ARCHIVE_H
#define COLLATERAL_ARCHIVE_H

#include <stddef.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/cursor.h"
#include "common/slice.h"
#include "common/status.h"

/* Being written. All zero but for |out| is an empty one. */
struct archive_out {
    struct buffer *out; /* borrowed; its failure is the only error */
    size_t count;
};

void archive_begin(struct archive_out *a);
void archive_add(struct archive_out *a, struct slice file);
void archive_end(struct archive_out *a);

/* Being read. */
struct archive_in {
    struct cursor c;
    size_t count; /* items read */
};

/* Begin to read |bytes|, which are borrowed. Returns STATUS_OK, or
 * STATUS_BAD_VERSION with |why| filled. */
MUST_CHECK enum status archive_open(struct slice bytes, struct archive_in *a,
                                    struct why *why);

/* The next item, borrowed; |file| is empty after the last one. Returns
 * STATUS_OK, or STATUS_BAD_FIELD, STATUS_TRUNCATED, STATUS_LIMIT (more than
 * ARCHIVE_ITEMS_MAX) or STATUS_TRAILING with |why| filled. */
MUST_CHECK enum status archive_next(struct archive_in *a, struct slice *file,
                                    struct why *why);

#endif
