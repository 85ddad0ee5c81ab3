/* proxy/local/teekit_evidence.h: a teekit server's announcement as evidence of
 * the kind that is attested here.
 *
 * Judges nothing: says what the quote must carry, by the rule of its TEE, and
 * since when, as far as the quote can vouch for that. */
#ifndef PROXY_LOCAL_TEEKIT_EVIDENCE_H
#define PROXY_LOCAL_TEEKIT_EVIDENCE_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/tunnel/session.h"
#include "proxy/tunnel/teekit_envelope.h"
#include "verifier/claims.h"

/* Read |kx|, a server_kx, by the rule of |tee|; the quote may still be of
 * another. Only TDX binds a time: the others' evidence is taken as made at
 * |now_unix|, because its age cannot be known. |out| borrows from |kx|. Returns
 * STATUS_OK, or STATUS_BAD_FIELD with |why| filled. */
MUST_CHECK enum status teekit_evidence_read(enum tee_type tee,
                                            const struct teekit_envelope *kx,
                                            int64_t now_unix,
                                            struct session_evidence *out,
                                            struct why *why);

/* Read |iat|: 8 bytes, unix seconds, big endian, as veriteed says it;
 * "2026-01-31 12:00:00 +0000 UTC", as Intel Trust Authority does, perhaps with
 * fractions of the second; or RFC 3339. Returns STATUS_OK, or STATUS_BAD_FIELD
 * with |why| filled and |*unix_out| 0. */
MUST_CHECK enum status
teekit_evidence_issued(struct slice iat, int64_t *unix_out, struct why *why);

#endif
