/* proxy/tools/verify_policy.h: a service of a policy, to judge evidence by that
 * comes from files.
 *
 * As the proxy would judge it, but that files know no challenge: evidence
 * counts as made for ours, at the time of the verification. */
#ifndef PROXY_TOOLS_VERIFY_POLICY_H
#define PROXY_TOOLS_VERIFY_POLICY_H

#include "common/buffer.h"
#include "common/json_out.h"
#include "policy/judge.h"
#include "policy/policy.h"
#include "proxy/local/crl_files.h"

/* All zero: none. */
struct verify_policy {
    struct policy *policy; /* owned */
    const struct service *service;
    struct crl_files crls;
    bool judged; /* what follows is filled */
    struct decision decision;
    struct why why; /* STATUS_OK: accepted */
};

/* Read the policy |path| and find its service |name|, which may be NULL if it
 * has only one. Returns STATUS_OK with |out| for verify_policy_fini(), else a
 * status with |why| filled, whose |found| says where. */
MUST_CHECK enum status verify_policy_read(const char *path, const char *name,
                                          struct verify_policy *out,
                                          struct why *why);

/* Judge |claims| as of |at_unix|; may run the external check. */
void verify_policy_judge(struct verify_policy *p, const struct claims *claims,
                         int64_t at_unix);

/* What came of it: nothing if not judged, or null. */
void verify_policy_text(const struct verify_policy *p, bool colour,
                        struct buffer *out);
void verify_policy_json(const struct verify_policy *p, struct json_out *j);

void verify_policy_fini(struct verify_policy *p);

#endif
