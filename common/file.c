#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum status file_path(const char *dir, const char *name, const char *field,
                      char out[PATH_MAX], struct why *why)
{
    int n = snprintf(out, PATH_MAX, "%s%s%s", dir, name != NULL ? "/" : "",
                     name != NULL ? name : "");

    if (n >= 0 && n < PATH_MAX)
        return STATUS_OK;
    out[0] = '\0';
    return why_fail(why, STATUS_NO_FILE, field, NULL,
                    "the path is too long: %.120s...", dir);
}

static enum status read_all(int fd, const char *path, struct buffer *b,
                            struct why *why)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return why_fail(why, STATUS_NO_FILE, "file", NULL,
                        "%s is not a regular file", path);
    for (;;) {
        /* One byte more than the maximum shows that there is more. */
        size_t want = MIN_OF((size_t)65536, b->max - b->len);
        uint8_t *p = buffer_reserve(b, want);
        ssize_t n;

        if (p == NULL)
            return why_fail(why, STATUS_NO_MEMORY, "file", NULL,
                            "no memory for %s", path);
        n = read(fd, p, want);
        if (n < 0)
            return why_fail(why, STATUS_NO_FILE, "file", NULL,
                            "cannot read %s: %s", path, strerror(errno));
        if (n == 0)
            return STATUS_OK;
        buffer_commit(b, (size_t)n);
        if (b->len == b->max)
            return why_fail(why, STATUS_NO_FILE, "file", NULL,
                            "%s is over %zu bytes", path, b->max - 1);
    }
}

enum status file_read(const char *path, size_t max, struct buffer *out,
                      struct why *why)
{
    struct buffer b = buffer_with_max(max + 1);
    enum status st;
    int fd;

    *out = buffer_with_max(max);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return why_fail(why, STATUS_NO_FILE, "file", NULL, "cannot open %s: %s",
                        path, strerror(errno));
    st = read_all(fd, path, &b, why);
    (void)close(fd);
    if (st != STATUS_OK) {
        buffer_free(&b);
        return st;
    }
    *out = b;
    return STATUS_OK;
}

bool file_write_synced(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.at, bytes.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes = slice_of(bytes.at + n, bytes.len - (size_t)n);
    }
    return fsync(fd) == 0;
}

enum status file_replace(const char *path, struct slice bytes, mode_t mode,
                         struct why *why)
{
    char beside[PATH_MAX];
    int n = snprintf(beside, sizeof(beside), "%s.XXXXXX", path);
    int fd;
    int error;

    if (n < 0 || (size_t)n >= sizeof(beside))
        return why_fail(why, STATUS_NO_FILE, "file", NULL,
                        "the path is too long: %.120s...", path);
    fd = mkstemp(beside);
    if (fd < 0)
        return why_fail(why, STATUS_NO_FILE, "file", NULL,
                        "cannot create a file beside %s: %s", path,
                        strerror(errno));
    error = fchmod(fd, mode) != 0 || !file_write_synced(fd, bytes) ? errno : 0;
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(beside, path) != 0)
        error = errno;
    if (error == 0)
        return STATUS_OK;
    (void)unlink(beside);
    return why_fail(why, STATUS_NO_FILE, "file", NULL, "cannot write %s: %s",
                    path, strerror(error));
}

static int make_dir(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -1;
}

enum status file_replace_in(const char *dir, const char *name,
                            struct slice bytes, mode_t mode, struct why *why)
{
    char path[PATH_MAX];
    enum status st = file_path(dir, name, "file", path, why);

    return st == STATUS_OK ? file_replace(path, bytes, mode, why) : st;
}

enum status file_make_dirs(const char *path, struct why *why)
{
    char part[PATH_MAX];
    size_t len = strlen(path);

    if (len >= sizeof(part))
        return why_fail(why, STATUS_NO_FILE, "file", NULL,
                        "the path is too long: %.120s...", path);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (make_dir(part) != 0)
            return why_fail(why, STATUS_NO_FILE, "file", NULL,
                            "cannot create %s: %s", part, strerror(errno));
    }
    return STATUS_OK;
}

void file_limit_raise(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files); /* as it was is good too */
}
