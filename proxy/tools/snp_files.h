/* proxy/tools/snp_files.h: an SEV-SNP report and what endorses it, from files.
 *
 * Reads bytes; judges nothing. */
#ifndef PROXY_TOOLS_SNP_FILES_H
#define PROXY_TOOLS_SNP_FILES_H

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/status.h"

struct snp_files {
    struct buffer report;
    struct buffer endorsement;
    struct buffer crl;  /* empty unless one was named */
    struct buffer root; /* likewise */
};

/* Where they are; |crl| and |root| may be NULL. */
struct snp_files_paths {
    const char *report;
    const char *endorsement;
    const char *crl;
    const char *root;
};

/* Read |paths|. |out| is the caller's to free when OK, and empty otherwise.
 * Returns STATUS_OK, or STATUS_NO_FILE or STATUS_NO_MEMORY with |why|. */
MUST_CHECK enum status snp_files_read(const struct snp_files_paths *paths,
                                      struct snp_files *out, struct why *why);

void snp_files_free(struct snp_files *files);

#endif
