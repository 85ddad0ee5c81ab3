/* proxy/tunnel/aead.h: the two ciphers of the session, in place.
 *
 * Seals and opens one text under a key and a number; who counts the numbers
 * is record.h's and noise.h's business. AES-256-GCM is libipsec-mb's where the
 * processor has VAES and AVX-512, and wolfCrypt's with the AES instructions
 * elsewhere, which make the same bytes; ChaCha20-Poly1305 is libsodium's.
 *
 * Noise specification revision 34, sections 12.3 and 12.4. */
#ifndef PROXY_TUNNEL_AEAD_H
#define PROXY_TUNNEL_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"

#define AEAD_KEY_BYTES 32
#define AEAD_TAG_BYTES 16

/* Numbers of the wire, docs/PROTOCOL.md section 4. */
enum aead_suite {
    AEAD_NONE = 0,
    AEAD_AESGCM = 1,
    AEAD_CHACHAPOLY = 2,
};

struct aead_aes;  /* an AES-256-GCM key schedule, see aead_aes.h */
struct aead_vaes; /* another, see aead_vaes.h */

/* One key. Secret; give it back by aead_fini(). */
struct aead {
    enum aead_suite suite;
    uint8_t key[AEAD_KEY_BYTES]; /* ChaCha20-Poly1305 only */
    struct aead_aes *aes;        /* owned; AES-256-GCM only, this */
    struct aead_vaes *vaes;      /* or this, which is also owned */
};

/* True when this machine encrypts AES in hardware and we can use it. Without
 * it AES is slow and leaks its key by timing, and must not be chosen. */
bool aead_has_aes(void);

/* Who does AES-256-GCM here, for people: "libipsec-mb (VAES)", or such; "none"
 * without aead_has_aes(). Static. */
const char *aead_aes_maker(void);

/* "AESGCM", "ChaChaPoly": as Noise spells them; "" for AEAD_NONE. Static. */
const char *aead_name(enum aead_suite suite);

/* Take |key|. Returns STATUS_OK, or STATUS_NO_MEMORY and |a| is all zero. */
MUST_CHECK enum status aead_init(struct aead *a, enum aead_suite suite,
                                 const uint8_t key[static AEAD_KEY_BYTES]);

/* Go on with another key of the same suite. */
void aead_rekey(struct aead *a, const uint8_t key[static AEAD_KEY_BYTES]);

/* Wipe it; all zero afterwards. Zero itself is allowed. */
void aead_fini(struct aead *a);

/* Encrypt |len| bytes at |text| in place and put AEAD_TAG_BYTES behind them.
 * A key must never see the same |nonce| twice. */
void aead_seal(struct aead *a, uint64_t nonce, struct slice extra,
               uint8_t *text, size_t len);

/* The reverse: |len| bytes at |text|, the tag among them, become
 * |len| - AEAD_TAG_BYTES bytes in place. Returns STATUS_OK, or
 * STATUS_BAD_RECORD when they are too few or not what was sealed with this
 * key, |nonce| and |extra|; nothing of the plain text is in |text| then. */
MUST_CHECK enum status aead_open(struct aead *a, uint64_t nonce,
                                 struct slice extra, uint8_t *text, size_t len);

#endif
