#include "policy/read_release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A release as it is read. */
struct release_draft {
    const char *name; /* NULL if it has none */
    struct clauses clauses;
};

static enum status on_name(struct reader *r, const struct node *key, void *to)
{
    struct release_draft *d = to;

    return read_name(r, key->value, &d->name);
}

static enum status on_field(struct reader *r, const struct node *key, void *to)
{
    struct release_draft *d = to;

    return read_clause_add(r, key, FIELD_IN_ACCEPT, &d->clauses);
}

static const struct word name_word = { "name", on_name };

static bool has(const struct clauses *c, const char *word)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->list[i].field->word, word) == 0)
            return true;
    return false;
}

static bool names_code(const struct clauses *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->list[i].field->is_measurement)
            return true;
    return false;
}

/* What a set of clauses leaves open; NULL if nothing that is seen here. */
static const char *open_of_tdx(const struct clauses *c)
{
    if (!has(c, "mrtd"))
        return "names no mrtd: other firmware can write the same registers";
    if (!has(c, "rtmr1") || !has(c, "rtmr2"))
        return "names no rtmr1 or no rtmr2: where the firmware measures there, "
               "any operating system passes";
    return NULL;
}

static const char *open_of_sgx(const struct clauses *c)
{
    if (!has(c, "mrenclave") && !has(c, "isv-prod-id"))
        return "names no isv-prod-id: every enclave of this signer passes";
    return NULL;
}

static const char *open_of_snp(const struct clauses *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->list[i].field->block == FIELD_IN_TCB)
            return NULL;
    return "names no version in tcb: old firmware passes";
}

static const struct {
    const char *measurement;
    const char *(*open)(const struct clauses *c);
} tees[] = {
    [TEE_SGX] = { "mrenclave", open_of_sgx },
    [TEE_TDX] = { "mrtd", open_of_tdx },
    [TEE_SEV_SNP] = { "measurement", open_of_snp },
};

static enum status warn_open(struct reader *r, const struct node *at,
                             const struct clauses *c)
{
    const char *open;

    if (!names_code(c))
        return read_warn(r, at,
                         "accepts nothing: it names no measurement, such as %s",
                         tees[c->tee].measurement);
    open = tees[c->tee].open(c);
    return open == NULL ? STATUS_OK : read_warn(r, at, "%s", open);
}

static int by_field(const void *left, const void *right)
{
    const struct clause *a = left;
    const struct clause *b = right;

    return a->field < b->field ? -1 : a->field > b->field;
}

/* Make a release of what was read at |at|, in the order of the table. */
static enum status finish(struct reader *r, const struct node *at,
                          const char *name, const struct clauses *c,
                          struct release *out)
{
    void *clauses;
    enum status st = read_room(r, c->count, sizeof(c->list[0]), &clauses);

    if (st != STATUS_OK)
        return st;
    memcpy(clauses, c->list, c->count * sizeof(c->list[0]));
    qsort(clauses, c->count, sizeof(c->list[0]), by_field);
    *out = (struct release){
        .name = name == NULL ? "" : name,
        .count = c->count,
        .clauses = clauses,
        .names_code = names_code(c),
    };
    return warn_open(r, at, c);
}

enum status read_release_add(struct reader *r, const struct node *at,
                             const char *name, const struct clauses *clauses,
                             struct accept *accept, struct release *room)
{
    char found[80];

    for (size_t i = 0; name != NULL && i < accept->release_count; i++) {
        if (strcmp(accept->releases[i].name, name) != 0)
            continue;
        (void)snprintf(found, sizeof(found), "\"%s\"", name);
        return read_fail(r, at, found, "another name for each release");
    }
    return finish(r, at, name, clauses, &room[accept->release_count++]);
}

static enum status read_one(struct reader *r, const struct node *node,
                            const struct clauses *common, struct accept *accept,
                            struct release *room)
{
    struct release_draft d = { .clauses = *common };
    struct vocabulary v = { 0 };
    enum status st;

    d.clauses.common = common->count;
    read_vocabulary_add(&v, &name_word, 1);
    read_clause_words(FIELD_IN_ACCEPT, on_field, &v);
    st = read_map(r, node, "a release", v.words, v.count, &d);
    if (st != STATUS_OK)
        return st;
    return read_release_add(
        r, d.name == NULL ? node : yaml_tree_find(node, "name")->value, d.name,
        &d.clauses, accept, room);
}

enum status read_release_list(struct reader *r, const struct node *key,
                              const struct clauses *common,
                              struct accept *accept)
{
    const struct node *list = key->value;
    const struct node *item = list->first;
    void *releases;
    enum status st;

    if (list->kind != NODE_LIST || list->count == 0)
        return read_unexpected(r, list, "a list of releases");
    st = read_room(r, list->count, sizeof(struct release), &releases);
    accept->releases = releases;
    while (st == STATUS_OK && item != NULL) {
        st = read_one(r, item, common, accept, releases);
        item = item->next;
    }
    return st;
}

enum status read_release_only(struct reader *r, const struct node *key,
                              const struct clauses *common,
                              struct accept *accept)
{
    void *release;
    enum status st = read_room(r, 1, sizeof(struct release), &release);

    accept->releases = release;
    accept->release_count = 1;
    return st != STATUS_OK ? st : finish(r, key, NULL, common, release);
}
