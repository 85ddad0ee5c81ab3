/* proxy/local/policy_file.h: the policy, from a file.
 *
 * policy/ itself opens nothing. */
#ifndef PROXY_LOCAL_POLICY_FILE_H
#define PROXY_LOCAL_POLICY_FILE_H

#include "policy/policy.h"

/* Read the policy at |path|. Results and |err| as policy_parse() has them, or
 * STATUS_NO_FILE, then with line 0. */
MUST_CHECK enum status policy_file_load(const char *path, struct policy **out,
                                        struct policy_error *err);

#endif
