/* proxy/server/staple_choice.h: what the operator says of stapling.
 *
 * Words of the command line in, a list of sources out; stapler.h asks them. */
#ifndef PROXY_SERVER_STAPLE_CHOICE_H
#define PROXY_SERVER_STAPLE_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "collateral/source.h"
#include "common/compiler.h"
#include "common/status.h"

struct staple_choice {
    struct source_list sources; /* in the order to ask; none: do not staple */
    const char *cache_dir;      /* NULL: kept in memory only; borrowed */
    const char *root_file;      /* NULL: the built-in roots; borrowed */
    int64_t refresh_seconds;    /* 0: as collateral.h has it */
};

/* Add the source that |text| names, "pcs", "kds", one of them with ":URL",
 * "pccs:URL", or a URL alone, which is a PCCS; behind it may stand ",ca=FILE"
 * and ",proxy=URL". One less than COLLATERAL_SOURCES_MAX can be named: the
 * cache is one too.
 * Returns STATUS_OK, STATUS_NO_MEMORY or STATUS_BAD_CONFIG with |why| filled. */
MUST_CHECK enum status staple_choice_add(struct staple_choice *c,
                                         const char *text, struct why *why);

/* Free what |c| owns and empty it. */
void staple_choice_free(struct staple_choice *c);

#endif
