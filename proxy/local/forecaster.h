/* proxy/local/forecaster.h: makes the forecast for one session.
 *
 * Judges its evidence once more, by the TCB data that is to come, and asks when
 * that was made public. In the background, from the sources of the service. */
#ifndef PROXY_LOCAL_FORECASTER_H
#define PROXY_LOCAL_FORECASTER_H

#include "common/compiler.h"
#include "common/status.h"
#include "policy/policy.h"
#include "proxy/local/attest.h"
#include "proxy/local/forecast.h"

struct forecaster;

/* |f| is borrowed during the call. */
typedef void forecaster_done(void *ctx, const struct forecast *f);

/* True if there is anything to foresee, and the policy wants it: evidence of Intel's that is judged by
 * the standard TCB data, and a source that can be asked for more. */
bool forecaster_can(const struct service *service,
                    const struct attestation *present);

/* Begin; |request| is that of the |present| attestation, whose done() and ctx
 * are not used. |present| is borrowed until done. |done| is called once, from
 * the loop, unless cancelled. Returns STATUS_OK with |*out| good until then, or
 * STATUS_NO_MEMORY. */
MUST_CHECK enum status forecaster_start(const struct attest_request *request,
                                        const struct attestation *present,
                                        forecaster_done *done, void *ctx,
                                        struct forecaster **out);

/* The one who asked is gone. */
void forecaster_cancel(struct forecaster *f);

#endif
