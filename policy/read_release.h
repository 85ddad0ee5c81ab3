/* policy/read_release.h: reads the releases that a service accepts. */
#ifndef POLICY_READ_RELEASE_H
#define POLICY_READ_RELEASE_H

#include "policy/read_clause.h"

/* Read the list of the key `any-of` into |accept|. Each release gets the
 * clauses |common| to all and those of its own. Results as read.h has them. */
MUST_CHECK enum status read_release_list(struct reader *r,
                                         const struct node *key,
                                         const struct clauses *common,
                                         struct accept *accept);

/* Add a release of the name |name| (NULL: none), which is named at |at|, to
 * |accept|, which has room for it behind those that it counts. */
MUST_CHECK enum status read_release_add(struct reader *r, const struct node *at,
                                        const char *name,
                                        const struct clauses *clauses,
                                        struct accept *accept,
                                        struct release *room);

/* Make |common| the only release of |accept|, the block of |key|. */
MUST_CHECK enum status read_release_only(struct reader *r,
                                         const struct node *key,
                                         const struct clauses *common,
                                         struct accept *accept);

#endif
