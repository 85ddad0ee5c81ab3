#include "proxy/io/blocks.h"

#include "common/compiler.h"

static void drop_all(struct blocks *b)
{
    for (; b->count > 0; b->count--)
        buffer_free(&b->kept[b->count - 1]);
    b->bytes = 0;
}

static void on_idle(uv_timer_t *timer)
{
    drop_all(timer->data);
}

void blocks_begin(struct blocks *b, uv_timer_t *timer)
{
    timer->data = b;
    b->timer = timer;
}

struct buffer blocks_take(struct blocks *b, size_t max)
{
    struct buffer taken = buffer_with_max(max);
    size_t best = 0;

    for (size_t i = 1; i < b->count; i++)
        if (b->kept[i].cap > b->kept[best].cap)
            best = i;
    if (b->count == 0 || b->kept[best].cap > max)
        return taken;
    taken = b->kept[best];
    taken.max = max;
    b->bytes -= taken.cap;
    b->kept[best] = b->kept[--b->count];
    return taken;
}

void blocks_give(struct blocks *b, struct buffer *block)
{
    if (b->timer == NULL || b->count == COUNT_OF(b->kept) ||
        block->cap < BLOCKS_MIN_BYTES ||
        block->cap > BLOCKS_MAX_BYTES - b->bytes) {
        buffer_free(block);
        return;
    }
    buffer_clear(block);
    b->kept[b->count++] = *block;
    b->bytes += block->cap;
    *block = buffer_with_max(block->max);
    /* not closing: blocks_free() comes before */
    (void)uv_timer_start(b->timer, on_idle, BLOCKS_KEEP_MS, 0);
}

void blocks_free(struct blocks *b)
{
    if (b->timer != NULL)
        (void)uv_timer_stop(b->timer); /* cannot fail */
    b->timer = NULL;
    drop_all(b);
}
