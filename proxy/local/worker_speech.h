/* proxy/local/worker_speech.h: what --explain says of each service.
 *
 * Put into words by the worker that tried it, and written by the main thread. */
#ifndef PROXY_LOCAL_WORKER_SPEECH_H
#define PROXY_LOCAL_WORKER_SPEECH_H

#include "common/status.h"
#include "policy/policy.h"
#include "proxy/local/attest.h"

/* As upstream_config has on_decided(); |ctx| is the struct local_worker. */
void worker_speech_decided(void *ctx, const struct service *service,
                           const struct endpoint *endpoint,
                           const struct attestation *a, const struct why *why);

#endif
