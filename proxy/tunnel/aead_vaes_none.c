/* Instead of aead_vaes.c, in programs that are built without libipsec-mb.
 * names: aead_vaes_ declared in its header */
#include "proxy/tunnel/aead_vaes.h"

#include <assert.h>
#include <stddef.h>

bool aead_vaes_usable(void)
{
    return false;
}

struct aead_vaes *aead_vaes_new(const uint8_t key[static AEAD_KEY_BYTES])
{
    (void)key; /* there is no other answer */
    assert(!"not usable");
    return NULL;
}

void aead_vaes_rekey(struct aead_vaes *a,
                     const uint8_t key[static AEAD_KEY_BYTES])
{
    (void)a;
    (void)key;
    assert(!"not usable");
}

void aead_vaes_free(struct aead_vaes *a)
{
    assert(a == NULL);
    (void)a;
}

void aead_vaes_seal(const struct aead_vaes *a,
                    const uint8_t nonce[static AEAD_NONCE_BYTES],
                    struct slice extra, uint8_t *text, size_t len)
{
    (void)a;
    (void)nonce;
    (void)extra;
    (void)text;
    (void)len;
    assert(!"not usable");
}

bool aead_vaes_open(const struct aead_vaes *a,
                    const uint8_t nonce[static AEAD_NONCE_BYTES],
                    struct slice extra, uint8_t *text, size_t len)
{
    (void)a;
    (void)nonce;
    (void)extra;
    (void)text;
    (void)len;
    assert(!"not usable");
    return false;
}
