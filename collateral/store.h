/* collateral/store.h: items on disk, one file each.
 *
 * Keeps bytes and says nothing about them: what is read back is as untrusted
 * as the network. Several processes may share a folder; a reader sees the old
 * file or the new. Folders are made with mode 0700, files with 0600.
 *
 * A file is text up to an empty line, in this order and nothing else, then
 * the body and the chain:
 *
 *     veritee-collateral 1
 *     name tcb_info-tdx-90c06f000000-intel
 *     origin https://api.trustedservices.intel.com/tdx/...
 *     fetched 1771671531
 *     body 4268
 *     chain 1892
 *
 * Safe to use from any thread: a store is only a path. */
#ifndef COLLATERAL_STORE_H
#define COLLATERAL_STORE_H

#include <limits.h>
#include <stdint.h>

#include "collateral/url.h"
#include "common/buffer.h"
#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"

struct store {
    char dir[PATH_MAX];
};

/* One file's content. */
struct store_entry {
    struct slice body;
    struct slice chain;
    char origin[URL_MAX_BYTES]; /* "stapled" or a URL; printable ASCII */
    int64_t fetched_unix;       /* when it came from outside; not signed */
};

/* Write |entry| under |name| to the end of |out|; its failure is the only
 * error. */
void store_encode(const char *name, const struct store_entry *entry,
                  struct buffer *out);

/* Read an entry that was written under |name|. |out| borrows from |file|; it
 * is all zero unless OK. Returns STATUS_OK, STATUS_TRUNCATED, STATUS_TRAILING
 * or STATUS_BAD_FIELD with |why| filled. */
MUST_CHECK enum status store_decode(const char *name, struct slice file,
                                    struct store_entry *out, struct why *why);

/* The name that |file| was written under, for store_decode(). False, and |name|
 * empty, if it has none that fits. */
MUST_CHECK bool store_read_name(struct slice file, char *name, size_t room);

/* Told of each name; a text that is borrowed. */
typedef void store_name_fn(void *ctx, const char *name);

/* Tell the names of all files in |s|, sorted. Returns STATUS_OK, or
 * STATUS_NO_FILE with |why| filled. */
MUST_CHECK enum status store_list(const struct store *s, store_name_fn *fn,
                                  void *ctx, struct why *why);

/* Use |dir|, which is made if it is missing.
 * Returns STATUS_OK, or STATUS_NO_FILE with |why| filled. */
MUST_CHECK enum status store_init(struct store *s, const char *dir,
                                  struct why *why);

/* Read what is kept under |name|. |out| borrows from |file|, which is the
 * caller's to free when OK and empty otherwise. Returns STATUS_OK,
 * STATUS_NO_COLLATERAL when nothing is kept, STATUS_NO_MEMORY, STATUS_NO_FILE
 * (cannot be read) or those of store_decode(), with |why| filled. */
MUST_CHECK enum status store_load(const struct store *s, const char *name,
                                  struct buffer *file, struct store_entry *out,
                                  struct why *why);

/* Keep |entry| under |name| in place of what was there.
 * Returns STATUS_OK, STATUS_NO_MEMORY, or STATUS_NO_FILE with |why| filled. */
MUST_CHECK enum status store_save(const struct store *s, const char *name,
                                  const struct store_entry *entry,
                                  struct why *why);

#endif
