/* policy/read_accept.h: reads the block that says which TEE is accepted. */
#ifndef POLICY_READ_ACCEPT_H
#define POLICY_READ_ACCEPT_H

#include "policy/read.h"

/* Read the block of the key `accept`. Results as read.h has them. */
MUST_CHECK enum status read_accept_block(struct reader *r,
                                         const struct node *key,
                                         struct accept *accept);

/* The two words that may also stand beside it, in the service. */
MUST_CHECK enum status read_accept_freshness(struct reader *r,
                                             const struct node *key,
                                             struct accept *accept);
MUST_CHECK enum status read_accept_max_age(struct reader *r,
                                           const struct node *key,
                                           struct accept *accept);

#endif
