#include "proxy/local/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/limits.h"
#include "common/text.h"
#include "proxy/local/ledger_files.h"
#include "verifier/json.h"
#include "verifier/wolf.h"

#define FILE_MODE 0600

static enum status no_file(struct why *why, const char *path)
{
    return why_fail(why, STATUS_NO_FILE, "ledger", NULL, "%.150s: %s", path,
                    strerror(errno));
}

static enum status path_of(const char *dir, const char *name,
                           char out[PATH_MAX], struct why *why)
{
    return file_path(dir, name, "ledger", out, why);
}

enum status ledger_open(struct ledger *a, const char *dir, uint64_t max_bytes,
                        struct why *why)
{
    char blobs[PATH_MAX];
    enum status st;

    *a = (struct ledger){ .max_bytes = max_bytes };
    st = path_of(dir, NULL, a->dir, why);
    if (st == STATUS_OK)
        st = path_of(dir, "blobs", blobs, why);
    return st == STATUS_OK ? file_make_dirs(blobs, why) : st;
}

/* --- blobs ----------------------------------------------------------------- */

static void name_of(struct slice blob, char name[LEDGER_NAME_ROOM])
{
    uint8_t hash[LEDGER_HASH_BYTES];

    wolf_sha256(blob, (struct slice){ 0 }, hash);
    text_hex(SLICE_OF(hash), name, LEDGER_NAME_ROOM);
}

static enum status path_of_blob(const char *dir, const char *name,
                                char out[PATH_MAX], struct why *why)
{
    char below[PATH_MAX]; /* cut only where the whole is too long, too */

    (void)snprintf(below, sizeof(below), "blobs/%.2s/%s", name, name);
    return path_of(dir, below, out, why);
}

enum status ledger_put(struct ledger *a, struct slice blob,
                       char name[LEDGER_NAME_ROOM], struct why *why)
{
    char path[PATH_MAX];
    char folder[PATH_MAX];
    enum status st;

    name_of(blob, name);
    st = path_of_blob(a->dir, name, path, why);
    if (st != STATUS_OK)
        return st;
    if (access(path, F_OK) == 0)
        return STATUS_OK;
    memcpy(folder, path, sizeof(folder));
    *strrchr(folder, '/') = '\0';
    st = file_make_dirs(folder, why);
    if (st == STATUS_OK)
        st = file_replace(path, blob, FILE_MODE, why);
    if (st == STATUS_OK)
        a->new_bytes += blob.len;
    return st;
}

enum status ledger_get(const char *dir, const char *name, struct buffer *out,
                       struct why *why)
{
    char path[PATH_MAX];
    char found[LEDGER_NAME_ROOM];
    enum status st = path_of_blob(dir, name, path, why);

    *out = buffer_with_max(0);
    if (st == STATUS_OK)
        st = file_read(path, COLLATERAL_MAX_BYTES, out, why);
    if (st != STATUS_OK)
        return st;
    name_of(buffer_view(out), found);
    if (strcmp(found, name) == 0)
        return STATUS_OK;
    buffer_free(out);
    (void)why_fail(why, STATUS_MISMATCH, "ledger.blob", NULL,
                   "%.100s has SHA-256 %s", path, found);
    return why_expect(why, "%s: it was altered", name);
}

/* --- lines ----------------------------------------------------------------- */

/* The last line there is, and the last id: a line that a crash has cut may
 * have none. */
struct last {
    bool any;
    uint32_t id; /* 0 if there is none */
    uint8_t hash[LEDGER_HASH_BYTES];
};

static bool note_last(void *ctx, const struct ledger_line *line)
{
    static const char *const names[] = { "id" };
    struct json j = json_over(line->text);
    struct json_object o = JSON_OBJECT(names);
    struct last *last = ctx;
    uint32_t id = 0;

    last->any = true;
    memcpy(last->hash, line->hash, sizeof(last->hash));
    while (json_member(&j, &o))
        id = json_number(&j, UINT32_MAX);
    json_end(&j);
    if (json_ok(&j))
        last->id = id;
    return true;
}

