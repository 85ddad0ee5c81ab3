#include "policy/read.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "common/suggest.h"
#include "common/text.h"
#include "policy/host.h"
#include "policy/place.h"

void read_vocabulary_add(struct vocabulary *v, const struct word *words,
                         size_t count)
{
    assert(count <= COUNT_OF(v->words) - v->count);
    memcpy(v->words + v->count, words, count * sizeof(*words));
    v->count += count;
}

PRINTF_LIKE(4, 0)
static enum status fail(struct reader *r, const struct node *at,
                        const char *found, const char *expected, va_list args)
{
    char text[sizeof(r->err->why.expected)];

    (void)vsnprintf(text, sizeof(text), expected, args);
    r->err->at = place_of(at->file, at->line, at->column);
    (void)why_fail(&r->err->why, STATUS_BAD_CONFIG, NULL, NULL, "%s", found);
    return why_expect(&r->err->why, "%s", text);
}

enum status read_fail(struct reader *r, const struct node *at,
                      const char *found, const char *expected, ...)
{
    va_list args;
    enum status st;

    va_start(args, expected);
    st = fail(r, at, found, expected, args);
    va_end(args);
    return st;
}

enum status read_unexpected(struct reader *r, const struct node *node,
                            const char *expected, ...)
{
    char found[YAML_TREE_SHOWN_ROOM];
    va_list args;
    enum status st;

    yaml_tree_show(node, found);
    va_start(args, expected);
    st = fail(r, node, found, expected, args);
    va_end(args);
    return st;
}

enum status read_clash(struct reader *r, const struct node *node,
                       const struct node *other, const char *expected, ...)
{
    char found[YAML_TREE_SHOWN_ROOM];
    va_list args;
    enum status st;

    yaml_tree_show(node, found);
    va_start(args, expected);
    st = fail(r, node, found, expected, args);
    va_end(args);
    r->err->also = place_of(other->file, other->line, other->column);
    return st;
}

static enum status no_memory(struct reader *r)
{
    return why_fail(&r->err->why, STATUS_NO_MEMORY, NULL, NULL, "no memory");
}

enum status read_room(struct reader *r, size_t count, size_t size, void **out)
{
    *out = arena_take(r->memory, count, size);
    return *out == NULL ? no_memory(r) : STATUS_OK;
}

enum status read_copy(struct reader *r, struct slice text, const char **out)
{
    *out = arena_text(r->memory, text);
    return *out == NULL ? no_memory(r) : STATUS_OK;
}

/* One warning, before it is known how many there will be. */
struct read_warning {
    struct policy_warning said;
    struct read_warning *older; /* NULL if none */
};

enum status read_warn(struct reader *r, const struct node *at, const char *text,
                      ...)
{
    struct read_warning *w = arena_take(r->memory, 1, sizeof(*w));
    char line[300];
    va_list args;

    if (w == NULL)
        return no_memory(r);
    va_start(args, text);
    (void)vsnprintf(line, sizeof(line), text, args);
    va_end(args);
    w->said.file = at->file;
    w->said.line = at->line;
    w->said.column = at->column;
    w->older = r->newest;
    r->newest = w;
    r->warning_count++;
    return read_copy(r, slice_text(line), &w->said.text);
}

static int by_place(const void *left, const void *right)
{
    const struct policy_warning *a = left;
    const struct policy_warning *b = right;

    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return a->column < b->column ? -1 : a->column > b->column;
}

/* Add those of |file| to |list|; returns how many they are. */
static size_t warnings_of(const struct reader *r, const char *file,
                          struct policy_warning *list)
{
    size_t n = 0;

    for (const struct read_warning *w = r->newest; w != NULL; w = w->older)
        if (w->said.file == file) /* a name is in one place */
            list[n++] = w->said;
    qsort(list, n, sizeof(*list), by_place);
    return n;
}

enum status read_warnings(struct reader *r, struct policy *p)
{
    struct policy_warning *list;
    void *room;
    enum status st = read_room(r, r->warning_count, sizeof(*list), &room);

    if (st != STATUS_OK)
        return st;
    p->warnings = list = room;
    for (size_t i = 0; i < p->file_count; i++)
        p->warning_count +=
            warnings_of(r, p->files[i], list + p->warning_count);
    assert(p->warning_count == r->warning_count);
    return STATUS_OK;
}

