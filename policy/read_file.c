#include "policy/read_file.h"

#include <string.h>

#include "common/limits.h"
#include "policy/place.h"

/* "a/b/" of "a/b/policy.yaml", "" of "policy.yaml". */
static struct slice folder_of(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slice_of(name, slash == NULL ? 0 : (size_t)(slash + 1 - name));
}

static enum status add(struct reader *r, const char *name,
                       const struct node *named_at, const struct read_file *by,
                       struct read_file **out)
{
    void *room;
    enum status st = read_room(r, 1, sizeof(struct read_file), &room);
    struct read_file *f = room;

    *out = f;
    if (st != STATUS_OK)
        return st;
    *f = (struct read_file){
        .name = name,
        .folder = folder_of(name),
        .named_at = named_at,
        .by = by,
        .depth = by == NULL ? 0 : by->depth + 1,
    };
    if (r->last_file == NULL)
        r->first_file = f;
    else
        r->last_file->next = f;
    r->last_file = f;
    r->file_count++;
    return STATUS_OK;
}

static bool is_under(const struct read_file *f, const struct read_file *above)
{
    while (f != NULL && f != above)
        f = f->by;
    return f != NULL;
}

/* |node| names |path| in |by|, or beside the includes if that is NULL. */
static enum status check_new(struct reader *r, const struct node *node,
                             const char *path, const struct read_file *by)
{
    const struct read_file *f = r->first_file;

    while (f != NULL && strcmp(f->name, path) != 0)
        f = f->next;
    if (f != NULL && is_under(by, f))
        return read_clash(r, node, f->named_at != NULL ? f->named_at : f->root,
                          "a file that does not include this one");
    if (f != NULL && (by != NULL || f->root != NULL))
        return read_clash(r, node, f->named_at != NULL ? f->named_at : f->root,
                          "each file once");
    if (r->file_count == POLICY_FILES_MAX)
        return read_unexpected(r, node, "at most %d files", POLICY_FILES_MAX);
    if (by != NULL && by->depth == POLICY_INCLUDE_MAX_DEPTH)
        return read_unexpected(r, node, "at most %d files that include another",
                               POLICY_INCLUDE_MAX_DEPTH);
    return STATUS_OK;
}

static enum status open_file(struct reader *r, const struct node *node,
                             const char *path, size_t max, struct buffer *text)
{
    struct why why = { 0 };
    enum status st;

    *text = buffer_with_max(max);
    if (r->files == NULL)
        return read_unexpected(r, node, "no other file to be read");
    st = r->files->read(r->files->ctx, path, max, text, &why);
    if (st == STATUS_OK || st == STATUS_NO_MEMORY) {
        if (st != STATUS_OK)
            r->err->why = why;
        return st;
    }
    return read_fail(r, node, why.found, "a file that can be read");
}

static enum status include_all(struct reader *r, const struct read_file *by);

static enum status parse(struct reader *r, struct slice text,
                         struct read_file *f)
{
    enum status st = yaml_tree_parse(text, f->name, r->tree, &f->root, r->err);

    return st != STATUS_OK ? st : include_all(r, f);
}

static enum status include(struct reader *r, const struct node *node,
                           const struct read_file *by)
{
    struct read_file *f;
    struct buffer text;
    const char *path;
    enum status st;

    r->folder = by->folder;
    st = read_path(r, node, &path);
    if (st == STATUS_OK)
        st = check_new(r, node, path, by);
    if (st == STATUS_OK)
        st = open_file(r, node, path, POLICY_MAX_BYTES, &text);
    if (st != STATUS_OK)
        return st;
    st = add(r, path, node, by, &f);
    if (st == STATUS_OK)
        st = parse(r, buffer_view(&text), f);
    buffer_free(&text);
    return st;
}

/* Recurses, as deep as POLICY_INCLUDE_MAX_DEPTH. */
static enum status include_all(struct reader *r, const struct read_file *by)
{
    const struct node *key = yaml_tree_find(by->root, "include");
    const struct node *list = key == NULL ? NULL : key->value;
    enum status st = STATUS_OK;

    if (list == NULL)
        return STATUS_OK;
    if (list->kind == NODE_TEXT)
        st = include(r, list, by);
    else if (list->kind != NODE_LIST || list->count == 0)
        st = read_unexpected(r, list, "a list of files");
    for (const struct node *n = list->first; st == STATUS_OK && n != NULL;
         n = n->next)
        st = include(r, n, by);
    if (st != STATUS_OK && r->err->why.field == NULL)
        r->err->why.field = "include";
    return st;
}

enum status read_file_all(struct reader *r, struct slice text, const char *name)
{
    struct read_file *first;
    const char *copy;
    enum status st = read_copy(r, slice_text(name), &copy);

    if (st == STATUS_OK)
        st = add(r, copy, NULL, NULL, &first);
    return st != STATUS_OK ? st : parse(r, text, first);
}

static bool is_known(const struct reader *r, const char *path)
{
    for (const struct read_file *f = r->first_file; f != NULL; f = f->next)
        if (strcmp(f->name, path) == 0)
            return true;
    return false;
}

enum status read_file_text(struct reader *r, const struct node *node,
                           size_t max, const char **name, struct buffer *text)
{
    struct read_file *f;
    enum status st = read_path(r, node, name);

    *text = buffer_with_max(max);
    if (st == STATUS_OK)
        st = check_new(r, node, *name, NULL);
    if (st == STATUS_OK)
        st = open_file(r, node, *name, max, text);
    if (st == STATUS_OK && !is_known(r, *name)) { /* services may share it */
        st = add(r, *name, node, NULL, &f);
        if (st != STATUS_OK)
            buffer_free(text);
    }
    return st;
}

enum status read_file_names(struct reader *r, struct policy *p)
{
    const char **names;
    void *room;
    enum status st = read_room(r, r->file_count, sizeof(*names), &room);

    if (st != STATUS_OK)
        return st;
    p->files = names = room;
    for (const struct read_file *f = r->first_file; f != NULL; f = f->next)
        names[p->file_count++] = f->name;
    return STATUS_OK;
}
