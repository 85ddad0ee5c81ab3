/* proxy/server/teekit_evidence.h: what a key epoch proves to clients of teekit.
 *
 * Their rule for TDX is that of a veritee/2 epoch, so that one quote serves
 * both; for SGX and SEV-SNP the report data is another, and so is the quote. */
#ifndef PROXY_SERVER_TEEKIT_EVIDENCE_H
#define PROXY_SERVER_TEEKIT_EVIDENCE_H

#include <stdbool.h>

#include "proxy/server/keys.h"
#include "proxy/tunnel/teekit_binding.h"
#include "proxy/tunnel/teekit_envelope.h"

#define TEEKIT_EVIDENCE_ISSUED_BYTES 8

/* Does |e|, which has its proof, need another for teekit? Then |binding| is
 * what that must carry; else it is all zero. */
MUST_CHECK bool
teekit_evidence_differs(const struct keys_epoch *e,
                        uint8_t binding[static TEEKIT_BINDING_BYTES]);

/* The announcement of |e|. Borrows from it, and from |issued|, which is
 * filled. False when it has no quote that would do. */
MUST_CHECK bool
teekit_evidence_announce(const struct keys_epoch *e,
                         uint8_t issued[static TEEKIT_EVIDENCE_ISSUED_BYTES],
                         struct teekit_envelope *out);

#endif
