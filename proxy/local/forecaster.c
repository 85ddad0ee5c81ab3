#include "proxy/local/forecaster.h"

#include <stdlib.h>
#include <time.h>

/* Freed by exactly one line, in forecaster_free(). Either |attest| or |wait| is
 * under way until then. */
struct forecaster {
    struct collateral *collateral;
    const struct service *service;
    struct buffer root; /* of the service; empty: built in */
    const struct attestation *present;
    struct attest *attest;
    struct collateral_wait *wait;
    struct forecast forecast;
    forecaster_done *done;
    void *ctx;
};

static void forecaster_free(struct forecaster *f)
{
    buffer_free(&f->root);
    free(f);
}

static void end(struct forecaster *f)
{
    const struct forecast forecast = f->forecast;
    forecaster_done *done = f->done;
    void *ctx = f->ctx;

    forecaster_free(f);
    done(ctx, &forecast);
}

static void on_numbers(void *ctx, const struct tcb_numbers *numbers,
                       const struct why *why)
{
    struct forecaster *f = ctx;

    (void)why; /* without a date, the forecast is as good */
    f->wait = NULL;
    if (numbers != NULL)
        forecast_date(&f->forecast, numbers);
    end(f);
}

static bool is_news(const struct forecast *f)
{
    return f->outlook == OUTLOOK_BREAKS ||
           (f->outlook == OUTLOOK_HOLDS &&
            f->early_number != f->present_number);
}

static void on_early(void *ctx, const struct attestation *early)
{
    struct forecaster *f = ctx;
    struct collateral_source sources[POLICY_SOURCES_MAX];
    const struct collateral_numbers_request r = {
        .tee = f->present->claims.tee,
        .root_der = buffer_view(&f->root),
        .sources = sources,
        .source_count = f->service->sources.count,
        .done = on_numbers,
        .ctx = f,
    };
    struct why why;

    f->attest = NULL;
    forecast_compare(f->present, early, (int64_t)time(NULL), &f->forecast);
    attest_sources(&f->service->sources, sources);
    if (!is_news(&f->forecast) ||
        collateral_get_numbers(f->collateral, &r, &f->wait, &why) != STATUS_OK)
        end(f);
}

bool forecaster_can(const struct service *service,
                    const struct attestation *present)
{
    const struct policy_sources *s = &service->sources;
    const enum tee_type tee = present->claims.tee;

    if ((tee != TEE_SGX && tee != TEE_TDX) || !s->forecast ||
        s->update != POLICY_UPDATE_STANDARD)
        return false;
    for (size_t i = 0; i < s->count; i++)
        if (s->list[i].kind == POLICY_SOURCE_PCS ||
            s->list[i].kind == POLICY_SOURCE_PCCS)
            return true;
    return false;
}

enum status forecaster_start(const struct attest_request *request,
                             const struct attestation *present,
                             forecaster_done *done, void *ctx,
                             struct forecaster **out)
{
    struct forecaster *f = calloc(1, sizeof(*f));
    struct attest_request r = *request;
    enum status st;

    *out = NULL;
    if (f == NULL)
        return STATUS_NO_MEMORY;
    *f = (struct forecaster){ .collateral = request->collateral,
                              .service = request->service,
                              .present = present,
                              .done = done,
                              .ctx = ctx };
    f->root = buffer_with_max(request->root_der.len);
    buffer_add(&f->root, request->root_der);
    r.early = true;
    r.done = on_early;
    r.ctx = f;
    st = buffer_ok(&f->root) ? attest_start(&r, &f->attest) : STATUS_NO_MEMORY;
    if (st != STATUS_OK) {
        forecaster_free(f);
        return st;
    }
    *out = f;
    return STATUS_OK;
}

void forecaster_cancel(struct forecaster *f)
{
    if (f->attest != NULL)
        attest_cancel(f->attest);
    if (f->wait != NULL)
        collateral_cancel(f->wait);
    forecaster_free(f);
}
