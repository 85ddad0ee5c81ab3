/* policy/read_ending.h: reads what becomes of the streams of a session that
 * takes no new ones. */
#ifndef POLICY_READ_ENDING_H
#define POLICY_READ_ENDING_H

#include "policy/read.h"

/* "close", "drain", or a block with "drain" and a time. Results as read.h has
 * them. */
MUST_CHECK enum status read_ending_any(struct reader *r, const struct node *key,
                                       struct policy_ending *out);

/* Likewise, but "drain" has a time. */
MUST_CHECK enum status read_ending_limited(struct reader *r,
                                           const struct node *key,
                                           struct policy_ending *out);

#endif
