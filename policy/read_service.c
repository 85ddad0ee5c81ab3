#include "policy/read_service.h"

#include <string.h>

#include "common/limits.h"
#include "policy/host.h"
#include "policy/read_accept.h"
#include "policy/read_collateral.h"
#include "policy/read_ending.h"
#include "policy/read_file.h"
#include "policy/read_host.h"
#include "policy/read_listen.h"
#include "policy/read_revocation.h"
#include "policy/read_url.h"

#define DEFAULT_PATH               "/__ra__"
#define ANSWER_TIMEOUT_MAX_SECONDS 3600

static enum status on_hosts(struct reader *r, const struct node *key, void *to)
{
    struct service *s = to;
    void *hosts = NULL;
    enum status st = read_list(r, key->value, sizeof(struct host_pattern),
                               read_host_pattern, &hosts, &s->host_count);

    s->hosts = hosts;
    return st;
}

static enum status read_endpoint(struct reader *r, const struct node *node,
                                 void *item)
{
    static const struct scheme schemes[] = { { "ws", 80 }, { "wss", 443 } };
    struct endpoint *e = item;
    struct slice path = slice_text(DEFAULT_PATH);
    struct url url;
    enum status st =
        read_url_text(r, node, schemes, COUNT_OF(schemes),
                      "a ws:// or wss:// URL such as wss://chat.example.com",
                      &url);

    if (st != STATUS_OK)
        return st;
    if (url.path.len > 1)
        path = url.path;
    e->tls = url.scheme == &schemes[1];
    e->port = url.port;
    st = read_copy(r, node->text, &e->url);
    if (st == STATUS_OK)
        st = read_copy(r, slice_text(url.host), &e->host);
    return st != STATUS_OK ? st : read_copy(r, path, &e->path);
}

static bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
    return a->tls == b->tls && a->port == b->port &&
           strcmp(a->host, b->host) == 0 && strcmp(a->path, b->path) == 0;
}

static enum status on_endpoints(struct reader *r, const struct node *key,
                                void *to)
{
    struct service *s = to;
    const struct node *list = key->value;
    const struct node *item = list->kind == NODE_LIST ? list->first : list;
    void *endpoints = NULL;
    enum status st = read_list(r, list, sizeof(struct endpoint), read_endpoint,
                               &endpoints, &s->endpoint_count);

    s->endpoints = endpoints;
    for (size_t i = 0; i < s->endpoint_count; i++, item = item->next)
        for (size_t j = 0; j < i; j++)
            if (same_endpoint(&s->endpoints[i], &s->endpoints[j]))
                return read_unexpected(r, item, "each endpoint once");
    return st;
}

static enum status on_ca_file(struct reader *r, const struct node *key,
                              void *to)
{
    struct service *s = to;

    return read_path(r, key->value, &s->ca_file);
}

static enum status on_local(struct reader *r, const struct node *key, void *to)
{
    struct service *s = to;
    void *local;
    enum status st = read_room(r, 1, sizeof(*s->local), &local);

    s->local = local;
    return st != STATUS_OK ? st : read_listen_item(r, key->value, local);
}

static enum status on_protocol(struct reader *r, const struct node *key,
                               void *to)
{
    const char *const names[] = {
        [PROTOCOL_NATIVE] = policy_protocol_name(PROTOCOL_NATIVE),
        [PROTOCOL_TEEKIT] = policy_protocol_name(PROTOCOL_TEEKIT),
    };
    struct service *s = to;
    size_t which;
    enum status st = read_choice(r, key->value, names, COUNT_OF(names), &which);

    if (st == STATUS_OK)
        s->protocol = (enum protocol)which;
    return st;
}

static enum status on_tls(struct reader *r, const struct node *key, void *to)
{
    static const char *const names[] = { "passthrough", "intercept" };
    struct service *s = to;
    size_t which;
    enum status st = read_choice(r, key->value, names, COUNT_OF(names), &which);

    s->intercept = st == STATUS_OK && which == 1;
    return st;
}

