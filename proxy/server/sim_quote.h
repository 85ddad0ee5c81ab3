/* proxy/server/sim_quote.h: quotes of the simulated TEE, byte by byte.
 *
 * Versions 3, 4 and 5; attestation key ECDSA P-256; the PCK chain inside
 * (certification data type 5). Intel SGX and TDX DCAP quoting library API,
 * appendix A. */
#ifndef PROXY_SERVER_SIM_QUOTE_H
#define PROXY_SERVER_SIM_QUOTE_H

#include <stdint.h>

#include "common/builder.h"
#include "common/slice.h"
#include "proxy/server/sim.h"
#include "proxy/server/sim_keys.h"

/* Write a quote of |tee| over |report_data|, carrying |pck_chain| (PEM). Fails
 * |b| when it does not fit or when signing fails. */
void sim_quote_write(const struct sim_options *options,
                     const struct sim_keys *keys, struct slice pck_chain,
                     enum tee_type tee, const uint8_t report_data[64],
                     struct builder *b);

#endif
