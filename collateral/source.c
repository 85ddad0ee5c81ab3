#include "collateral/source.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collateral/url.h"

const char *source_name(enum source_kind kind)
{
    switch (kind) {
    case SOURCE_STORE:
        return "store";
    case SOURCE_STAPLED:
        return "stapled";
    case SOURCE_PCCS:
        return "pccs";
    case SOURCE_PCS:
        return "pcs";
    case SOURCE_KDS:
        return "kds";
    }
    assert(!"a source without a name");
    return "";
}

bool source_is_remote(enum source_kind kind)
{
    return kind == SOURCE_PCCS || kind == SOURCE_PCS || kind == SOURCE_KDS;
}

static enum status check_source(const struct collateral_source *s,
                                struct why *why)
{
    struct url url;

    if (!source_is_remote(s->kind))
        return STATUS_OK;
    if (s->url == NULL && s->kind == SOURCE_PCCS)
        return why_fail(why, STATUS_BAD_CONFIG, "collateral.sources", NULL,
                        "a PCCS without a URL");
    if (s->url == NULL)
        return STATUS_OK;
    return url_parse(slice_text(s->url), &url, why);
}

/* A copy of |text|, NULL for NULL; false when out of memory. */
static bool copy_text(const char *text, const char **out)
{
    size_t room = text == NULL ? 0 : strlen(text) + 1;
    char *copy = text == NULL ? NULL : malloc(room);

    if (copy != NULL)
        memcpy(copy, text, room);
    *out = copy;
    return text == NULL || copy != NULL;
}

static bool copy_source(const struct collateral_source *from,
                        struct collateral_source *to)
{
    *to = (struct collateral_source){ .kind = from->kind };
    return copy_text(from->url, &to->url) &&
           copy_text(from->ca_file, &to->ca_file) &&
           copy_text(from->proxy, &to->proxy);
}

static void free_source(struct collateral_source *s)
{
    free((char *)s->url);
    free((char *)s->ca_file);
    free((char *)s->proxy);
    *s = (struct collateral_source){ .kind = SOURCE_STORE };
}

static enum status check_count(size_t count, struct why *why)
{
    if (count > 0 && count <= COLLATERAL_SOURCES_MAX)
        return STATUS_OK;
    return why_fail(why, STATUS_BAD_CONFIG, "collateral.sources", NULL,
                    "%zu sources, 1 to %d can be named", count,
                    COLLATERAL_SOURCES_MAX);
}

enum status source_list_add(struct source_list *list,
                            const struct collateral_source *s, struct why *why)
{
    if (check_count(list->count + 1, why) != STATUS_OK ||
        check_source(s, why) != STATUS_OK)
        return STATUS_BAD_CONFIG;
    if (!copy_source(s, &list->at[list->count])) {
        free_source(&list->at[list->count]);
        return why_fail(why, STATUS_NO_MEMORY, "collateral.sources", NULL,
                        "no memory");
    }
    list->count++;
    return STATUS_OK;
}

enum status source_list_copy(const struct collateral_source *sources,
                             size_t count, struct source_list *out,
                             struct why *why)
{
    enum status st = check_count(count, why);

    *out = (struct source_list){ 0 };
    for (size_t i = 0; i < count && st == STATUS_OK; i++)
        st = source_list_add(out, &sources[i], why);
    if (st != STATUS_OK)
        source_list_free(out);
    return st;
}

void source_list_free(struct source_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_source(&list->at[i]);
    list->count = 0;
}

static bool same_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}

static bool same_source(const struct collateral_source *a,
                        const struct collateral_source *b)
{
    return a->kind == b->kind && same_text(a->url, b->url) &&
           same_text(a->ca_file, b->ca_file) && same_text(a->proxy, b->proxy);
}

bool source_list_equal(const struct source_list *a, const struct source_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same_source(&a->at[i], &b->at[i]))
            return false;
    return true;
}
