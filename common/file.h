/* common/file.h: whole files, read with a maximum and written atomically; how
 * many may be open. */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/buffer.h"
#include "common/status.h"

/* |out| is the path of |name| in the folder |dir|, or of that itself if |name|
 * is NULL. Returns STATUS_OK, or STATUS_NO_FILE when it is too long, with |why|
 * of |field|, and |out| is "". */
MUST_CHECK enum status file_path(const char *dir, const char *name,
                                 const char *field, char out[PATH_MAX],
                                 struct why *why);

/* Read all of |path|. |out| is the caller's to free when OK, empty otherwise.
 * Returns STATUS_OK, STATUS_NO_MEMORY, or STATUS_NO_FILE with |why| filled
 * (cannot be opened or read, not a regular file, or over |max| bytes). */
MUST_CHECK enum status file_read(const char *path, size_t max,
                                 struct buffer *out, struct why *why);

/* Replace |path| by |bytes|: a new file beside it, synced, then renamed, so
 * that a reader sees the old content or the new. |mode| as in open(2).
 * Returns STATUS_OK, or STATUS_NO_FILE with |why| filled. */
MUST_CHECK enum status file_replace(const char *path, struct slice bytes,
                                    mode_t mode, struct why *why);

/* The same for the file |name| in the folder |dir|. */
MUST_CHECK enum status file_replace_in(const char *dir, const char *name,
                                       struct slice bytes, mode_t mode,
                                       struct why *why);

/* Write all of |bytes| where |fd| stands, and have the disk keep it. False with
 * errno set, and perhaps a part of them written. */
MUST_CHECK bool file_write_synced(int fd, struct slice bytes);

/* Create |path| and what is missing above it, mode 0700.
 * Returns STATUS_OK, or STATUS_NO_FILE with |why| filled. */
MUST_CHECK enum status file_make_dirs(const char *path, struct why *why);

/* Let this process have as many files open as the system lets it: best effort,
 * for programs that hold thousands of connections. */
void file_limit_raise(void);

#endif
