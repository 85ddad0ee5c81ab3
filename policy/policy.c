#include "policy/policy.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/limits.h"
#include "policy/arena.h"
#include "policy/place.h"
#include "policy/read.h"
#include "policy/read_audit.h"
#include "policy/read_collateral.h"
#include "policy/read_file.h"
#include "policy/read_listen.h"
#include "policy/read_revocation.h"
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

static enum status on_credentials(struct reader *r, const struct node *key,
                                  void *to)
{
    struct policy *p = to;

    return read_path(r, key->value, &p->credentials);
}

static enum status on_allow_users(struct reader *r, const struct node *key,
                                  void *to)
{
    struct policy *p = to;

    return read_listen_users(r, key, p);
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

static enum status on_audit(struct reader *r, const struct node *key, void *to)
{
    struct policy *p = to;

    return read_audit_block(r, key, &p->audit);
}

static enum status on_revoked(struct reader *r, const struct node *key,
                              void *to)
{
    struct policy *p = to;

    return read_revocation_serials(r, key, &p->revocations);
}

static enum status on_crls(struct reader *r, const struct node *key, void *to)
{
    struct policy *p = to;

    return read_revocation_crls(r, key, &p->revocations);
}

/* For words that are read before or after all others. */
static enum status on_other_time(struct reader *r, const struct node *key,
                                 void *to)
{
    (void)r;
    (void)key;
    (void)to;
    return STATUS_OK;
}

static const struct word policy_words[] = {
    /* clang-format off */
    { "include",       on_other_time }, /* by read_file_all() */
    { "listen",        on_listen },
    { "unsafe-listen", on_unsafe_listen },
    { "credentials",   on_credentials },
    { "allow-users",   on_allow_users },
    { "default",       on_default },
    { "collateral",    on_collateral },
    { "audit",         on_audit },
    { "revoked",       on_revoked },
    { "crls",          on_crls },
    { "services",      on_other_time }, /* they rely on all others */
    /* clang-format on */
};

static const struct word included_words[] = {
    { "include", on_other_time },
    { "services", on_other_time },
};

static enum status read_words(struct reader *r, struct policy *p)
{
    const struct read_file *f = r->first_file;
    enum status st;

    r->folder = f->folder;
    st = read_map(r, f->root, "a policy", policy_words, COUNT_OF(policy_words),
                  p);
    for (f = f->next; st == STATUS_OK && f != NULL; f = f->next)
        st = read_map(r, f->root, "an included policy", included_words,
                      COUNT_OF(included_words), p);
    return st;
}

static enum status read_policy(struct reader *r, struct policy *p)
{
    enum status st = read_listen_default(r, p);

    if (st == STATUS_OK)
        st = read_collateral_default(r, &p->collateral);
    read_audit_default(&p->audit);
    if (st == STATUS_OK)
        st = read_words(r, p);
    if (st == STATUS_OK)
        st = read_listen_check(r, p);
    if (st == STATUS_OK)
        st = read_service_all(r, p);
    if (st != STATUS_OK)
        return st;
    read_collateral_complete(&p->collateral, &p->collateral.sources);
    if (p->service_count == 0)
        st = read_warn(r, r->first_file->root, "names no service");
    if (st == STATUS_OK)
        st = read_file_names(r, p);
    p->file_name = r->first_file->name;
    return st != STATUS_OK ? st : read_warnings(r, p);
}

void policy_address_text(const struct policy_address *a, char *out, size_t room)
{
    const bool six = strchr(a->host, ':') != NULL;

    if (a->host[0] == '/')
        (void)snprintf(out, room, "%s", a->host);
    else
        (void)snprintf(out, room, "%s%s%s:%u", six ? "[" : "", a->host,
                       six ? "]" : "", (unsigned)a->port);
}

static enum status parse(struct slice text, const char *file_name,
                         const struct policy_files *files, struct policy **out,
                         struct policy_error *err)
{
    struct arena *tree = arena_new(POLICY_MEMORY_MAX_BYTES);
    struct arena *memory = arena_new(POLICY_MEMORY_MAX_BYTES);
    struct reader r = {
        .memory = memory, .tree = tree, .err = err, .files = files
    };
    void *p = NULL;
    enum status st;

    *out = NULL;
    *err = (struct policy_error){ .at = place_of(file_name, 0, 0) };
    if (tree == NULL || memory == NULL)
        st = why_fail(&err->why, STATUS_NO_MEMORY, NULL, NULL, "no memory");
    else
        st = read_file_all(&r, text, file_name);
    if (st == STATUS_OK)
        st = read_room(&r, 1, sizeof(struct policy), &p);
    if (st == STATUS_OK)
        st = read_policy(&r, p);
    if (st == STATUS_OK) {
        *out = p;
        (*out)->memory = memory;
        memory = NULL;
    }
    arena_free(tree);
    arena_free(memory);
    return st;
}

enum status policy_parse(struct slice text, const char *file_name,
                         struct policy **out, struct policy_error *err)
{
    return parse(text, file_name, NULL, out, err);
}

enum status policy_load(const char *path, const struct policy_files *files,
                        struct policy **out, struct policy_error *err)
{
    struct buffer text;
    enum status st;

    *out = NULL;
    *err = (struct policy_error){ .at = place_of(path, 0, 0) };
    st = files->read(files->ctx, path, POLICY_MAX_BYTES, &text, &err->why);
    if (st != STATUS_OK)
        return st;
    st = parse(buffer_view(&text), path, files, out, err);
    buffer_free(&text);
    return st;
}

void policy_free(struct policy *p)
{
    if (p != NULL)
        arena_free(p->memory); /* |p| is in it */
}

bool policy_uses_tls(const struct service *s)
{
    for (size_t i = 0; i < s->endpoint_count; i++)
        if (s->endpoints[i].tls)
            return true;
    return false;
}

void policy_error_line(const struct policy_error *err, char *line, size_t room)
{
    const struct why *why = &err->why;
    char at[sizeof(err->at.file) + 24];
    char also[sizeof(at)];

    if (err->at.line == 0) {
        (void)snprintf(line, room, "%s", why->found);
        return;
    }
    place_text(&err->at, at, sizeof(at));
    place_text(&err->also, also, sizeof(also));
    (void)snprintf(line, room, "%s: found %s%s%s%s%s", at, why->found,
                   why->expected[0] != '\0' ? ", expected " : "", why->expected,
                   err->also.line != 0 ? "; see also " : "",
                   err->also.line != 0 ? also : "");
}

const char *policy_tls_name(const struct service *s)
{
    return s->intercept ? "intercept" : "passthrough";
}

bool policy_intercepts(const struct policy *p)
{
    for (size_t i = 0; i < p->service_count; i++)
        if (p->services[i].intercept)
            return true;
    return false;
}

const char *policy_protocol_name(enum protocol p)
{
    switch (p) {
    case PROTOCOL_NATIVE:
        return "native";
    case PROTOCOL_TEEKIT:
        return "teekit";
    }
    assert(!"a protocol without a name");
    return "";
}
