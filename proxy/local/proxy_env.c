#include "proxy/local/proxy_env.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/compiler.h"

void proxy_env_make(const struct target *proxy, struct proxy_env *out)
{
    static const struct {
        const char *name;
        const char *fixed; /* NULL: the proxy's URL */
    } rows[PROXY_ENV_COUNT] = {
        { "http_proxy", NULL },
        { "HTTP_PROXY", NULL },
        { "https_proxy", NULL },
        { "HTTPS_PROXY", NULL },
        { "all_proxy", NULL },
        { "ALL_PROXY", NULL },
        { "no_proxy", "localhost,127.0.0.1,::1" },
        { "NO_PROXY", "localhost,127.0.0.1,::1" },
    };
    char address[TARGET_TEXT_ROOM];

    target_text(proxy, address);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        out->at[i].name = rows[i].name;
        (void)snprintf(out->at[i].value, sizeof(out->at[i].value), "%s%s",
                       rows[i].fixed == NULL ? "http://" : "",
                       rows[i].fixed == NULL ? address : rows[i].fixed);
    }
}

bool proxy_env_set(const struct proxy_env *env)
{
    for (size_t i = 0; i < PROXY_ENV_COUNT; i++)
        if (setenv(env->at[i].name, env->at[i].value, 1) != 0)
            return false;
    return true;
}
