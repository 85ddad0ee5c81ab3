#include "proxy/tools/proxy_env.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"
#include "common/secret.h"

#define USER_ROOM (6 * ACCESS_WORD_MAX_BYTES + sizeof(":@"))

/* As a URL has it (RFC 3986 section 2.1). */
static void put_escaped(const char *word, char **at)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *word != '\0'; word++) {
        const unsigned c = (unsigned char)*word;

        if (isalnum((int)c) || strchr("-._~", (int)c) != NULL) {
            *(*at)++ = (char)c;
            continue;
        }
        *(*at)++ = '%';
        *(*at)++ = hex[c >> 4];
        *(*at)++ = hex[c & 15];
    }
}

/* "user:password@"; nothing if nothing is asked. */
static void put_user(const struct access_secret *secret, char out[USER_ROOM])
{
    char *at = out;

    if (secret->password[0] != '\0') {
        put_escaped(secret->user[0] == '\0' ? "token" : secret->user, &at);
        *at++ = ':';
        put_escaped(secret->password, &at);
        *at++ = '@';
    }
    *at = '\0';
}

void proxy_env_make(const struct running *proxy, struct proxy_env *out)
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
    char user[USER_ROOM];

    target_text(&proxy->address, address);
    put_user(&proxy->secret, user);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        out->at[i].name = rows[i].name;
        if (rows[i].fixed != NULL)
            (void)snprintf(out->at[i].value, sizeof(out->at[i].value), "%s",
                           rows[i].fixed);
        else
            (void)snprintf(out->at[i].value, sizeof(out->at[i].value),
                           "http://%s%s", user, address);
    }
    secret_wipe(user, sizeof(user));
}

bool proxy_env_set(const struct proxy_env *env)
{
    for (size_t i = 0; i < PROXY_ENV_COUNT; i++)
        if (setenv(env->at[i].name, env->at[i].value, 1) != 0)
            return false;
    return true;
}
