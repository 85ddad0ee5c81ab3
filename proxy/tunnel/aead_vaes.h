/* proxy/tunnel/aead_vaes.h: AES-256-GCM by libipsec-mb, for aead.c alone.
 *
 * What aead_aes.h does, byte for byte, in less than half of the time: on
 * processors that do several blocks of AES by one instruction (VAES, and
 * AVX-512). Elsewhere, and where the library is not built in
 * (aead_vaes_none.c), it is not usable, and nothing else here may be called. */
#ifndef PROXY_TUNNEL_AEAD_VAES_H
#define PROXY_TUNNEL_AEAD_VAES_H

#include "proxy/tunnel/aead_aes.h"

struct aead_vaes; /* one expanded key; secret */

/* True when it is built in, the processor has what it takes and a known text
 * came out right, both ways, just now. Takes as long as a record or less, and
 * so is asked for each key: that leaves nothing to remember. */
bool aead_vaes_usable(void);

/* The rest as in aead_aes.h. */
struct aead_vaes *aead_vaes_new(const uint8_t key[static AEAD_KEY_BYTES]);
void aead_vaes_rekey(struct aead_vaes *a,
                     const uint8_t key[static AEAD_KEY_BYTES]);
void aead_vaes_free(struct aead_vaes *a);
void aead_vaes_seal(const struct aead_vaes *a,
                    const uint8_t nonce[static AEAD_NONCE_BYTES],
                    struct slice extra, uint8_t *text, size_t len);
MUST_CHECK bool aead_vaes_open(const struct aead_vaes *a,
                               const uint8_t nonce[static AEAD_NONCE_BYTES],
                               struct slice extra, uint8_t *text, size_t len);

#endif
