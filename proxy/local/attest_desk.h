/* proxy/local/attest_desk.h: attestations, for workers on other threads.
 *
 * The desk is on the main loop, as the one collateral engine is: so an item is
 * fetched once however many workers ask. A worker has a line to the desk, and
 * calls. */
#ifndef PROXY_LOCAL_ATTEST_DESK_H
#define PROXY_LOCAL_ATTEST_DESK_H

#include <stdint.h>
#include <uv.h>

#include "common/status.h"
#include "proxy/io/mailbox.h"
#include "proxy/local/attest.h"
#include "proxy/local/forecaster.h"
#include "proxy/local/snapshot.h"

struct attest_desk;
struct attest_call; /* one attestation asked for by a worker */

/* On the loop of |collateral| and |mailbox|, which outlive it. Returns STATUS_OK
 * or STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status attest_desk_open(uv_loop_t *loop,
                                        struct collateral *collateral,
                                        struct mailbox *mailbox,
                                        struct attest_desk **out);

/* Decisions are told to |audit|, which outlives the desk; NULL: to nobody. Before
 * the first call. */
void attest_desk_audit(struct attest_desk *d, struct audit *audit);

/* When no worker is left and |mailbox| is closed; before the engine is. NULL is
 * allowed. */
void attest_desk_close(struct attest_desk *d);

/* Where a worker asks, and where it hears. */
struct attest_line {
    struct attest_desk *desk;
    struct mailbox *home; /* of the worker's loop */
};

struct attest_wish {
    struct snapshot *snapshot;               /* held while the call lives */
    const struct service *service;           /* of it */
    const struct session_evidence *evidence; /* copied */
    const char *endpoint;                    /* URL, copied, for the audit */
    int64_t challenged_unix;                 /* when our challenge went out */
    attest_done *
        done; /* not for a forecast; once, on the worker's loop; never from within */
    void *ctx;
};

/* On the worker's loop. Returns STATUS_OK with |*out| good until done() was
 * called or attest_desk_cancel(); else STATUS_BUSY, STATUS_SHUTTING_DOWN or
 * STATUS_NO_MEMORY, and |*out| is NULL. */
MUST_CHECK enum status attest_desk_get(const struct attest_line *line,
                                       const struct attest_wish *wish,
                                       struct attest_call **out);

/* The same for a forecast of |present|, which is copied, and what |wish| led
 * to. */
MUST_CHECK enum status attest_desk_foresee(const struct attest_line *line,
                                           const struct attest_wish *wish,
                                           const struct attestation *present,
                                           forecaster_done *done,
                                           struct attest_call **out);

/* |result| was decided of |wish| by the policy alone, which has changed: for the
 * audit. From any thread. */
void attest_desk_note(const struct attest_line *line,
                      const struct attest_wish *wish,
                      const struct attestation *result);

/* The one who asked is gone: done() is not called. */
void attest_desk_cancel(struct attest_call *call);

#endif
