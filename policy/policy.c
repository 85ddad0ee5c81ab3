#include "policy/policy.h"

#include <stdio.h>
#include <string.h>

#include "common/limits.h"
#include "policy/arena.h"
#include "policy/read.h"
#include "policy/read_collateral.h"
#include "policy/read_listen.h"
#include "policy/read_service.h"
#include "policy/yaml_tree.h"

static enum status on_listen(struct reader *r, const struct node *key, void *to)
{
    return read_listen_list(r, key, to);
}

static enum status on_unsafe_listen(struct reader *r, const struct node *key,
                                    void *to)
{
    return read_listen_unsafe(r, key, to);
}

static enum status on_default(struct reader *r, const struct node *key,
                              void *to)
{
    static const char *const names[] = {
        [DEFAULT_BLOCK] = "block",
        [DEFAULT_DIRECT] = "direct",
    };
    struct policy *p = to;
    size_t which;
    enum status st = read_choice(r, key->value, names, COUNT_OF(names), &which);

    p->unnamed = (enum policy_default)which;
    if (st != STATUS_OK || which != DEFAULT_DIRECT)
        return st;
    return read_warn(r, key,
                     "what no service names is sent on unverified, and in the "
                     "clear if it was so");
}

static enum status on_collateral(struct reader *r, const struct node *key,
                                 void *to)
{
    struct policy *p = to;

    return read_collateral_block(r, key, &p->collateral);
}

static enum status on_services(struct reader *r, const struct node *key,
                               void *to)
{
    return read_service_all(r, key, to);
}

/* Services come last: they rely on all others. */
static const struct word policy_words[] = {
    /* clang-format off */
    { "listen",        on_listen },
    { "unsafe-listen", on_unsafe_listen },
    { "default",       on_default },
    { "collateral",    on_collateral },
    { "services",      on_services },
    /* clang-format on */
};

static enum status read_policy(struct reader *r, const struct node *root,
                               struct policy *p)
{
    enum status st = read_listen_default(r, p);

    if (st == STATUS_OK)
        st = read_collateral_default(r, &p->collateral);
    if (st == STATUS_OK)
        st = read_map(r, root, "a policy", policy_words, COUNT_OF(policy_words),
                      p);
    if (st != STATUS_OK)
        return st;
    read_collateral_complete(&p->collateral, &p->collateral.sources);
    if (p->service_count == 0)
        st = read_warn(r, root, "names no service");
    return st != STATUS_OK ? st : read_warnings(r, p);
}

/* "a/b/" of "a/b/policy.yaml", "" of "policy.yaml". */
static struct slice folder_of(const char *file_name)
{
    const char *slash = strrchr(file_name, '/');

    return slice_of(file_name,
                    slash == NULL ? 0 : (size_t)(slash + 1 - file_name));
}

static enum status no_memory(struct policy_error *err)
{
    return why_fail(&err->why, STATUS_NO_MEMORY, NULL, NULL, "no memory");
}

enum status policy_parse(struct slice text, const char *file_name,
                         struct policy **out, struct policy_error *err)
{
    struct arena *tree = arena_new(POLICY_MEMORY_MAX_BYTES);
    struct arena *memory = arena_new(POLICY_MEMORY_MAX_BYTES);
    struct reader r = {
        .memory = memory,
        .err = err,
        .folder = folder_of(file_name),
    };
    const struct node *root;
    struct policy *p;
    enum status st;

    *out = NULL;
    *err = (struct policy_error){ .file = file_name };
    if (tree == NULL || memory == NULL) {
        st = no_memory(err);
        goto out;
    }
    st = yaml_tree_parse(text, tree, &root, err);
    if (st != STATUS_OK)
        goto out;
    p = arena_take(memory, 1, sizeof(*p));
    if (p == NULL) {
        st = no_memory(err);
        goto out;
    }
    st = read_copy(&r, slice_text(file_name), &p->file_name);
    if (st == STATUS_OK)
        st = read_policy(&r, root, p);
    if (st == STATUS_OK) {
        p->memory = memory;
        memory = NULL;
        *out = p;
    }
out:
    arena_free(tree);
    arena_free(memory);
    return st;
}

void policy_free(struct policy *p)
{
    if (p != NULL)
        arena_free(p->memory); /* |p| is in it */
}

void policy_error_line(const struct policy_error *err, char *line, size_t room)
{
    const struct why *why = &err->why;

    if (err->line == 0)
        (void)snprintf(line, room, "%s", why->found);
    else
        (void)snprintf(line, room, "%s:%u:%u: found %s%s%s", err->file,
                       err->line, err->column, why->found,
                       why->expected[0] != '\0' ? ", expected " : "",
                       why->expected);
}
