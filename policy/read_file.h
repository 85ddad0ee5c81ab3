/* policy/read_file.h: the files that a policy is made of.
 *
 * The policy, what it includes, and the files of measurements that it names;
 * each once. Asks for their text by the callback of policy.h. */
#ifndef POLICY_READ_FILE_H
#define POLICY_READ_FILE_H

#include "policy/read.h"

struct read_file {
    const char *name;            /* in the policy's memory */
    struct slice folder;         /* of |name|: empty, or ends in '/' */
    const struct node *root;     /* NULL: not YAML */
    const struct node *named_at; /* NULL: the policy itself */
    const struct read_file *by;  /* the one that names it; NULL likewise */
    size_t depth;                /* 0: the policy itself */
    struct read_file *next;      /* NULL if none */
};

/* Parse |text| as the policy |name|, and all that it includes. Results as
 * read.h has them. */
MUST_CHECK enum status read_file_all(struct reader *r, struct slice text,
                                     const char *name);

/* Read the file that |node| names, relative to |r|'s folder, of at most |max|
 * bytes. |text| is the caller's to free when OK, empty otherwise; |name| is in
 * the policy's memory. */
MUST_CHECK enum status read_file_text(struct reader *r, const struct node *node,
                                      size_t max, const char **name,
                                      struct buffer *text);

/* Hand the names of all to |p|. */
MUST_CHECK enum status read_file_names(struct reader *r, struct policy *p);

#endif