/* Files from the newest on, until one has an id. */
static enum status find_last(const struct ledger *a, struct last *last,
                             struct why *why)
{
    char path[PATH_MAX];
    struct ledger_files files;
    enum status st = ledger_files_list(a->dir, &files, why);

    *last = (struct last){ .id = 0 };
    for (size_t i = files.count; i > 0 && last->id == 0 && st == STATUS_OK;
         i--) {
        struct last one = { .id = 0 };

        st = path_of(a->dir, files.names[i - 1], path, why);
        if (st == STATUS_OK)
            st = ledger_files_lines(path, files.names[i - 1], NULL, note_last,
                                    &one, why);
        if (!last->any)
            *last = one;
        last->id = one.id;
    }
    ledger_files_free(&files);
    return st;
}

/* A line that a crash has cut is ended, so that it spoils no other. */
static bool end_cut_line(int fd)
{
    const off_t len = lseek(fd, 0, SEEK_END);
    char last = '\n';

    if (len > 0 && pread(fd, &last, 1, len - 1) != 1)
        return false;
    return last == '\n' || file_write_synced(fd, slice_text("\n"));
}

static enum status write_line(const struct ledger *a, struct slice line,
                              off_t *size, struct why *why)
{
    char path[PATH_MAX];
    struct stat now;
    enum status st;
    bool ok;
    int fd;

    st = path_of(a->dir, LEDGER_FILES_NEWEST, path, why);
    if (st != STATUS_OK)
        return st;
    fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return no_file(why, path);
    ok =
        end_cut_line(fd) && file_write_synced(fd, line) && fstat(fd, &now) == 0;
    *size = ok ? now.st_size : 0;
    if (!ok)
        (void)no_file(why, path);
    (void)close(fd); /* was synced */
    return ok ? STATUS_OK : STATUS_NO_FILE;
}

static enum status append(struct ledger *a, ledger_write_fn *write_members,
                          void *ctx, struct why *why)
{
    struct buffer line = buffer_with_max(LEDGER_LINE_MAX);
    struct last last;
    off_t size = 0;
    enum status st = find_last(a, &last, why);

    if (st != STATUS_OK)
        return st;
    buffer_printf(&line, "{\"version\":1,\"id\":%" PRIu32, last.id + 1);
    write_members(ctx, &line);
    buffer_text(&line, ",\"prev\":\"");
    buffer_hex(&line, SLICE_OF(last.hash));
    buffer_text(&line, "\"}\n");
    st = buffer_ok(&line) ? write_line(a, buffer_view(&line), &size, why)
                          : why_fail(why, STATUS_NO_MEMORY, "ledger", NULL,
                                     "a line over %d bytes", LEDGER_LINE_MAX);
    buffer_free(&line);
    if (st != STATUS_OK ||
        (size < LEDGER_FILE_MAX && a->new_bytes < a->max_bytes / 4))
        return st;
    a->new_bytes = 0;
    st = ledger_files_rotate(a->dir, last.id + 1, why);
    return st != STATUS_OK ? st : ledger_files_prune(a->dir, a->max_bytes, why);
}

enum status ledger_append(struct ledger *a, ledger_write_fn *write_members,
                          void *ctx, struct why *why)
{
    char path[PATH_MAX];
    enum status st;
    int fd;

    st = path_of(a->dir, "lock", path, why);
    if (st != STATUS_OK)
        return st;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return no_file(why, path);
    if (flock(fd, LOCK_EX) != 0)
        st = no_file(why, path);
    else
        st = append(a, write_members, ctx, why);
    (void)close(fd); /* gives the lock back; nothing was written */
    return st;
}

enum status ledger_each(const char *dir, ledger_line_fn *fn, void *ctx,
                        struct why *why)
{
    uint8_t above[LEDGER_HASH_BYTES] = { 0 };
    char path[PATH_MAX];
    struct ledger_files files;
    enum status st = ledger_files_list(dir, &files, why);

    for (size_t i = 0; st == STATUS_OK && i < files.count; i++) {
        st = path_of(dir, files.names[i], path, why);
        if (st == STATUS_OK)
            st = ledger_files_lines(path, files.names[i], above, fn, ctx, why);
    }
    ledger_files_free(&files);
    return st;
}
