/* proxy/server/staple.h: the collateral that a server staples, as it changes.
 *
 * One place that the main thread fills and all workers read: a set does not
 * change any more once it was put there, and lives until the last has let it
 * go. Judges nothing: clients do. */
#ifndef PROXY_SERVER_STAPLE_H
#define PROXY_SERVER_STAPLE_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/status.h"
#include "proxy/tunnel/session.h"

struct staple; /* the place */

struct staple_set {
    struct session_stapled items; /* in |bytes| */
    struct slice vcek;   /* likewise, PEM: for reports that came without; may be
                        * empty */
    atomic_uint holders; /* see staple_hold() */
    uint8_t bytes[];
};

/* With nothing there. NULL when out of memory. */
struct staple *staple_new(void);

/* When nobody asks any more; sets that are held live on. NULL is allowed. */
void staple_free(struct staple *s);

/* Put a copy of |items| and |vcek| there. Returns STATUS_OK; or
 * STATUS_NO_MEMORY, or STATUS_LIMIT when they are over STAPLED_MAX_BYTES
 * together, and what was there stays. */
MUST_CHECK enum status staple_put(struct staple *s,
                                  const struct session_stapled *items,
                                  struct slice vcek);

/* Put nothing there. */
void staple_clear(struct staple *s);

/* From any thread: what is there, until staple_let_go(); NULL if nothing was
 * put there, or |s| is NULL. */
struct staple_set *staple_hold(struct staple *s);
void staple_let_go(struct staple_set *set); /* NULL is allowed */

#endif
