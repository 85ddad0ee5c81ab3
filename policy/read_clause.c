#include "policy/read_clause.h"

#include <assert.h>
#include <string.h>

#include "common/cursor.h"
#include "common/text.h"

static const struct field *find_field(enum field_block block, struct slice word)
{
    for (size_t i = 0; i < field_count; i++)
        if (field_table[i].block == block &&
            slice_equal(word, slice_text(field_table[i].word)))
            return &field_table[i];
    assert(false && "a word of a field that is not in the table");
    return NULL;
}

static enum status read_numeric(struct reader *r, const struct field *field,
                                const struct node *node, uint8_t *value)
{
    uint64_t n;
    enum status st = read_number(r, node, 0, field_number_max(field), &n);

    if (st == STATUS_OK)
        field_number_put(field, n, value);
    return st;
}

/* 16 hexadecimal digits, the most significant first. */
static enum status read_bits(struct reader *r, const struct field *field,
                             const struct node *node, uint8_t *value)
{
    uint8_t bytes[8];
    uint64_t n = 0;
    enum status st = read_hex(r, node, bytes, sizeof(bytes));

    for (size_t i = 0; i < sizeof(bytes); i++)
        n = n << 8 | bytes[i];
    field_number_put(field, n, value);
    return st;
}

static enum status read_word(struct reader *r, const struct field *field,
                             const struct node *node, uint8_t *value)
{
    size_t which;
    enum status st =
        read_choice(r, node, field->words, field->word_count, &which);

    field_number_put(field, field->first_word + which, value);
    return st;
}

/* |value| is all zero. */
static enum status read_terminated(struct reader *r, const struct field *field,
                                   const struct node *node, uint8_t *value)
{
    struct slice text;
    enum status st = read_text(r, node, "a text", &text);

    if (st != STATUS_OK)
        return st;
    if (text.len >= field->len)
        return read_unexpected(r, node, "at most %zu bytes", field->len - 1);
    memcpy(value, text.at, text.len);
    return STATUS_OK;
}

/* "1.55.29": as many numbers as the field has bytes. */
static enum status read_version(struct reader *r, const struct field *field,
                                const struct node *node, uint8_t *value)
{
    struct cursor c =
        cursor_over(node->kind == NODE_TEXT ? node->text : slice_text(""));
    bool ok = true;

    for (size_t i = 0; ok && i < field->len; i++) {
        uint64_t n = 0;

        ok = (i == 0 || cursor_skip(&c, ".")) &&
             text_from_decimal(cursor_until(&c, "."), UINT8_MAX, &n);
        value[i] = (uint8_t)n;
    }
    if (ok && cursor_finish(&c))
        return STATUS_OK;
    return read_unexpected(r, node,
                           "%zu numbers up to 255 with dots between them",
                           field->len);
}

static enum status read_value(struct reader *r, const struct field *field,
                              const struct node *node, uint8_t *value)
{
    switch (field->kind) {
    case FIELD_EXACT:
    case FIELD_MASKED:
    case FIELD_SVNS:
        return read_hex(r, node, value, field->len);
    case FIELD_BITS:
        return read_bits(r, field, node, value);
    case FIELD_NUMBER:
    case FIELD_FLOOR:
        return read_numeric(r, field, node, value);
    case FIELD_VERSION:
        return read_version(r, field, node, value);
    case FIELD_WORD:
        return read_word(r, field, node, value);
    case FIELD_TEXT:
        return read_terminated(r, field, node, value);
    }
    assert(false && "a kind of field that cannot be read");
    return STATUS_INTERNAL;
}

/* A field has one value, or, where equality is asked, a list of them. */
static enum status read_values(struct reader *r, const struct node *node,
                               struct clause *clause)
{
    const struct field *field = clause->field;
    bool many = node->kind == NODE_LIST &&
                (field->kind == FIELD_EXACT || field->kind == FIELD_NUMBER ||
                 field->kind == FIELD_WORD || field->kind == FIELD_TEXT);
    const struct node *item = many ? node->first : node;
    void *values = NULL;
    enum status st;

