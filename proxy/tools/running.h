/* proxy/tools/running.h: the proxy that runs on this machine, asked by tools.
 *
 * Blocks, at most for some seconds. Whoever listens there may be another
 * program: what it says is not to be believed, nor to be shown as it is. */
#ifndef PROXY_TOOLS_RUNNING_H
#define PROXY_TOOLS_RUNNING_H

#include "common/buffer.h"
#include "common/status.h"
#include "policy/policy.h"
#include "proxy/local/access.h"
#include "proxy/local/target.h"

/* Where the proxy is, and what must be said there; a secret. */
struct running {
    struct target address;          /* all zero: at |path| */
    char path[POLICY_ADDRESS_ROOM]; /* of a UNIX socket; "": at |address| */
    struct access_secret secret;    /* its password is empty if none is asked */
};

/* Read "host[:port]", port 8118 by default, of this machine, or the path of a
 * UNIX socket. NULL: the first address that the policy that `veritee run` would
 * read listens at, TCP before UNIX sockets; else localhost:8118. The secret is
 * that policy's, and goes to its addresses only. |out| is the caller's to
 * running_forget() when OK. Returns STATUS_OK; STATUS_BAD_ADDRESS; or as
 * access_secret_read(), with |why| filled. */
MUST_CHECK enum status running_address(const char *text, struct running *out,
                                       struct why *why);

/* The same for |policy| itself. */
MUST_CHECK enum status running_of_policy(const struct policy *policy,
                                         struct running *out, struct why *why);

/* Wipe the secret. */
void running_forget(struct running *r);

/* "localhost:8118", or the path. */
void running_text(const struct running *r, char out[POLICY_ADDRESS_ROOM]);

/* Ask it for |path|. |body| borrows from |answer|, which is the caller's to
 * free when OK and empty otherwise. Returns STATUS_OK, STATUS_REFUSED when
 * nothing can be reached there, STATUS_NO_LOGIN when it wants other credentials,
 * or STATUS_BAD_FIELD when no page comes back, with |why| filled. */
MUST_CHECK enum status running_ask(const struct running *proxy,
                                   const char *path, struct buffer *answer,
                                   struct slice *body, struct why *why);

/* Is there a veritee? Returns as running_ask() does. */
MUST_CHECK enum status running_find(const struct running *proxy,
                                    struct why *why);

#endif
