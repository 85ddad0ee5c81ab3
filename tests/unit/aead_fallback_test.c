/* A libipsec-mb that does not seal what it should is not used. The functions
 * of this file are linked in the place of its. */
#include "tests/support/check.h"

#include "common/text.h"
#include "proxy/tunnel/aead.h"
#include "proxy/tunnel/aead_vaes.h"

struct gcm_key_data;
struct gcm_context_data;

void aes_keyexp_256_enc_avx512(const void *key, void *out);
void aes_gcm_precomp_256_vaes_avx512(struct gcm_key_data *key);
typedef void gcm_pass(const struct gcm_key_data *key,
                      struct gcm_context_data *context, uint8_t *out,
                      const uint8_t *in, uint64_t len, const uint8_t *nonce,
                      const uint8_t *extra, uint64_t extra_len, uint8_t *tag,
                      uint64_t tag_len);
gcm_pass aes_gcm_enc_256_vaes_avx512;
gcm_pass aes_gcm_dec_256_vaes_avx512;

void aes_keyexp_256_enc_avx512(const void *key, void *out)
{
    (void)key;
    (void)out;
}

void aes_gcm_precomp_256_vaes_avx512(struct gcm_key_data *key)
{
    (void)key;
}

static void seal_badly(uint8_t *tag, uint64_t tag_len)
{
    memset(tag, 0x55, tag_len);
}

void aes_gcm_enc_256_vaes_avx512(const struct gcm_key_data *key,
                                 struct gcm_context_data *context, uint8_t *out,
                                 const uint8_t *in, uint64_t len,
                                 const uint8_t *nonce, const uint8_t *extra,
                                 uint64_t extra_len, uint8_t *tag,
                                 uint64_t tag_len)
{
    (void)key, (void)context, (void)out, (void)in, (void)len, (void)nonce;
    (void)extra, (void)extra_len;
    seal_badly(tag, tag_len);
}

void aes_gcm_dec_256_vaes_avx512(const struct gcm_key_data *key,
                                 struct gcm_context_data *context, uint8_t *out,
                                 const uint8_t *in, uint64_t len,
                                 const uint8_t *nonce, const uint8_t *extra,
                                 uint64_t extra_len, uint8_t *tag,
                                 uint64_t tag_len)
{
    (void)key, (void)context, (void)out, (void)in, (void)len, (void)nonce;
    (void)extra, (void)extra_len;
    seal_badly(tag, tag_len);
}

static void wolfcrypt_does_it_instead(void **state)
{
    static const uint8_t key[AEAD_KEY_BYTES];
    uint8_t tag[AEAD_TAG_BYTES], want[AEAD_TAG_BYTES];
    struct aead a;

    (void)state;
    assert_false(aead_vaes_usable());
    assert_null(strstr(aead_aes_maker(), "libipsec-mb"));
    CHECK_STATUS(aead_init(&a, AEAD_AESGCM, key), STATUS_OK);
    aead_seal(&a, 0, slice_of(NULL, 0), tag, 0);
    assert_true(text_from_hex(slice_text("530f8afbc74536b9a963b4f1c4cb738b"),
                              want, sizeof(want)));
    assert_memory_equal(tag, want, sizeof(want));
    aead_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wolfcrypt_does_it_instead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
