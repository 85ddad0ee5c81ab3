/* proxy/server/quote_pseudo.h: files that the system makes as they are read.
 *
 * For interfaces made of files whose length nobody knows before, that may
 * block, and where one write is one request. Runs on a worker thread. */
#ifndef PROXY_SERVER_QUOTE_PSEUDO_H
#define PROXY_SERVER_QUOTE_PSEUDO_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/status.h"

/* Append all of |name| in |dir| to |out|. Returns STATUS_OK, STATUS_BUSY (to be
 * tried again: somebody else is at it, or a signal came), STATUS_NO_FILE, or
 * STATUS_NO_MEMORY when it is more than |out| holds, with |why| filled. */
MUST_CHECK enum status quote_pseudo_read(const char *dir, const char *name,
                                         struct buffer *out, struct why *why);

/* Write |bytes| to |name| in |dir|, at once. Results as above. */
MUST_CHECK enum status quote_pseudo_write(const char *dir, const char *name,
                                          struct slice bytes, struct why *why);

/* Read one word, as lines end; in |out|, terminated. Results as above. */
#define QUOTE_PSEUDO_WORD 64
MUST_CHECK enum status quote_pseudo_word(const char *dir, const char *name,
                                         char out[QUOTE_PSEUDO_WORD],
                                         struct why *why);

/* Is there |name| in |dir|? */
bool quote_pseudo_has(const char *dir, const char *name);

#endif
