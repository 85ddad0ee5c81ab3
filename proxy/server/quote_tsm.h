/* proxy/server/quote_tsm.h: quotes from the kernel's configfs-tsm.
 *
 * TDX and SEV-SNP, since Linux 6.7. An entry is a folder of attributes: report
 * data goes into |inblob|, the quote comes out of |outblob|, certificates of
 * SEV-SNP out of |auxblob|, and |generation| counts the requests, so that one
 * who was interrupted by another notices. Of a platform with levels of privilege,
 * reports are for the highest that |privlevel_floor| leaves. Linux,
 * Documentation/ABI/testing/configfs-tsm-report. */
#ifndef PROXY_SERVER_QUOTE_TSM_H
#define PROXY_SERVER_QUOTE_TSM_H

#include <stdbool.h>

#include "common/compiler.h"
#include "common/status.h"
#include "proxy/server/quote_source.h"

#define QUOTE_TSM_PATH "/sys/kernel/config/tsm/report"

struct quote_tsm;

/* Use the entries at |path|: a folder of them, in which one of our own is made,
 * whatever else runs on this machine, or an entry that somebody else has made for
 * us and for nobody besides, and set up.
 * Returns STATUS_OK, or STATUS_NO_FILE, STATUS_NO_MEMORY, STATUS_BUSY or
 * STATUS_UNSUPPORTED (a provider that is neither TDX nor SEV-SNP) with |why|
 * filled; |*out| is NULL unless OK. */
MUST_CHECK enum status quote_tsm_open(const char *path, struct quote_tsm **out,
                                      struct why *why);

/* Remove the entry, if we made it. When no quote is being made any more; NULL
 * is allowed. */
void quote_tsm_free(struct quote_tsm *t);

/* What quote_source_open() takes. */
struct quote_maker quote_tsm_maker(struct quote_tsm *t);

#endif
