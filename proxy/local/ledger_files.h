/* proxy/local/ledger_files.h: the files that ledger.h keeps its lines in.
 *
 * Which there are, in order; their lines; and the end of the oldest. Whoever
 * changes something holds the lock. */
#ifndef PROXY_LOCAL_LEDGER_FILES_H
#define PROXY_LOCAL_LEDGER_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "proxy/local/ledger.h"

#define LEDGER_FILES_NEWEST "log.jsonl"
#define LEDGER_FILES_MAX    1024
#define LEDGER_FILES_NAME   32

struct ledger_files {
    size_t count;
    char (*names)[LEDGER_FILES_NAME]; /* owned; the oldest first */
};

/* List those of |dir|; none if it does not exist. |out| is the caller's to free
 * when OK and empty otherwise. Returns STATUS_OK, STATUS_NO_MEMORY or
 * STATUS_NO_FILE with |why| filled. */
MUST_CHECK enum status
ledger_files_list(const char *dir, struct ledger_files *out, struct why *why);
void ledger_files_free(struct ledger_files *files);

/* Tell |fn| of each line of |path|, which is called |name|; |above| is the hash
 * of the line before and moves on; NULL if nobody asks. Returns as above. */
MUST_CHECK enum status ledger_files_lines(const char *path, const char *name,
                                          uint8_t above[LEDGER_HASH_BYTES],
                                          ledger_line_fn *fn, void *ctx,
                                          struct why *why);

/* The newest file becomes an older one, that ends with |last_id|.
 * Returns as above. */
MUST_CHECK enum status ledger_files_rotate(const char *dir, uint32_t last_id,
                                           struct why *why);

/* Take the oldest files away, and the blobs that no line refers to, until all
 * together have at most |max_bytes|. Returns as above. */
MUST_CHECK enum status ledger_files_prune(const char *dir, uint64_t max_bytes,
                                          struct why *why);

#endif
