/* proxy/server/sim_snp_cert.h: certificates and lists of a simulated AMD.
 *
 * RFC 5280 sections 4 and 5, in the shape of AMD's (57230). */
#ifndef PROXY_SERVER_SIM_SNP_CERT_H
#define PROXY_SERVER_SIM_SNP_CERT_H

#include "common/builder.h"
#include "proxy/server/sim_snp.h"

/* The certificate |of| as the plan has it, DER, appended to |out|, which fails
 * when it cannot be made; likewise below. */
void sim_snp_cert_write(const struct sim_snp_plan *p,
                        const struct sim_snp_keys *k, enum sim_snp_cert of,
                        struct builder *out);

/* The revocation list. */
void sim_snp_cert_list(const struct sim_snp_plan *p,
                       const struct sim_snp_keys *k, struct builder *out);

#endif
