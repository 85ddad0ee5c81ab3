/* veritee check: what it prints and how it ends. */
#include "tests/support/check.h"

#include <getopt.h>
#include <unistd.h>

#include "common/file.h"
#include "proxy/tools/cmd_check.h"
#include "proxy/tools/policy_words.h"
#include "tests/support/folder.h"
#include "tests/support/policy_text.h"

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

/* Send |fd| to a file of the folder; returns what it was. */
static int redirect(int fd, const char *name)
{
    char path[128];
    int kept = dup(fd);
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/%s", folder.path, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(kept >= 0 && dup2(fileno(f), fd) == fd);
    assert_int_equal(fclose(f), 0);
    return kept;
}

static void restore(int fd, int kept)
{
    assert_int_equal(dup2(kept, fd), fd);
    assert_int_equal(close(kept), 0);
}

/* The content of a file of the folder; the caller frees it. */
static char *content(const char *name)
{
    char path[128];
    struct buffer text;
    struct why why;

    (void)snprintf(path, sizeof(path), "%s/%s", folder.path, name);
    CHECK_STATUS(file_read(path, 1024 * 1024, &text, &why), STATUS_OK);
    buffer_byte(&text, '\0');
    assert_true(buffer_ok(&text));
    return (char *)text.at;
}

/* Run `veritee check` with up to two arguments; its output is in the files. */
static int run(const char *first, const char *second)
{
    char *argv[] = { "check", (char *)(uintptr_t)first,
                     (char *)(uintptr_t)second, NULL };
    int argc = first == NULL ? 1 : second == NULL ? 2 : 3;
    int out;
    int err;
    int status;

    (void)fflush(stdout);
    out = redirect(STDOUT_FILENO, "out");
    err = redirect(STDERR_FILENO, "err");
    optind = 0; /* start getopt anew */
    status = cmd_check_command.main(argc, argv);
    (void)fflush(stdout);
    restore(STDOUT_FILENO, out);
    restore(STDERR_FILENO, err);
    return status;
}

static const char *policy_file(const char *text)
{
    static char path[128];
    struct why why;

    (void)snprintf(path, sizeof(path), "%s/p.yaml", folder.path);
    CHECK_STATUS(file_replace(path, slice_text(text), 0600, &why), STATUS_OK);
    return path;
}

static void check_output(const char *name, const char *want)
{
    char *got = content(name);

    if (strstr(got, want) == NULL)
        fail_msg("%s: no \"%s\" in:\n%s", name, want, got);
    free(got);
}

static void a_right_policy_is_told_of(void **state)
{
    (void)state;
    assert_int_equal(run(policy_file(SGX "      mrenclave: " D64 "\n"), NULL),
                     0);
    check_output("out", "p.yaml: OK\n\nlistens on localhost:8118\n"
                        "blocks what no service names\n\na\n"
                        "  for      a.example\n"
                        "  through  wss://a.example\n");
    check_output("out", "mrenclave         " D64 "\n");
    check_output("err", "");
}

static void a_wrong_one_is_refused_with_its_place(void **state)
{
    (void)state;
    assert_int_equal(run(policy_file("defualt: block\n"), NULL), 1);
    check_output("err", "/p.yaml:1:1: found \"defualt\", expected a word of a "
                        "policy; did you mean \"default\"?\n");
    assert_int_equal(run("--json", policy_file("default: none\n")), 1);
    check_output("out", "\"verdict\":\"fail\",\"error\":{\"file\":\"");
    check_output(
        "out",
        "/p.yaml\",\"line\":1,\"column\":10,\"word\":\"default\",\"found\":"
        "\"\\\"none\\\"\",\"expected\":\"block or direct\"}}");
}

static void warnings_do_not_refuse(void **state)
{
    (void)state;
    assert_int_equal(run(policy_file(TDX "    root: r.pem\n"), NULL), 0);
    check_output("out", "  accepts  nothing: no measurement is named\n");
    check_output("out", "/p.yaml:5:5: accepts nothing: it names no "
                        "measurement, such as mrtd\n");
    check_output("out", "may be SIMULATED\n");
    check_output("out", "r.pem cannot be read: No such file");
    assert_int_equal(run("--json", policy_file(TDX)), 0);
    check_output("out", "\"verdict\":\"pass\",\"warnings\":[{\"file\":\"");
    check_output("out", "/p.yaml\",\"line\":5,\"column\":5,");
    check_output("out", "\"accepts_something\":false");
}

static void wrong_usage_and_missing_files_are_trouble(void **state)
{
    (void)state;
    assert_int_equal(run("a", "b"), 2);
    assert_int_equal(run("--yaml", NULL), 2);
    assert_int_equal(run("/nonexistent/policy.yaml", NULL), 2);
    check_output("err", "cannot open /nonexistent/policy.yaml");
    assert_int_equal(run("--help", NULL), 0);
    check_output("out", "Usage: veritee check");
}

