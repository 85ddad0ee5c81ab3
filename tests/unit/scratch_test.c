/* Memory that the connections of one loop share. */
#include "proxy/io/scratch.h"

#include "common/secret.h"
#include "tests/support/check.h"

static void masking_keys_are_not_repeated(void **state)
{
    struct scratch *s;
    uint8_t keys[200][SCRATCH_KEY_BYTES];
    size_t same = 0;

    (void)state;
    CHECK_STATUS(scratch_new(&s), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        memcpy(keys[i], scratch_mask_key(s), SCRATCH_KEY_BYTES);
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        for (size_t j = 0; j < i; j++)
            same += memcmp(keys[i], keys[j], SCRATCH_KEY_BYTES) == 0;
    assert_true(same <= 1); /* by chance, once in 200,000 runs */
    scratch_free(s);
    scratch_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masking_keys_are_not_repeated),
    };

    if (!secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
