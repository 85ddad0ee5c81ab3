/* proxy/tunnel/teekit_binding.h: what a quote for teekit must carry.
 *
 *   TDX       report data = SHA-512(val || iat || key)
 *   SEV-SNP   report data = SHA-512(val || key)
 *   SGX       report data begins with SHA-256(key)
 *
 * The parts are joined without lengths; the rest of SGX's 64 bytes is zero
 * when we write it, and a reader of ours demands that too. |val| and |iat| are
 * the server's choice: no quote of teekit answers a client's challenge. */
#ifndef PROXY_TUNNEL_TEEKIT_BINDING_H
#define PROXY_TUNNEL_TEEKIT_BINDING_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/status.h"
#include "proxy/tunnel/teekit_envelope.h"

#define TEEKIT_BINDING_BYTES 64

enum teekit_tee { TEEKIT_TDX, TEEKIT_SGX, TEEKIT_SNP };

/* The report data for the server_kx |kx|, whose quote is not looked at.
 * Returns STATUS_OK; or STATUS_BAD_FIELD with |why| filled when |kx| lacks
 * what the TEE's rule needs, and then |out| is all zero. */
MUST_CHECK enum status
teekit_binding_make(enum teekit_tee tee, const struct teekit_envelope *kx,
                    uint8_t out[static TEEKIT_BINDING_BYTES], struct why *why);

#endif
