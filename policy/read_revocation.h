/* policy/read_revocation.h: reads what the user revokes.
 *
 * Its words stand in the policy, for every service, and in a service. */
#ifndef POLICY_READ_REVOCATION_H
#define POLICY_READ_REVOCATION_H

#include "policy/read.h"

/* The list of the key `revoked`: serial numbers. Results as read.h has them. */
MUST_CHECK enum status read_revocation_serials(struct reader *r,
                                               const struct node *key,
                                               struct policy_revocations *out);

/* The list of the key `crls`: files. */
MUST_CHECK enum status read_revocation_crls(struct reader *r,
                                            const struct node *key,
                                            struct policy_revocations *out);

/* Add what |common| revokes to |own|, of the service that stands at |key|. */
MUST_CHECK enum status
read_revocation_join(struct reader *r, const struct node *key,
                     const struct policy_revocations *common,
                     struct policy_revocations *own);

#endif
