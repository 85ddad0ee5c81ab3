#include "proxy/tunnel/teekit_stream.h"

#include <sodium.h>
#include <string.h>

#include "common/secret.h"

#define BLOCK_BYTES 64          /* of XSalsa20 */
#define STEP_BYTES  (16 * 1024) /* both passes find it in the first cache */

_Static_assert(sizeof(crypto_onetimeauth_state) <= TEEKIT_STREAM_MAC_BYTES,
               "the state of Poly1305 has room");

static crypto_onetimeauth_state *mac_of(struct teekit_stream *s)
{
    return (void *)s->mac; /* aligned as it asks */
}

void teekit_stream_begin(struct teekit_stream *s, const struct teekit_key *key,
                         const uint8_t nonce[static TEEKIT_NONCE_BYTES])
{
    s->key = *key;
    memcpy(s->nonce, nonce, sizeof(s->nonce));
    teekit_stream_again(s);
}

void teekit_stream_again(struct teekit_stream *s)
{
    uint8_t mac_key[crypto_onetimeauth_KEYBYTES];

    s->at = 0;
    /* none of libsodium's calls in this file can fail */
    (void)crypto_stream_xsalsa20(mac_key, sizeof(mac_key), s->nonce,
                                 s->key.bytes);
    (void)crypto_onetimeauth_init(mac_of(s), mac_key);
    secret_wipe(mac_key, sizeof(mac_key));
}

/* As much of |len| as lies in the block that was begun. */
static size_t finish_block(const struct teekit_stream *s, uint64_t place,
                           uint8_t *at, size_t len)
{
    const size_t begin = (size_t)(place % BLOCK_BYTES);
    const size_t n = MIN_OF(len, BLOCK_BYTES - begin);
    uint8_t block[BLOCK_BYTES] = { 0 };

    memcpy(block + begin, at, n);
    (void)crypto_stream_xsalsa20_xor_ic(block, block, sizeof(block), s->nonce,
                                        place / BLOCK_BYTES, s->key.bytes);
    memcpy(at, block + begin, n);
    secret_wipe(block, sizeof(block));
    return n;
}

/* Seal or open, which is the same. */
static void turn(const struct teekit_stream *s, uint8_t *at, size_t len)
{
    uint64_t place = crypto_onetimeauth_KEYBYTES + s->at; /* in the stream */

    if (len > 0 && place % BLOCK_BYTES != 0) {
        size_t n = finish_block(s, place, at, len);

        at += n;
        len -= n;
        place += n;
    }
    if (len > 0)
        (void)crypto_stream_xsalsa20_xor_ic(at, at, len, s->nonce,
                                            place / BLOCK_BYTES, s->key.bytes);
}

static void authenticate(struct teekit_stream *s, const uint8_t *at, size_t len)
{
    (void)crypto_onetimeauth_update(mac_of(s), at, len);
}

void teekit_stream_seal(struct teekit_stream *s, uint8_t *text, size_t len)
{
    while (len > 0) {
        size_t n = MIN_OF(len, (size_t)STEP_BYTES);

        turn(s, text, n);
        authenticate(s, text, n);
        s->at += n;
        text += n;
        len -= n;
    }
}

void teekit_stream_sealed(struct teekit_stream *s, const uint8_t *sealed,
                          size_t len)
{
    authenticate(s, sealed, len);
    s->at += len;
}

void teekit_stream_open(struct teekit_stream *s, uint8_t *sealed, size_t len)
{
    while (len > 0) {
        size_t n = MIN_OF(len, (size_t)STEP_BYTES);

        authenticate(s, sealed, n);
        turn(s, sealed, n);
        s->at += n;
        sealed += n;
        len -= n;
    }
}

static void end(struct teekit_stream *s, uint8_t tag[static TEEKIT_TAG_BYTES])
{
    (void)crypto_onetimeauth_final(mac_of(s), tag);
    teekit_stream_wipe(s);
}

size_t teekit_stream_finish(struct teekit_stream *s, uint8_t *text, size_t len)
{
    uint8_t *tag = text - TEEKIT_TAG_BYTES;
    uint8_t nonce[TEEKIT_NONCE_BYTES];

    memcpy(nonce, s->nonce, sizeof(nonce));
    end(s, tag);
    return teekit_seal_head(nonce, tag, TEEKIT_TAG_BYTES + len) +
           TEEKIT_TAG_BYTES + len;
}

bool teekit_stream_check(struct teekit_stream *s,
                         const uint8_t tag[static TEEKIT_TAG_BYTES])
{
    uint8_t own[TEEKIT_TAG_BYTES];

    end(s, own);
    return secret_equal(own, tag, sizeof(own));
}

void teekit_stream_wipe(struct teekit_stream *s)
{
    secret_wipe(s, sizeof(*s));
}
