/* tests/support/folder.h: a folder of a test's own, gone at its end. */
#ifndef TESTS_SUPPORT_FOLDER_H
#define TESTS_SUPPORT_FOLDER_H

#include <stddef.h>

#define FOLDER_ROOM 64

struct folder {
    char path[FOLDER_ROOM];
};

/* Make a new one in the system's place for such. */
void folder_make(struct folder *f);

/* Remove it and all that is in it. */
void folder_remove(struct folder *f);

/* How many entries it has. */
size_t folder_count(const struct folder *f);

#endif
