/* proxy/server/sim_cert.h: certificates of the simulated TEE.
 *
 * RFC 5280 section 4, in the shape of Intel's: the same roles, extensions and
 * algorithms, but names that say "Simulated". */
#ifndef PROXY_SERVER_SIM_CERT_H
#define PROXY_SERVER_SIM_CERT_H

#include <stdint.h>

#include "common/builder.h"
#include "proxy/server/sim.h"
#include "proxy/server/sim_keys.h"

/* The key that |item|, one of the four certificates, is about. */
const struct tls_key *sim_cert_key(const struct sim_keys *keys,
                                   enum sim_item item);

/* Its serial number, unsigned, big endian; the same at each call. */
void sim_cert_serial(const struct sim_options *options,
                     const struct sim_keys *keys, enum sim_item item,
                     uint8_t serial[20]);

/* The Name of its subject, DER. */
void sim_cert_name(const struct sim_options *options, enum sim_item item,
                   struct builder *b);

/* AuthorityKeyIdentifier of |issuer|, as a whole Extension; shared with
 * revocation lists. */
void sim_cert_authority_id(const struct tls_key *issuer, struct builder *b);

/* An extension that nobody knows and that is critical; likewise. */
void sim_cert_unknown_critical(struct builder *b);

/* TBSCertificate of |item| as |options| want it. */
void sim_cert_tbs(const struct sim_options *options,
                  const struct sim_keys *keys, enum sim_item item,
                  int64_t now_unix, struct builder *b);

#endif
