#include "proxy/server/quote_desk.h"

#include <stdlib.h>

#include "common/compiler.h"
#include "proxy/io/errand.h"

struct quote_desk {
    struct errand_office office;
    struct quote_source *source;
};

/* Freed in on_free(). */
struct quote_call {
    struct errand errand;
    struct quote_desk *desk;
    quote_done_fn *on_done; /* the worker's */
    void *ctx;
    struct quote_order *order; /* the desk's */
    uint8_t report_data[QUOTE_REPORT_DATA_BYTES];
    struct proof proof;
    struct why why; /* STATUS_OK: |proof| is good */
};

static struct quote_call *self(struct errand *e)
{
    return CONTAINER_OF(e, struct quote_call, errand);
}

/* --- the desk ------------------------------------------------------------ */

static void on_made(void *ctx, const struct proof *proof, const struct why *why)
{
    struct quote_call *call = ctx;

    if (why != NULL)
        call->why = *why;
    else
        proof_copy(proof, &call->proof);
    if (!proof_ok(&call->proof))
        (void)why_fail(&call->why, STATUS_NO_MEMORY, "quote", NULL,
                       "out of memory");
    errand_finish(&call->errand);
}

static void on_begin(struct errand *e)
{
    struct quote_call *call = self(e);
    enum status st = quote_source_get(call->desk->source, call->report_data,
                                      on_made, call, &call->order);

    if (st == STATUS_OK)
        return;
    (void)why_fail(&call->why, st, "quote", NULL, "%s", status_text(st));
    errand_finish(e);
}

static void on_abandon(struct errand *e)
{
    quote_source_cancel(self(e)->order);
}

enum status quote_desk_open(struct quote_source *source,
                            struct mailbox *mailbox, struct quote_desk **out)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return STATUS_NO_MEMORY;
    (*out)->source = source;
    errand_office_init(&(*out)->office, mailbox);
    return STATUS_OK;
}

void quote_desk_close(struct quote_desk *d)
{
    if (d == NULL)
        return;
    errand_office_fini(&d->office);
    free(d);
}

/* --- the worker ---------------------------------------------------------- */

static void on_done(struct errand *e)
{
    struct quote_call *call = self(e);
    const bool good = call->why.status == STATUS_OK;

    call->on_done(call->ctx, good ? &call->proof : NULL,
                  good ? NULL : &call->why);
}

static void on_free(struct errand *e)
{
    struct quote_call *call = self(e);

    proof_fini(&call->proof);
    free(call);
}

static const struct errand_ops errand_ops = {
    .begin = on_begin,
    .abandon = on_abandon,
    .done = on_done,
    .free = on_free,
};

enum status
quote_desk_get(const struct quote_line *line,
               const uint8_t report_data[static QUOTE_REPORT_DATA_BYTES],
               quote_done_fn *on_quote, void *ctx, struct quote_call **out)
{
    struct quote_call *call = calloc(1, sizeof(*call));
    enum status st;

    *out = NULL;
    if (call == NULL)
        return STATUS_NO_MEMORY;
    call->desk = line->desk;
    call->on_done = on_quote;
    call->ctx = ctx;
    memcpy(call->report_data, report_data, sizeof(call->report_data));
    proof_init(&call->proof);
    st = errand_send(&call->errand, &errand_ops, &line->desk->office,
                     line->home);
    if (st == STATUS_OK)
        *out = call;
    return st;
}

void quote_desk_cancel(struct quote_call *call)
{
    if (call != NULL)
        errand_recall(&call->errand);
}
