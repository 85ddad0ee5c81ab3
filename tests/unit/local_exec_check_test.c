/* The external check: what the program gets, what its end means, and that
 * nothing of it is left. */
#include "tests/support/check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "proxy/local/exec_check.h"
#include "tests/support/folder.h"
#include "tests/support/good_claims.h"
#include "tests/support/loop.h"

static struct folder folder;

static int make_folder(void **state)
{
    (void)state;
    folder_make(&folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static const char *in_folder(const char *name, char path[160])
{
    (void)snprintf(path, 160, "%s/%s", folder.path, name);
    return path;
}

/* An executable script; the folder is its first argument. */
struct script {
    char path[160];
    const char *argv[4];
    struct policy_exec exec;
};

static void make_script(struct script *s, const char *body, int64_t timeout_ms)
{
    char text[1024];
    struct why why;

    (void)snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", body);
    (void)in_folder("check", s->path);
    CHECK_STATUS(file_replace(s->path, slice_text(text), 0700, &why),
                 STATUS_OK);
    s->argv[0] = s->path;
    s->argv[1] = folder.path;
    s->argv[2] = "two words; $HOME";
    s->argv[3] = NULL;
    s->exec = (struct policy_exec){ .argc = 3,
                                    .argv = s->argv,
                                    .timeout_ms = timeout_ms };
}

#define PATIENT_MS 15000

static enum status run(const char *body, int64_t timeout_ms, struct why *why)
{
    const struct claims claims = good_claims_tdx();
    const struct exec_check_told told = { .service = "chat",
                                          .release = "1.4",
                                          .now_unix = GOOD_NOW,
                                          .claims = &claims };
    struct script s;

    make_script(&s, body, timeout_ms);
    return exec_check_run(&s.exec, &told, why);
}

/* What the script wrote to the file |name|; the caller frees it. */
static char *written(const char *name)
{
    char path[160];
    struct buffer text;
    struct why why;

    CHECK_STATUS(file_read(in_folder(name, path), 65536, &text, &why),
                 STATUS_OK);
    buffer_byte(&text, '\0');
    return (char *)text.at;
}

static void expect_written(const char *name, const char *want)
{
    char *got = written(name);

    if (strcmp(got, want) != 0)
        fail_msg("%s: %s, not %s", name, got, want);
    free(got);
}

static void status_0_accepts(void **state)
{
    struct why why;

    (void)state;
    CHECK_STATUS(run("exit 0", PATIENT_MS, &why), STATUS_OK);
    assert_string_equal(why.found, "exit status 0");
    CHECK_STATUS(run("echo says much >&2", PATIENT_MS, &why), STATUS_OK);
    assert_string_equal(why.found, "exit status 0");
}

static void it_is_told_the_claims_as_json(void **state)
{
    static const char *const parts[] = {
        "{\"version\":1,\"time\":\"",
        "\"service\":\"chat\"",
        "\"release\":\"1.4\"",
        "\"claims\":{\"tee\":\"tdx\"",
        "\"validity\":{",
    };
    struct why why;
    char *got;

    (void)state;
    CHECK_STATUS(run("cat >$1/told", PATIENT_MS, &why), STATUS_OK);
    got = written("told");
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (strstr(got, parts[i]) == NULL)
            fail_msg("no %s in %s", parts[i], got);
    assert_string_equal(got + strlen(got) - 3, "}}\n");
    free(got);
}

static void no_shell_reads_its_arguments(void **state)
{
    struct why why;

    (void)state;
    CHECK_STATUS(run("printf %s \"$#:$2\" >$1/arguments", PATIENT_MS, &why),
                 STATUS_OK);
    expect_written("arguments", "2:two words; $HOME");
}

static void its_environment_is_its_own(void **state)
{
    struct why why;

    (void)state;
    assert_int_equal(setenv("VERITEE_TEST", "1", 1), 0);
    CHECK_STATUS(run("tr '\\0' '\\n' </proc/$$/environ >$1/env", PATIENT_MS,
                     &why),
                 STATUS_OK);
    expect_written("env", "PATH=/usr/local/bin:/usr/bin:/bin\nLC_ALL=C\n");
}

static void it_gets_no_descriptor_of_ours(void **state)
{
    int low = open("/dev/null", O_RDONLY); /* not O_CLOEXEC */
    int fd = fcntl(low, F_DUPFD, 77);
    char body[64];
    struct why why;

    (void)state;
    assert_true(low > 2 && fd >= 77);
    (void)snprintf(body, sizeof(body), "test ! -e /proc/$$/fd/%d", fd);
    CHECK_STATUS(run(body, PATIENT_MS, &why), STATUS_OK);
    assert_int_equal(close(fd), 0);
    assert_int_equal(close(low), 0);
}

static const struct {
    const char *name;
    const char *body;
    const char *found;
} refusals[] = {
    /* clang-format off */
    { "without a word",         "exit 3", "exit status 3" },
    { "with a line",            "echo too old >&2; exit 1",
      "exit status 1: too old" },
    { "with more lines",        "printf 'a\\nb\\n' >&2; exit 1",
      "exit status 1: a" },
    { "without a line's end",   "printf a >&2; exit 1", "exit status 1: a" },
    { "with odd characters",    "printf 'a\\033[1m\\tb\\n' >&2; exit 1",
      "exit status 1: a?[1m?b" },
    { "by a signal",            "echo hm >&2; kill -9 $$",
      "killed by signal 9: hm" },
    { "before it reads all",    "exec <&-; exit 1", "exit status 1" },
    { "and is not found later", "exit 127", "exit status 127" },
    /* clang-format on */
};

static void any_other_end_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        struct why why;

        CHECK_STATUS(run(refusals[i].body, PATIENT_MS, &why), STATUS_POLICY);
        if (strcmp(why.found, refusals[i].found) != 0)
            fail_msg("%s: %s", refusals[i].name, why.found);
        assert_string_equal(why.field, "accept.exec");
        assert_string_equal(why.expected, "exit status 0");
    }
}

