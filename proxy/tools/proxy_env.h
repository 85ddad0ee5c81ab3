/* proxy/tools/proxy_env.h: the variables that lead programs to a proxy.
 *
 * No standard names them; curl(1) and wget(1) say what most programs do. Both
 * cases, because programs differ; http for every scheme, because those that
 * know SOCKS know CONNECT too, and not the other way round. */
#ifndef PROXY_TOOLS_PROXY_ENV_H
#define PROXY_TOOLS_PROXY_ENV_H

#include <stddef.h>

#include "proxy/local/access.h"
#include "proxy/local/target.h"
#include "proxy/tools/running.h"

#define PROXY_ENV_COUNT 8
/* A URL; each byte of user and password may be written as three. */
#define PROXY_ENV_VALUE_ROOM                                                   \
    (TARGET_TEXT_ROOM + sizeof("http://:@") + 6 * ACCESS_WORD_MAX_BYTES)

struct proxy_env {
    struct {
        const char *name; /* static */
        char value[PROXY_ENV_VALUE_ROOM];
    } at[PROXY_ENV_COUNT];
};

/* Those that lead to |proxy|, which is no UNIX socket, with what it asks for;
 * this machine itself is not gone through it. |out| is as secret as that. */
void proxy_env_make(const struct running *proxy, struct proxy_env *out);

/* Put them into the environment of this process; false when out of memory. */
MUST_CHECK bool proxy_env_set(const struct proxy_env *env);

#endif
