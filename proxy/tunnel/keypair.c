#include "proxy/tunnel/keypair.h"

#include <assert.h>

#include <sodium.h>

#include "common/secret.h"

static_assert(crypto_scalarmult_SCALARBYTES == SESSION_KEY_BYTES &&
                  crypto_scalarmult_BYTES == SESSION_KEY_BYTES,
              "X25519 keys are of the session's size");

struct keypair *keypair_new(void)
{
    struct keypair *k = secret_new(sizeof(*k));
    int rc;

    if (k == NULL)
        return NULL;
    secret_random(k->secret_key, sizeof(k->secret_key));
    rc = crypto_scalarmult_base(k->public_key, k->secret_key);
    assert(rc == 0); /* no scalar takes the base point to zero */
    return k;
}

void keypair_free(struct keypair *k)
{
    secret_free(k);
}
