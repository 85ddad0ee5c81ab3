/* policy/read_collateral.h: reads where collateral comes from. */
#ifndef POLICY_READ_COLLATERAL_H
#define POLICY_READ_COLLATERAL_H

#include "policy/read.h"

/* What a policy says that has no `collateral`. Results as read.h has them. */
MUST_CHECK enum status read_collateral_default(struct reader *r,
                                               struct policy_collateral *c);

/* Read the block of the top-level key `collateral`. */
MUST_CHECK enum status read_collateral_block(struct reader *r,
                                             const struct node *key,
                                             struct policy_collateral *c);

/* Give |sources| what they do not say themselves: all of |c|'s if there are
 * none, its update, and its CA file and proxy to those that use them. */
void read_collateral_complete(const struct policy_collateral *c,
                              struct policy_sources *sources);

/* Read the block of the key `collateral` of a service: `sources` alone. */
MUST_CHECK enum status read_collateral_service(struct reader *r,
                                               const struct node *key,
                                               struct policy_sources *sources);

#endif
