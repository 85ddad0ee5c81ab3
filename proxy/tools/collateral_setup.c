#include "proxy/tools/collateral_setup.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proxy/local/policy_file.h"

/* The one that is named, or the default one if it is there. */
static int read_policy(const struct command *self, const char *path,
                       struct collateral_setup *out)
{
    char found[PATHS_ROOM];
    struct policy_error error;
    char line[512];

    if (path == NULL && !paths_policy(found))
        return -1;
    if (policy_file_load(path != NULL ? path : found, &out->policy, &error) ==
        STATUS_OK)
        return -1;
    policy_error_line(&error, line, sizeof(line));
    return command_fail(self, COMMAND_TROUBLE, "%s", line);
}

static int find_store(const struct command *self, const char *dir,
                      struct collateral_setup *out)
{
    int n;

    if (dir == NULL && out->policy != NULL)
        dir = out->policy->collateral.cache_dir;
    if (dir == NULL && paths_cache(out->store_dir))
        return -1;
    if (dir == NULL)
        return command_fail(self, COMMAND_TROUBLE,
                            "no store: neither HOME nor XDG_CACHE_HOME is set");
    n = snprintf(out->store_dir, sizeof(out->store_dir), "%s", dir);
    if (n > 0 && (size_t)n < sizeof(out->store_dir))
        return -1;
    return command_fail(self, COMMAND_TROUBLE, "--store: the path is too long");
}

/* |tee|: TEE_NONE if it may be of any. */
static int add_root(const struct command *self, const char *path,
                    enum tee_type tee, struct collateral_setup *out)
{
    struct buffer *to = &out->roots[out->root_count];
    enum status st;
    struct why why;

    if (path == NULL || out->root_count == COLLATERAL_SETUP_ROOTS_MAX)
        return -1;
    st = policy_file_root(path, tee == TEE_NONE ? TEE_TDX : tee, to, &why);
    if (st != STATUS_OK && st != STATUS_NO_FILE && tee == TEE_NONE)
        st = policy_file_root(path, TEE_SEV_SNP, to, &why);
    if (st != STATUS_OK)
        return command_fail_why(self, COMMAND_TROUBLE, &why);
    out->root_paths[out->root_count] = path;
    out->root_slices[out->root_count++] = buffer_view(to);
    return -1;
}

static int read_roots(const struct command *self, const char *root,
                      struct collateral_setup *out)
{
    const struct policy *p = out->policy;
    int code = add_root(self, root, TEE_NONE, out);

    for (size_t i = 0; p != NULL && code == -1 && i < p->service_count; i++)
        code = add_root(self, p->services[i].root_file,
                        p->services[i].accept.tee, out);
    return code;
}

int collateral_setup_read(const struct command *self,
                          const struct collateral_setup_options *options,
                          struct collateral_setup *out)
{
    int code;

    *out = (struct collateral_setup){ .policy = NULL };
    code = read_policy(self, options->policy, out);
    if (code == -1)
        code = find_store(self, options->store, out);
    if (code == -1)
        code = read_roots(self, options->root, out);
    if (code != -1)
        collateral_setup_free(out);
    return code;
}

void collateral_setup_free(struct collateral_setup *s)
{
    policy_free(s->policy);
    for (size_t i = 0; i < s->root_count; i++)
        buffer_free(&s->roots[i]);
    *s = (struct collateral_setup){ .policy = NULL };
}

struct slice collateral_setup_root(const struct collateral_setup *s,
                                   const char *path)
{
    for (size_t i = 0; path != NULL && i < s->root_count; i++)
        if (strcmp(s->root_paths[i], path) == 0)
            return s->root_slices[i];
    return (struct slice){ 0 };
}

struct stock_rules collateral_setup_rules(const struct collateral_setup *s)
{
    return (struct stock_rules){ .roots = s->root_slices,
                                 .root_count = s->root_count,
                                 .now_unix = (int64_t)time(NULL) };
}
