/* policy/route.h: which service is a destination?
 *
 * Compares names as they are asked for, without regard to case and to a final
 * dot; never resolves one. An exact name comes before a wildcard, a longer
 * wildcard before a shorter, a pattern with a port before one without. */
#ifndef POLICY_ROUTE_H
#define POLICY_ROUTE_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "policy/policy.h"

enum route_kind { ROUTE_BLOCK, ROUTE_SERVICE, ROUTE_DIRECT };

struct route {
    enum route_kind kind;
    const struct service *service; /* NULL unless ROUTE_SERVICE */
};

/* Find where |host| (a name or an IP literal, with or without brackets) at
 * |port| leads. Returns STATUS_OK with a service or ROUTE_DIRECT; or, with
 * ROUTE_BLOCK and |why| filled for the user: STATUS_NOT_SERVICE when no
 * service names it and the policy does not send such in the clear, or when a
 * service names this host for other ports only (then never in the clear);
 * STATUS_BAD_ADDRESS when |host| is none, or a number that is not an address
 * in its usual form. */
MUST_CHECK enum status route_find(const struct policy *p, struct slice host,
                                  uint16_t port, struct route *out,
                                  struct why *why);

#endif
