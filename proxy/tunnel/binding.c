/* What a quote must carry: the session_..._binding() of session.h.
 * names: session_ declared there */
#include "proxy/tunnel/session.h"

#include <sodium.h>

#include "common/builder.h"
#include "proxy/tunnel/announce.h"

static void hash_parts(const struct slice *parts, size_t count,
                       uint8_t out[static 64])
{
    crypto_hash_sha512_state h;

    /* Nothing here can fail. */
    (void)crypto_hash_sha512_init(&h);
    for (size_t i = 0; i < count; i++)
        (void)crypto_hash_sha512_update(&h, parts[i].at, parts[i].len);
    (void)crypto_hash_sha512_final(&h, out);
}

void session_challenge_binding(
    const uint8_t challenge[static SESSION_CHALLENGE_BYTES],
    const uint8_t public_key[static SESSION_KEY_BYTES], uint8_t out[static 64])
{
    const struct slice parts[] = {
        slice_of("veritee/2 report-data", sizeof("veritee/2 report-data")),
        slice_of(challenge, SESSION_CHALLENGE_BYTES),
        slice_of(public_key, SESSION_KEY_BYTES),
    };

    hash_parts(parts, COUNT_OF(parts), out); /* the text with its final 0x00 */
}

void session_epoch_binding(const uint8_t nonce[static 32], int64_t issued_unix,
                           const uint8_t public_key[static SESSION_KEY_BYTES],
                           uint8_t out[static 64])
{
    uint8_t issued[8];
    struct builder b = builder_over(issued, sizeof(issued));
    const struct slice parts[] = {
        slice_of(nonce, ANNOUNCE_NONCE_BYTES),
        SLICE_OF(issued),
        slice_of(public_key, SESSION_KEY_BYTES),
    };

    builder_u64be(&b, (uint64_t)issued_unix);
    hash_parts(parts, COUNT_OF(parts), out);
}
