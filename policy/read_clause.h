/* policy/read_clause.h: reads what one field of the evidence must say. */
#ifndef POLICY_READ_CLAUSE_H
#define POLICY_READ_CLAUSE_H

#include "policy/field.h"
#include "policy/read.h"

/* Clauses as they are read, one a field at most. */
struct clauses {
    enum tee_type tee; /* the one they are about */
    size_t common;     /* how many of them stand in accept itself */
    size_t count;
    struct clause list[FIELDS_OF_TEE_MAX];
};

/* Read the value of |key|, which is a word of a field of |block|, and add it
 * to |d|. Results as read.h has them. */
MUST_CHECK enum status read_clause_add(struct reader *r, const struct node *key,
                                       enum field_block block,
                                       struct clauses *d);

/* Add a clause about the field |word| of accept, with |count| (at least 1)
 * |values| in the policy's memory, for what is named at |at|. */
MUST_CHECK enum status read_clause_take(struct reader *r, const struct node *at,
                                        const char *word, const uint8_t *values,
                                        size_t count, struct clauses *d);

/* Add the words of the fields of |block| to |v|; |read| takes them all. */
void read_clause_words(enum field_block block, read_fn *read,
                       struct vocabulary *v);

#endif
