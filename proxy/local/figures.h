/* proxy/local/figures.h: what one worker knows, copied for another.
 *
 * A struct status_data borrows from its worker's sessions; figures own all they
 * point to but the policy, which they hold. So they may be read on any thread,
 * and added to the data of the worker that was asked. */
#ifndef PROXY_LOCAL_FIGURES_H
#define PROXY_LOCAL_FIGURES_H

#include "common/status.h"
#include "proxy/local/snapshot.h"
#include "proxy/local/status_data.h"

struct figures;

/* Copy |data|, which is of |snapshot|. NULL when out of memory. */
struct figures *figures_new(const struct status_data *data,
                            struct snapshot *snapshot);
void figures_free(struct figures *f); /* NULL is allowed */

/* Add them to |data|, which is of |snapshot|, and to |tally|, to which it
 * points: counts are summed; a service stands as it does where it stands best.
 * Of another policy than |snapshot| only what outlives policies is added. |data|
 * borrows from |f|. Returns STATUS_OK or STATUS_NO_MEMORY, and then something
 * is missing in |data|. */
MUST_CHECK enum status figures_add(const struct figures *f,
                                   const struct snapshot *snapshot,
                                   struct tally *tally,
                                   struct status_data *data);

#endif
