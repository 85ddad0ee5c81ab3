/* proxy/server/sim_crl.h: revocation lists of the simulated TEE.
 *
 * RFC 5280 section 5, in the shape of Intel's. */
#ifndef PROXY_SERVER_SIM_CRL_H
#define PROXY_SERVER_SIM_CRL_H

#include <stdint.h>

#include "common/builder.h"
#include "proxy/server/sim.h"
#include "proxy/server/sim_keys.h"

/* TBSCertList of |item|, SIM_ROOT_CRL or SIM_PCK_CRL, as |options| want it:
 * the certificates that it covers and that are SIM_REVOKED are on it. */
void sim_crl_tbs(const struct sim_options *options, const struct sim_keys *keys,
                 enum sim_item item, int64_t now_unix, struct builder *b);

#endif
