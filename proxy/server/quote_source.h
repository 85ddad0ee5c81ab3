/* proxy/server/quote_source.h: quotes, made one at a time and off the loop.
 *
 * Quoting takes milliseconds to seconds and cannot be done twice at once on
 * most platforms. So requests wait in a queue of a fixed length, a worker
 * thread makes one quote after the other, and who comes when the queue is full
 * is told so. What makes them is a struct quote_maker: a platform's interface,
 * a command, or a simulation. Knows nothing of keys and challenges. */
#ifndef PROXY_SERVER_QUOTE_SOURCE_H
#define PROXY_SERVER_QUOTE_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/log.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/server/proof.h"

#define QUOTE_REPORT_DATA_BYTES 64

struct quote_maker {
    const char *name; /* static, for logs: "simulated" */
    /* Put a quote over |report_data| into |out|, empty; may block. Runs on a
     * worker thread, never twice at once. Returns STATUS_OK, or any other status with
     * |why| filled. */
    enum status (*make)(void *ctx,
                        const uint8_t report_data[QUOTE_REPORT_DATA_BYTES],
                        struct proof *out, struct why *why);
    void *ctx; /* borrowed; outlives the loop */
};

struct quote_source;
struct quote_order; /* one quote asked for */

/* |maker| is copied. |waiting_max| orders, 1 or more, may wait besides the one
 * being made.
 * Returns STATUS_OK or STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status quote_source_open(uv_loop_t *loop,
                                         const struct quote_maker *maker,
                                         size_t waiting_max,
                                         const struct log *log,
                                         struct quote_source **out);

/* Make no more than |a_second| quotes ordered by quote_source_get() in a second,
 * and as many at once after a rest: the others wait. 0, as at the start: any
 * number. */
void quote_source_limit(struct quote_source *s, size_t a_second);

/* What was made, borrowed during the call; or NULL, and |why| says what failed
 * (NULL when nothing did). */
typedef void quote_done_fn(void *ctx, const struct proof *proof,
                           const struct why *why);

/* Order a quote. |on_done| is called once, never from within, unless the order
 * is cancelled or the source closed before; the order is over then.
 * Returns STATUS_OK, STATUS_BUSY when the queue is full, or STATUS_NO_MEMORY;
 * |*out| is NULL unless OK. */
MUST_CHECK enum status
quote_source_get(struct quote_source *s,
                 const uint8_t report_data[static QUOTE_REPORT_DATA_BYTES],
                 quote_done_fn *on_done, void *ctx, struct quote_order **out);

/* The same, but ahead of all that wait, without a limit and never STATUS_BUSY:
 * for the one order that everybody else depends on. */
MUST_CHECK enum status quote_source_get_first(
    struct quote_source *s,
    const uint8_t report_data[static QUOTE_REPORT_DATA_BYTES],
    quote_done_fn *on_done, void *ctx, struct quote_order **out);

/* on_done() will not be called. Not after it was; NULL is allowed. */
void quote_source_cancel(struct quote_order *order);

/* What became of the orders, since the start. */
struct quote_figures {
    uint64_t made;
    uint64_t failed;
    uint64_t busy; /* refused: the queue was full */
};

struct quote_figures quote_source_figures(const struct quote_source *s);

/* Orders that were waiting, the one being made not counted. */
size_t quote_source_waiting(const struct quote_source *s);

/* No callback follows. The memory goes later, when the quote being made is
 * ready, for which the loop waits. NULL is allowed. */
void quote_source_close(struct quote_source *s);

#endif
