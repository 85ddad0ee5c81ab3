/* proxy/local/policy_file.h: the policy, and the roots that it names, from
 * files.
 *
 * policy/ itself opens nothing. */
#ifndef PROXY_LOCAL_POLICY_FILE_H
#define PROXY_LOCAL_POLICY_FILE_H

#include "common/buffer.h"
#include "policy/policy.h"

/* Read the policy at |path|, with all files that it names. Results and |err| as
 * policy_load() has them. */
MUST_CHECK enum status policy_file_load(const char *path, struct policy **out,
                                        struct policy_error *err);

/* The same for a |text| that stands for the file at |path|; other files that
 * it names are in |further| (satchel.h), or, if that is empty, read from disk. */
MUST_CHECK enum status policy_file_parse(struct slice text, const char *path,
                                         struct slice further,
                                         struct policy **out,
                                         struct policy_error *err);

/* Read the root of trust for a |tee| at |path|: Intel's DER or PEM, AMD's the
 * ASK and then its ARK, PEM. Returns STATUS_OK with |der|
 * (whatever it held is forgotten) the caller's to free; or STATUS_NO_FILE or
 * what root_read() or snp_chain_check_root() says, with |why| filled and |der| unchanged. */
MUST_CHECK enum status policy_file_root(const char *path, enum tee_type tee,
                                        struct buffer *der, struct why *why);

#endif
