/* What the user adds to what the makers of TEEs say: revocations and a check of
 * his own, as they are read. */
#include "tests/support/check.h"

#include "common/file.h"
#include "common/limits.h"
#include "policy/policy.h"
#include "tests/support/policy_text.h"

#define FULL TEST_SOURCE_DIR "/tests/fuzz/corpus/policy/full.yaml"

static struct policy *full_policy(void)
{
    struct buffer text;
    struct policy *p;
    struct policy_error err;
    struct why why;

    CHECK_STATUS(file_read(FULL, POLICY_MAX_BYTES, &text, &why), STATUS_OK);
    CHECK_STATUS(policy_parse(buffer_view(&text), "etc/p.yaml", &p, &err),
                 STATUS_OK);
    buffer_free(&text);
    return p;
}

static void check_serial(const struct policy_serial *s, const char *text,
                         unsigned line, size_t len, uint8_t first)
{
    assert_string_equal(s->text, text);
    assert_string_equal(s->file, "etc/p.yaml");
    assert_int_equal(s->line, line);
    assert_int_equal(s->len, len);
    assert_int_equal(s->bytes[0], first);
}

static void a_service_revokes_its_own_and_the_policys(void **state)
{
    struct policy *p = full_policy();
    const struct policy_revocations *all = &p->services[1].accept.revocations;
    const struct policy_revocations *own = &p->services[0].accept.revocations;

    (void)state;
    assert_int_equal(all->serial_count, 2);
    check_serial(&all->serials[0], "00deadbeef", 21, 4, 0xde);
    check_serial(&all->serials[1], "0A", 21, 1, 10);
    assert_int_equal(all->crl_count, 2);
    assert_string_equal(all->crl_files[0], "etc/lists/intel.crl");
    assert_string_equal(all->crl_files[1], "/etc/amd.pem");
    assert_int_equal(own->serial_count, 3);
    assert_int_equal(own->serials[0].len, 20);
    check_serial(&own->serials[1], "00deadbeef", 21, 4, 0xde);
    assert_int_equal(own->crl_count, 3);
    assert_string_equal(own->crl_files[0], "etc/own.crl");
    assert_string_equal(own->crl_files[1], "etc/lists/intel.crl");
    policy_free(p);
}

static void an_external_check_is_read(void **state)
{
    struct policy *p = full_policy();
    const struct policy_exec *e = &p->services[0].accept.exec;

    (void)state;
    assert_int_equal(e->argc, 3);
    assert_string_equal(e->argv[0], "etc/bin/claims");
    assert_string_equal(e->argv[1], "--strict");
    assert_string_equal(e->argv[2], "");
    assert_null(e->argv[3]);
    assert_int_equal(e->timeout_ms, 3000);
    assert_int_equal(p->services[1].accept.exec.argc, 0);
    policy_free(p);
    p = policy_text_parse(TDX "      exec: /bin/claims\n");
    e = &p->services[0].accept.exec;
    assert_int_equal(e->argc, 1);
    assert_string_equal(e->argv[0], "/bin/claims");
    assert_null(e->argv[1]);
    assert_int_equal(e->timeout_ms, 5000);
    policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_revokes_its_own_and_the_policys),
        cmocka_unit_test(an_external_check_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