static enum status on_answer_timeout(struct reader *r, const struct node *key,
                                     void *to)
{
    struct service *s = to;
    int64_t seconds;
    enum status st = read_duration(r, key->value, &seconds);

    if (st != STATUS_OK)
        return st;
    if (seconds > ANSWER_TIMEOUT_MAX_SECONDS)
        return read_unexpected(r, key->value, "at most an hour");
    s->answer_timeout_ms = seconds * 1000;
    return STATUS_OK;
}

static enum status on_refusal(struct reader *r, const struct node *key,
                              void *to)
{
    struct service *s = to;

    return read_ending_limited(r, key, &s->on_refusal);
}

static enum status on_expiry(struct reader *r, const struct node *key, void *to)
{
    struct service *s = to;

    return read_ending_any(r, key, &s->on_expiry);
}

static enum status on_root(struct reader *r, const struct node *key, void *to)
{
    struct service *s = to;
    enum status st = read_path(r, key->value, &s->root_file);

    s->accept.simulated = true;
    if (st != STATUS_OK)
        return st;
    return read_warn(r, key,
                     "trusts a root of its own: this TEE may be SIMULATED");
}

static enum status on_collateral(struct reader *r, const struct node *key,
                                 void *to)
{
    struct service *s = to;

    return read_collateral_service(r, key, &s->sources);
}

static enum status on_freshness(struct reader *r, const struct node *key,
                                void *to)
{
    struct service *s = to;

    return read_accept_freshness(r, key, &s->accept);
}

static enum status on_max_age(struct reader *r, const struct node *key,
                              void *to)
{
    struct service *s = to;

    return read_accept_max_age(r, key, &s->accept);
}

static enum status on_revoked(struct reader *r, const struct node *key,
                              void *to)
{
    struct service *s = to;

    return read_revocation_serials(r, key, &s->accept.revocations);
}

static enum status on_crls(struct reader *r, const struct node *key, void *to)
{
    struct service *s = to;

    return read_revocation_crls(r, key, &s->accept.revocations);
}

static enum status on_accept(struct reader *r, const struct node *key, void *to)
{
    struct service *s = to;

    return read_accept_block(r, key, &s->accept);
}

static const struct word service_words[] = {
    /* clang-format off */
    { "hosts",      on_hosts },
    { "endpoints",  on_endpoints },
    { "ca-file",    on_ca_file },
    { "local",      on_local },
    { "protocol",   on_protocol },
    { "tls",        on_tls },
    { "answer-timeout", on_answer_timeout },
    { "on-refusal", on_refusal },
    { "on-expiry",  on_expiry },
    { "root",       on_root },
    { "collateral", on_collateral },
    { "revoked",    on_revoked },
    { "crls",       on_crls },
    { "freshness",  on_freshness },
    { "max-age",    on_max_age },
    { "accept",     on_accept },
    /* clang-format on */
};

/* Where |word| stands: in the service or in its accept, but not in both. */
static enum status find_once(struct reader *r, const struct node *service,
                             const char *word, const struct node **out)
{
    const struct node *accept = yaml_tree_find(service, "accept");
    const struct node *outer = yaml_tree_find(service, word);
    const struct node *inner = yaml_tree_find(accept->value, word);

    *out = outer != NULL ? outer : inner;
    if (outer == NULL || inner == NULL)
        return STATUS_OK;
    return read_unexpected(r, inner, "\"%s\" once, in the service or in accept",
                           word);
}

static enum status check_freshness(struct reader *r, const struct node *service,
                                   const struct accept *accept)
{
    const struct node *freshness;
    const struct node *max_age;
    enum status st = find_once(r, service, "freshness", &freshness);

    if (st == STATUS_OK)
        st = find_once(r, service, "max-age", &max_age);
    if (st != STATUS_OK || accept->freshness != FRESH_EPOCH)
        return st;
    if (max_age == NULL)
        return read_unexpected(r, freshness->value, "a max-age beside it");
    return read_warn(r, freshness,
                     "accepts evidence that was not made for our challenge");
}

/* No quote of teekit answers a challenge, and nobody may believe that it
 * does. */
static enum status check_protocol(struct reader *r, const struct node *service,
                                  struct service *s)
{
    const struct node *timeout = yaml_tree_find(service, "answer-timeout");
    const struct node *protocol = yaml_tree_find(service, "protocol");