static void without_a_file_it_is_the_default_one(void **state)
{
    char dir[128];
    char path[160];
    struct why why;

    (void)state;
    assert_int_equal(setenv("XDG_CONFIG_HOME", folder.path, 1), 0);
    (void)snprintf(dir, sizeof(dir), "%s/veritee", folder.path);
    (void)snprintf(path, sizeof(path), "%s/policy.yaml", dir);
    CHECK_STATUS(file_make_dirs(dir, &why), STATUS_OK);
    CHECK_STATUS(file_replace(path, slice_text("default: block\n"), 0600, &why),
                 STATUS_OK);
    assert_int_equal(run(NULL, NULL), 0);
    check_output("out", "/veritee/policy.yaml: OK\n");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
}

static void everything_can_be_had_as_json(void **state)
{
    static const char *const members[] = {
        "{\"version\":1,\"file\":\"",
        "\"listen\":[\"localhost:8118\",\"127.0.0.1:0\",",
        "\"default\":\"direct\"",
        "\"name\":\"chat\",\"hosts\":[\"chat.example.com\",",
        ",\"*.chat.example.com\",\"api.example.com:443\"]",
        "\"local\":\"127.0.0.1:9001\"",
        "\"fmspc\":[\"00806f050000\",\"90c06f000000\"]",
        "\"isv-svn\":[\"at least 3\"]",
        "\"advisories\":[\"INTEL-SA-00615\",\"INTEL-SA-00837\"]",
        "\"any_advisory\":true",
    };

    (void)state;
    assert_int_equal(run("--json",
                         TEST_SOURCE_DIR "/tests/fuzz/corpus/policy/full.yaml"),
                     0);
    for (size_t i = 0; i < COUNT_OF(members); i++)
        check_output("out", members[i]);
}

/* Each clause in words: a policy with everything, and with nothing. */
static void every_clause_has_words(void **state)
{
    static const char *const words[] = {
        "passes on, unverified, what no service names\n",
        "  for      a.example, *.b.example, [::1]:80\n",
        "  at       127.0.0.1:9\n",
        "  asks     stapled, https://p\n",
        "           it may be open for debugging\n",
        "           release 1\n",
        "           or release without name: names no measurement, matches "
        "nothing\n",
        "             td-attributes     0000001000000000 under the mask "
        "ffffffff00000000\n",
        "             fmspc             000000000000\n"
        "                          or   00806f050000\n",
        "           the TCB is UpToDate, OutOfDate\n",
        "           for 3 days after the date of its level, OutOfDate counts "
        "as UpToDate\n",
        "           the quoting enclave's alone is UpToDate\n",
        "           advisories: none\n",
        "           the evaluation number is at least 19\n",
        "           the evidence is made for our challenge, or the server's "
        "own\n",
        "           the attestation is younger than 90m\n",
        "           the collateral is good for another 2d\n",
    };
    struct policy *p = policy_text_parse(
        "default: direct\nservices:\n  a:\n"
        "    hosts: [ a.example, '*.b.example', '[::1]:80' ]\n"
        "    local: 127.0.0.1:9\n    endpoints: ws://a\n"
        "    collateral: { sources: [ stapled, 'https://p/' ] }\n"
        "    freshness: epoch\n    max-age: 5400s\n    accept:\n"
        "      tee: tdx\n      any-of: [ { name: '1', mrtd: " D96 " }, {} ]\n"
        "      td-attributes: { value: 0000001000000000,"
        " mask: ffffffff00000000 }\n"
        "      platform: { fmspc: [ 000000000000, 00806f050000 ] }\n"
        "      tcb: { status: [ UpToDate, OutOfDate ], grace-days: 3,"
        " qe: UpToDate, advisories: [], min-evaluation-number: 19 }\n"
        "      debug: true\n      min-collateral-life: 48h\n");
    struct buffer out = buffer_with_max(65536);

    (void)state;
    policy_words_text(p, &out);
    buffer_byte(&out, '\0');
    assert_true(buffer_ok(&out));
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strstr((const char *)out.at, words[i]) == NULL)
            fail_msg("no \"%s\" in:\n%s", words[i], (const char *)out.at);
    buffer_free(&out);
    policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_policy_is_told_of),
        cmocka_unit_test(a_wrong_one_is_refused_with_its_place),
        cmocka_unit_test(warnings_do_not_refuse),
        cmocka_unit_test(wrong_usage_and_missing_files_are_trouble),
        cmocka_unit_test(without_a_file_it_is_the_default_one),
        cmocka_unit_test(everything_can_be_had_as_json),
        cmocka_unit_test(every_clause_has_words),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
