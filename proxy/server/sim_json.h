/* proxy/server/sim_json.h: TCB info, QE identity and the list of TCB data sets
 * of the simulated TEE.
 *
 * JSON as the PCS API v4 serves it: compact, signed over the exact bytes of
 * the inner object by the TCB signing key. */
#ifndef PROXY_SERVER_SIM_JSON_H
#define PROXY_SERVER_SIM_JSON_H

#include <stdint.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "proxy/server/sim.h"
#include "proxy/server/sim_keys.h"

/* Append the TCB info, version 3, or the QE identity, version 2, for quotes of
 * |tee| to |out|, whose failure is the only error. */
void sim_json_tcb_info(const struct sim_options *options,
                       const struct sim_keys *keys, enum tee_type tee,
                       int64_t now_unix, struct buffer *out);
void sim_json_qe_identity(const struct sim_options *options,
                          const struct sim_keys *keys, enum tee_type tee,
                          int64_t now_unix, struct buffer *out);

/* The same for the list of TCB data sets, which is dated as the TCB info. */
void sim_json_tcb_numbers(const struct sim_options *options,
                          const struct sim_keys *keys, enum tee_type tee,
                          int64_t now_unix, struct buffer *out);

#endif
