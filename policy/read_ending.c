#include "policy/read_ending.h"

static enum status on_drain(struct reader *r, const struct node *key, void *to)
{
    struct policy_ending *e = to;

    e->drain = true;
    return read_duration(r, key->value, &e->limit_s);
}

static const struct word words[] = { { "drain", on_drain } };

static bool is_word(const struct node *node, const char *word)
{
    return node->kind == NODE_TEXT && slice_equal(node->text, slice_text(word));
}

enum status read_ending_limited(struct reader *r, const struct node *key,
                                struct policy_ending *out)
{
    *out = (struct policy_ending){ .drain = false };
    if (is_word(key->value, "close"))
        return STATUS_OK;
    if (key->value->kind == NODE_MAP && key->value->count > 0)
        return read_block(r, key, words, COUNT_OF(words), out);
    return read_unexpected(r, key->value,
                           "close, or a block with \"drain\" and a time");
}

enum status read_ending_any(struct reader *r, const struct node *key,
                            struct policy_ending *out)
{
    if (!is_word(key->value, "drain"))
        return read_ending_limited(r, key, out);
    *out = (struct policy_ending){ .drain = true };
    return STATUS_OK;
}
