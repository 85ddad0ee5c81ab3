#include "proxy/io/tls_digest.h"

#include <wolfssl/options.h>

#include <assert.h>
#include <wolfssl/wolfcrypt/hash.h>

void tls_digest_sha1(struct slice bytes, uint8_t out[static TLS_SHA1_BYTES])
{
    int rc = wc_ShaHash(bytes.at, (word32)bytes.len, out);

    assert(rc == 0); /* without a heap hint and hardware nothing can fail */
    (void)rc;
}
