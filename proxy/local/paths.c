#include "proxy/local/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* $|variable|/|below|, or $HOME/|at_home|/|below|. Relative values count as
 * unset, as the specification says. */
static bool below_base(const char *variable, const char *at_home,
                       const char *below, char out[PATHS_ROOM])
{
    const char *base = getenv(variable);
    const char *home = getenv("HOME");
    int n;

    if (base != NULL && base[0] == '/')
        n = snprintf(out, PATHS_ROOM, "%s/%s", base, below);
    else if (home != NULL && home[0] == '/')
        n = snprintf(out, PATHS_ROOM, "%s/%s/%s", home, at_home, below);
    else
        return false;
    return n > 0 && n < PATHS_ROOM;
}

bool paths_config(char out[PATHS_ROOM])
{
    return below_base("XDG_CONFIG_HOME", ".config", "veritee/policy.yaml", out);
}

bool paths_policy(char out[PATHS_ROOM])
{
    if (paths_config(out) && access(out, F_OK) == 0)
        return true;
    (void)snprintf(out, PATHS_ROOM, "/etc/veritee/policy.yaml");
    return access(out, F_OK) == 0;
}

bool paths_cache(char out[PATHS_ROOM])
{
    return below_base("XDG_CACHE_HOME", ".cache", "veritee", out);
}

bool paths_audit(char out[PATHS_ROOM])
{
    return below_base("XDG_STATE_HOME", ".local/state", "veritee/audit", out);
}

bool paths_ca(char out[PATHS_ROOM])
{
    return below_base("XDG_STATE_HOME", ".local/state", "veritee/ca", out);
}
