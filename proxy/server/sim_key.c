#include "proxy/server/sim_key.h"

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/random.h>

#include "common/secret.h"
#include "proxy/server/sim_der.h"
#include "verifier/der.h"
#include "verifier/wolf.h"

#define HALF 32 /* bytes of a coordinate, a secret, r and s */

static bool export_key(ecc_key *key, struct sim_key *out)
{
    word32 x = HALF;
    word32 y = HALF;
    word32 d = HALF;

    return wc_ecc_export_private_raw(key, out->point, &x, out->point + HALF, &y,
                                     out->secret, &d) == 0 &&
           x == HALF && y == HALF && d == HALF;
}

bool sim_key_make(struct sim_key *out)
{
    WC_RNG rng;
    ecc_key key;
    bool made = false;

    *out = (struct sim_key){ 0 };
    if (wc_InitRng(&rng) != 0)
        return false;
    if (wc_ecc_init(&key) == 0) {
        made = wc_ecc_make_key_ex(&rng, HALF, &key, ECC_SECP256R1) == 0 &&
               export_key(&key, out);
        (void)wc_ecc_free(&key); /* always 0 in software */
    }
    (void)wc_FreeRng(&rng);
    if (!made)
        sim_key_wipe(out);
    return made;
}

void sim_key_wipe(struct sim_key *key)
{
    secret_wipe(key, sizeof(*key));
}

static bool sign_hash(const struct sim_key *key, struct slice hash, WC_RNG *rng,
                      uint8_t rs[2 * HALF])
{
    uint8_t der[ECC_MAX_SIG_SIZE];
    word32 len = sizeof(der);
    ecc_key k;
    bool done;

    if (wc_ecc_init(&k) != 0)
        return false;
    done =
        wc_ecc_import_unsigned(&k, key->point, key->point + HALF, key->secret,
                               ECC_SECP256R1) == 0 &&
        wc_ecc_sign_hash(hash.at, (word32)hash.len, der, &len, rng, &k) == 0 &&
        der_ecdsa_signature(slice_of(der, len), rs, HALF);
    (void)wc_ecc_free(&k); /* always 0 in software */
    return done;
}

bool sim_key_sign(const struct sim_key *key, struct slice message,
                  uint8_t rs[64])
{
    uint8_t hash[WOLF_SHA256_BYTES];
    WC_RNG rng;
    bool done;

    memset(rs, 0, 2 * HALF);
    if (wc_InitRng(&rng) != 0)
        return false;
    wolf_sha256(message, (struct slice){ 0 }, hash);
    done = sign_hash(key, SLICE_OF(hash), &rng, rs);
    (void)wc_FreeRng(&rng);
    return done;
}

void sim_key_id(const struct sim_key *key, uint8_t id[20])
{
    uint8_t hash[WOLF_SHA256_BYTES];

    wolf_sha256(slice_of("\x04", 1), SLICE_OF(key->point), hash);
    memcpy(id, hash, 20);
}

void sim_key_spki(const struct sim_key *key, struct builder *b)
{
    static const uint8_t ec_public_key[] = { 0x2a, 0x86, 0x48, 0xce,
                                             0x3d, 0x02, 0x01 };
    static const uint8_t prime256v1[] = { 0x2a, 0x86, 0x48, 0xce,
                                          0x3d, 0x03, 0x01, 0x07 };
    uint8_t point[1 + sizeof(key->point)] = { 0x04 };
    size_t spki = sim_der_open(b, DER_SEQUENCE);
    size_t algorithm = sim_der_open(b, DER_SEQUENCE);

    sim_der_put(b, DER_OID, SLICE_OF(ec_public_key));
    sim_der_put(b, DER_OID, SLICE_OF(prime256v1));
    sim_der_close(b, algorithm);
    memcpy(point + 1, key->point, sizeof(key->point));
    sim_der_bits(b, SLICE_OF(point), 0);
    sim_der_close(b, spki);
}

void sim_key_algorithm(struct builder *b)
{
    static const uint8_t ecdsa_with_sha256[] = { 0x2a, 0x86, 0x48, 0xce,
                                                 0x3d, 0x04, 0x03, 0x02 };
    size_t opened = sim_der_open(b, DER_SEQUENCE);

    sim_der_put(b, DER_OID, SLICE_OF(ecdsa_with_sha256));
    sim_der_close(b, opened);
}

void sim_key_seal(const struct sim_key *key, struct slice tbs,
                  struct builder *b)
{
    uint8_t rs[2 * HALF];
    uint8_t room[2 * HALF + 16];
    struct builder pair = builder_over(room, sizeof(room));
    size_t whole = sim_der_open(b, DER_SEQUENCE);
    size_t opened = sim_der_open(&pair, DER_SEQUENCE);

    if (!sim_key_sign(key, tbs, rs))
        b->failed = true;
    sim_der_unsigned(&pair, slice_of(rs, HALF));
    sim_der_unsigned(&pair, slice_of(rs + HALF, HALF));
    sim_der_close(&pair, opened);
    builder_bytes(b, tbs);
    sim_key_algorithm(b);
    sim_der_bits(b, builder_view(&pair), 0);
    sim_der_close(b, whole);
}
