/* policy/read_exec.h: reads which program has the last word. */
#ifndef POLICY_READ_EXEC_H
#define POLICY_READ_EXEC_H

#include "policy/read.h"

/* Read the value of the key `exec`: a command, or a block with one. Results as
 * read.h has them. */
MUST_CHECK enum status read_exec_value(struct reader *r, const struct node *key,
                                       struct policy_exec *out);

#endif
