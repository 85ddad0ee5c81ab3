#include "proxy/tunnel/aead_aes.h"

#include <wolfssl/options.h>

#include <assert.h>
#include <stdlib.h>
#include <wolfssl/wolfcrypt/aes.h>

#include "common/secret.h"

struct aead_aes {
    Aes aes;
};

/* wolfCrypt falls back to a C table AES by itself, so ask for everything that
 * keeps it from doing so. */
#if defined(WOLFSSL_AESNI) && defined(__x86_64__)
bool aead_aes_fast(void)
{
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
}
#else
bool aead_aes_fast(void)
{
    return false;
}
#endif

struct aead_aes *aead_aes_new(const uint8_t key[static AEAD_KEY_BYTES])
{
    struct aead_aes *a = calloc(1, sizeof(*a));

    if (a == NULL)
        return NULL;
    if (wc_AesInit(&a->aes, NULL, INVALID_DEVID) != 0) {
        free(a);
        return NULL;
    }
    aead_aes_rekey(a, key);
    return a;
}

void aead_aes_rekey(struct aead_aes *a,
                    const uint8_t key[static AEAD_KEY_BYTES])
{
    int rc = wc_AesGcmSetKey(&a->aes, key, AEAD_KEY_BYTES);

    assert(rc == 0); /* fails only for another length of key */
    (void)rc;
}

void aead_aes_free(struct aead_aes *a)
{
    if (a == NULL)
        return;
    wc_AesFree(&a->aes);
    secret_wipe(a, sizeof(*a));
    free(a);
}

void aead_aes_seal(struct aead_aes *a,
                   const uint8_t nonce[static AEAD_NONCE_BYTES],
                   struct slice extra, uint8_t *text, size_t len)
{
    int rc = wc_AesGcmEncrypt(&a->aes, text, text, (word32)len, nonce,
                              AEAD_NONCE_BYTES, text + len, AEAD_TAG_BYTES,
                              extra.at, (word32)extra.len);

    assert(rc == 0); /* fails only for missing arguments */
    (void)rc;
}

bool aead_aes_open(struct aead_aes *a,
                   const uint8_t nonce[static AEAD_NONCE_BYTES],
                   struct slice extra, uint8_t *text, size_t len)
{
    return wc_AesGcmDecrypt(&a->aes, text, text, (word32)len, nonce,
                            AEAD_NONCE_BYTES, text + len, AEAD_TAG_BYTES,
                            extra.at, (word32)extra.len) == 0;
}
