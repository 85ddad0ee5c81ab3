/* proxy/local/pac.h: which hosts go through the proxy, as browsers read it.
 *
 * A proxy auto-configuration file: the hosts that services name, and our own
 * pages' name, go to the proxy and nowhere else; all others go their own way.
 * A host that is named for some ports only goes to the proxy for all, which
 * then decides. */
#ifndef PROXY_LOCAL_PAC_H
#define PROXY_LOCAL_PAC_H

#include "common/buffer.h"
#include "policy/policy.h"

#define PAC_TYPE "application/x-ns-proxy-autoconfig"

/* Append the file for a proxy at |address|, as target_text() writes it. */
void pac_write(const struct policy *policy, const char *address,
               struct buffer *out);

#endif
