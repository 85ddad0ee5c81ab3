#include "proxy/local/ledger_files.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/text.h"
#include "verifier/wolf.h"

#define OLDER_FORMAT   "log-%010" PRIu32 ".jsonl"
#define READ_MAX_BYTES (2 * LEDGER_FILE_MAX)

static enum status no_file(struct why *why, const char *path)
{
    return why_fail(why, STATUS_NO_FILE, "ledger", NULL, "%.150s: %s", path,
                    strerror(errno));
}

static enum status no_memory(struct why *why)
{
    return why_fail(why, STATUS_NO_MEMORY, "ledger", NULL, "no memory");
}

/* --- the list -------------------------------------------------------------- */

static bool is_older(const char *name)
{
    static const char form[] = "log-dddddddddd.jsonl";

    if (strlen(name) != sizeof(form) - 1)
        return false;
    for (size_t i = 0; form[i] != '\0'; i++)
        if (form[i] == 'd' ? name[i] < '0' || name[i] > '9'
                           : name[i] != form[i])
            return false;
    return true;
}

/* Older ones by their number; the newest is behind them all. */
static int compare(const void *a, const void *b)
{
    const bool a_is_newest = strcmp(a, LEDGER_FILES_NEWEST) == 0;
    const bool b_is_newest = strcmp(b, LEDGER_FILES_NEWEST) == 0;

    if (a_is_newest || b_is_newest)
        return (int)a_is_newest - (int)b_is_newest;
    return strcmp(a, b);
}

static void read_names(DIR *dir, struct ledger_files *out)
{
    const struct dirent *e = readdir(dir);

    for (; e != NULL && out->count < LEDGER_FILES_MAX; e = readdir(dir))
        if (is_older(e->d_name) || strcmp(e->d_name, LEDGER_FILES_NEWEST) == 0)
            memcpy(out->names[out->count++], e->d_name, strlen(e->d_name) + 1);
    qsort(out->names, out->count, sizeof(out->names[0]), compare);
}

enum status ledger_files_list(const char *dir, struct ledger_files *out,
                              struct why *why)
{
    DIR *open_dir = opendir(dir);

    *out = (struct ledger_files){ .count = 0 };
    if (open_dir == NULL)
        return errno == ENOENT ? STATUS_OK : no_file(why, dir);
    out->names = calloc(LEDGER_FILES_MAX, sizeof(out->names[0]));
    if (out->names != NULL)
        read_names(open_dir, out);
    (void)closedir(open_dir); /* only read from */
    return out->names != NULL ? STATUS_OK : no_memory(why);
}

void ledger_files_free(struct ledger_files *files)
{
    free(files->names);
    *files = (struct ledger_files){ .count = 0 };
}

/* --- lines ----------------------------------------------------------------- */

static size_t line_length(struct slice rest)
{
    const uint8_t *end = memchr(rest.at, '\n', rest.len);

    return end == NULL ? rest.len : (size_t)(end - rest.at);
}

enum status ledger_files_lines(const char *path, const char *name,
                               uint8_t above[LEDGER_HASH_BYTES],
                               ledger_line_fn *fn, void *ctx, struct why *why)
{
    struct ledger_line line = { .file = name };
    struct buffer file;
    struct slice rest;
    bool go_on = true;
    enum status st = file_read(path, READ_MAX_BYTES, &file, why);

    if (st != STATUS_OK)
        return st;
    for (rest = buffer_view(&file); rest.len > 0 && go_on;) {
        const size_t len = line_length(rest);

        line.number++;
        line.text = slice_of(rest.at, len);
        line.whole = len < rest.len;
        if (above != NULL)
            memcpy(line.above, above, sizeof(line.above));
        wolf_sha256(line.text, (struct slice){ 0 }, line.hash);
        if (above != NULL)
            memcpy(above, line.hash, sizeof(line.hash));
        go_on = fn(ctx, &line);
        rest = slice_of(rest.at + len + (line.whole ? 1 : 0),
                        rest.len - len - (line.whole ? 1 : 0));
    }
    buffer_free(&file);
    return STATUS_OK;
}

enum status ledger_files_rotate(const char *dir, uint32_t last_id,
                                struct why *why)
{
    char from[PATH_MAX];
    char to[PATH_MAX];
    int n = snprintf(from, sizeof(from), "%s/" LEDGER_FILES_NEWEST, dir);
    int m = snprintf(to, sizeof(to), "%s/" OLDER_FORMAT, dir, last_id);

    if (n >= (int)sizeof(from) || m >= (int)sizeof(to)) {
        errno = ENAMETOOLONG;
        return no_file(why, dir);
    }
    return rename(from, to) == 0 ? STATUS_OK : no_file(why, from);
}

/* --- the end of the oldest ------------------------------------------------- */

