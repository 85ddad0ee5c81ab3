/* proxy/tunnel/teekit_seal.h: the secrets of a teekit session.
 *
 * The client chooses the key of the session and seals it to the server's key;
 * both directions use it, each message with a nonce of its own that is chosen
 * at random. What this does not give, docs/THREAT-MODEL.md says: replay,
 * reflection and reordering are not seen, and there is no forward secrecy.
 *
 * The key: X25519, XSalsa20 and Poly1305 as libsodium's crypto_box_seal(). The
 * messages: XSalsa20 and Poly1305 as its crypto_secretbox_easy(). */
#ifndef PROXY_TUNNEL_TEEKIT_SEAL_H
#define PROXY_TUNNEL_TEEKIT_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/secret.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/tunnel/teekit_envelope.h"

/* Secret; wipe it after its last use. */
struct teekit_key {
    uint8_t bytes[TEEKIT_KEY_BYTES];
};

void teekit_seal_wipe(struct teekit_key *key);

/* Client: choose a key and seal it to |public_key|. Returns STATUS_OK, or
 * STATUS_BAD_HANDSHAKE for a public key of small order, and then |key| is all
 * zero. */
MUST_CHECK enum status
teekit_seal_key(const uint8_t public_key[static TEEKIT_KEY_BYTES],
                struct teekit_key *key,
                uint8_t sealed[static TEEKIT_SEALED_BYTES]);

/* Server: the key that a client sealed. Returns STATUS_OK, or
 * STATUS_BAD_HANDSHAKE when it was not sealed to us, and then |key| is all
 * zero. */
MUST_CHECK enum status
teekit_seal_unseal(const uint8_t public_key[static TEEKIT_KEY_BYTES],
                   const uint8_t secret_key[static TEEKIT_KEY_BYTES],
                   struct slice sealed, struct teekit_key *key);

/* Bytes that must be writable before a plain text that is to be sealed. */
#define TEEKIT_SEAL_ROOM 96

/* Make the |len| bytes at |text| a whole message "enc" in place, with a nonce
 * from |pool|, which may be NULL. It begins
 * before |text|, in the TEEKIT_SEAL_ROOM bytes there, and ends with the text;
 * its length is returned. */
MUST_CHECK size_t teekit_seal_text(const struct teekit_key *key,
                                   struct secret_pool *pool, uint8_t *text,
                                   size_t len);

/* Write what stands before |len| bytes of tag and text at |tag|, right before
 * them; returns how long it is. */
MUST_CHECK size_t teekit_seal_head(
    const uint8_t nonce[static TEEKIT_NONCE_BYTES], uint8_t *tag, size_t len);

/* Open the message |e| of type TEEKIT_ENC, which was parsed from the writable
 * bytes at |message|, in place. Returns STATUS_OK and where the plain text
 * lies in |message|; or STATUS_BAD_RECORD when it was not sealed with |key|,
 * and then |*text| is NULL and |*len| 0. */
MUST_CHECK enum status teekit_seal_open(const struct teekit_key *key,
                                        uint8_t *message,
                                        const struct teekit_envelope *e,
                                        uint8_t **text, size_t *len);

#endif
