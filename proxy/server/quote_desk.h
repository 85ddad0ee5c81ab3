/* proxy/server/quote_desk.h: the one quote source, for workers on other
 * threads.
 *
 * The desk is on the loop of the source; a worker has a line to it, and
 * calls. */
#ifndef PROXY_SERVER_QUOTE_DESK_H
#define PROXY_SERVER_QUOTE_DESK_H

#include "common/status.h"
#include "proxy/io/mailbox.h"
#include "proxy/server/quote_source.h"

struct quote_desk;
struct quote_call; /* one quote asked for by a worker */

/* On the loop of |source| and |mailbox|, which outlive it. Returns STATUS_OK
 * or STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status quote_desk_open(struct quote_source *source,
                                       struct mailbox *mailbox,
                                       struct quote_desk **out);

/* When no worker is left and |mailbox| is closed; before the source is. NULL is
 * allowed. */
void quote_desk_close(struct quote_desk *d);

/* Where a worker asks, and where it hears. */
struct quote_line {
    struct quote_desk *desk;
    struct mailbox *home; /* of the worker's loop */
};

/* On the worker's loop: as quote_source_get(), but that a full queue is told
 * by |on_done|, with STATUS_BUSY. Returns STATUS_OK, STATUS_BUSY when not even
 * the mailbox has room, STATUS_SHUTTING_DOWN or STATUS_NO_MEMORY; |*out| is
 * NULL unless OK. */
MUST_CHECK enum status
quote_desk_get(const struct quote_line *line,
               const uint8_t report_data[static QUOTE_REPORT_DATA_BYTES],
               quote_done_fn *on_done, void *ctx, struct quote_call **out);

/* |on_done| will not be called. Not after it was; NULL is allowed. */
void quote_desk_cancel(struct quote_call *call);

#endif
