#include "proxy/tunnel/teekit_seal.h"

#include <assert.h>
#include <sodium.h>

#include "common/builder.h"
#include "proxy/tunnel/teekit_stream.h"
#include "proxy/tunnel/teekit_write.h"
#include "proxy/tunnel/wire_out.h"

#define LARGE_BYTES (64 * 1024)

/* What the header states, in libsodium's words. */
_Static_assert(TEEKIT_KEY_BYTES == crypto_box_PUBLICKEYBYTES &&
                   TEEKIT_KEY_BYTES == crypto_secretbox_KEYBYTES &&
                   TEEKIT_NONCE_BYTES == crypto_secretbox_NONCEBYTES &&
                   TEEKIT_TAG_BYTES == crypto_secretbox_MACBYTES &&
                   TEEKIT_SEALED_BYTES ==
                       crypto_box_SEALBYTES + TEEKIT_KEY_BYTES,
               "sizes of teekit are those of libsodium");

void teekit_seal_wipe(struct teekit_key *key)
{
    secret_wipe(key, sizeof(*key));
}

enum status teekit_seal_key(const uint8_t public_key[static TEEKIT_KEY_BYTES],
                            struct teekit_key *key,
                            uint8_t sealed[static TEEKIT_SEALED_BYTES])
{
    secret_random(key->bytes, sizeof(key->bytes));
    if (crypto_box_seal(sealed, key->bytes, sizeof(key->bytes), public_key) ==
        0)
        return STATUS_OK;
    teekit_seal_wipe(key);
    return STATUS_BAD_HANDSHAKE;
}

enum status
teekit_seal_unseal(const uint8_t public_key[static TEEKIT_KEY_BYTES],
                   const uint8_t secret_key[static TEEKIT_KEY_BYTES],
                   struct slice sealed, struct teekit_key *key)
{
    if (sealed.len == TEEKIT_SEALED_BYTES &&
        crypto_box_seal_open(key->bytes, sealed.at, sealed.len, public_key,
                             secret_key) == 0)
        return STATUS_OK;
    teekit_seal_wipe(key);
    return STATUS_BAD_HANDSHAKE;
}

size_t teekit_seal_head(const uint8_t nonce[static TEEKIT_NONCE_BYTES],
                        uint8_t *tag, size_t len)
{
    uint8_t head[TEEKIT_SEAL_ROOM - TEEKIT_TAG_BYTES];
    struct builder b = builder_over(head, sizeof(head));

    teekit_write_map(&b, TEEKIT_OURS, 3);
    teekit_write_pair(&b, "type", "enc");
    wire_out_text(&b, "nonce");
    wire_out_bytes(&b, slice_of(nonce, TEEKIT_NONCE_BYTES));
    wire_out_text(&b, "ciphertext");
    wire_out_bytes_head(&b, len);
    assert(builder_ok(&b)); /* TEEKIT_SEAL_ROOM has been counted */
    memcpy(tag - b.len, head, b.len);
    return b.len;
}

size_t teekit_seal_text(const struct teekit_key *key, struct secret_pool *pool,
                        uint8_t *text, size_t len)
{
    uint8_t nonce[TEEKIT_NONCE_BYTES];
    uint8_t *tag = text - TEEKIT_TAG_BYTES;
    struct teekit_stream s;

    secret_draw(pool, nonce, sizeof(nonce));
    if (len >= LARGE_BYTES) { /* one pass in the place of two */
        teekit_stream_begin(&s, key, nonce);
        teekit_stream_seal(&s, text, len);
        return teekit_stream_finish(&s, text, len);
    }
    (void)crypto_secretbox_detached(text, tag, text, len, nonce,
                                    key->bytes); /* cannot fail */
    return teekit_seal_head(nonce, tag, TEEKIT_TAG_BYTES + len) +
           TEEKIT_TAG_BYTES + len;
}

enum status teekit_seal_open(const struct teekit_key *key, uint8_t *message,
                             const struct teekit_envelope *e, uint8_t **text,
                             size_t *len)
{
    /* The same place, but writable. */
    uint8_t *tag = message + (e->ciphertext.at - message);
    uint8_t *at = tag + TEEKIT_TAG_BYTES;
    const size_t at_len = e->ciphertext.len - TEEKIT_TAG_BYTES;

    *text = NULL;
    *len = 0;
    if (crypto_secretbox_open_detached(at, at, tag, at_len, e->nonce.at,
                                       key->bytes) != 0)
        return STATUS_BAD_RECORD;
    *text = at;
    *len = at_len;
    return STATUS_OK;
}
