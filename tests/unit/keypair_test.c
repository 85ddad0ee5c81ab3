/* proxy/tunnel/keypair.h: keys agree, and no two are alike. */
#include "proxy/tunnel/keypair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* What /proc says of the pages at |at|: "lo" locked, "dd" left out of dumps. */
static bool has_flag(const void *at, const char *flag)
{
    FILE *f = fopen("/proc/self/smaps", "r");
    char line[1024];
    bool inside = false, has = false;

    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        char *rest;
        const uintptr_t from = strtoul(line, &rest, 16);

        if (*rest == '-')
            inside = (uintptr_t)at >= from &&
                     (uintptr_t)at < strtoul(rest + 1, NULL, 16);
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            has = strstr(line, flag) != NULL;
    }
    (void)fclose(f);
    return has;
}

/* Can this process lock memory at all? AddressSanitizer, for one, does not. */
static bool can_lock(void)
{
    static uint8_t page[2 * 4096];
    bool can = mlock(page, sizeof(page)) == 0 && has_flag(page + 4096, " lo");

    (void)munlock(page, sizeof(page));
    return can;
}

static void a_key_is_locked_and_in_no_dump(void **state)
{
    struct keypair *k = keypair_new();

    (void)state;
    assert_non_null(k);
    assert_true(has_flag(k->secret_key, " dd"));
    assert_int_equal(has_flag(k->secret_key, " lo"), can_lock());
    keypair_free(k);
}

/* In a child: whether it can be traced cannot be undone. */
static void a_process_with_keys_leaves_no_core(void **state)
{
    int status = 0;
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit core = { 1, 1 };

        secret_no_dump();
        _exit(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 &&
                      core.rlim_max == 0 &&
                      prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_pairs_agree_on_a_secret),
        cmocka_unit_test(every_pair_is_new),
        cmocka_unit_test(a_key_is_locked_and_in_no_dump),
        cmocka_unit_test(a_process_with_keys_leaves_no_core),
    };

    return secret_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
