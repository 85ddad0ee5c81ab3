#include "collateral/stock.h"

#include <assert.h>
#include <string.h>

#include "collateral/seen.h"
#include "verifier/snp_item.h"

/* --- what it is ----------------------------------------------------------- */

/* A list of AMD's names no product: it is that of the root that signed it. */
static enum status check_ark_crl(const struct store_entry *e, struct slice root,
                                 int64_t now_unix, struct item_facts *facts,
                                 struct why *why)
{
    static const enum snp_product products[] = { SNP_MILAN, SNP_GENOA,
                                                 SNP_TURIN };
    enum status st = STATUS_MISMATCH;

    for (size_t i = 0;
         i < COUNT_OF(products) && facts->product == SNP_NO_PRODUCT; i++)
        st = snp_item_check_crl(e->body, products[i], root, now_unix, facts,
                                why);
    return st;
}

static enum status check_under(enum collateral_item item,
                               const struct store_entry *e, struct slice root,
                               int64_t now_unix, struct item_facts *facts,
                               struct why *why)
{
    if (item == ITEM_VCEK)
        return snp_item_check_vcek(e->body, root, now_unix, facts, why);
    if (item == ITEM_ARK_CRL)
        return check_ark_crl(e, root, now_unix, facts, why);
    return collateral_item_check(item, e->body, e->chain, root, now_unix, facts,
                                 why);
}

static bool is_read(enum status st)
{
    return st == STATUS_OK || st == STATUS_EXPIRED || st == STATUS_NOT_YET;
}

/* Is it, under |root|, what |name| says? Under a root of the user's, the lists
 * of all products are signed alike: the name decides. */
static bool is_named(const char *name, enum collateral_item item,
                     const struct collateral_update *update,
                     struct stock_item *out)
{
    static const enum snp_product products[] = { SNP_MILAN, SNP_GENOA,
                                                 SNP_TURIN };
    char ours[WANT_NAME_ROOM];

    for (size_t i = 0; i < COUNT_OF(products); i++) {
        if (item == ITEM_ARK_CRL && out->root.len > 0)
            out->facts.product = products[i];
        out->want = want_of_facts(item, update, &out->facts, out->root);
        want_name(&out->want, ours);
        if (strcmp(ours, name) == 0)
            return true;
    }
    return false;
}

/* True if it was recognised. */
static bool try_root(const char *name, enum collateral_item item,
                     const struct collateral_update *update,
                     const struct store_entry *e, struct slice root,
                     int64_t now_unix, struct stock_item *out)
{
    struct stock_item got = { .root = root };
    enum status st = check_under(item, e, root, now_unix, &got.facts, &got.why);

    if (!is_read(st)) {
        out->why = got.why;
        return false;
    }
    if (st == STATUS_OK)
        got.why = (struct why){ .status = STATUS_OK };
    if (!is_named(name, item, update, &got)) {
        (void)why_fail(&out->why, STATUS_MISMATCH, "store.name", NULL,
                       "it is not what its name says: %s", name);
        return false;
    }
    *out = got;
    return true;
}

void stock_check(const char *name, const struct store_entry *entry,
                 const struct stock_rules *rules, struct stock_item *out)
{
    struct collateral_update update;
    enum collateral_item item;
    const struct slice built_in = { 0 };

    *out = (struct stock_item){ .want = { .item = ITEM_COUNT } };
    if (!want_read_name(name, &item, &update)) {
        (void)why_fail(&out->why, STATUS_MISMATCH, "store.name", NULL,
                       "no item has the name %.90s", name);
        return;
    }
    for (size_t i = 0; i < rules->root_count; i++)
        if (try_root(name, item, &update, entry, rules->roots[i],
                     rules->now_unix, out))
            return;
    (void)try_root(name, item, &update, entry, built_in, rules->now_unix, out);
}

/* --- in it goes ----------------------------------------------------------- */

const char *stock_outcome_name(enum stock_outcome o)
{
    switch (o) {
    case STOCK_STORED:
        return "stored";
    case STOCK_SAME:
        return "same";
    case STOCK_OLDER:
        return "older";
    case STOCK_REFUSED:
        return "refused";
    }
    assert(!"an outcome without a name");
    return "";
}

static bool same(const struct store_entry *a, const struct store_entry *b)
{
    return slice_equal(a->body, b->body) && slice_equal(a->chain, b->chain);
}

/* What is there now, if it is what it says. */
static void look(const struct store *s, const char *name,
                 const struct store_entry *entry,
                 const struct stock_rules *rules, struct seen *seen,
                 bool *is_same)
{
    struct stock_item kept;
    struct store_entry e;
    struct buffer file;
    struct why why;

    *is_same = false;
    if (store_load(s, name, &file, &e, &why) != STATUS_OK)
        return;
    stock_check(name, &e, rules, &kept);
    if (is_read(kept.why.status)) {
        seen_raise(seen, &kept.facts);
        *is_same = same(&e, entry);
    }
    buffer_free(&file);
}

enum stock_outcome stock_put(const struct store *s, const char *name,
                             const struct store_entry *entry,
                             const struct stock_rules *rules,
                             struct stock_item *out)
{
    struct store_entry kept = *entry;
    struct seen seen = { 0 };
    bool is_same;

    stock_check(name, entry, rules, out);
    if (out->why.status != STATUS_OK)
        return STOCK_REFUSED;
    look(s, name, entry, rules, &seen, &is_same);
    if (is_same)
        return STOCK_SAME;
    if (seen_check(&seen, &out->facts, &out->why) != STATUS_OK)
        return STOCK_OLDER;
    kept.fetched_unix = MIN_OF(entry->fetched_unix, rules->now_unix);
    if (store_save(s, name, &kept, &out->why) != STATUS_OK)
        return STOCK_REFUSED;
    out->why = (struct why){ .status = STATUS_OK };
    return STOCK_STORED;
}
