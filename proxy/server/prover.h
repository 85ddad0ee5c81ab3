/* proxy/server/prover.h: what veriteed proves itself by.
 *
 * Where its quotes come from, the simulation or an interface of the platform;
 * the keys that they vouch for; and the collateral that goes with them. Kept
 * fresh on the main thread; workers share it. Talks to no client. */
#ifndef PROXY_SERVER_PROVER_H
#define PROXY_SERVER_PROVER_H

#include <uv.h>

#include "common/status.h"
#include "proxy/server/keys.h"
#include "proxy/server/options.h"
#include "proxy/server/quote_origin.h"
#include "proxy/server/quote_source.h"
#include "proxy/server/sim_source.h"
#include "proxy/server/staple.h"
#include "proxy/server/stapler.h"

/* Others read the first four. */
struct prover {
    struct staple *staple;   /* what workers staple; until prover_fini() */
    struct stapler *stapler; /* fills it; NULL: nobody, or the simulation */
    struct quote_source *source;
    struct keys *keys;

    uv_loop_t *loop; /* NULL: closed, or never opened */
    const struct options *options;
    struct sim_source *sim; /* NULL: not simulated, then: */
    struct quote_origin *origin;
    uv_timer_t upkeep; /* of the simulation's collateral */
    void (*on_first)(void *ctx);
    void *ctx;
};

/* As |options|, which are borrowed, say; they and |loop| outlive it. |on_first|
 * is called when there is a key with a quote, once. Returns STATUS_OK, or a
 * status with |why| filled; prover_close() and prover_fini() follow always. */
MUST_CHECK enum status prover_open(struct prover *p, uv_loop_t *loop,
                                   const struct options *options,
                                   void (*on_first)(void *ctx), void *ctx,
                                   struct why *why);

/* Make no more quotes and keys. Again is harmless, also where all is zero. */
void prover_close(struct prover *p);

/* When the loop has ended and no worker has |staple| any more. */
void prover_fini(struct prover *p);

#endif
