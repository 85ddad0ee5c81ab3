/* proxy/tunnel/announce.h: what a server says of itself before anything is
 * proved: the message server_kx.
 *
 * Encodes and decodes; judges no quote and no freshness. One message serves
 * veritee/2 and teekit: teekit's map with its six keys in its order, and the
 * key "veritee" behind them, which teekit's clients pass over. Keys that this
 * version does not know are passed over too: the handshake binds the hash of
 * every byte, so that ignoring them hides nothing.
 *
 * docs/PROTOCOL.md section 2 has the CDDL. */
#ifndef PROXY_TUNNEL_ANNOUNCE_H
#define PROXY_TUNNEL_ANNOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/builder.h"
#include "common/status.h"
#include "proxy/tunnel/session.h"

#define ANNOUNCE_VERSION     2
#define ANNOUNCE_NONCE_BYTES 32

/* All slices are borrowed: when parsed, from the message. */
struct announce {
    struct slice public_key; /* SESSION_KEY_BYTES */
    struct slice quote;
    bool challenged;
    struct slice nonce; /* ANNOUNCE_NONCE_BYTES; empty if challenged */
    uint64_t epoch;
    int64_t issued_unix;
    bool aes; /* suites that the server offers */
    bool chacha;
    uint32_t streams_max;  /* open at once, at least 1 */
    uint32_t first_credit; /* bytes a new stream may send, client to server */
    struct session_stapled stapled;
    bool is_snp;            /* |quote| is an SEV-SNP report */
    struct session_snp snp; /* when parsed, only its |vcek|: nobody may take a
                             * peer's word for what stands above it */
};

/* Bytes that suffice for announce_encode(). */
size_t announce_room(const struct announce *a);

/* Append the message to |out|, whose failure is the only error. */
void announce_encode(const struct announce *a, struct builder *out);

/* Parse |message|. Returns STATUS_OK, STATUS_BAD_FIELD, STATUS_TRAILING, or
 * STATUS_BAD_VERSION (also for a server that speaks teekit only), with |why|
 * filled. |out| is all zero unless OK. */
MUST_CHECK enum status announce_parse(struct slice message,
                                      struct announce *out, struct why *why);

#endif
