/* proxy/local/satchel.h: several files, with their names, in one run of bytes.
 *
 *     name length (u32)  body length (u32)  name  body     again for the next
 *
 * Lengths are big endian. For what a decision needed besides its evidence, so
 * that it is one blob of the ledger. */
#ifndef PROXY_LOCAL_SATCHEL_H
#define PROXY_LOCAL_SATCHEL_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/cursor.h"
#include "common/slice.h"

/* Append a file; |out|'s failure is the only error. */
void satchel_add(struct buffer *out, struct slice name, struct slice body);

/* The next file of |c|, over what satchel_add() wrote; both are borrowed. False
 * at the end, and where it is no such thing: cursor_ok() tells which. */
MUST_CHECK bool satchel_next(struct cursor *c, struct slice *name,
                             struct slice *body);

/* The file |name| of |bytes|; false if it is not there. */
MUST_CHECK bool satchel_find(struct slice bytes, struct slice name,
                             struct slice *body);

#endif
