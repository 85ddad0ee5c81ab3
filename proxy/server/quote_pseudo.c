#include "proxy/server/quote_pseudo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"

#define READ_BYTES 4096

/* What says nothing but "later". */
static bool is_passing(int error)
{
    return error == EBUSY || error == EINTR || error == EAGAIN;
}

static enum status fail(const char *act, const char *path, struct why *why)
{
    const int error = errno;

    return why_fail(why, is_passing(error) ? STATUS_BUSY : STATUS_NO_FILE,
                    "quote_source", NULL, "cannot %s %s: %s", act, path,
                    strerror(error));
}

static enum status read_all(int fd, const char *path, struct buffer *out,
                            struct why *why)
{
    for (;;) {
        uint8_t *at = buffer_reserve(out, READ_BYTES);
        ssize_t n;

        if (at == NULL)
            return why_fail(why, STATUS_NO_MEMORY, "quote_source", NULL,
                            "%s is over %zu bytes, or no memory", path,
                            out->max - READ_BYTES);
        n = read(fd, at, READ_BYTES);
        if (n < 0)
            return fail("read", path, why);
        if (n == 0)
            return STATUS_OK;
        buffer_commit(out, (size_t)n);
    }
}

enum status quote_pseudo_read(const char *dir, const char *name,
                              struct buffer *out, struct why *why)
{
    char path[PATH_MAX];
    enum status st = file_path(dir, name, "quote_source", path, why);
    int fd;

    if (st != STATUS_OK)
        return st;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail("open", path, why);
    st = read_all(fd, path, out, why);
    (void)close(fd); /* nothing was written */
    return st;
}

enum status quote_pseudo_write(const char *dir, const char *name,
                               struct slice bytes, struct why *why)
{
    char path[PATH_MAX];
    enum status st = file_path(dir, name, "quote_source", path, why);
    ssize_t n;
    int fd;

    if (st != STATUS_OK)
        return st;
    fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail("open", path, why);
    n = write(fd, bytes.at, bytes.len);
    if (n < 0)
        st = fail("write", path, why);
    else if ((size_t)n != bytes.len)
        st = why_fail(why, STATUS_NO_FILE, "quote_source", NULL,
                      "%s took %zd of %zu bytes", path, n, bytes.len);
    /* configfs hands a binary attribute over when it is closed. */
    if (close(fd) != 0 && st == STATUS_OK)
        st = fail("write", path, why);
    return st;
}

enum status quote_pseudo_word(const char *dir, const char *name,
                              char out[QUOTE_PSEUDO_WORD], struct why *why)
{
    struct buffer text = buffer_with_max((size_t)2 * READ_BYTES);
    enum status st = quote_pseudo_read(dir, name, &text, why);
    size_t len = 0;

    out[0] = '\0';
    while (st == STATUS_OK && len < text.len && text.at[len] > ' ' &&
           len < QUOTE_PSEUDO_WORD - 1) {
        out[len] = (char)text.at[len];
        len++;
    }
    out[len] = '\0';
    buffer_free(&text);
    return st;
}

bool quote_pseudo_has(const char *dir, const char *name)
{
    char path[PATH_MAX];
    struct why why;

    return file_path(dir, name, "", path, &why) == STATUS_OK &&
           access(path, F_OK) == 0;
}
