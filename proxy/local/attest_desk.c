#include "proxy/local/attest_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "proxy/io/errand.h"
#include "proxy/local/audit_entry.h"

struct attest_desk {
    struct errand_office office;
    uv_loop_t *loop;
    struct collateral *collateral;
    struct audit *audit; /* NULL: nobody */
};

/* Freed in on_free(). */
struct attest_call {
    struct errand errand;
    struct attest_desk *desk;
    struct attest_wish wish;        /* done() and |ctx| are the worker's */
    char endpoint[AUDIT_TEXT_ROOM]; /* of |wish|: as much as is written down */
    struct session_evidence evidence;
    struct buffer bytes;   /* what |evidence| points to */
    struct attest *attest; /* the desk's */
    struct attestation result;

    /* Of a forecast; |result| is what it starts from. */
    forecaster_done *foreseen;     /* NULL: it is an attestation */
    struct forecaster *forecaster; /* the desk's */
    struct forecast forecast;
};

static struct attest_call *self(struct errand *e)
{
    return CONTAINER_OF(e, struct attest_call, errand);
}

/* --- the desk ------------------------------------------------------------ */

static void on_attested(void *ctx, const struct attestation *result)
{
    struct attest_call *call = ctx;

    call->result = *result;
    errand_finish(&call->errand);
}

static void on_forecast(void *ctx, const struct forecast *f)
{
    struct attest_call *call = ctx;

    call->forecast = *f;
    errand_finish(&call->errand);
}

static enum status begin(struct attest_call *call)
{
    const struct attest_request request = {
        .loop = call->desk->loop,
        .collateral = call->desk->collateral,
        .service = call->wish.service,
        .root_der = snapshot_root(call->wish.snapshot, call->wish.service),
        .crls = snapshot_crls(call->wish.snapshot, call->wish.service),
        .evidence = &call->evidence,
        .audit = call->desk->audit,
        .endpoint = call->wish.endpoint,
        .challenged_unix = call->wish.challenged_unix,
        .done = on_attested,
        .ctx = call,
    };

    if (call->foreseen == NULL)
        return attest_start(&request, &call->attest);
    return forecaster_start(&request, &call->result, on_forecast, call,
                            &call->forecaster);
}

static void on_begin(struct errand *e)
{
    struct attest_call *call = self(e);

    if (begin(call) == STATUS_OK)
        return;
    (void)why_fail(&call->result.why, STATUS_NO_MEMORY, "attest", NULL,
                   "out of memory");
    errand_finish(e);
}

static void on_abandon(struct errand *e)
{
    if (self(e)->foreseen != NULL)
        forecaster_cancel(self(e)->forecaster);
    else
        attest_cancel(self(e)->attest);
}

enum status attest_desk_open(uv_loop_t *loop, struct collateral *collateral,
                             struct mailbox *mailbox, struct attest_desk **out)
{
    struct attest_desk *d = calloc(1, sizeof(*d));

    *out = d;
    if (d == NULL)
        return STATUS_NO_MEMORY;
    d->loop = loop;
    d->collateral = collateral;
    errand_office_init(&d->office, mailbox);
    return STATUS_OK;
}

void attest_desk_audit(struct attest_desk *d, struct audit *audit)
{
    d->audit = audit;
}

void attest_desk_close(struct attest_desk *d)
{
    if (d == NULL)
        return;
    errand_office_fini(&d->office);
    free(d);
}

/* --- the worker ---------------------------------------------------------- */

static void on_done(struct errand *e)
{
    struct attest_call *call = self(e);

    if (call->foreseen != NULL)
        call->foreseen(call->wish.ctx, &call->forecast);
    else
        call->wish.done(call->wish.ctx, &call->result);
}

static void on_free(struct errand *e)
{
    struct attest_call *call = self(e);

    snapshot_let_go(call->wish.snapshot);
    buffer_free(&call->bytes);
    free(call);
}

static const struct errand_ops errand_ops = {
    .begin = on_begin,
    .abandon = on_abandon,
    .done = on_done,
    .free = on_free,
};

/* What an attestation reads of |e|: key and challenge are in the report data
 * already. */
static enum status copy_evidence(const struct session_evidence *from,
                                 struct session_evidence *e,
                                 struct buffer *bytes)
{
    struct slice *parts[2 + SESSION_STAPLED_ITEMS] = { &e->quote, &e->vcek };
    size_t at = 0, total = 0;

    *e = *from;
    e->public_key = e->challenge = (struct slice){ 0 };
    for (size_t i = 0; i < SESSION_STAPLED_ITEMS; i++)
        parts[2 + i] = &e->stapled.item[i];
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        total += parts[i]->len;
    *bytes = buffer_with_max(total);
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        buffer_add(bytes, *parts[i]);
    if (!buffer_ok(bytes))
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        parts[i]->at = bytes->at + at;
        at += parts[i]->len;
    }
    return STATUS_OK;
}

static struct attest_call *call_new(const struct attest_line *line,
                                    const struct attest_wish *wish)
{
    struct attest_call *call = calloc(1, sizeof(*call));

    if (call == NULL)
        return NULL;
    if (copy_evidence(wish->evidence, &call->evidence, &call->bytes) !=
        STATUS_OK) {
        buffer_free(&call->bytes);
        free(call);
        return NULL;
    }
    call->desk = line->desk;
    call->wish = *wish;
    call->wish.snapshot = snapshot_hold(wish->snapshot);
    (void)snprintf(call->endpoint, sizeof(call->endpoint), "%s",
                   wish->endpoint);
    call->wish.endpoint = call->endpoint;
    return call;
}

static enum status send_call(const struct attest_line *line,
                             struct attest_call *call, struct attest_call **out)
{
    enum status st = errand_send(&call->errand, &errand_ops,
                                 &line->desk->office, line->home);

    if (st == STATUS_OK)
        *out = call;
    return st;
}

enum status attest_desk_get(const struct attest_line *line,
                            const struct attest_wish *wish,
                            struct attest_call **out)
{
    struct attest_call *call = call_new(line, wish);

    *out = NULL;
    return call == NULL ? STATUS_NO_MEMORY : send_call(line, call, out);
}

enum status attest_desk_foresee(const struct attest_line *line,
                                const struct attest_wish *wish,
                                const struct attestation *present,
                                forecaster_done *done, struct attest_call **out)
{
    struct attest_call *call = call_new(line, wish);

    *out = NULL;
    if (call == NULL)
        return STATUS_NO_MEMORY;
    call->result = *present;
    call->foreseen = done;
    return send_call(line, call, out);
}

void attest_desk_cancel(struct attest_call *call)
{
    errand_recall(&call->errand);
}

void attest_desk_note(const struct attest_line *line,
                      const struct attest_wish *wish,
                      const struct attestation *result)
{
    const struct session_evidence *e = wish->evidence;
    const struct appraise_input in = {
        .is_snp = e->is_snp,
        .quote = e->quote,
        .endorsement = e->vcek,
        .root = snapshot_root(wish->snapshot, wish->service),
        .report_data = SLICE_OF(e->report_data),
        .challenged = e->challenged,
        .now_unix = (int64_t)time(NULL),
    };

    if (line->desk->audit != NULL)
        audit_second_decision(line->desk->audit, wish->service->name,
                              wish->endpoint, &in, result);
}
