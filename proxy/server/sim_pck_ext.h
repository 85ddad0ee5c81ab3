/* proxy/server/sim_pck_ext.h: the SGX extension of a simulated PCK
 * certificate, the twin of verifier/pck_ext.h. */
#ifndef PROXY_SERVER_SIM_PCK_EXT_H
#define PROXY_SERVER_SIM_PCK_EXT_H

#include "common/builder.h"
#include "proxy/server/sim.h"

/* Write the whole Extension from |options->platform| and its SVNs. */
void sim_pck_ext_write(const struct sim_options *options, struct builder *b);

#endif