static void a_long_reason_is_cut(void **state)
{
    struct why why;

    (void)state;
    CHECK_STATUS(run("printf '%0500d' 7 >&2; exit 1", PATIENT_MS, &why),
                 STATUS_POLICY);
    assert_int_equal(strlen(why.found), strlen("exit status 1: ") + 120);
}

static void much_that_it_says_does_not_hold_it_up(void **state)
{
    struct why why;

    (void)state;
    CHECK_STATUS(run("echo first >&2; head -c 1000000 /dev/zero >&2; exit 1",
                     PATIENT_MS, &why),
                 STATUS_POLICY);
    assert_string_equal(why.found, "exit status 1: first");
}

/* It may wait for its parent to hear of its end. */
static bool is_dead(long pid)
{
    char path[64];
    char line[256] = "";
    const char *name_end;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    f = fopen(path, "r");
    if (f == NULL)
        return true;
    if (fgets(line, sizeof(line), f) == NULL)
        line[0] = '\0'; /* it has just gone */
    (void)fclose(f);
    name_end = strrchr(line, ')');
    return name_end == NULL || strncmp(name_end, ") Z", 3) == 0;
}

/* The process whose id the script wrote is dead, or about to be. */
static void expect_dead(const char *name)
{
    char *text = written(name);
    long pid = strtol(text, NULL, 10);
    int patience = 18000; /* of 10 ms */

    free(text);
    assert_true(pid > 1);
    while (!is_dead(pid) && patience-- > 0)
        (void)usleep(10000);
    assert_true(patience > 0);
}

static void it_dies_at_the_limit_with_all_it_started(void **state)
{
    struct why why;

    (void)state;
    CHECK_STATUS(run("sleep 1000 & echo $! >$1/pid; echo busy >&2; wait", 3000,
                     &why),
                 STATUS_POLICY);
    assert_string_equal(why.found, "no answer within 3000 ms: busy");
    expect_dead("pid");
}