    clause->count = many ? node->count : 1;
    if (clause->count == 0)
        return read_unexpected(r, node, "at least one value");
    st = read_room(r, clause->count, field->len, &values);
    for (size_t i = 0; st == STATUS_OK && i < clause->count; i++) {
        st = read_value(r, field, item, (uint8_t *)values + i * field->len);
        item = item->next;
    }
    clause->values = values;
    return st;
}

/* A value under a mask; what masked_words are about. */
struct masked {
    struct clause *clause;
    uint8_t *value;
    uint8_t *mask;
    const struct node *value_at; /* NULL until it was read */
    const struct node *mask_at;
};

static enum status on_value(struct reader *r, const struct node *key, void *to)
{
    struct masked *m = to;

    m->value_at = key->value;
    return read_value(r, m->clause->field, key->value, m->value);
}

static enum status on_mask(struct reader *r, const struct node *key, void *to)
{
    struct masked *m = to;

    m->mask_at = key->value;
    return read_value(r, m->clause->field, key->value, m->mask);
}

static const struct word masked_words[] = {
    { "value", on_value },
    { "mask", on_mask },
};

static enum status check_masked(struct reader *r, const struct node *key,
                                const struct masked *m)
{
    size_t len = m->clause->field->len;

    if (m->value_at == NULL || m->mask_at == NULL)
        return read_unexpected(r, key->value, "both value and mask");
    if (slice_is_zero(slice_of(m->mask, len)))
        return read_unexpected(r, m->mask_at, "a mask with some bit set");
    for (size_t i = 0; i < len; i++)
        if ((m->value[i] & ~m->mask[i]) != 0)
            return read_unexpected(r, m->value_at,
                                   "no bit that the mask hides");
    return STATUS_OK;
}

static enum status read_masked(struct reader *r, const struct node *key,
                               struct clause *clause)
{
    struct masked m = { .clause = clause };
    void *room;
    enum status st = read_room(r, 2, clause->field->len, &room);

    if (st != STATUS_OK)
        return st;
    m.value = room;
    m.mask = m.value + clause->field->len;
    st = read_block(r, key, masked_words, COUNT_OF(masked_words), &m);
    if (st == STATUS_OK)
        st = check_masked(r, key, &m);
    clause->count = 1;
    clause->values = m.value;
    clause->mask = m.mask;
    return st;
}

/* The field must be one of this TEE, and not be asked twice. */
static enum status check_field(struct reader *r, const struct node *key,
                               const struct field *field,
                               const struct clauses *d)
{
    if ((field->tees & FIELD_OF(d->tee)) == 0)
        return read_unexpected(r, key, "a field of %s, as tee says",
                               tee_name(d->tee));
    for (size_t i = 0; i < d->common; i++)
        if (d->list[i].field == field)
            return read_unexpected(r, key,
                                   "a field that accept itself does not have");
    return STATUS_OK;
}

enum status read_clause_add(struct reader *r, const struct node *key,
                            enum field_block block, struct clauses *d)
{
    const struct field *field = find_field(block, key->text);
    struct clause *clause = &d->list[d->count];
    enum status st = check_field(r, key, field, d);

    if (st != STATUS_OK)
        return st;
    assert(d->count < COUNT_OF(d->list));
    d->count++;
    *clause = (struct clause){ .field = field };
    if ((field->kind == FIELD_MASKED || field->kind == FIELD_BITS) &&
        key->value->kind == NODE_MAP)
        return read_masked(r, key, clause);
    return read_values(r, key->value, clause);
}

enum status read_clause_take(struct reader *r, const struct node *at,
                             const char *word, const uint8_t *values,
                             size_t count, struct clauses *d)
{
    const struct field *field = find_field(FIELD_IN_ACCEPT, slice_text(word));

    for (size_t i = 0; i < d->common; i++)
        if (d->list[i].field == field)
            return read_unexpected(r, at, "no %s in it, which accept has",
                                   word);
    assert(d->count < COUNT_OF(d->list));
    d->list[d->count++] =
        (struct clause){ .field = field, .count = count, .values = values };
    return STATUS_OK;
}

void read_clause_words(enum field_block block, read_fn *read,
                       struct vocabulary *v)
{
    for (size_t i = 0; i < field_count; i++)
        if (field_table[i].block == block)
            read_vocabulary_add(v, &(struct word){ field_table[i].word, read },
                                1);
}
