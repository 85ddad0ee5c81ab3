/* proxy/server/stapler.h: has collateral for this server's own quotes at hand.
 *
 * Asks the sources that the operator named for what the platform of the quotes
 * needs, by the collateral engine, which believes no item that it has not
 * checked, refreshes what it holds well before it ends, and asks sources that
 * fail again later. What it has goes to the workers (staple.h) and is taken
 * back the second it ends. Nothing here can stop the server: without a set,
 * clients fetch for themselves, and with one, they check it all the same. */
#ifndef PROXY_SERVER_STAPLER_H
#define PROXY_SERVER_STAPLER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/log.h"
#include "common/status.h"
#include "proxy/server/proof.h"
#include "proxy/server/staple.h"
#include "proxy/server/staple_choice.h"

struct stapler;

struct stapler_config {
    const struct staple_choice *choice; /* borrowed until closed */
    struct staple *staple;              /* borrowed until closed */
    const struct log *log;              /* likewise; NULL: silence */
    int64_t (*now_ms)(void);            /* unix time in ms */
};

/* Begin on |loop|, after secret_init(). |config| is copied. Asks nothing until
 * stapler_quote() is called. Returns STATUS_OK, STATUS_NO_MEMORY, or
 * STATUS_NO_FILE (the root, or the cache) with |why| filled; |*out| is NULL
 * unless OK. */
MUST_CHECK enum status stapler_open(uv_loop_t *loop,
                                    const struct stapler_config *config,
                                    struct stapler **out, struct why *why);

/* From now on for the platform that |proof|, copied, is of: fetch what is not
 * at hand. Any number of times. */
void stapler_quote(struct stapler *s, const struct proof *proof);

/* Look at the clock: take back what has ended, ask anew. A timer of ours does
 * that; tests do it too. */
void stapler_tick(struct stapler *s);

struct stapler_figures {
    int64_t until_unix; /* the last second of what is stapled; 0: nothing is */
    bool is_failing;    /* what is needed cannot be had at the moment */
};

struct stapler_figures stapler_figures_of(const struct stapler *s);

/* The memory goes on the loop. NULL is allowed. */
void stapler_close(struct stapler *s);

#endif
