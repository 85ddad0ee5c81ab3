/* policy/read_tcb.h: reads what the platform's maker must say of its TCB. */
#ifndef POLICY_READ_TCB_H
#define POLICY_READ_TCB_H

#include "policy/read.h"

/* What `accept` says when it has no `tcb`: UpToDate and nothing else. */
void read_tcb_default(struct tcb_policy *tcb);

/* Read the block of the key `tcb` into |tcb|, for |tee|. Results as read.h
 * has them. */
MUST_CHECK enum status read_tcb_block(struct reader *r, const struct node *key,
                                      enum tee_type tee,
                                      struct tcb_policy *tcb);

#endif
