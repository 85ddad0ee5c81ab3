/* tests/support/policy_folder.h: the files of a policy, in memory. */
#ifndef TESTS_SUPPORT_POLICY_FOLDER_H
#define TESTS_SUPPORT_POLICY_FOLDER_H

#include "policy/policy.h"

struct policy_folder_file {
    const char *path; /* NULL ends the list */
    const char *text;
};

/* Parse the first of |files| as a policy, which finds the others by |path|.
 * Results as policy_load() has them. */
enum status policy_folder_load(const struct policy_folder_file *files,
                               struct policy **out, struct policy_error *err);

/* The same, where it must succeed. The caller frees it. */
struct policy *policy_folder_parse(const struct policy_folder_file *files);

#endif
