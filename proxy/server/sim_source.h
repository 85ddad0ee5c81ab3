/* proxy/server/sim_source.h: quotes of a simulated TEE. They prove nothing.
 *
 * sim.h makes the evidence; this is the source that the server asks, with the
 * collateral that it staples, and the files that a policy needs to accept it:
 * root.pem and accept.yaml. A fault may bend what is served; the policy that
 * the files make is that for the sound simulation. */
#ifndef PROXY_SERVER_SIM_SOURCE_H
#define PROXY_SERVER_SIM_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/status.h"
#include "proxy/server/fault.h"
#include "proxy/server/quote_source.h"
#include "proxy/tunnel/session.h"
#include "verifier/claims.h"

struct sim_source;

/* False when the program was built without the simulation
 * (-DVERITEE_SIMULATION=OFF): nothing here can be made then, and there are no
 * faults. */
bool sim_source_built_in(void);

struct sim_source_config {
    enum tee_type tee;         /* not TEE_NONE */
    const struct fault *fault; /* NULL: none; copied */
    const char *dir; /* where the files go, made if need be; NULL: nowhere;
                      * borrowed */
    int64_t now_unix;
};

/* Keys that are kept in |dir| from an earlier run are used again, so that
 * policies made from its files stay good. Writes there root.pem, the
 * collateral, accept.yaml, a quote.bin over report data of zeros, and the
 * keys. Returns STATUS_OK; STATUS_NO_MEMORY, STATUS_NO_FILE or STATUS_INTERNAL
 * with |why| filled; |*out| is NULL unless OK. */
MUST_CHECK enum status sim_source_new(const struct sim_source_config *config,
                                      struct sim_source **out, struct why *why);

/* When no quote is being made any more. NULL is allowed. */
void sim_source_free(struct sim_source *s);

/* What quote_source_open() takes. */
struct quote_maker sim_source_maker(struct sim_source *s);

/* Collateral ends: make it anew if a day has passed, or the clock went back;
 * its files too. What is stapled changes under the same pointer. Returns
 * STATUS_OK, or a status with |why| filled and all as it was. */
MUST_CHECK enum status sim_source_renew(struct sim_source *s, int64_t now_unix,
                                        struct why *why);

/* The collateral to staple, borrowed; all empty if none. */
const struct session_stapled *sim_source_stapled(const struct sim_source *s);

#endif
