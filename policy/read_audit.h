/* policy/read_audit.h: reads whether decisions are written down. */
#ifndef POLICY_READ_AUDIT_H
#define POLICY_READ_AUDIT_H

#include "policy/read.h"

/* What holds without a word of it. */
void read_audit_default(struct policy_audit *audit);

/* Read the block that is the value of |key|. Results as read.h has them. */
MUST_CHECK enum status read_audit_block(struct reader *r,
                                        const struct node *key,
                                        struct policy_audit *audit);

#endif
