#include "proxy/tunnel/noise.h"

#include <assert.h>
#include <sodium.h>

#include "common/secret.h"

#define BLAKE2B_BLOCK_BYTES 128

/* What stands in a message, in order. Zero ends it. */
enum token { END, E, ES, EE };

/* clang-format off */
/* Section 7.5. The even rows are the initiator's to send. */
static const enum token pattern_nk[][3] = {
    { E, ES },
    { E, EE },
};
/* clang-format on */

/* Section 4.3 on BLAKE2b: HASH of up to three pieces. */
static void hash(uint8_t out[static NOISE_HASH_BYTES], struct slice a,
                 struct slice b, struct slice c)
{
    crypto_generichash_state h;
    const struct slice pieces[] = { a, b, c };

    /* Nothing here can fail: the lengths are those of the algorithm. */
    (void)crypto_generichash_init(&h, NULL, 0, NOISE_HASH_BYTES);
    for (size_t i = 0; i < COUNT_OF(pieces); i++)
        (void)crypto_generichash_update(&h, pieces[i].at, pieces[i].len);
    (void)crypto_generichash_final(&h, out, NOISE_HASH_BYTES);
    secret_wipe(&h, sizeof(h));
}

/* HMAC-HASH (RFC 2104) of two pieces, with a key of NOISE_HASH_BYTES. */
static void hmac(uint8_t out[static NOISE_HASH_BYTES],
                 const uint8_t key[static NOISE_HASH_BYTES], struct slice a,
                 struct slice b)
{
    uint8_t pad[BLAKE2B_BLOCK_BYTES];
    uint8_t inner[NOISE_HASH_BYTES];

    memset(pad, 0x36, sizeof(pad));
    for (size_t i = 0; i < NOISE_HASH_BYTES; i++)
        pad[i] ^= key[i];
    hash(inner, SLICE_OF(pad), a, b);
    for (size_t i = 0; i < sizeof(pad); i++)
        pad[i] ^= 0x36 ^ 0x5c;
    hash(out, SLICE_OF(pad), SLICE_OF(inner), (struct slice){ 0 });
    secret_wipe(pad, sizeof(pad));
    secret_wipe(inner, sizeof(inner));
}

/* HKDF with two outputs. |first| may be |chain|. */
static void hkdf(const uint8_t chain[static NOISE_HASH_BYTES],
                 struct slice input, uint8_t first[static NOISE_HASH_BYTES],
                 uint8_t second[static NOISE_HASH_BYTES])
{
    static const uint8_t one[] = { 1 };
    static const uint8_t two[] = { 2 };
    uint8_t temp[NOISE_HASH_BYTES];
    uint8_t out[NOISE_HASH_BYTES];

    hmac(temp, chain, input, (struct slice){ 0 });
    hmac(out, temp, SLICE_OF(one), (struct slice){ 0 });
    hmac(second, temp, SLICE_OF(out), SLICE_OF(two));
    memcpy(first, out, sizeof(out));
    secret_wipe(temp, sizeof(temp));
    secret_wipe(out, sizeof(out));
}

static void mix_hash(struct noise *n, struct slice data)
{
    hash(n->hash, SLICE_OF(n->hash), data, (struct slice){ 0 });
}

static void mix_key(struct noise *n, struct slice input)
{
    uint8_t temp[NOISE_HASH_BYTES];

    hkdf(n->chain, input, n->chain, temp);
    memcpy(n->key, temp, sizeof(n->key)); /* 64 bytes are cut to 32 */
    n->has_key = true;
    secret_wipe(temp, sizeof(temp));
}

/* False when the result is all zero: a public key of small order. */
static bool mix_dh(struct noise *n,
                   const uint8_t secret[static NOISE_KEY_BYTES],
                   const uint8_t public[static NOISE_KEY_BYTES])
{
    uint8_t shared[NOISE_KEY_BYTES];
    bool good = crypto_scalarmult(shared, secret, public) == 0;

    if (good)
        mix_key(n, SLICE_OF(shared));
    secret_wipe(shared, sizeof(shared));
    return good;
}

/* MixKey() sets the number back to 0 and every key here seals one text, so
 * that the number is always 0. */
static enum status seal_and_hash(struct noise *n, uint8_t *text, size_t len)
{
    struct aead a;
    enum status st = aead_init(&a, n->suite, n->key);

    assert(n->has_key);
    if (st != STATUS_OK)
        return st;
    aead_seal(&a, 0, SLICE_OF(n->hash), text, len);
    aead_fini(&a);
    mix_hash(n, slice_of(text, len + AEAD_TAG_BYTES));
    return STATUS_OK;
}

static enum status open_and_hash(struct noise *n, uint8_t *text, size_t len)
{
    uint8_t before[NOISE_HASH_BYTES];
    struct aead a;
    enum status st = aead_init(&a, n->suite, n->key);

    assert(n->has_key);
    if (st != STATUS_OK)
        return st;
    memcpy(before, n->hash, sizeof(before));
    mix_hash(n, slice_of(text, len));
    st = aead_open(&a, 0, SLICE_OF(before), text, len);
    aead_fini(&a);
    return st == STATUS_OK ? STATUS_OK : STATUS_BAD_HANDSHAKE;
}

/* Noise_NK_25519_<cipher>_BLAKE2b; InitializeSymmetric() pads or hashes it. */
static void start_hash(struct noise *n)
{
    struct builder b = builder_over(n->hash, sizeof(n->hash));

    builder_text(&b, "Noise_NK_25519_");
    builder_text(&b, aead_name(n->suite));
    builder_text(&b, "_BLAKE2b");
    assert(builder_ok(&b)); /* shorter than a hash, so zeros follow */
    memcpy(n->chain, n->hash, sizeof(n->chain));
}

