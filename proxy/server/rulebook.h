/* proxy/server/rulebook.h: where rules are written, so that they can be read
 * again. */
#ifndef PROXY_SERVER_RULEBOOK_H
#define PROXY_SERVER_RULEBOOK_H

#include <stddef.h>

#include "common/status.h"
#include "proxy/server/rules.h"

#define RULEBOOK_FILES_MAX 16

struct rulebook {
    struct rules *fixed; /* owned: those of the command line */
    const char *files[RULEBOOK_FILES_MAX]; /* borrowed from argv */
    size_t file_count;
};

/* All that the book says now, as one set of its own. Returns STATUS_OK, or as
 * rules_add_file(), where |why| names file and line, and |*out| is NULL. */
MUST_CHECK enum status rulebook_read(const struct rulebook *book,
                                     struct rules **out, struct why *why);

#endif
