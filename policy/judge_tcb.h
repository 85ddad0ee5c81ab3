/* policy/judge_tcb.h: the rows about what Intel says of the TCB. */
#ifndef POLICY_JUDGE_TCB_H
#define POLICY_JUDGE_TCB_H

#include "policy/judgement.h"

#define JUDGE_TCB_ROWS 7

/* The row that says so of the maker's revocations. */
#define JUDGE_TCB_REVOKED "policy-not-revoked"

extern const struct judge_row judge_tcb_rows[JUDGE_TCB_ROWS];

/* True when the status is accepted now by grace alone, and the last second of
 * that. */
bool judge_tcb_needs_grace(const struct judgement *j);
int64_t judge_tcb_grace_end(const struct judgement *j);

#endif
