/* proxy/tools/evidence_files.h: a quote and its collateral, from files.
 *
 * Reads bytes; judges nothing. The folder's file names are those that
 * `veritee verify --help` lists. */
#ifndef PROXY_TOOLS_EVIDENCE_FILES_H
#define PROXY_TOOLS_EVIDENCE_FILES_H

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/status.h"
#include "verifier/collateral_set.h"

#define EVIDENCE_FILES_ITEMS 7

struct evidence_files {
    struct buffer quote;
    struct buffer root; /* empty unless one was named */
    struct buffer items[EVIDENCE_FILES_ITEMS];
};

/* Read the quote |quote|, the collateral in the folder |dir| and, unless it is
 * NULL, the root certificate |root|. |out| is the caller's to free when OK,
 * and empty otherwise.
 * Returns STATUS_OK, or STATUS_NO_FILE or STATUS_NO_MEMORY with |why|. */
MUST_CHECK enum status evidence_files_read(const char *quote, const char *dir,
                                           const char *root,
                                           struct evidence_files *out,
                                           struct why *why);

/* The collateral; borrows from |files|. */
struct collateral_set evidence_files_set(const struct evidence_files *files);

void evidence_files_free(struct evidence_files *files);

#endif
