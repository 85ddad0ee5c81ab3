/* proxy/tools/collateral_once.h: one request to the collateral engine, run to its end,
 * for tools.
 *
 * On a loop of its own; on a terminal, standard error says so while it takes
 * longer than a second. */
#ifndef PROXY_TOOLS_COLLATERAL_ONCE_H
#define PROXY_TOOLS_COLLATERAL_ONCE_H

#include "collateral/collateral.h"
#include "common/compiler.h"
#include "common/status.h"

/* collateral_get() of |request|, whose done() and ctx are not used, with an
 * engine as |config| says. |*out| is a reference for the caller when OK, else
 * NULL. Returns what was answered, with |why| filled. */
MUST_CHECK enum status
collateral_once_set(const struct collateral_config *config,
                    const struct collateral_request *request,
                    struct bundle **out, struct why *why);

/* collateral_get_numbers(), likewise; |out| is all zero unless OK. */
MUST_CHECK enum status
collateral_once_numbers(const struct collateral_config *config,
                        const struct collateral_numbers_request *request,
                        struct tcb_numbers *out, struct why *why);

#endif
