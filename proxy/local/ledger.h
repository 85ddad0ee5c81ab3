/* proxy/local/ledger.h: lines and blobs on disk that show if they were altered.
 *
 *     log.jsonl                the newest lines, one JSON object each
 *     log-0000000812.jsonl     older ones, up to the one with that id
 *     blobs/3a/3a7f...         what lines refer to, named by its SHA-256
 *     lock                     held while anything is written
 *
 * A line begins {"version":1,"id":N, with N one more than that of the line
 * before, and ends ,"prev":"..."} with the SHA-256 of the line before, without
 * its end of line; of the first line it is all zero. Whoever can write here can
 * write all of it anew: the chain shows the rest, and its head, noted
 * elsewhere, shows that too.
 *
 * Lines are only ever added. When all is over the maximum, the oldest file of
 * lines goes, and what only it referred to. Folders have mode 0700, files 0600.
 * Several processes may write; every function blocks. */
#ifndef PROXY_LOCAL_LEDGER_H
#define PROXY_LOCAL_LEDGER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/status.h"

#define LEDGER_HASH_BYTES 32
#define LEDGER_NAME_ROOM  (2 * LEDGER_HASH_BYTES + 1)
#define LEDGER_LINE_MAX   (16 * 1024)
#define LEDGER_FILE_MAX   (512 * 1024) /* of lines, before the next begins */

struct ledger {
    char dir[PATH_MAX];
    uint64_t max_bytes;
    uint64_t new_bytes; /* of blobs, since it was last looked at them all */
};

/* Use |dir|, which is made if it is missing, for at most about |max_bytes|.
 * Returns STATUS_OK, or STATUS_NO_FILE with |why| filled. */
MUST_CHECK enum status ledger_open(struct ledger *a, const char *dir,
                                   uint64_t max_bytes, struct why *why);

/* Keep |blob|, once however often it is given; |name| is what lines call it.
 * Returns STATUS_OK, or STATUS_NO_FILE with |why| filled. */
MUST_CHECK enum status ledger_put(struct ledger *a, struct slice blob,
                                  char name[LEDGER_NAME_ROOM], struct why *why);

/* Write the members between "id" and "prev" of a line, each with a comma before
 * it. */
typedef void ledger_write_fn(void *ctx, struct buffer *out);

/* Add a line. Returns STATUS_OK, or STATUS_NO_MEMORY or STATUS_NO_FILE with
 * |why| filled. */
MUST_CHECK enum status ledger_append(struct ledger *a, ledger_write_fn *write,
                                     void *ctx, struct why *why);

/* --- reading, also while others write -------------------------------------- */

struct ledger_line {
    const char *file; /* its name, without the folder */
    size_t number;    /* in it, from 1 */
    struct slice text;
    bool whole;                       /* it has an end of line */
    uint8_t hash[LEDGER_HASH_BYTES];  /* of |text| */
    uint8_t above[LEDGER_HASH_BYTES]; /* of the line before; zero if none */
};

/* Called for each line; all is borrowed. False ends it. */
typedef bool ledger_line_fn(void *ctx, const struct ledger_line *line);

/* Go through all lines of |dir|, the oldest first; none if there is no such
 * folder. Returns STATUS_OK, STATUS_NO_MEMORY or STATUS_NO_FILE with |why|. */
MUST_CHECK enum status ledger_each(const char *dir, ledger_line_fn *fn,
                                   void *ctx, struct why *why);

/* Read the blob |name|, which has the SHA-256 that it says. |out| is the
 * caller's to free when OK, and empty otherwise. Returns STATUS_OK,
 * STATUS_NO_FILE, or STATUS_MISMATCH if it was altered, with |why| filled. */
MUST_CHECK enum status ledger_get(const char *dir, const char *name,
                                  struct buffer *out, struct why *why);

#endif
