/* proxy/tunnel/keypair.h: an X25519 key pair in memory of its own.
 *
 * The pages are locked, left out of core dumps and wiped when freed, as
 * secret.h has it. Follows RFC 7748 section 5. */
#ifndef PROXY_TUNNEL_KEYPAIR_H
#define PROXY_TUNNEL_KEYPAIR_H

#include <stdint.h>

#include "common/compiler.h"
#include "proxy/tunnel/session.h"

struct keypair {
    uint8_t secret_key[SESSION_KEY_BYTES];
    uint8_t public_key[SESSION_KEY_BYTES];
};

/* A fresh one; NULL when out of memory. */
MUST_CHECK struct keypair *keypair_new(void);
void keypair_free(struct keypair *k); /* NULL is allowed */

#endif