/* "a, b, c", and "..." for what does not fit. */
static void list_words(const struct word *words, size_t count, char *out,
                       size_t room)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        bool fits = room - used > strlen(words[i].name) + sizeof(", , ...");

        used +=
            (size_t)snprintf(out + used, room - used, "%s%s",
                             i == 0 ? "" : ", ", fits ? words[i].name : "...");
        if (!fits)
            return;
    }
}

static enum status unknown_word(struct reader *r, const struct node *key,
                                const char *what, const struct word *words,
                                size_t count)
{
    struct suggest meant = suggest_for(key->text);
    char all[150];

    for (size_t i = 0; i < count; i++)
        suggest_offer(&meant, words[i].name);
    if (suggest_found(&meant) != NULL)
        return read_unexpected(r, key, "a word of %s; did you mean \"%s\"?",
                               what, suggest_found(&meant));
    list_words(words, count, all, sizeof(all));
    return read_unexpected(r, key, "a word of %s: %s", what, all);
}

static bool has_word(const struct word *words, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal(name, slice_text(words[i].name)))
            return true;
    return false;
}

enum status read_map(struct reader *r, const struct node *map, const char *what,
                     const struct word *words, size_t count, void *to)
{
    if (map->kind != NODE_MAP)
        return read_unexpected(r, map, "the words of %s", what);
    for (const struct node *key = map->first; key != NULL; key = key->next)
        if (!has_word(words, count, key->text))
            return unknown_word(r, key, what, words, count);
    for (size_t i = 0; i < count; i++) {
        const struct node *key = yaml_tree_find(map, words[i].name);
        enum status st = key == NULL ? STATUS_OK : words[i].read(r, key, to);

        if (st != STATUS_OK) {
            if (r->err->why.field == NULL) /* the innermost word names it */
                r->err->why.field = words[i].name;
            return st;
        }
    }
    return STATUS_OK;
}

enum status read_block(struct reader *r, const struct node *key,
                       const struct word *words, size_t count, void *to)
{
    char what[YAML_TREE_SHOWN_ROOM];

    yaml_tree_show(key, what);
    return read_map(r, key->value, what, words, count, to);
}

enum status read_list(struct reader *r, const struct node *node, size_t size,
                      read_item_fn *read, void **items, size_t *count)
{
    bool is_list = node->kind == NODE_LIST;
    const struct node *item = is_list ? node->first : node;
    size_t n = is_list ? node->count : 1;
    enum status st;

    *count = 0;
    if (n == 0)
        return read_unexpected(r, node, "at least one item");
    st = read_room(r, n, size, items);
    for (size_t i = 0; st == STATUS_OK && i < n; i++) {
        st = read(r, item, (uint8_t *)*items + i * size);
        item = item->next;
    }
    if (st == STATUS_OK)
        *count = n;
    return st;
}

enum status read_text(struct reader *r, const struct node *node,
                      const char *expected, struct slice *out)
{
    *out = (struct slice){ 0 };
    if (node->kind != NODE_TEXT || node->text.len == 0)
        return read_unexpected(r, node, "%s", expected);
    *out = node->text;
    return STATUS_OK;
}

enum status read_choice(struct reader *r, const struct node *node,
                        const char *const *names, size_t count, size_t *out)
{
    char all[150] = "";
    size_t used = 0;

    *out = 0;
    for (size_t i = 0; i < count; i++) {
        int n;

        if (node->kind == NODE_TEXT &&
            slice_equal(node->text, slice_text(names[i]))) {
            *out = i;
            return STATUS_OK;
        }
        n = snprintf(all + used, sizeof(all) - used, "%s%s",
                     i == 0          ? ""
                     : i + 1 < count ? ", "
                                     : " or ",
                     names[i]);
        assert(n > 0 && (size_t)n < sizeof(all) - used);
        used += (size_t)n;
    }
    return read_unexpected(r, node, "%s", all);
}

enum status read_bool(struct reader *r, const struct node *node, bool *out)
{
    static const char *const names[] = { "false", "true" };
    size_t which;
    enum status st = read_choice(r, node, names, COUNT_OF(names), &which);

    *out = which == 1;
    return st;
}

