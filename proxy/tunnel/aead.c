#include "proxy/tunnel/aead.h"

#include <assert.h>
#include <sodium.h>

#include "common/builder.h"
#include "common/secret.h"
#include "proxy/tunnel/aead_aes.h"
#include "proxy/tunnel/aead_vaes.h"

bool aead_has_aes(void)
{
    return aead_aes_fast();
}

const char *aead_name(enum aead_suite suite)
{
    switch (suite) {
    case AEAD_NONE:
        return "";
    case AEAD_AESGCM:
        return "AESGCM";
    case AEAD_CHACHAPOLY:
        return "ChaChaPoly";
    }
    assert(!"a suite without a name");
    return "";
}

const char *aead_aes_maker(void)
{
    if (aead_vaes_usable())
        return "libipsec-mb (VAES)";
    return aead_aes_fast() ? "wolfCrypt (AES-NI)" : "none";
}

/* By the faster of the two; false when out of memory. */
static bool take_aes_key(struct aead *a,
                         const uint8_t key[static AEAD_KEY_BYTES])
{
    if (aead_vaes_usable()) {
        a->vaes = aead_vaes_new(key);
        return a->vaes != NULL;
    }
    a->aes = aead_aes_new(key);
    return a->aes != NULL;
}

enum status aead_init(struct aead *a, enum aead_suite suite,
                      const uint8_t key[static AEAD_KEY_BYTES])
{
    assert(suite == AEAD_AESGCM || suite == AEAD_CHACHAPOLY);
    *a = (struct aead){ 0 };
    if (suite == AEAD_CHACHAPOLY)
        memcpy(a->key, key, AEAD_KEY_BYTES);
    else if (!take_aes_key(a, key))
        return STATUS_NO_MEMORY;
    a->suite = suite;
    return STATUS_OK;
}

void aead_rekey(struct aead *a, const uint8_t key[static AEAD_KEY_BYTES])
{
    if (a->vaes != NULL)
        aead_vaes_rekey(a->vaes, key);
    else if (a->aes != NULL)
        aead_aes_rekey(a->aes, key);
    else
        memcpy(a->key, key, AEAD_KEY_BYTES);
}

void aead_fini(struct aead *a)
{
    aead_vaes_free(a->vaes);
    aead_aes_free(a->aes);
    secret_wipe(a, sizeof(*a));
}

/* Four zero bytes, then the number: big endian for AES-GCM, little for
 * ChaCha20-Poly1305. */
static void make_nonce(enum aead_suite suite, uint64_t number,
                       uint8_t out[static AEAD_NONCE_BYTES])
{
    struct builder b = builder_over(out, AEAD_NONCE_BYTES);

    builder_zeros(&b, 4);
    if (suite == AEAD_AESGCM)
        builder_u64be(&b, number);
    else
        builder_u64le(&b, number);
    assert(builder_ok(&b));
}

void aead_seal(struct aead *a, uint64_t nonce, struct slice extra,
               uint8_t *text, size_t len)
{
    uint8_t n[AEAD_NONCE_BYTES];

    make_nonce(a->suite, nonce, n);
    if (a->vaes != NULL)
        aead_vaes_seal(a->vaes, n, extra, text, len);
    else if (a->aes != NULL)
        aead_aes_seal(a->aes, n, extra, text, len);
    else
        (void)crypto_aead_chacha20poly1305_ietf_encrypt_detached(
            text, text + len, NULL, text, len, extra.at, extra.len, NULL, n,
            a->key); /* cannot fail: it always returns 0 */
}

enum status aead_open(struct aead *a, uint64_t nonce, struct slice extra,
                      uint8_t *text, size_t len)
{
    uint8_t n[AEAD_NONCE_BYTES];
    bool good;

    if (len < AEAD_TAG_BYTES)
        return STATUS_BAD_RECORD;
    len -= AEAD_TAG_BYTES;
    make_nonce(a->suite, nonce, n);
    if (a->vaes != NULL)
        good = aead_vaes_open(a->vaes, n, extra, text, len);
    else if (a->aes != NULL)
        good = aead_aes_open(a->aes, n, extra, text, len);
    else
        good = crypto_aead_chacha20poly1305_ietf_decrypt_detached(
                   text, NULL, text, len, text + len, extra.at, extra.len, n,
                   a->key) == 0;
    if (good)
        return STATUS_OK;
    secret_wipe(text, len); /* the AES ones open it before they know */
    return STATUS_BAD_RECORD;
}