void noise_public_key(const uint8_t secret[static NOISE_KEY_BYTES],
                      uint8_t out[static NOISE_KEY_BYTES])
{
    int rc = crypto_scalarmult_base(out, secret);

    assert(rc == 0); /* the base point is not of small order */
    (void)rc;
}

void noise_init(struct noise *n, enum noise_role role, enum aead_suite suite,
                struct slice prologue,
                const uint8_t key[static NOISE_KEY_BYTES],
                const uint8_t ephemeral[static NOISE_KEY_BYTES])
{
    uint8_t responder[NOISE_KEY_BYTES];

    *n = (struct noise){ .role = role, .suite = suite };
    memcpy(n->ephemeral, ephemeral, NOISE_KEY_BYTES);
    if (role == NOISE_RESPONDER) {
        memcpy(n->own, key, NOISE_KEY_BYTES);
        noise_public_key(key, responder);
    } else {
        memcpy(n->peer, key, NOISE_KEY_BYTES);
        memcpy(responder, key, NOISE_KEY_BYTES);
    }
    start_hash(n);
    mix_hash(n, prologue);
    mix_hash(n, SLICE_OF(responder)); /* the pre-message "<- s" */
}

/* The two tokens that agree on a key. */
static bool agree(struct noise *n, enum token token)
{
    switch (token) {
    case ES:
        if (n->role == NOISE_INITIATOR)
            return mix_dh(n, n->ephemeral, n->peer);
        return mix_dh(n, n->own, n->peer_ephemeral);
    case EE:
        return mix_dh(n, n->ephemeral, n->peer_ephemeral);
    case E:
    case END:
        break;
    }
    assert(!"not an agreement");
    return false;
}

/* Our turn if the number of the step and our role agree. */
static void check_turn(const struct noise *n, bool write)
{
    bool initiators = n->step % 2 == 0;

    assert(!n->failed && n->step < COUNT_OF(pattern_nk));
    assert(write == (initiators == (n->role == NOISE_INITIATOR)));
    (void)initiators;
    (void)write;
}

static void write_ephemeral(struct noise *n, struct builder *out)
{
    uint8_t public[NOISE_KEY_BYTES];

    noise_public_key(n->ephemeral, public);
    builder_bytes(out, SLICE_OF(public));
    mix_hash(n, SLICE_OF(public));
}

static enum status write_tokens(struct noise *n, struct builder *out)
{
    for (const enum token *t = pattern_nk[n->step]; *t != END; t++) {
        if (*t == E)
            write_ephemeral(n, out);
        else if (!agree(n, *t))
            return STATUS_BAD_HANDSHAKE;
    }
    return STATUS_OK;
}

enum status noise_write(struct noise *n, struct slice payload,
                        struct builder *out)
{
    enum status st;
    uint8_t *text;

    check_turn(n, true);
    n->failed = true; /* until the end is reached */
    st = write_tokens(n, out);
    if (st != STATUS_OK)
        return st;
    text = builder_reserve(out, payload.len + AEAD_TAG_BYTES);
    assert(text != NULL);
    if (payload.len > 0)
        memcpy(text, payload.at, payload.len);
    st = seal_and_hash(n, text, payload.len);
    if (st != STATUS_OK)
        return st;
    n->failed = false;
    n->step++;
    return STATUS_OK;
}

static enum status read_tokens(struct noise *n, const uint8_t *ephemeral)
{
    for (const enum token *t = pattern_nk[n->step]; *t != END; t++) {
        if (*t == E) {
            memcpy(n->peer_ephemeral, ephemeral, NOISE_KEY_BYTES);
            mix_hash(n, SLICE_OF(n->peer_ephemeral));
        } else if (!agree(n, *t)) {
            return STATUS_BAD_HANDSHAKE;
        }
    }
    return STATUS_OK;
}

enum status noise_read(struct noise *n, uint8_t *message, size_t len,
                       struct slice *payload)
{
    enum status st;

    *payload = (struct slice){ 0 };
    check_turn(n, false);
    n->failed = true; /* until the end is reached */
    if (len < NOISE_OVERHEAD_BYTES)
        return STATUS_BAD_HANDSHAKE;
    st = read_tokens(n, message);
    if (st != STATUS_OK)
        return st;
    message += NOISE_KEY_BYTES;
    len -= NOISE_KEY_BYTES;
    st = open_and_hash(n, message, len);
    if (st != STATUS_OK)
        return st;
    *payload = slice_of(message, len - AEAD_TAG_BYTES);
    n->failed = false;
    n->step++;
    return STATUS_OK;
}

void noise_split(const struct noise *n, struct noise_keys *out)
{
    uint8_t first[NOISE_HASH_BYTES];
    uint8_t second[NOISE_HASH_BYTES];
    bool initiator = n->role == NOISE_INITIATOR;

    assert(!n->failed && n->step == COUNT_OF(pattern_nk));
    hkdf(n->chain, (struct slice){ 0 }, first, second);
    memcpy(out->send, initiator ? first : second, sizeof(out->send));
    memcpy(out->receive, initiator ? second : first, sizeof(out->receive));
    memcpy(out->hash, n->hash, sizeof(out->hash));
    secret_wipe(first, sizeof(first));
    secret_wipe(second, sizeof(second));
}
