/* proxy/local/snapshot.h: a policy and the files it names, as they were when it
 * was read.
 *
 * Does not change once made, and is shared by all threads: whoever needs it
 * beyond one callback holds it, and the last to let go frees it. */
#ifndef PROXY_LOCAL_SNAPSHOT_H
#define PROXY_LOCAL_SNAPSHOT_H

#include <stdatomic.h>

#include "common/slice.h"
#include "common/status.h"
#include "policy/policy.h"
#include "proxy/io/tls_context.h"
#include "proxy/local/access.h"
#include "proxy/local/ca.h"
#include "proxy/local/crl_files.h"

struct snapshot_files; /* of one service */

struct snapshot {
    const struct policy *policy;
    struct policy *owned;         /* |policy|, unless it is the caller's */
    struct snapshot_files *files; /* one a service */
    struct access *access;        /* who may use the proxy */
    struct ca *ca; /* NULL: there is none, or no service asks for it */
    atomic_uint holders;
};

/* Read the files of |policy|, which is borrowed; or, if |owned| is not NULL,
 * |owned|, which is the same, is taken when the result is STATUS_OK. The caller
 * holds it. Returns STATUS_OK, STATUS_NO_MEMORY, or STATUS_NO_FILE,
 * STATUS_BAD_CERT, STATUS_BAD_CRL or STATUS_BAD_CONFIG with |why| filled; |*out| is NULL unless
 * OK. */
MUST_CHECK enum status snapshot_new(const struct policy *policy,
                                    struct policy *owned, struct snapshot **out,
                                    struct why *why);

/* From any thread. |s|, for which NULL is allowed, is returned. */
struct snapshot *snapshot_hold(struct snapshot *s);
void snapshot_let_go(struct snapshot *s); /* NULL is allowed */

/* The root of trust of a service of the policy; empty: built in. Borrowed. */
struct slice snapshot_root(const struct snapshot *s,
                           const struct service *service);

/* The user's own revocation lists for it. Borrowed. */
const struct crl_files *snapshot_crls(const struct snapshot *s,
                                      const struct service *service);

/* For its wss endpoints; NULL if it has none. Borrowed. */
struct tls_context *snapshot_tls(const struct snapshot *s,
                                 const struct service *service);

#endif