enum status read_number(struct reader *r, const struct node *node, uint64_t min,
                        uint64_t max, uint64_t *out)
{
    if (node->kind == NODE_TEXT && text_from_decimal(node->text, max, out) &&
        *out >= min)
        return STATUS_OK;
    *out = 0;
    return read_unexpected(r, node, "a number from %" PRIu64 " to %" PRIu64,
                           min, max);
}

enum status read_hex(struct reader *r, const struct node *node, uint8_t *out,
                     size_t len)
{
    char found[64] = "a character that is no digit";

    if (node->kind == NODE_TEXT && text_from_hex(node->text, out, len))
        return STATUS_OK;
    if (node->kind != NODE_TEXT || node->text.len == 0)
        return read_unexpected(r, node, "%zu hexadecimal digits", 2 * len);
    if (node->text.len != 2 * len)
        (void)snprintf(found, sizeof(found), "%zu characters", node->text.len);
    return read_fail(r, node, found, "%zu hexadecimal digits", 2 * len);
}

/* Seconds of a unit; 0 if there is no such unit. */
static int64_t unit_seconds(uint8_t unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 60 * 60;
    case 'd':
        return 24 * 60 * 60;
    default:
        return 0;
    }
}

enum status read_duration(struct reader *r, const struct node *node,
                          int64_t *seconds)
{
    const uint64_t ten_years = (uint64_t)10 * 366 * 24 * 60 * 60;
    struct slice text = node->text;
    int64_t unit = 0;
    uint64_t n = 0;

    *seconds = 0;
    if (node->kind == NODE_TEXT && text.len > 1)
        unit = unit_seconds(text.at[text.len - 1]);
    if (unit == 0 ||
        !text_from_decimal(slice_of(text.at, text.len - 1),
                           ten_years / (uint64_t)unit, &n) ||
        n == 0)
        return read_unexpected(r, node, "a time such as 90s, 30m, 12h or 7d");
    *seconds = (int64_t)n * unit;
    return STATUS_OK;
}

enum status read_path(struct reader *r, const struct node *node,
                      const char **out)
{
    struct slice text;
    char *path;
    enum status st = read_text(r, node, "the path of a file", &text);

    *out = NULL;
    if (st != STATUS_OK)
        return st;
    if (memchr(text.at, '\0', text.len) != NULL)
        return read_unexpected(r, node, "the path of a file");
    if (text.at[0] == '/')
        return read_copy(r, text, out);
    while (text.len > 2 && text.at[0] == '.' && text.at[1] == '/')
        text = slice_of(text.at + 2, text.len - 2); /* one name a file */
    path = arena_take(r->memory, r->folder.len + text.len + 1, 1);
    if (path == NULL)
        return no_memory(r);
    if (r->folder.len > 0)
        memcpy(path, r->folder.at, r->folder.len);
    memcpy(path + r->folder.len, text.at, text.len);
    *out = path;
    return STATUS_OK;
}

/* Split "host:0", which text_host_port() refuses. */
static bool host_port_zero(struct slice text, struct slice *host)
{
    static const char end[] = ":0";
    size_t len = sizeof(end) - 1;

    if (text.len <= len ||
        !slice_equal(slice_of(text.at + text.len - len, len), slice_text(end)))
        return false;
    *host = slice_of(text.at, text.len - len);
    return host->at[0] == '[' || memchr(host->at, ':', host->len) == NULL;
}

enum status read_address(struct reader *r, const struct node *node,
                         struct policy_address *out)
{
    char spelled[HOST_ROOM];
    struct slice host = { 0 };

    *out = (struct policy_address){ 0 };
    if (node->kind != NODE_TEXT ||
        (!text_host_port(node->text, &host, &out->port) &&
         !host_port_zero(node->text, &host)) ||
        !host_spell(host, spelled))
        return read_unexpected(r, node, "an address such as localhost:8118");
    return read_copy(r, slice_text(spelled), &out->host);
}

bool read_is_name(struct slice text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-+";

    if (text.len == 0 || text.len > POLICY_NAME_ROOM - 1)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (memchr(allowed, text.at[i], sizeof(allowed) - 1) == NULL)
            return false;
    return true;
}

enum status read_name(struct reader *r, const struct node *node,
                      const char **out)
{
    *out = NULL;
    if (node->kind != NODE_TEXT || !read_is_name(node->text))
        return read_unexpected(
            r, node, "a name of 1 to 64 letters, digits, '.', '_', '-', '+'");
    return read_copy(r, node->text, out);
}
