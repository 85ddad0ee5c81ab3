/* proxy/io/blocks.h: memory of large messages, kept for the next one.
 *
 * A block of megabytes that is new to the process is cleared by the system
 * page by page, which costs more than all that is done with what comes into
 * it. So a few are kept between messages, and given back to the system when
 * none was used for a short while.
 *
 * One a loop. Blocks are buffers without content. */
#ifndef PROXY_IO_BLOCKS_H
#define PROXY_IO_BLOCKS_H

#include <stddef.h>
#include <uv.h>

#include "common/buffer.h"

#define BLOCKS_MIN_BYTES (1024 * 1024)       /* a smaller one is not kept */
#define BLOCKS_MAX_BYTES (256 * 1024 * 1024) /* of all that are kept */
#define BLOCKS_MAX       4
#define BLOCKS_KEEP_MS   2000 /* since the last was given */

/* All zero: keeps nothing. */
struct blocks {
    uv_timer_t *timer; /* borrowed; of the loop, not in use */
    struct buffer kept[BLOCKS_MAX];
    size_t count;
    size_t bytes;
};

/* From now on keep blocks, by |timer|, which its owner closes after
 * blocks_free(). */
void blocks_begin(struct blocks *b, uv_timer_t *timer);

/* An empty buffer for up to |max| bytes, with the memory of the largest block
 * that is kept, if any. The caller's. */
struct buffer blocks_take(struct blocks *b, size_t max);

/* Keep the memory of |block|, or free it; it is empty then. */
void blocks_give(struct blocks *b, struct buffer *block);

/* Free all, and keep no more. */
void blocks_free(struct blocks *b);

#endif
