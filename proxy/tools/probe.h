/* proxy/tools/probe.h: what each endpoint proves, asked once, for tools.
 *
 * The proxy's own sessions, collateral, verifier and policy; no stream is
 * opened and no byte of anybody's is sent. Ends when every endpoint has been
 * decided about. */
#ifndef PROXY_TOOLS_PROBE_H
#define PROXY_TOOLS_PROBE_H

#include "common/log.h"
#include "common/status.h"
#include "policy/policy.h"
#include "proxy/local/attest.h"

/* Once an endpoint. |service| has |endpoint| alone. |a| is NULL when it did not
 * come to evidence; |why| is STATUS_OK when the policy accepts it. All is
 * borrowed during the call. */
typedef void probe_decided(void *ctx, const struct service *service,
                           const struct endpoint *endpoint,
                           const struct attestation *a, const struct why *why);

struct probe {
    const struct policy *policy; /* borrowed, as all here */
    const char *cache_dir;       /* of collateral; NULL: nothing is kept */
    const struct log *log;       /* NULL: silence */
    probe_decided *on_decided;
    void *ctx;
};

/* Attest every endpoint of every service, all at the same time. On a terminal,
 * standard error says so while it takes longer than a second. SIGPIPE is
 * ignored from now on. Returns STATUS_OK when each was decided, or what kept it
 * from that (a file that cannot be read, no memory), with |why| filled. */
MUST_CHECK enum status probe_run(const struct probe *probe, struct why *why);

#endif
