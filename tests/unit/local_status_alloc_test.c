/* attempts, own_pages: every allocation fails once; nothing leaks, and what
 * could not be kept or written is known to be missing. */
#include "tests/support/check.h"

#include "proxy/local/own_pages.h"
#include "tests/support/alloc.h"

static void a_refusal_that_cannot_be_kept_still_has_its_reason(void **state)
{
    const struct attestation found = { .why.status = STATUS_POLICY };
    struct attempts a;

    (void)state;
    alloc_fail_after(0);
    CHECK_STATUS(attempts_init(&a, 1), STATUS_NO_MEMORY);
    assert_true(alloc_failed());
    CHECK_STATUS(attempts_init(&a, 1), STATUS_OK);
    alloc_fail_after(0);
    attempts_note(&a, 0, 1, &found, &found.why);
    assert_true(alloc_failed());
    assert_null(a.refused);
    assert_int_equal(attempts_failure(&a)->why.status, STATUS_POLICY);
    attempts_fini(&a);
}

static const char *const paths[] = { "/",       "/status.json", "/status.txt",
                                     "/readyz", "/metrics",     "/proxy.pac" };

/* True when an allocation was there to fail. */
static bool write_without(const char *path, size_t n)
{
    const struct policy policy = { .file_name = "policy.yaml" };
    const struct tally tally = { 0 };
    const struct status_data data = { .policy = &policy,
                                      .address = "localhost:8118",
                                      .tally = &tally };
    struct buffer body = buffer_with_max(64 * 1024);
    struct front_page page = { .body = &body };
    bool failed;

    alloc_fail_after(n);
    assert_true(own_pages_find(&data, slice_text(path), &page));
    failed = alloc_failed();
    assert_int_equal(buffer_ok(&body), !failed);
    buffer_free(&body);
    return failed;
}

static void a_page_is_whole_or_known_not_to_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        for (size_t n = 0; write_without(paths[i], n); n++)
            ;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_that_cannot_be_kept_still_has_its_reason),
        cmocka_unit_test(a_page_is_whole_or_known_not_to_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
