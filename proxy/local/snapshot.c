#include "proxy/local/snapshot.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "proxy/local/paths.h"
#include "proxy/local/policy_file.h"

struct snapshot_files {
    struct buffer root;      /* empty: built in */
    struct crl_files crls;   /* the user's own */
    struct tls_context *tls; /* NULL if no endpoint is wss:// */
};

static enum status read_files(const struct service *service,
                              struct snapshot_files *to, struct why *why)
{
    enum status st = STATUS_OK;

    if (service->root_file != NULL)
        st = policy_file_root(service->root_file, service->accept.tee,
                              &to->root, why);
    if (st == STATUS_OK)
        st = crl_files_read(&service->accept.revocations, &to->crls, why);
    if (st == STATUS_OK && policy_uses_tls(service))
        st = tls_context_client(service->ca_file, &to->tls, why);
    return st;
}

/* Without a CA that can be used all else still works: whoever needs it is told
 * so, by ca_check_host(). */
static enum status read_ca(struct snapshot *s, struct why *why)
{
    char dir[PATHS_ROOM];

    if (!policy_intercepts(s->policy) || !paths_ca(dir))
        return STATUS_OK;
    return ca_load(dir, &s->ca, why);
}

static void snapshot_free(struct snapshot *s)
{
    for (size_t i = 0; i < s->policy->service_count; i++) {
        buffer_free(&s->files[i].root);
        crl_files_free(&s->files[i].crls);
        tls_context_free(s->files[i].tls);
    }
    ca_free(s->ca);
    access_free(s->access);
    policy_free(s->owned);
    free(s->files);
    free(s);
}

static struct snapshot *snapshot_alloc(const struct policy *policy)
{
    struct snapshot *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->files = calloc(policy->service_count + 1, sizeof(s->files[0]));
    if (s->files == NULL) {
        free(s);
        return NULL;
    }
    s->policy = policy;
    atomic_init(&s->holders, 1);
    return s;
}

enum status snapshot_new(const struct policy *policy, struct policy *owned,
                         struct snapshot **out, struct why *why)
{
    struct snapshot *s = snapshot_alloc(policy);
    enum status st;

    *out = NULL;
    if (s == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "policy", NULL, "no memory");
    st = access_new(policy, &s->access, why);
    for (size_t i = 0; i < policy->service_count && st == STATUS_OK; i++)
        st = read_files(&policy->services[i], &s->files[i], why);
    if (st == STATUS_OK)
        st = read_ca(s, why);
    if (st != STATUS_OK) {
        snapshot_free(s);
        return st;
    }
    s->owned = owned;
    *out = s;
    return STATUS_OK;
}

struct snapshot *snapshot_hold(struct snapshot *s)
{
    if (s != NULL)
        (void)atomic_fetch_add(&s->holders, 1);
    return s;
}

void snapshot_let_go(struct snapshot *s)
{
    if (s != NULL && atomic_fetch_sub(&s->holders, 1) == 1)
        snapshot_free(s);
}

static const struct snapshot_files *files_of(const struct snapshot *s,
                                             const struct service *service)
{
    size_t i = (size_t)(service - s->policy->services);

    assert(i < s->policy->service_count);
    return &s->files[i];
}

struct slice snapshot_root(const struct snapshot *s,
                           const struct service *service)
{
    return buffer_view(&files_of(s, service)->root);
}

const struct crl_files *snapshot_crls(const struct snapshot *s,
                                      const struct service *service)
{
    return &files_of(s, service)->crls;
}

struct tls_context *snapshot_tls(const struct snapshot *s,
                                 const struct service *service)
{
    return files_of(s, service)->tls;
}
