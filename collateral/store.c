#include "collateral/store.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cursor.h"
#include "common/file.h"
#include "common/limits.h"
#include "common/text.h"

/* Head, body and chain. */
#define FILE_MAX_BYTES (2 * COLLATERAL_MAX_BYTES + 4096)

static const char first_line[] = "veritee-collateral 1\n";

void store_encode(const char *name, const struct store_entry *entry,
                  struct buffer *out)
{
    buffer_text(out, first_line);
    buffer_printf(out, "name %s\n", name);
    buffer_printf(out, "origin %s\n", entry->origin);
    buffer_printf(out, "fetched %" PRId64 "\n", entry->fetched_unix);
    buffer_printf(out, "body %zu\n", entry->body.len);
    buffer_printf(out, "chain %zu\n\n", entry->chain.len);
    buffer_add(out, entry->body);
    buffer_add(out, entry->chain);
}

/* "|word| value" and the end of the line. */
static struct slice read_line(struct cursor *c, const char *word)
{
    struct slice value = { 0 };

    if (!cursor_skip(c, word) || !cursor_skip(c, " "))
        cursor_fail(c);
    value = cursor_until(c, "\n");
    if (!cursor_skip(c, "\n"))
        cursor_fail(c);
    return cursor_ok(c) ? value : (struct slice){ 0 };
}

static uint64_t read_number(struct cursor *c, const char *word, uint64_t max)
{
    uint64_t number = 0;

    if (!text_from_decimal(read_line(c, word), max, &number))
        cursor_fail(c);
    return number;
}

static void read_origin(struct cursor *c, struct store_entry *e)
{
    struct slice text = read_line(c, "origin");

    if (text.len >= sizeof(e->origin)) {
        cursor_fail(c);
        return;
    }
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            cursor_fail(c);
    if (cursor_ok(c) && text.len > 0)
        memcpy(e->origin, text.at, text.len);
}

enum status store_decode(const char *name, struct slice file,
                         struct store_entry *out, struct why *why)
{
    struct store_entry e = { 0 };
    struct cursor c = cursor_over(file);
    struct slice kept_name;
    size_t body_len, chain_len;

    *out = e;
    if (!cursor_skip(&c, first_line))
        cursor_fail(&c);
    kept_name = read_line(&c, "name");
    read_origin(&c, &e);
    e.fetched_unix = (int64_t)read_number(&c, "fetched", INT64_MAX);
    body_len = (size_t)read_number(&c, "body", COLLATERAL_MAX_BYTES);
    chain_len = (size_t)read_number(&c, "chain", COLLATERAL_MAX_BYTES);
    if (!cursor_skip(&c, "\n"))
        cursor_fail(&c);
    if (!cursor_ok(&c))
        return why_fail(why, STATUS_BAD_FIELD, "store", NULL,
                        "bad head near byte %zu", cursor_offset(&c));
    if (!slice_equal(kept_name, slice_text(name)))
        return why_fail(why, STATUS_BAD_FIELD, "store.name", NULL,
                        "the file is another item's");
    e.body = cursor_take(&c, body_len);
    e.chain = cursor_take(&c, chain_len);
    if (!cursor_ok(&c))
        return why_fail(why, STATUS_TRUNCATED, "store", NULL,
                        "ends at byte %zu", file.len);
    if (!cursor_finish(&c))
        return why_fail(why, STATUS_TRAILING, "store", NULL,
                        "%zu bytes too many", cursor_left(&c));
    *out = e;
    return STATUS_OK;
}

bool store_read_name(struct slice file, char *name, size_t room)
{
    struct cursor c = cursor_over(file);
    struct slice text;

    name[0] = '\0';
    if (!cursor_skip(&c, first_line))
        return false;
    text = read_line(&c, "name");
    if (!cursor_ok(&c) || text.len == 0 || text.len >= room ||
        memchr(text.at, '/', text.len) != NULL ||
        memchr(text.at, '\0', text.len) != NULL)
        return false;
    memcpy(name, text.at, text.len);
    name[text.len] = '\0';
    return true;
}

/* Files that are being replaced begin with a dot, or have one. */
static int is_name(const struct dirent *entry)
{
    return strchr(entry->d_name, '.') == NULL;
}

enum status store_list(const struct store *s, store_name_fn *fn, void *ctx,
                       struct why *why)
{
    struct dirent **list = NULL;
    int count = scandir(s->dir, &list, is_name, alphasort);

    if (count < 0)
        return why_fail(why, STATUS_NO_FILE, "store", NULL, "%.120s: %s",
                        s->dir, strerror(errno));
    for (int i = 0; i < count; i++) {
        fn(ctx, list[i]->d_name);
        free(list[i]);
    }
    free(list);
    return STATUS_OK;
}

enum status store_init(struct store *s, const char *dir, struct why *why)
{
    enum status st = file_path(dir, NULL, "store", s->dir, why);

    return st == STATUS_OK ? file_make_dirs(dir, why) : st;
}

enum status store_load(const struct store *s, const char *name,
                       struct buffer *file, struct store_entry *out,
                       struct why *why)
{
    char path[PATH_MAX];
    enum status st;

    *out = (struct store_entry){ 0 };
    *file = buffer_with_max(FILE_MAX_BYTES);
    if (file_path(s->dir, name, "store", path, why) != STATUS_OK)
        return STATUS_NO_FILE;
    if (access(path, F_OK) != 0)
        return why_fail(why, STATUS_NO_COLLATERAL, "store", NULL,
                        "%s is not kept", name);
    st = file_read(path, FILE_MAX_BYTES, file, why);
    if (st != STATUS_OK)
        return st;
    st = store_decode(name, buffer_view(file), out, why);
    if (st != STATUS_OK)
        buffer_free(file);
    return st;
}

enum status store_save(const struct store *s, const char *name,
                       const struct store_entry *entry, struct why *why)
{
    struct buffer file = buffer_with_max(FILE_MAX_BYTES);
    char path[PATH_MAX];
    enum status st = file_path(s->dir, name, "store", path, why);

    store_encode(name, entry, &file);
    if (st == STATUS_OK && !buffer_ok(&file))
        st = why_fail(why, STATUS_NO_MEMORY, "store", NULL, "no memory for %s",
                      name);
    if (st == STATUS_OK)
        st = file_replace(path, buffer_view(&file), 0600, why);
    buffer_free(&file);
    return st;
}
