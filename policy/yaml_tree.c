#include "policy/yaml_tree.h"

#include <assert.h>
#include <stdio.h>
#include <yaml.h>

#include "common/limits.h"
#include "common/utf8.h"
#include "policy/place.h"

/* A list or map whose end has not been read. */
struct open_node {
    struct node *node;
    struct node *last; /* its last item or key; NULL if none */
    bool want_value;   /* |last| is a key without its value */
};

struct tree_reader {
    yaml_parser_t parser;
    const char *file;         /* borrowed */
    struct arena *memory;     /* borrowed */
    struct policy_error *err; /* borrowed */
    struct node *root;
    struct open_node open[POLICY_MAX_DEPTH];
    size_t depth; /* of |open| in use */
};

static enum status fail_at(struct policy_error *err, const char *file,
                           size_t line, size_t column, const char *found,
                           const char *expected)
{
    err->at = place_of(file, (unsigned)line, (unsigned)column);
    (void)why_fail(&err->why, STATUS_BAD_CONFIG, NULL, NULL, "%s", found);
    return why_expect(&err->why, "%s", expected);
}

static enum status fail_node(struct tree_reader *r, const struct node *n,
                             const char *found, const char *expected)
{
    return fail_at(r->err, r->file, n->line, n->column, found, expected);
}

/* libyaml counts from 0. */
static enum status fail_mark(struct tree_reader *r, yaml_mark_t at,
                             const char *found, const char *expected)
{
    return fail_at(r->err, r->file, at.line + 1, at.column + 1, found,
                   expected);
}

static enum status no_memory(struct policy_error *err)
{
    return why_fail(&err->why, STATUS_NO_MEMORY, NULL, NULL, "no memory");
}

