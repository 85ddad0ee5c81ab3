#include "proxy/tunnel/aead_vaes.h"

#include <intel-ipsec-mb.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret.h"

/* The library's own functions for these processors, which its manager would
 * lead to. They are called without one, because a manager is 200 KiB, links
 * all algorithms (12 MB) and runs through them when it is made (4 MiB resident);
 * these are 0.5 MB and keep nothing. No header of version 1.3 declares them:
 * that they are there is seen when they are linked, that they do what they
 * should by known_answer().
 * names: aes_gcm_ the library's */
void aes_gcm_precomp_256_vaes_avx512(struct gcm_key_data *key);
typedef void gcm_pass(const struct gcm_key_data *key,
                      struct gcm_context_data *context, uint8_t *out,
                      const uint8_t *in, uint64_t len, const uint8_t *nonce,
                      const uint8_t *extra, uint64_t extra_len, uint8_t *tag,
                      uint64_t tag_len);
gcm_pass aes_gcm_enc_256_vaes_avx512;
gcm_pass aes_gcm_dec_256_vaes_avx512;

struct aead_vaes {
    alignas(64) struct gcm_key_data key; /* its macro LINUX would say so */
};

/* --- whether ------------------------------------------------------------- */

/* clang 14 has no word for it. The processors that have VPCLMULQDQ and AVX-512
 * have it too: Intel since Ice Lake, AMD since Zen 4. */
#ifdef __clang__
#define HAS_VAES true
#else
#define HAS_VAES __builtin_cpu_supports("vaes")
#endif

/* Asks the operating system too whether it keeps the registers, which version
 * 1.3 itself forgets. */
static bool has_instructions(void)
{
    return HAS_VAES && __builtin_cpu_supports("vpclmulqdq") &&
           __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul") &&
           __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2");
}

/* Long enough for every loop: twice 48 blocks, some more, and part of one. */
#define KNOWN_BYTES 1995

/* Key, nonce and what is beside the text are bytes that count up, the text is
 * zero. The tag is that of another library, and stands for all of it. */
static bool known_answer(void)
{
    static const uint8_t zero[KNOWN_BYTES];
    static const uint8_t key[AEAD_KEY_BYTES] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
    };
    static const uint8_t tag[AEAD_TAG_BYTES] = { 0xf1, 0x0e, 0x96, 0x6c,
                                                 0xb2, 0xbe, 0x06, 0xd5,
                                                 0x46, 0x84, 0x27, 0x13,
                                                 0x3b, 0x2c, 0xcd, 0xdd };
    uint8_t text[KNOWN_BYTES + AEAD_TAG_BYTES] = { 0 };
    struct aead_vaes a;

    aead_vaes_rekey(&a, key);
    aead_vaes_seal(&a, key, SLICE_OF(key), text, KNOWN_BYTES);
    return secret_equal(text + KNOWN_BYTES, tag, sizeof(tag)) &&
           aead_vaes_open(&a, key, SLICE_OF(key), text, KNOWN_BYTES) &&
           memcmp(text, zero, sizeof(zero)) == 0 /* memcmp: public data */;
}

bool aead_vaes_usable(void)
{
    return has_instructions() && known_answer();
}

/* --- the cipher ---------------------------------------------------------- */

struct aead_vaes *aead_vaes_new(const uint8_t key[static AEAD_KEY_BYTES])
{
    struct aead_vaes *a = aligned_alloc(alignof(struct aead_vaes), sizeof(*a));

    if (a != NULL)
        aead_vaes_rekey(a, key);
    return a;
}

void aead_vaes_rekey(struct aead_vaes *a,
                     const uint8_t key[static AEAD_KEY_BYTES])
{
    aes_keyexp_256_enc_avx512(key, a->key.expanded_keys);
    aes_gcm_precomp_256_vaes_avx512(&a->key);
}

void aead_vaes_free(struct aead_vaes *a)
{
    if (a == NULL)
        return;
    secret_wipe(a, sizeof(*a));
    free(a);
}

void aead_vaes_seal(const struct aead_vaes *a,
                    const uint8_t nonce[static AEAD_NONCE_BYTES],
                    struct slice extra, uint8_t *text, size_t len)
{
    struct gcm_context_data context; /* holds a block of the key stream */

    aes_gcm_enc_256_vaes_avx512(&a->key, &context, text, text, len, nonce,
                                extra.at, extra.len, text + len,
                                AEAD_TAG_BYTES);
    secret_wipe(&context, sizeof(context));
}

bool aead_vaes_open(const struct aead_vaes *a,
                    const uint8_t nonce[static AEAD_NONCE_BYTES],
                    struct slice extra, uint8_t *text, size_t len)
{
    struct gcm_context_data context;
    uint8_t tag[AEAD_TAG_BYTES];
    bool good;

    aes_gcm_dec_256_vaes_avx512(&a->key, &context, text, text, len, nonce,
                                extra.at, extra.len, tag, sizeof(tag));
    good = secret_equal(tag, text + len, sizeof(tag));
    secret_wipe(tag, sizeof(tag)); /* right for these bytes, if not theirs */
    secret_wipe(&context, sizeof(context));
    return good;
}
