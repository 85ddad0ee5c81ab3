#include "proxy/tools/command_policy.h"

#include "proxy/local/policy_file.h"

int command_policy_load(const struct command *self, const char *named,
                        struct policy **out)
{
    char found[PATHS_ROOM];
    struct policy_error error;
    char line[512];

    *out = NULL;
    if (named == NULL && !paths_policy(found))
        return command_fail(self, COMMAND_TROUBLE,
                            "no policy where it is by default; 'veritee init' "
                            "writes one to start from");
    if (policy_file_load(named != NULL ? named : found, out, &error) ==
        STATUS_OK)
        return -1;
    policy_error_line(&error, line, sizeof(line));
    return command_fail(self, COMMAND_TROUBLE, "%s", line);
}

const char *command_policy_cache(const struct policy *policy,
                                 char room[PATHS_ROOM])
{
    if (policy != NULL && policy->collateral.cache_dir != NULL)
        return policy->collateral.cache_dir;
    return paths_cache(room) ? room : NULL;
}
