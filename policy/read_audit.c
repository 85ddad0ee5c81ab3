#include "policy/read_audit.h"

#define MIB             (UINT64_C(1) << 20)
#define MAX_MIB_DEFAULT 64
#define MAX_MIB_MOST    65536

void read_audit_default(struct policy_audit *audit)
{
    *audit = (struct policy_audit){ .keep = true,
                                    .max_bytes = MAX_MIB_DEFAULT * MIB };
}

static enum status on_keep(struct reader *r, const struct node *key, void *to)
{
    struct policy_audit *audit = to;

    return read_bool(r, key->value, &audit->keep);
}

static enum status on_dir(struct reader *r, const struct node *key, void *to)
{
    struct policy_audit *audit = to;

    return read_path(r, key->value, &audit->dir);
}

static enum status on_max_mib(struct reader *r, const struct node *key,
                              void *to)
{
    struct policy_audit *audit = to;
    uint64_t mib = 0;
    enum status st = read_number(r, key->value, 1, MAX_MIB_MOST, &mib);

    audit->max_bytes = mib * MIB;
    return st;
}

static const struct word audit_words[] = {
    { "keep", on_keep },
    { "dir", on_dir },
    { "max-mib", on_max_mib },
};

enum status read_audit_block(struct reader *r, const struct node *key,
                             struct policy_audit *audit)
{
    audit->asked = true;
    return read_block(r, key, audit_words, COUNT_OF(audit_words), audit);
}
