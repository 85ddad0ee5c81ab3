/* collateral/seen.h: the newest that the signed items of a kind have said.
 *
 * Against rollback: an item that was issued earlier than one already seen, or
 * carries a lower evaluation number, is refused, however valid it is by
 * itself. Who holds an old but valid revocation list could else bring back
 * what was revoked since. */
#ifndef COLLATERAL_SEEN_H
#define COLLATERAL_SEEN_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/status.h"
#include "verifier/collateral_set.h"

/* All zero: none was seen. */
struct seen {
    int64_t issued_unix;
    uint32_t evaluation_number;
};

/* Let |seen| rise to |facts|. */
void seen_raise(struct seen *seen, const struct item_facts *facts);

/* Returns STATUS_OK, or STATUS_ROLLBACK with |why| filled. */
MUST_CHECK enum status seen_check(const struct seen *seen,
                                  const struct item_facts *facts,
                                  struct why *why);

#endif