/* Fail at a byte of the text; what is before it is UTF-8. */
static enum status fail_byte(const struct tree_reader *r, struct slice text,
                             size_t at, const char *found, const char *expected)
{
    size_t line = 1;
    size_t column = 1;

    for (size_t i = 0; i < at && i < text.len; i++) {
        if (text.at[i] == '\n') {
            line++;
            column = 1;
        } else if ((text.at[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    return fail_at(r->err, r->file, line, column, found, expected);
}

static enum status check_text(const struct tree_reader *r, struct slice text)
{
    if (text.len > POLICY_MAX_BYTES) {
        char found[64];

        (void)snprintf(found, sizeof(found), "%zu bytes", text.len);
        return fail_at(r->err, r->file, 1, 1, found, "a smaller file");
    }
    for (size_t i = 0; i < text.len;) {
        size_t n = utf8_length(slice_of(text.at + i, text.len - i));

        if (n == 0)
            return fail_byte(r, text, i, "a byte that is not UTF-8",
                             "UTF-8 text");
        i += n;
    }
    return STATUS_OK;
}

/* What libyaml could not read. */
static enum status fail_syntax(struct tree_reader *r, struct slice text)
{
    const yaml_parser_t *p = &r->parser;
    char found[160];

    if (p->error == YAML_MEMORY_ERROR)
        return no_memory(r->err);
    if (p->error == YAML_READER_ERROR)
        return fail_byte(r, text, p->problem_offset, "a control character",
                         "printable text");
    (void)snprintf(found, sizeof(found), "broken YAML (%s)",
                   p->problem != NULL ? p->problem : "no reason given");
    return fail_mark(r, p->problem_mark, found, "well-formed YAML");
}

static enum status check_key(struct tree_reader *r, const struct open_node *in,
                             const struct node *key)
{
    char shown[YAML_TREE_SHOWN_ROOM];
    char found[160];

    if (key->kind != NODE_TEXT || key->text.len == 0)
        return fail_node(r, key, "a key that is not a word", "a word");
    for (const struct node *k = in->node->first; k != NULL; k = k->next) {
        if (!slice_equal(k->text, key->text))
            continue;
        yaml_tree_show(key, shown);
        (void)snprintf(found, sizeof(found), "%s again (first in line %u)",
                       shown, k->line);
        return fail_node(r, key, found, "each word once");
    }
    return STATUS_OK;
}

/* Put |n| where the innermost open node wants it. */
static enum status attach(struct tree_reader *r, struct node *n)
{
    struct open_node *in;
    enum status st;

    if (r->depth == 0) {
        r->root = n;
        return STATUS_OK;
    }
    in = &r->open[r->depth - 1];
    if (in->want_value) {
        in->last->value = n;
        in->want_value = false;
        return STATUS_OK;
    }
    if (in->node->count == POLICY_ITEMS_MAX)
        return fail_node(r, n, "one entry too many", "a shorter list");
    if (in->node->kind == NODE_MAP) {
        st = check_key(r, in, n);
        if (st != STATUS_OK)
            return st;
        in->want_value = true;
    }
    if (in->last == NULL)
        in->node->first = n;
    else
        in->last->next = n;
    in->last = n;
    in->node->count++;
    return STATUS_OK;
}

static enum status add_node(struct tree_reader *r, enum node_kind kind,
                            yaml_mark_t at, struct slice text,
                            struct node **out)
{
    struct node *n = arena_take(r->memory, 1, sizeof(*n));
    const char *copy = arena_text(r->memory, text);

    if (n == NULL || copy == NULL)
        return no_memory(r->err);
    n->kind = kind;
    n->file = r->file;
    n->line = (unsigned)at.line + 1;
    n->column = (unsigned)at.column + 1;
    n->text = slice_of(copy, text.len);
    *out = n;
    return attach(r, n);
}

static enum status open_node(struct tree_reader *r, enum node_kind kind,
                             yaml_mark_t at)
{
    struct node *n = NULL;
    enum status st;

    if (r->depth == COUNT_OF(r->open))
        return fail_mark(r, at, "a block too deep inside others",
                         "fewer levels");
    st = add_node(r, kind, at, (struct slice){ 0 }, &n);
    if (st == STATUS_OK)
        r->open[r->depth++] = (struct open_node){ .node = n };
    return st;
}

static enum status check_plain(struct tree_reader *r, yaml_mark_t at,
                               const yaml_char_t *anchor,
                               const yaml_char_t *tag)
{
    if (anchor != NULL)
        return fail_mark(r, at, "an anchor", "no anchors");
    if (tag != NULL)
        return fail_mark(r, at, "a tag", "no tags");
    return STATUS_OK;
}

static enum status on_scalar(struct tree_reader *r, const yaml_event_t *e)
{
    struct node *unused = NULL;
    enum status st = check_plain(r, e->start_mark, e->data.scalar.anchor,
                                 e->data.scalar.tag);

    if (st != STATUS_OK)
        return st;
    return add_node(r, NODE_TEXT, e->start_mark,
                    slice_of(e->data.scalar.value, e->data.scalar.length),
                    &unused);
}

static enum status on_list(struct tree_reader *r, const yaml_event_t *e)
{
    enum status st =
        check_plain(r, e->start_mark, e->data.sequence_start.anchor,
                    e->data.sequence_start.tag);

    return st != STATUS_OK ? st : open_node(r, NODE_LIST, e->start_mark);
}

static enum status on_map(struct tree_reader *r, const yaml_event_t *e)
{
    enum status st = check_plain(r, e->start_mark, e->data.mapping_start.anchor,
                                 e->data.mapping_start.tag);

    return st != STATUS_OK ? st : open_node(r, NODE_MAP, e->start_mark);
}

static enum status on_document(struct tree_reader *r, const yaml_event_t *e)
{
    if (e->data.document_start.version_directive != NULL ||
        e->data.document_start.tag_directives.start !=
            e->data.document_start.tag_directives.end)
        return fail_mark(r, e->start_mark, "a directive", "no directives");
    if (r->root != NULL)
        return fail_mark(r, e->start_mark, "a second document",
                         "the end of the file");
    return STATUS_OK;
}

static enum status on_event(struct tree_reader *r, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(r, e);
    case YAML_SEQUENCE_START_EVENT:
        return on_list(r, e);
    case YAML_MAPPING_START_EVENT:
        return on_map(r, e);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        assert(r->depth > 0);
        r->depth--;
        return STATUS_OK;
    case YAML_ALIAS_EVENT:
        return fail_mark(r, e->start_mark, "an alias", "no aliases");
    case YAML_DOCUMENT_START_EVENT:
        return on_document(r, e);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return STATUS_OK;
    }
    assert(false && "an event that libyaml does not have");
    return STATUS_INTERNAL;
}

static enum status read_events(struct tree_reader *r, struct slice text)
{
    bool at_end = false;

    while (!at_end) {
        yaml_event_t event;
        enum status st;

        if (!yaml_parser_parse(&r->parser, &event))
            return fail_syntax(r, text);
        at_end = event.type == YAML_STREAM_END_EVENT;
        st = on_event(r, &event);
        yaml_event_delete(&event);
        if (st != STATUS_OK)
            return st;
    }
    if (r->root == NULL)
        return fail_at(r->err, r->file, 1, 1, "nothing", "a policy");
    if (r->root->kind != NODE_MAP)
        return fail_node(r, r->root,
                         r->root->kind == NODE_TEXT ? "a text" : "a list",
                         "words with values, such as \"services:\"");
    return STATUS_OK;
}

enum status yaml_tree_parse(struct slice text, const char *file,
                            struct arena *memory, const struct node **root,
                            struct policy_error *err)
{
    struct tree_reader r = { .file = file, .memory = memory, .err = err };
    enum status st;

    *root = NULL;
    st = check_text(&r, text);
    if (st != STATUS_OK)
        return st;
    if (!yaml_parser_initialize(&r.parser))
        return no_memory(err);
    yaml_parser_set_input_string(&r.parser, text.at, text.len);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    st = read_events(&r, text);
    yaml_parser_delete(&r.parser);
    if (st == STATUS_OK)
        *root = r.root;
    return st;
}

void yaml_tree_show(const struct node *node, char out[YAML_TREE_SHOWN_ROOM])
{
    const char *what = "";
    size_t fits = YAML_TREE_SHOWN_ROOM - sizeof("\"...\"");
    size_t n = MIN_OF(node->text.len, fits);

    switch (node->kind) {
    case NODE_TEXT:
        what = node->text.len == 0 ? "nothing" : "";
        break;
    case NODE_LIST:
        what = node->count == 0 ? "an empty list" : "a list";
        break;
    case NODE_MAP:
        what = node->count == 0 ? "an empty block" : "a block";
        break;
    }
    if (what[0] != '\0') {
        (void)snprintf(out, YAML_TREE_SHOWN_ROOM, "%s", what);
        return;
    }
    out[0] = '"';
    for (size_t i = 0; i < n; i++) {
        uint8_t c = node->text.at[i];

        out[i + 1] = c >= ' ' && c <= '~' ? (char)c : '?';
    }
    (void)snprintf(out + n + 1, YAML_TREE_SHOWN_ROOM - n - 1, "%s",
                   n < node->text.len ? "...\"" : "\"");
}

const struct node *yaml_tree_find(const struct node *map, const char *word)
{
    for (const struct node *k = map->first; k != NULL; k = k->next)
        if (slice_equal(k->text, slice_text(word)))
            return k;
    return NULL;
}