/* The hashes that lines refer to, sorted. */
struct names_kept {
    struct buffer all; /* LEDGER_HASH_BYTES each */
};

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, LEDGER_HASH_BYTES); /* memcmp: public data */
}

/* Every text of 64 hexadecimal digits is taken for one: "prev" and report data
 * are none, and do no harm. */
static bool note_names(void *ctx, const struct ledger_line *line)
{
    const size_t digits = 2 * (size_t)LEDGER_HASH_BYTES;
    struct names_kept *kept = ctx;
    uint8_t hash[LEDGER_HASH_BYTES];

    for (size_t i = 0; i + digits + 2 <= line->text.len; i++) {
        const uint8_t *at = line->text.at + i;

        if (at[0] == '"' && at[digits + 1] == '"' &&
            text_from_hex(slice_of(at + 1, digits), hash, sizeof(hash)))
            buffer_add(&kept->all, SLICE_OF(hash));
    }
    return true;
}

/* Walks over the blobs of |dir|. */
struct sweep {
    const char *dir;
    const struct names_kept *kept;
    uint64_t bytes; /* of those that stay */
};

static bool is_kept(const struct names_kept *kept, const char *name)
{
    uint8_t hash[LEDGER_HASH_BYTES];

    return kept->all.len > 0 &&
           text_from_hex(slice_text(name), hash, sizeof(hash)) &&
           bsearch(hash, kept->all.at, kept->all.len / sizeof(hash),
                   sizeof(hash), compare_hashes) != NULL;
}

static void sweep_file(struct sweep *s, const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    int n =
        snprintf(path, sizeof(path), "%s/blobs/%s/%s", s->dir, folder, name);

    if (n >= (int)sizeof(path) || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    /* One that cannot be removed is counted, and tried again next time. */
    if (is_kept(s->kept, name) || unlink(path) != 0)
        s->bytes += (uint64_t)st.st_size;
}

static void sweep_folder(struct sweep *s, const char *folder)
{
    char path[PATH_MAX];
    const struct dirent *e;
    DIR *dir = NULL;

    if (snprintf(path, sizeof(path), "%s/blobs/%s", s->dir, folder) <
        (int)sizeof(path))
        dir = opendir(path);
    if (dir == NULL)
        return;
    for (e = readdir(dir); e != NULL; e = readdir(dir))
        if (e->d_name[0] != '.')
            sweep_file(s, folder, e->d_name);
    (void)closedir(dir); /* only read from */
}

static void sweep_all(struct sweep *s)
{
    char folder[3];

    for (unsigned i = 0; i < 256; i++) {
        (void)snprintf(folder, sizeof(folder), "%02x", i & 0xffu);
        sweep_folder(s, folder);
    }
}

/* Bytes of lines and blobs once what no line of |files| refers to is gone. */
static enum status measure(const char *dir, const struct ledger_files *files,
                           uint64_t *bytes, struct why *why)
{
    struct names_kept kept = { .all = buffer_with_max(SIZE_MAX / 2) };
    struct sweep sweep = { .dir = dir, .kept = &kept };
    char path[PATH_MAX];
    struct stat size;
    enum status st = STATUS_OK;

    *bytes = 0;
    for (size_t i = 0; i < files->count && st == STATUS_OK; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", dir, files->names[i]);
        if (stat(path, &size) == 0)
            *bytes += (uint64_t)size.st_size;
        st = ledger_files_lines(path, files->names[i], NULL, note_names, &kept,
                                why);
    }
    if (st == STATUS_OK && !buffer_ok(&kept.all))
        st = no_memory(why);
    if (st == STATUS_OK) {
        if (kept.all.len > 0)
            qsort(kept.all.at, kept.all.len / LEDGER_HASH_BYTES,
                  LEDGER_HASH_BYTES, compare_hashes);
        sweep_all(&sweep);
        *bytes += sweep.bytes;
    }
    buffer_free(&kept.all);
    return st;
}

enum status ledger_files_prune(const char *dir, uint64_t max_bytes,
                               struct why *why)
{
    struct ledger_files files;
    char path[PATH_MAX];
    uint64_t bytes = 0;
    enum status st = ledger_files_list(dir, &files, why);

    if (st == STATUS_OK)
        st = measure(dir, &files, &bytes, why);
    while (st == STATUS_OK && bytes > max_bytes && files.count > 1) {
        (void)snprintf(path, sizeof(path), "%s/%s", dir, files.names[0]);
        if (unlink(path) != 0) {
            st = no_file(why, path);
            break;
        }
        files.count--;
        memmove(files.names[0], files.names[1],
                files.count * sizeof(files.names[0]));
        st = measure(dir, &files, &bytes, why);
    }
    ledger_files_free(&files);
    return st;
}
