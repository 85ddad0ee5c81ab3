/* policy/read_host.h: reads host patterns. */
#ifndef POLICY_READ_HOST_H
#define POLICY_READ_HOST_H

#include "policy/read.h"

/* Read "host", "*.suffix" or an address, each with an optional ":port", into
 * |item|, a struct host_pattern. Results as read.h has them. */
MUST_CHECK enum status read_host_pattern(struct reader *r,
                                         const struct node *node, void *item);

/* Refuse a pattern that stands twice in |services|, |count| of them, which
 * were read from those at |keys|. */
MUST_CHECK enum status read_host_unique(struct reader *r,
                                        const struct node *const *keys,
                                        const struct service *services,
                                        size_t count);

#endif
