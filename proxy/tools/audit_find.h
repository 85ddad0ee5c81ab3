/* proxy/tools/audit_find.h: where the audit log is, and one entry of it. */
#ifndef PROXY_TOOLS_AUDIT_FIND_H
#define PROXY_TOOLS_AUDIT_FIND_H

#include "proxy/local/audit_entry.h"
#include "proxy/local/paths.h"

/* The folder: |named|, or if that is NULL the one of the policy that `veritee
 * run` would read, or the default. Returns STATUS_OK, or STATUS_NO_FILE with
 * |why| filled. */
MUST_CHECK enum status audit_find_dir(const char *named, char out[PATHS_ROOM],
                                      struct why *why);

/* The entry whose id is |word|, or "last". |line| is its text, the caller's to
 * free when OK. Returns STATUS_OK, STATUS_BAD_FIELD if |word| is no id,
 * STATUS_NO_FILE if there is no such entry, or what ledger_each() says, with
 * |why| filled. */
MUST_CHECK enum status audit_find_entry(const char *dir, const char *word,
                                        struct audit_entry *out,
                                        struct buffer *line, struct why *why);

#endif
