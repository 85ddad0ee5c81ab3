/* policy/read_tcb.h: reads what Intel must say of the TCB. */
#ifndef POLICY_READ_TCB_H
#define POLICY_READ_TCB_H

#include "policy/read.h"

/* What `accept` says when it has no `tcb`: UpToDate and nothing else. */
void read_tcb_default(struct tcb_policy *tcb);

/* Read the block of the key `tcb` into |tcb|, for |tee|, which is Intel's. Results as read.h
 * has them. */
MUST_CHECK enum status read_tcb_block(struct reader *r, const struct node *key,
                                      enum tee_type tee,
                                      struct tcb_policy *tcb);

#endif
