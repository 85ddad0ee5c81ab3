#include "proxy/server/quote_desk.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <utlist.h>

#include "common/compiler.h"

/* Freed by call_drop() only, on either thread. */
struct quote_call {
    struct letter ask;    /* to the desk, and home with the answer */
    struct letter recall; /* to the desk */
    atomic_uint letters;  /* those under way */
    struct quote_desk *desk;
    struct mailbox *home;

    /* The worker's. */
    bool cancelled;
    quote_done_fn *on_done;
    void *ctx;

    /* The desk's, until |ask| is on its way home. */
    struct quote_call *prev, *next; /* of those with an order */
    struct quote_order *order;      /* NULL once over */
    uint8_t report_data[QUOTE_REPORT_DATA_BYTES];
    struct proof proof;
    struct why why; /* STATUS_OK: |proof| is good */
};

struct quote_desk {
    struct quote_source *source;
    struct mailbox *mailbox;
    struct quote_call *calls;
};

/* One letter less is under way. */
static void call_drop(struct quote_call *call)
{
    if (atomic_fetch_sub(&call->letters, 1) > 1)
        return;
    proof_fini(&call->proof);
    free(call);
}

/* --- the desk ------------------------------------------------------------ */

static void go_home(struct quote_call *call)
{
    /* Who has closed its mailbox waits for nothing any more. */
    if (!mailbox_send(call->home, &call->ask))
        call_drop(call);
}

static void end_order(struct quote_call *call)
{
    DL_DELETE(call->desk->calls, call);
    call->order = NULL;
}

static void on_made(void *ctx, const struct proof *proof, const struct why *why)
{
    struct quote_call *call = ctx;

    end_order(call);
    if (why != NULL)
        call->why = *why;
    else
        proof_copy(proof, &call->proof);
    if (!proof_ok(&call->proof))
        (void)why_fail(&call->why, STATUS_NO_MEMORY, "quote", NULL,
                       "out of memory");
    go_home(call);
}

static void on_home(struct letter *letter);

static void on_ask(struct letter *letter)
{
    struct quote_call *call = CONTAINER_OF(letter, struct quote_call, ask);
    enum status st = quote_source_get(call->desk->source, call->report_data,
                                      on_made, call, &call->order);

    call->ask.on_letter = on_home;
    if (st == STATUS_OK) {
        DL_APPEND(call->desk->calls, call);
        return;
    }
    (void)why_fail(&call->why, st, "quote", NULL, "%s", status_text(st));
    go_home(call);
}

/* Give the order up, if it is not made yet. */
static void give_up(struct quote_call *call)
{
    if (call->order == NULL)
        return;
    quote_source_cancel(call->order);
    end_order(call);
    call_drop(call); /* |ask| goes nowhere any more */
}

static void on_recall(struct letter *letter)
{
    struct quote_call *call = CONTAINER_OF(letter, struct quote_call, recall);

    give_up(call);
    call_drop(call);
}

enum status quote_desk_open(struct quote_source *source,
                            struct mailbox *mailbox, struct quote_desk **out)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    **out = (struct quote_desk){ .source = source, .mailbox = mailbox };
    return STATUS_OK;
}

void quote_desk_close(struct quote_desk *d)
{
    struct quote_call *call, *next;

    if (d == NULL)
        return;
    DL_FOREACH_SAFE(d->calls, call, next)
        give_up(call);
    free(d);
}

/* --- the worker ---------------------------------------------------------- */

static void on_home(struct letter *letter)
{
    struct quote_call *call = CONTAINER_OF(letter, struct quote_call, ask);
    const bool good = call->why.status == STATUS_OK;

    if (!call->cancelled)
        call->on_done(call->ctx, good ? &call->proof : NULL,
                      good ? NULL : &call->why);
    call_drop(call);
}

enum status
quote_desk_get(const struct quote_line *line,
               const uint8_t report_data[static QUOTE_REPORT_DATA_BYTES],
               quote_done_fn *on_done, void *ctx, struct quote_call **out)
{
    struct quote_call *call = calloc(1, sizeof(*call));
    enum status st;

    *out = NULL;
    if (call == NULL)
        return STATUS_NO_MEMORY;
    call->ask.on_letter = on_ask;
    call->recall.on_letter = on_recall;
    atomic_init(&call->letters, 1);
    call->desk = line->desk;
    call->home = line->home;
    call->on_done = on_done;
    call->ctx = ctx;
    memcpy(call->report_data, report_data, sizeof(call->report_data));
    proof_init(&call->proof);
    st = mailbox_post(call->desk->mailbox, &call->ask);
    if (st != STATUS_OK) {
        call_drop(call);
        return st;
    }
    *out = call;
    return STATUS_OK;
}

void quote_desk_cancel(struct quote_call *call)
{
    if (call == NULL)
        return;
    call->cancelled = true;
    (void)atomic_fetch_add(&call->letters, 1);
    /* A desk that is closed gives all orders up by itself. */
    if (!mailbox_send(call->desk->mailbox, &call->recall))
        call_drop(call);
}
