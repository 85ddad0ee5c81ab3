/* proxy/local/crl_files.h: the user's own revocation lists, from files.
 *
 * Says that they are well formed; whose they are and whether they are current
 * is verifier/user_crl.h's business, at each verification. */
#ifndef PROXY_LOCAL_CRL_FILES_H
#define PROXY_LOCAL_CRL_FILES_H

#include <stddef.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "common/slice.h"
#include "common/status.h"
#include "policy/policy.h"
#include "verifier/user_crl.h"

/* All zero: none. */
struct crl_files {
    size_t count;
    struct user_crl lists[CRL_FILES_MAX]; /* names and bytes in |memory| */
    struct arena *memory;                 /* owned; NULL if there are none */
};

/* Read the lists that |own| names, DER or PEM. |out| is the
 * caller's to crl_files_free() when OK, empty otherwise. Returns STATUS_OK;
 * else STATUS_NO_FILE, STATUS_BAD_CRL, STATUS_LIMIT or STATUS_NO_MEMORY with
 * |why| filled, which names the file. */
MUST_CHECK enum status crl_files_read(const struct policy_revocations *own,
                                      struct crl_files *out, struct why *why);

/* The same lists in memory of their own. False, with |out| empty, when there
 * is none. */
MUST_CHECK bool crl_files_copy(const struct crl_files *from,
                               struct crl_files *out);

/* What it holds; it is empty then. */
void crl_files_free(struct crl_files *files);

#endif
