/* Each allocation of reading a policy fails once: no leak, no crash, and
 * nothing handed out. */
#include "tests/support/check.h"

#include "common/file.h"
#include "common/limits.h"
#include "policy/policy.h"
#include "tests/support/alloc.h"
#include "tests/support/policy_folder.h"
#include "tests/support/policy_text.h"

#define FULL TEST_SOURCE_DIR "/tests/fuzz/corpus/policy/full.yaml"

static void each_allocation_may_fail(void **state)
{
    struct buffer text;
    struct why why;
    struct policy *p;
    struct policy_error err;
    enum status st = STATUS_NO_MEMORY;
    size_t n;

    (void)state;
    CHECK_STATUS(file_read(FULL, POLICY_MAX_BYTES, &text, &why), STATUS_OK);
    for (n = 0; st != STATUS_OK; n++) {
        alloc_fail_after(n);
        st = policy_parse(buffer_view(&text), "p.yaml", &p, &err);
        assert_int_equal(alloc_failed(), st != STATUS_OK);
        if (st != STATUS_OK) {
            CHECK_STATUS(st, STATUS_NO_MEMORY);
            CHECK_STATUS(err.why.status, STATUS_NO_MEMORY);
            assert_null(p);
        }
    }
    assert_true(n > 100); /* else it was not our allocations that failed */
    policy_free(p);
    buffer_free(&text);
}

static void so_may_each_of_reading_several_files(void **state)
{
    static const struct policy_folder_file files[] = {
        { "p.yaml", "include: b.yaml\nservices:\n  a:\n    hosts: a\n"
                    "    endpoints: ws://a\n    accept:\n      tee: tdx\n"
                    "      measurements: m.json\n" },
        { "b.yaml", "services:\n  b:\n    hosts: b\n    endpoints: ws://b\n"
                    "    accept: {}\n" },
        { "m.json",
          "[ { \"measurement_id\": \"v\", \"attestation_type\": \"dcap-tdx\","
          " \"measurements\": { \"0\": { \"expected_any\": [ \"" D96
          "\" ] } } }, { \"attestation_type\": \"none\","
          " \"measurements\": {} } ]" },
        { NULL, NULL },
    };
    struct policy *p;
    struct policy_error err;
    enum status st = STATUS_NO_MEMORY;
    size_t n;

    (void)state;
    for (n = 0; st != STATUS_OK; n++) {
        alloc_fail_after(n);
        st = policy_folder_load(files, &p, &err);
        assert_int_equal(alloc_failed(), st != STATUS_OK);
        if (st != STATUS_OK) {
            CHECK_STATUS(st, STATUS_NO_MEMORY);
            CHECK_STATUS(err.why.status, STATUS_NO_MEMORY);
            assert_null(p);
        }
    }
    assert_true(n > 50);
    policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(so_may_each_of_reading_several_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
