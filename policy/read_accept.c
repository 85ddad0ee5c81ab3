#include "policy/read_accept.h"

#include "policy/read_clause.h"
#include "policy/read_exec.h"
#include "policy/read_measurements.h"
#include "policy/read_release.h"
#include "policy/read_tcb.h"

/* What read_accept_block() hands to the words. */
struct accept_draft {
    struct accept *accept;
    struct clauses common; /* what stands in accept itself */
};

static enum status on_field(struct reader *r, const struct node *key, void *to)
{
    struct accept_draft *d = to;

    return read_clause_add(r, key, FIELD_IN_ACCEPT, &d->common);
}

static enum status on_platform_field(struct reader *r, const struct node *key,
                                     void *to)
{
    struct accept_draft *d = to;

    return read_clause_add(r, key, FIELD_IN_PLATFORM, &d->common);
}

static enum status on_platform(struct reader *r, const struct node *key,
                               void *to)
{
    struct vocabulary v = { 0 };

    read_clause_words(FIELD_IN_PLATFORM, on_platform_field, &v);
    return read_block(r, key, v.words, v.count, to);
}

static enum status on_tee(struct reader *r, const struct node *key, void *to)
{
    static const char *const names[] = { "tdx", "sgx", "sev-snp" };
    static const enum tee_type types[] = { TEE_TDX, TEE_SGX, TEE_SEV_SNP };
    struct accept_draft *d = to;
    size_t which;
    enum status st = read_choice(r, key->value, names, COUNT_OF(names), &which);

    d->accept->tee = types[which];
    d->common.tee = types[which];
    return st;
}

static enum status on_any_of(struct reader *r, const struct node *key, void *to)
{
    struct accept_draft *d = to;

    return read_release_list(r, key, &d->common, d->accept);
}

static enum status on_measurements(struct reader *r, const struct node *key,
                                   void *to)
{
    struct accept_draft *d = to;

    return read_measurements_file(r, key, &d->common, d->accept);
}

static enum status on_tcb_field(struct reader *r, const struct node *key,
                                void *to)
{
    struct accept_draft *d = to;

    return read_clause_add(r, key, FIELD_IN_TCB, &d->common);
}

static enum status on_tcb(struct reader *r, const struct node *key, void *to)
{
    struct accept_draft *d = to;
    struct vocabulary v = { 0 };

    if (d->accept->tee != TEE_SEV_SNP)
        return read_tcb_block(r, key, d->accept->tee, &d->accept->tcb);
    read_clause_words(FIELD_IN_TCB, on_tcb_field, &v);
    return read_block(r, key, v.words, v.count, to);
}

static enum status on_revocation(struct reader *r, const struct node *key,
                                 void *to)
{
    static const char *const names[] = { "required", "optional" };
    struct accept_draft *d = to;
    size_t which;
    enum status st = read_choice(r, key->value, names, COUNT_OF(names), &which);

    if (st != STATUS_OK)
        return st;
    if (d->accept->tee != TEE_SEV_SNP)
        return read_unexpected(r, key,
                               "revocation lists, always, where tee is "
                               "%s",
                               tee_name(d->accept->tee));
    d->accept->revocation_optional = which == 1;
    if (!d->accept->revocation_optional)
        return STATUS_OK;
    return read_warn(r, key, "accepts keys that may have been revoked");
}

static enum status on_debug(struct reader *r, const struct node *key, void *to)
{
    struct accept_draft *d = to;
    enum status st = read_bool(r, key->value, &d->accept->debug);

    if (st != STATUS_OK || !d->accept->debug)
        return st;
    return read_warn(r, key,
                     "accepts debug TEEs, whose host can read their memory");
}

static enum status on_freshness(struct reader *r, const struct node *key,
                                void *to)
{
    struct accept_draft *d = to;

    return read_accept_freshness(r, key, d->accept);
}

static enum status on_max_age(struct reader *r, const struct node *key,
                              void *to)
{
    struct accept_draft *d = to;

    return read_accept_max_age(r, key, d->accept);
}

static enum status on_min_life(struct reader *r, const struct node *key,
                               void *to)
{
    struct accept_draft *d = to;

    return read_duration(r, key->value, &d->accept->min_collateral_life_s);
}

static enum status on_exec(struct reader *r, const struct node *key, void *to)
{
    struct accept_draft *d = to;

    return read_exec_value(r, key, &d->accept->exec);
}

/* What the others mean depends on the TEE. */
static const struct word accept_words[] = {
    /* clang-format off */
    { "tee",                 on_tee },
    { "platform",            on_platform },
    { "tcb",                 on_tcb },
    { "revocation",          on_revocation },
    { "debug",               on_debug },
    { "freshness",           on_freshness },
    { "max-age",             on_max_age },
    { "min-collateral-life", on_min_life },
    { "exec",                on_exec },
    /* clang-format on */
};

/* Read after the fields, which are part of every release. */
static const struct word release_words[] = {
    { "any-of", on_any_of },
    { "measurements", on_measurements },
};

enum status read_accept_freshness(struct reader *r, const struct node *key,
                                  struct accept *accept)
{
    static const char *const names[] = {
        [FRESH_CHALLENGE] = "challenge",
        [FRESH_EPOCH] = "epoch",
    };
    size_t which;
    enum status st = read_choice(r, key->value, names, COUNT_OF(names), &which);

    accept->freshness = (enum freshness)which;
    return st;
}

enum status read_accept_max_age(struct reader *r, const struct node *key,
                                struct accept *accept)
{
    return read_duration(r, key->value, &accept->max_age_s);
}

static enum status check_tee(struct reader *r, const struct node *key)
{
    const struct node *map = key->value;

    if (map->count == 0 || yaml_tree_find(map, "tee") != NULL)
        return STATUS_OK;
    return read_fail(r, key, "\"accept\" without \"tee\"",
                     "tee: tdx, sgx or sev-snp");
}

/* The likeliest misplacement deserves better than "unknown word". */
static enum status check_places(struct reader *r, const struct node *key)
{
    for (size_t i = 0; i < field_count; i++) {
        const struct node *misplaced =
            field_table[i].block == FIELD_IN_PLATFORM
                ? yaml_tree_find(key->value, field_table[i].word)
                : NULL;

        if (misplaced != NULL)
            return read_unexpected(r, misplaced,
                                   "it in the block \"platform\"");
    }
    return STATUS_OK;
}

enum status read_accept_block(struct reader *r, const struct node *key,
                              struct accept *accept)
{
    struct accept_draft d = { .accept = accept };
    struct vocabulary v = { 0 };
    enum status st;

    read_tcb_default(&accept->tcb);
    read_vocabulary_add(&v, accept_words, COUNT_OF(accept_words));
    read_clause_words(FIELD_IN_ACCEPT, on_field, &v);
    read_vocabulary_add(&v, release_words, COUNT_OF(release_words));
    st = check_tee(r, key);
    if (st == STATUS_OK)
        st = check_places(r, key);
    if (st == STATUS_OK)
        st = read_block(r, key, v.words, v.count, &d);
    if (st != STATUS_OK)
        return st;
    if (accept->tee == TEE_NONE)
        return read_warn(r, key, "accepts nothing: it is empty");
    if (accept->release_count > 0)
        return STATUS_OK;
    return read_release_only(r, key, &d.common, accept);
}
