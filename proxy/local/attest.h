/* proxy/local/attest.h: from announced evidence to accept or refuse.
 *
 * The one place that sees all four parts: evidence from the session,
 * collateral from its engine, the verifier and the policy. Collateral is
 * asked for on the loop; quotes are verified in the thread pool, and judged on
 * the loop; a program that the policy names has the last word. Sends nothing
 * and opens nothing: who asked acts on the answer. */
#ifndef PROXY_LOCAL_ATTEST_H
#define PROXY_LOCAL_ATTEST_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "collateral/collateral.h"
#include "common/status.h"
#include "policy/policy.h"
#include "proxy/local/appraise.h"
#include "proxy/local/audit.h"
#include "proxy/local/crl_files.h"
#include "proxy/tunnel/session.h"

struct attest; /* one attestation under way */

/* Called once, from the loop, never from within attest_start(). |result| is
 * borrowed during the call. */
typedef void attest_done(void *ctx, const struct attestation *result);

struct attest_request {
    uv_loop_t *loop;
    struct collateral *collateral; /* borrowed */
    const struct service *service; /* borrowed until done or cancelled */
    struct slice root_der;         /* of the service; empty: built in; copied */
    const struct crl_files *crls;  /* of the service; copied */
    const struct session_evidence *evidence; /* copied */
    struct audit *audit;     /* is told the decision; NULL: nobody */
    const char *endpoint;    /* URL, for it; borrowed as |service| */
    int64_t challenged_unix; /* when our challenge went out */
    bool early; /* by the TCB data that is to come, whatever the policy says;
                 * for a forecast, never to decide */
    attest_done *done;
    void *ctx;
};

/* Begin. Returns STATUS_OK with |*out| good until done() was called or
 * attest_cancel(); or STATUS_NO_MEMORY, and done() is never called. */
MUST_CHECK enum status attest_start(const struct attest_request *request,
                                    struct attest **out);

/* |from| as the collateral engine has them: |from->count| of |to|, which
 * borrow. */
void attest_sources(const struct policy_sources *from,
                    struct collateral_source to[POLICY_SOURCES_MAX]);

/* The one who asked is gone: done() is not called. What the request lent may go
 * at once, though a worker thread may still be at it. */
void attest_cancel(struct attest *a);

#endif