static void what_it_leaves_behind_dies_with_it(void **state)
{
    struct why why;

    (void)state;
    CHECK_STATUS(run("sleep 1000 & echo $! >$1/pid; exit 1", PATIENT_MS, &why),
                 STATUS_POLICY);
    assert_string_equal(why.found, "exit status 1");
    expect_dead("pid");
}

static void who_escapes_cannot_hold_the_answer(void **state)
{
    struct why why;
    char *text;

    (void)state;
    CHECK_STATUS(run("setsid sleep 1000 & echo $! >$1/pid; exit 1", 3000, &why),
                 STATUS_POLICY);
    assert_string_equal(why.found, "exit status 1");
    text = written("pid"); /* that of setsid, which execs */
    (void)kill((pid_t)strtol(text, NULL, 10), SIGKILL);
    free(text);
}

static void what_cannot_start_refuses(void **state)
{
    const char *argv[] = { "true", NULL }; /* would be in PATH */
    const struct policy_exec exec = { .argc = 1,
                                      .argv = argv,
                                      .timeout_ms = PATIENT_MS };
    const struct claims claims = good_claims_tdx();
    const struct exec_check_told told = { .claims = &claims };
    struct why why;

    (void)state;
    CHECK_STATUS(exec_check_run(&exec, &told, &why), STATUS_POLICY);
    assert_string_equal(why.found, "true: no such file or directory");
    assert_string_equal(why.expected, "exit status 0");
}

static void on_unwanted(void *ctx, const struct why *why)
{
    (void)ctx;
    (void)why;
    fail_msg("called after it was cancelled");
}

static void who_is_gone_is_not_told(void **state)
{
    const struct claims claims = good_claims_tdx();
    const struct exec_check_told told = { .claims = &claims };
    struct exec_check *e;
    struct script s;
    uv_loop_t loop;

    (void)state;
    loop_begin(&loop);
    make_script(&s, "sleep 1000", PATIENT_MS);
    CHECK_STATUS(exec_check_start(&loop, &s.exec, &told, on_unwanted, NULL, &e),
                 STATUS_OK);
    exec_check_cancel(e);
    s.argv[0] = "/nonexistent";
    CHECK_STATUS(exec_check_start(&loop, &s.exec, &told, on_unwanted, NULL, &e),
                 STATUS_OK);
    exec_check_cancel(e);
    loop_end(&loop);
}

static void a_program_must_be_one(void **state)
{
    const char *argv[] = { folder.path, NULL };
    struct policy_exec exec = { .argc = 1, .argv = argv };
    struct script s;
    struct why why;

    (void)state;
    CHECK_STATUS(exec_check_program(&exec, &why), STATUS_NO_FILE);
    assert_non_null(strstr(why.found, ": no program"));
    make_script(&s, "", PATIENT_MS);
    CHECK_STATUS(exec_check_program(&s.exec, &why), STATUS_OK);
    assert_int_equal(chmod(s.path, 0600), 0);
    CHECK_STATUS(exec_check_program(&s.exec, &why), STATUS_NO_FILE);
    s.argv[0] = "/nonexistent";
    CHECK_STATUS(exec_check_program(&s.exec, &why), STATUS_NO_FILE);
    assert_string_equal(why.found, "/nonexistent: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_0_accepts),
        cmocka_unit_test(it_is_told_the_claims_as_json),
        cmocka_unit_test(no_shell_reads_its_arguments),
        cmocka_unit_test(its_environment_is_its_own),
        cmocka_unit_test(it_gets_no_descriptor_of_ours),
        cmocka_unit_test(any_other_end_refuses),
        cmocka_unit_test(a_long_reason_is_cut),
        cmocka_unit_test(much_that_it_says_does_not_hold_it_up),
        cmocka_unit_test(it_dies_at_the_limit_with_all_it_started),
        cmocka_unit_test(what_it_leaves_behind_dies_with_it),
        cmocka_unit_test(who_escapes_cannot_hold_the_answer),
        cmocka_unit_test(what_cannot_start_refuses),
        cmocka_unit_test(who_is_gone_is_not_told),
        cmocka_unit_test(a_program_must_be_one),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
