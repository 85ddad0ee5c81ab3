/* proxy/server/sim_keys.h: the P-256 keys of one simulation.
 *
 * Secret only by habit: who runs the simulation has them all. */
#ifndef PROXY_SERVER_SIM_KEYS_H
#define PROXY_SERVER_SIM_KEYS_H

#include "proxy/io/tls_key.h"

struct sim_keys {
    struct tls_key root, pck_ca, pck, tcb_signing; /* of the certificates */
    struct tls_key attestation;
    struct tls_key rogue; /* nobody vouches for it */
};

#endif
