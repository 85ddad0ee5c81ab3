/* proxy/tunnel/keypair.h: keys agree, and no two are alike. */
#include "proxy/tunnel/keypair.h"

#include <sodium.h>

#include "common/secret.h"
#include "tests/support/check.h"

static void two_pairs_agree_on_a_secret(void **state)
{
    struct keypair *a = keypair_new(), *b = keypair_new();
    uint8_t ab[32], ba[32];

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(crypto_scalarmult(ab, a->secret_key, b->public_key), 0);
    assert_int_equal(crypto_scalarmult(ba, b->secret_key, a->public_key), 0);
    assert_memory_equal(ab, ba, sizeof(ab));
    keypair_free(a);
    keypair_free(b);
}

static void every_pair_is_new(void **state)
{
    struct keypair *a = keypair_new(), *b = keypair_new();

    (void)state;
    assert_memory_not_equal(a->secret_key, b->secret_key, 32);
    assert_memory_not_equal(a->public_key, b->public_key, 32);
    assert_memory_not_equal(a->public_key, a->secret_key, 32);
    keypair_free(a);
    keypair_free(b);
    keypair_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_pairs_agree_on_a_secret),
        cmocka_unit_test(every_pair_is_new),
    };

    return secret_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
