/* proxy/tunnel/aead_aes.h: AES-256-GCM by wolfCrypt, for aead.c alone.
 *
 * One key schedule, made once, used in place for either direction. Nonces are
 * 12 bytes, tags AEAD_TAG_BYTES. */
#ifndef PROXY_TUNNEL_AEAD_AES_H
#define PROXY_TUNNEL_AEAD_AES_H

#include "proxy/tunnel/aead.h"

#define AEAD_NONCE_BYTES 12

/* As aead_has_aes(). */
bool aead_aes_fast(void);

/* NULL when out of memory. */
struct aead_aes *aead_aes_new(const uint8_t key[static AEAD_KEY_BYTES]);

void aead_aes_rekey(struct aead_aes *a,
                    const uint8_t key[static AEAD_KEY_BYTES]);

/* Wipe and free. NULL is allowed. */
void aead_aes_free(struct aead_aes *a);

/* As aead_seal(). */
void aead_aes_seal(struct aead_aes *a,
                   const uint8_t nonce[static AEAD_NONCE_BYTES],
                   struct slice extra, uint8_t *text, size_t len);

/* As aead_open(), with |len| not counting the tag; false when it is not what
 * was sealed. */
MUST_CHECK bool aead_aes_open(struct aead_aes *a,
                              const uint8_t nonce[static AEAD_NONCE_BYTES],
                              struct slice extra, uint8_t *text, size_t len);

#endif