    if (s->protocol == PROTOCOL_NATIVE) {
        return timeout == NULL
                   ? STATUS_OK
                   : read_unexpected(r, timeout,
                                     "no answer-timeout without protocol: "
                                     "teekit");
    }
    if (timeout == NULL)
        s->answer_timeout_ms = TEEKIT_ANSWER_DEADLINE_MS;
    if (s->accept.freshness != FRESH_EPOCH)
        return read_unexpected(r, protocol->value,
                               "freshness: epoch beside it, because teekit "
                               "knows no challenge");
    return read_warn(r, protocol,
                     "teekit detects neither replay nor loss, and its key is "
                     "as good as all that was ever said under it");
}

/* The CA that signs for them is constrained to names, and https to a name goes
 * on as http to it: so its hosts are names, at every port. */
static enum status check_tls(struct reader *r, const struct node *service,
                             const struct service *s)
{
    const struct node *tls = yaml_tree_find(service, "tls");

    if (!s->intercept)
        return STATUS_OK;
    if (s->host_count == 0)
        return read_unexpected(r, tls->value, "hosts beside it");
    for (size_t i = 0; i < s->host_count; i++)
        if (s->hosts[i].port != 0 || host_is_address(s->hosts[i].host))
            return read_unexpected(r, tls->value,
                                   "hosts by name and without a port beside "
                                   "it, not %.100s",
                                   s->hosts[i].host);
    return STATUS_OK;
}

static enum status missing(struct reader *r, const struct node *key,
                           const char *what)
{
    return read_fail(r, key, "an incomplete service", "%s", what);
}

/* What can be judged only when the whole service was read. */
static enum status check_service(struct reader *r, const struct node *key,
                                 struct service *s)
{
    enum status st;

    if (s->host_count == 0 && s->local == NULL)
        return missing(r, key, "hosts or local");
    if (s->endpoint_count == 0)
        return missing(r, key, "endpoints");
    if (yaml_tree_find(key->value, "accept") == NULL)
        return missing(r, key, "accept");
    if (s->ca_file != NULL && !policy_uses_tls(s))
        return read_unexpected(r, yaml_tree_find(key->value, "ca-file"),
                               "no ca-file without a wss:// endpoint");
    st = check_tls(r, key->value, s);
    if (st == STATUS_OK)
        st = check_freshness(r, key->value, &s->accept);
    return st != STATUS_OK ? st : check_protocol(r, key->value, s);
}

static enum status read_service(struct reader *r, const struct node *key,
                                struct service *s)
{
    enum status st = read_name(r, key, &s->name);

    s->on_expiry.drain = true;
    if (st == STATUS_OK)
        st = read_map(r, key->value, "a service", service_words,
                      COUNT_OF(service_words), s);
    return st != STATUS_OK ? st : check_service(r, key, s);
}

/* Where |p|'s service |i| says `local`. */
static const struct node *local_at(const struct node *const *keys, size_t i)
{
    return yaml_tree_find(keys[i]->value, "local")->value;
}

static enum status check_port(struct reader *r, const struct node *const *keys,
                              const struct policy *p, size_t service)
{
    static const char expected[] = "a port that nothing else uses";
    const struct policy_address *local = p->services[service].local;

    for (size_t i = 0; i < p->listen_count; i++)
        if (read_listen_collides(local, &p->listen[i]))
            return read_unexpected(r, local_at(keys, service), expected);
    for (size_t i = 0; i < service; i++)
        if (p->services[i].local != NULL &&
            read_listen_collides(local, p->services[i].local))
            return read_clash(r, local_at(keys, service), local_at(keys, i),
                              expected);
    return STATUS_OK;
}

/* Nothing is asked there, where the proxy itself does ask. */
static enum status warn_of_port(struct reader *r,
                                const struct node *const *keys,
                                const struct policy *p, size_t service)
{
    if (p->credentials == NULL || p->services[service].local->host[0] == '/')
        return STATUS_OK;
    return read_warn(r, local_at(keys, service),
                     "a port asks for no credentials: whoever uses this "
                     "machine reaches the service; the path of a UNIX socket "
                     "keeps others out");
}

