/* proxy/local/service_gate.h: what may be asked at a service's own address.
 *
 * There a program that knows only a base URL finds an HTTP server that is the
 * service. The name that such a program sends is the one in its URL, which the
 * service does not know: it is replaced. But it must be a name of this machine
 * or of the service, because a page of another site whose name resolves to this
 * machine would otherwise speak to the service in its own name (DNS rebinding);
 * and for the same reason a page that says where it is from must be from there.
 *
 * No I/O. */
#ifndef PROXY_LOCAL_SERVICE_GATE_H
#define PROXY_LOCAL_SERVICE_GATE_H

#include "common/status.h"
#include "policy/policy.h"
#include "proxy/local/http_request.h"
#include "proxy/local/target.h"

/* Where requests at the address of |service| lead: to its first host that is
 * no wildcard; if it has none, to the host of its first endpoint. Port 80
 * unless the pattern has one. Returns STATUS_OK or, for an endpoint that is no
 * target, STATUS_BAD_ADDRESS with |why| filled. */
MUST_CHECK enum status service_gate_target(const struct service *service,
                                           struct target *out, struct why *why);

/* May |q|, whose head was read, lead to |target|? Returns STATUS_OK,
 * STATUS_BAD_METHOD for CONNECT, or STATUS_NOT_SERVICE for another's name or
 * origin, with |why| filled. */
MUST_CHECK enum status service_gate_admit(const struct http_request *q,
                                          const struct target *target,
                                          struct why *why);

#endif
