#include "policy/read_collateral.h"

#include <string.h>

#include "policy/read_url.h"

#define TIMEOUT_DEFAULT_MS  10000
#define TIMEOUT_MAX_SECONDS 600
#define REFRESH_MIN_SECONDS 10
#define REFRESH_MAX_SECONDS (7 * 24 * 3600)

static const char source_expected[] =
    "stapled, store, pcs, kds or the https:// URL of a PCCS";

/* Read a base URL; a final '/' says nothing and is dropped. */
static enum status read_base(struct reader *r, const struct node *node,
                             const struct scheme *scheme, const char *expected,
                             const char **out)
{
    struct slice text = node->text;
    struct url url;
    enum status st = read_url_text(r, node, scheme, 1, expected, &url);

    *out = NULL;
    if (st != STATUS_OK)
        return st;
    if (url.path.len > 0 && memchr(url.path.at, '?', url.path.len) != NULL)
        return read_unexpected(r, node, "a URL without a query");
    if (text.at[text.len - 1] == '/')
        text.len--;
    return read_copy(r, text, out);
}

static enum status read_https(struct reader *r, const struct node *node,
                              const char **out)
{
    static const struct scheme https = { "https", 443 };

    return read_base(r, node, &https, source_expected, out);
}

static enum status read_proxy(struct reader *r, const struct node *node,
                              const char **out)
{
    static const struct scheme http = { "http", 80 };

    return read_base(r, node, &http, "the http:// URL of a proxy", out);
}

/* A source as it is read from a block. */
struct source_draft {
    struct policy_source *source;
    bool has_kind;
};

static enum status on_kind(struct reader *r, const struct node *key, void *to)
{
    static const char *const names[] = { "pccs", "pcs", "kds" };
    static const enum policy_source_kind kinds[] = { POLICY_SOURCE_PCCS,
                                                     POLICY_SOURCE_PCS,
                                                     POLICY_SOURCE_KDS };
    struct source_draft *d = to;
    size_t which;
    enum status st = read_choice(r, key->value, names, COUNT_OF(names), &which);

    d->has_kind = true;
    if (st == STATUS_OK)
        d->source->kind = kinds[which];
    return st;
}

static enum status on_url(struct reader *r, const struct node *key, void *to)
{
    struct source_draft *d = to;

    return read_https(r, key->value, &d->source->url);
}

static enum status on_source_ca(struct reader *r, const struct node *key,
                                void *to)
{
    struct source_draft *d = to;

    return read_path(r, key->value, &d->source->ca_file);
}

static enum status on_source_proxy(struct reader *r, const struct node *key,
                                   void *to)
{
    struct source_draft *d = to;

    return read_proxy(r, key->value, &d->source->proxy);
}

static const struct word source_words[] = {
    { "kind", on_kind },
    { "url", on_url },
    { "ca-file", on_source_ca },
    { "proxy", on_source_proxy },
};

static enum status read_source_block(struct reader *r, const struct node *node,
                                     struct policy_source *source)
{
    struct source_draft d = { .source = source };
    enum status st;

    source->kind = POLICY_SOURCE_PCCS;
    st =
        read_map(r, node, "a source", source_words, COUNT_OF(source_words), &d);
    if (st == STATUS_OK && source->kind == POLICY_SOURCE_PCCS &&
        source->url == NULL)
        return read_unexpected(r, node, "a source with a url");
    return st;
}

static enum status read_source(struct reader *r, const struct node *node,
                               void *item)
{
    static const struct {
        const char *name;
        enum policy_source_kind kind;
    } plain[] = {
        { "store", POLICY_SOURCE_STORE },
        { "stapled", POLICY_SOURCE_STAPLED },
        { "pcs", POLICY_SOURCE_PCS },
        { "kds", POLICY_SOURCE_KDS },
    };
    struct policy_source *source = item;

    if (node->kind == NODE_MAP)
        return read_source_block(r, node, source);
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        if (!slice_equal(node->text, slice_text(plain[i].name)))
            continue;
        source->kind = plain[i].kind;
        return STATUS_OK;
    }
    source->kind = POLICY_SOURCE_PCCS;
    return read_https(r, node, &source->url);
}

static bool same_source(const struct policy_source *a,
                        const struct policy_source *b)
{
    if (a->kind != b->kind || (a->url == NULL) != (b->url == NULL))
        return false;
    return a->url == NULL || strcmp(a->url, b->url) == 0;
}

static enum status read_sources(struct reader *r, const struct node *key,
                                struct policy_sources *out)
{
    const struct node *list = key->value;
    const struct node *item = list->kind == NODE_LIST ? list->first : list;
    void *items = NULL;
    enum status st;

    if (list->kind == NODE_LIST && list->count > POLICY_SOURCES_MAX)
        return read_unexpected(r, list, "at most %d sources",
                               POLICY_SOURCES_MAX);
    st = read_list(r, list, sizeof(struct policy_source), read_source, &items,
                   &out->count);
    out->list = items;
    for (size_t i = 0; i < out->count; i++, item = item->next)
        for (size_t j = 0; j < i; j++)
            if (same_source(&out->list[i], &out->list[j]))
                return read_unexpected(r, item, "each source once");
    return st;
}

