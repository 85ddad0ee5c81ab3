/* proxy/tunnel/noise.h: the Noise NK handshake.
 *
 *   NK:
 *     <- s            the responder's key, known beforehand (attested)
 *     ...
 *     -> e, es        message 1, with a payload
 *     <- e, ee        message 2, with a payload
 *
 * Makes and reads two messages and then yields one key a direction. No
 * randomness of its own, no settings, no framing. A pattern is a row of a
 * table, so that others can stand beside this one.
 *
 * Noise specification revision 34, sections 4.3, 5 and 7.5; curve, ciphers and
 * hash of section 12: Noise_NK_25519_{ChaChaPoly,AESGCM}_BLAKE2b. */
#ifndef PROXY_TUNNEL_NOISE_H
#define PROXY_TUNNEL_NOISE_H

#include "common/builder.h"
#include "proxy/tunnel/aead.h"

#define NOISE_KEY_BYTES  32 /* X25519, public and secret */
#define NOISE_HASH_BYTES 64 /* BLAKE2b */

/* What a message is longer than its payload: a public key and a tag. */
#define NOISE_OVERHEAD_BYTES (NOISE_KEY_BYTES + AEAD_TAG_BYTES)

enum noise_role { NOISE_INITIATOR, NOISE_RESPONDER };

/* A handshake under way. Secret: to be wiped. */
struct noise {
    enum noise_role role;
    enum aead_suite suite;
    unsigned step; /* messages made or read, 0 to 2 */
    bool failed;
    bool has_key; /* of |key| below */
    uint8_t key[AEAD_KEY_BYTES];
    uint8_t chain[NOISE_HASH_BYTES];
    uint8_t hash[NOISE_HASH_BYTES];
    uint8_t own[NOISE_KEY_BYTES];       /* s of the responder, secret */
    uint8_t ephemeral[NOISE_KEY_BYTES]; /* e, secret */
    uint8_t peer[NOISE_KEY_BYTES];      /* rs of the initiator, public */
    uint8_t peer_ephemeral[NOISE_KEY_BYTES];
};

/* What a handshake yields. Secret. */
struct noise_keys {
    uint8_t send[AEAD_KEY_BYTES];
    uint8_t receive[AEAD_KEY_BYTES];
    uint8_t hash[NOISE_HASH_BYTES]; /* names the session; not secret */
};

/* Begin. |prologue| is what both sides must agree on. |key| is the
 * responder's: public for the initiator, secret for the responder.
 * |ephemeral| are 32 unpredictable bytes, used for this handshake alone. All
 * are copied. */
void noise_init(struct noise *n, enum noise_role role, enum aead_suite suite,
                struct slice prologue,
                const uint8_t key[static NOISE_KEY_BYTES],
                const uint8_t ephemeral[static NOISE_KEY_BYTES]);

/* The public key of |secret|. */
void noise_public_key(const uint8_t secret[static NOISE_KEY_BYTES],
                      uint8_t out[static NOISE_KEY_BYTES]);

/* Append the next message with |payload| to |out|, which must have room for
 * payload.len + NOISE_OVERHEAD_BYTES. Returns STATUS_OK, STATUS_NO_MEMORY, or
 * STATUS_BAD_HANDSHAKE when the responder's key is of small order (section
 * 12.1); the handshake is over unless OK. */
MUST_CHECK enum status noise_write(struct noise *n, struct slice payload,
                                   struct builder *out);

/* Read the next message in place; |*payload| lies in |message|, empty unless
 * OK. Returns STATUS_OK, STATUS_NO_MEMORY, or STATUS_BAD_HANDSHAKE when it was
 * not made for this key, prologue, suite and step; the handshake is over
 * unless OK. */
MUST_CHECK enum status noise_read(struct noise *n, uint8_t *message, size_t len,
                                  struct slice *payload);

/* The keys, once both messages have passed. */
void noise_split(const struct noise *n, struct noise_keys *out);

#endif