static enum status check_ports(struct reader *r, const struct node *const *keys,
                               const struct policy *p)
{
    enum status st = STATUS_OK;

    for (size_t i = 0; i < p->service_count && st == STATUS_OK; i++)
        if (p->services[i].local != NULL) {
            st = check_port(r, keys, p, i);
            if (st == STATUS_OK)
                st = warn_of_port(r, keys, p, i);
        }
    return st;
}

/* Those in one file are told apart when it is parsed. */
static enum status check_names(struct reader *r, const struct node *const *keys,
                               size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (slice_equal(keys[i]->text, keys[k]->text))
                return read_clash(r, keys[i], keys[k],
                                  "another name for each service");
    return STATUS_OK;
}

static enum status count_in(struct reader *r, const struct read_file *f,
                            size_t *count)
{
    const struct node *key = yaml_tree_find(f->root, "services");
    const struct node *map = key == NULL ? NULL : key->value;

    if (map == NULL)
        return STATUS_OK;
    if (map->kind != NODE_MAP)
        return read_unexpected(r, map, "a block of services by name");
    if (map->count > POLICY_ITEMS_MAX - *count)
        return read_unexpected(r, key, "at most %d services", POLICY_ITEMS_MAX);
    *count += map->count;
    return STATUS_OK;
}

/* The names of all services, in the order of the files, and how many. */
static enum status gather(struct reader *r, const struct node ***out,
                          size_t *count)
{
    enum status st = STATUS_OK;
    void *room = NULL;
    size_t n = 0;

    *count = 0;
    for (const struct read_file *f = r->first_file; f != NULL; f = f->next)
        if (st == STATUS_OK)
            st = count_in(r, f, count);
    if (st == STATUS_OK)
        st = read_room(r, *count, sizeof(**out), &room);
    *out = room;
    if (st != STATUS_OK)
        return st;
    for (const struct read_file *f = r->first_file; f != NULL; f = f->next) {
        const struct node *key = yaml_tree_find(f->root, "services");

        for (const struct node *k = key == NULL ? NULL : key->value->first;
             k != NULL; k = k->next)
            (*out)[n++] = k;
    }
    return STATUS_OK;
}

/* Those of |f|, whose names stand at |keys|. */
static enum status read_services_of(struct reader *r, const struct read_file *f,
                                    const struct node *const *keys,
                                    struct policy *p, struct service *to)
{
    const struct node *key = yaml_tree_find(f->root, "services");
    const size_t end = p->service_count + (key == NULL ? 0 : key->value->count);
    enum status st = STATUS_OK;

    r->folder = f->folder;
    while (st == STATUS_OK && p->service_count < end) {
        const struct node *name = keys[p->service_count];
        struct service *s = &to[p->service_count++];

        st = read_service(r, name, s);
        if (st == STATUS_OK)
            st = read_revocation_join(r, name, &p->revocations,
                                      &s->accept.revocations);
        read_collateral_complete(&p->collateral, &s->sources);
    }
    return st;
}

static enum status read_all(struct reader *r, struct policy *p)
{
    const struct read_file *last = r->last_file; /* services may name more */
    const struct read_file *f = NULL;
    const struct node **keys;
    size_t count;
    void *room = NULL;
    enum status st = gather(r, &keys, &count);

    if (st == STATUS_OK)
        st = check_names(r, keys, count);
    if (st == STATUS_OK)
        st = read_room(r, count, sizeof(struct service), &room);
    p->services = room;
    while (st == STATUS_OK && f != last) {
        f = f == NULL ? r->first_file : f->next;
        st = read_services_of(r, f, keys, p, room);
    }
    if (st == STATUS_OK)
        st = check_ports(r, keys, p);
    if (st != STATUS_OK)
        return st;
    return read_host_unique(r, keys, p->services, p->service_count);
}

enum status read_service_all(struct reader *r, struct policy *p)
{
    enum status st = read_all(r, p);

    if (st != STATUS_OK && r->err->why.field == NULL)
        r->err->why.field = "services";
    return st;
}