static enum status on_service_sources(struct reader *r, const struct node *key,
                                      void *to)
{
    return read_sources(r, key, to);
}

static const struct word service_words[] = {
    { "sources", on_service_sources },
};

enum status read_collateral_service(struct reader *r, const struct node *key,
                                    struct policy_sources *sources)
{
    return read_block(r, key, service_words, COUNT_OF(service_words), sources);
}

static enum status on_sources(struct reader *r, const struct node *key,
                              void *to)
{
    struct policy_collateral *c = to;

    return read_sources(r, key, &c->sources);
}

static enum status on_cache(struct reader *r, const struct node *key, void *to)
{
    struct policy_collateral *c = to;

    return read_path(r, key->value, &c->cache_dir);
}

static enum status on_timeout(struct reader *r, const struct node *key,
                              void *to)
{
    struct policy_collateral *c = to;
    int64_t seconds;
    enum status st = read_duration(r, key->value, &seconds);

    if (st == STATUS_OK && seconds > TIMEOUT_MAX_SECONDS)
        return read_unexpected(r, key->value, "at most %d seconds",
                               TIMEOUT_MAX_SECONDS);
    c->timeout_ms = seconds * 1000;
    return st;
}

static enum status on_refresh(struct reader *r, const struct node *key,
                              void *to)
{
    struct policy_collateral *c = to;
    enum status st = read_duration(r, key->value, &c->refresh_s);

    if (st == STATUS_OK && (c->refresh_s < REFRESH_MIN_SECONDS ||
                            c->refresh_s > REFRESH_MAX_SECONDS))
        return read_unexpected(r, key->value, "%d seconds to 7 days",
                               REFRESH_MIN_SECONDS);
    return st;
}

static enum status on_forecast(struct reader *r, const struct node *key,
                               void *to)
{
    struct policy_collateral *c = to;

    return read_bool(r, key->value, &c->sources.forecast);
}

static enum status on_update(struct reader *r, const struct node *key, void *to)
{
    static const char *const names[] = {
        [POLICY_UPDATE_STANDARD] = "standard",
        [POLICY_UPDATE_EARLY] = "early",
    };
    struct policy_collateral *c = to;
    size_t which;
    enum status st = read_choice(r, key->value, names, COUNT_OF(names), &which);

    c->sources.update = (enum policy_update)which;
    return st;
}

static enum status on_ca_file(struct reader *r, const struct node *key,
                              void *to)
{
    struct policy_collateral *c = to;

    return read_path(r, key->value, &c->ca_file);
}

static enum status on_proxy(struct reader *r, const struct node *key, void *to)
{
    struct policy_collateral *c = to;

    return read_proxy(r, key->value, &c->proxy);
}

static const struct word collateral_words[] = {
    /* clang-format off */
    { "sources", on_sources },
    { "cache",   on_cache },
    { "timeout", on_timeout },
    { "refresh", on_refresh },
    { "update",  on_update },
    { "forecast", on_forecast },
    { "ca-file", on_ca_file },
    { "proxy",   on_proxy },
    /* clang-format on */
};

enum status read_collateral_block(struct reader *r, const struct node *key,
                                  struct policy_collateral *c)
{
    return read_block(r, key, collateral_words, COUNT_OF(collateral_words), c);
}

enum status read_collateral_default(struct reader *r,
                                    struct policy_collateral *c)
{
    static const enum policy_source_kind kinds[] = {
        POLICY_SOURCE_STORE,
        POLICY_SOURCE_STAPLED,
        POLICY_SOURCE_PCS,
        POLICY_SOURCE_KDS,
    };
    void *list;
    enum status st =
        read_room(r, COUNT_OF(kinds), sizeof(struct policy_source), &list);

    *c = (struct policy_collateral){ .timeout_ms = TIMEOUT_DEFAULT_MS,
                                     .sources.forecast = true };
    if (st != STATUS_OK)
        return st;
    c->sources.count = COUNT_OF(kinds);
    c->sources.list = list;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        c->sources.list[i].kind = kinds[i];
    return STATUS_OK;
}

void read_collateral_complete(const struct policy_collateral *c,
                              struct policy_sources *sources)
{
    if (sources->count == 0)
        *sources = c->sources;
    sources->update = c->sources.update;
    sources->forecast = c->sources.forecast;
    for (size_t i = 0; i < sources->count; i++) {
        struct policy_source *s = &sources->list[i];
        bool pccs = s->kind == POLICY_SOURCE_PCCS;

        if (pccs && s->ca_file == NULL)
            s->ca_file = c->ca_file;
        if ((pccs || s->kind == POLICY_SOURCE_PCS ||
             s->kind == POLICY_SOURCE_KDS) &&
            s->proxy == NULL)
            s->proxy = c->proxy;
    }
}
