/* policy/read_service.h: reads the services of a policy. */
#ifndef POLICY_READ_SERVICE_H
#define POLICY_READ_SERVICE_H

#include "policy/read.h"

/* Read the blocks of the keys `services` in all files into |p|, whose other
 * blocks have been read, and refuse what two services claim for themselves.
 * Results as read.h has them. */
MUST_CHECK enum status read_service_all(struct reader *r, struct policy *p);

#endif
