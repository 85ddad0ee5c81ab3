/* A policy in several files: what they add up to, and each way in which they
 * can be at odds. */
#include "tests/support/check.h"

#include "common/limits.h"
#include "policy/route.h"
#include "tests/support/policy_folder.h"
#include "tests/support/policy_text.h"

/* A service of one line, two of them inside "services:". */
#define ONE(name, host)                                                        \
    "  " name ": { hosts: [ " host " ], endpoints: [ ws://e.example ], "       \
    "accept: {} }\n"

#define FILES_MAX 8

static void services_of_all_files_are_one_policy(void **state)
{
    static const struct policy_folder_file files[] = {
        { "etc/p.yaml",
          "include: [ more/b.yaml, ./c.yaml ]\nservices:\n" ONE("a", "a.x") },
        { "etc/more/b.yaml", "include: d.yaml\nservices:\n" ONE("b", "b.x") },
        { "etc/more/d.yaml", "services:\n" ONE("d", "d.x") },
        { "etc/c.yaml", "services:\n" ONE("c", "c.x") },
        { NULL, NULL },
    };
    static const char *const names[] = { "a", "b", "d", "c" };
    struct policy *p = policy_folder_parse(files);
    struct route route;
    struct why why;

    (void)state;
    assert_int_equal(p->service_count, COUNT_OF(names));
    assert_int_equal(p->file_count, COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_string_equal(p->services[i].name, names[i]);
    assert_string_equal(p->files[0], "etc/p.yaml");
    assert_string_equal(p->files[1], "etc/more/b.yaml");
    assert_string_equal(p->files[2], "etc/more/d.yaml");
    assert_string_equal(p->files[3], "etc/c.yaml");
    CHECK_STATUS(route_find(p, slice_text("d.x"), 80, &route, &why), STATUS_OK);
    assert_ptr_equal(route.service, &p->services[2]);
    policy_free(p);
}

static void paths_are_relative_to_the_file_that_has_them(void **state)
{
    static const struct policy_folder_file files[] = {
        { "etc/p.yaml", "include: more/b.yaml\n" },
        { "etc/more/b.yaml",
          "services:\n  b:\n    hosts: b.x\n    endpoints: wss://b.x\n"
          "    ca-file: ca.pem\n    root: /root.pem\n    accept: {}\n" },
        { NULL, NULL },
    };
    struct policy *p = policy_folder_parse(files);

    (void)state;
    assert_string_equal(p->services[0].ca_file, "etc/more/ca.pem");
    assert_string_equal(p->services[0].root_file, "/root.pem");
    policy_free(p);
}

static void warnings_say_their_file(void **state)
{
    static const struct policy_folder_file files[] = {
        { "p.yaml",
          "include: b.yaml\ndefault: direct\nservices:\n" ONE("a", "a.x") },
        { "b.yaml", "services:\n" ONE("b", "b.x") },
        { NULL, NULL },
    };
    struct policy *p = policy_folder_parse(files);

    (void)state;
    assert_int_equal(p->warning_count, 3);
    assert_string_equal(p->warnings[0].file, "p.yaml");
    assert_int_equal(p->warnings[0].line, 2);
    assert_string_equal(p->warnings[1].file, "p.yaml");
    assert_int_equal(p->warnings[1].line, 4);
    assert_string_equal(p->warnings[2].file, "b.yaml");
    assert_int_equal(p->warnings[2].line, 2);
    policy_free(p);
}

/* clang-format off */
static const struct {
    const char *name;
    struct policy_folder_file files[FILES_MAX];
    const char *want;
} refused[] = {
    { "a file that is not there",
      { { "p.yaml", "include: [ b.yaml ]\n" } },
      "p.yaml:1:12: found b.yaml: No such file or directory, expected a file "
      "that can be read" },
    { "a mistake in an included file",
      { { "etc/p.yaml", "include: b.yaml\n" },
        { "etc/b.yaml", "services:\n  b: 1\n" } },
      "etc/b.yaml:2:6: found \"1\", expected the words of a service" },
    { "broken YAML in an included file",
      { { "p.yaml", "include: b.yaml\n" }, { "b.yaml", "a: &b c\n" } },
      "b.yaml:1:4: found an anchor, expected no anchors" },
    { "an included file that listens",
      { { "p.yaml", "include: b.yaml\n" },
        { "b.yaml", "listen: localhost:1\n" } },
      "b.yaml:1:1: found \"listen\", expected a word of an included policy: "
      "include, services" },
    { "an empty list",
      { { "p.yaml", "include: []\n" } },
      "p.yaml:1:10: found an empty list, expected a list of files" },
    { "a block of files",
      { { "p.yaml", "include: { a: b }\n" } },
      "p.yaml:1:10: found a block, expected a list of files" },
    { "a file that includes itself",
      { { "p.yaml", "include: ././p.yaml\n" } },
      "p.yaml:1:10: found \"././p.yaml\", expected a file that does not "
      "include this one; see also p.yaml:1:1" },
    { "two files that include each other",
      { { "p.yaml", "include: b.yaml\n" },
        { "b.yaml", "include: c.yaml\n" },
        { "c.yaml", "include: [ b.yaml ]\n" } },
      "c.yaml:1:12: found \"b.yaml\", expected a file that does not include "
      "this one; see also p.yaml:1:10" },
    { "a file twice",
      { { "p.yaml", "include: [ b.yaml, c.yaml ]\n" },
        { "b.yaml", "services: {}\n" },
        { "c.yaml", "include: b.yaml\n" } },
      "c.yaml:1:10: found \"b.yaml\", expected each file once; see also "
      "p.yaml:1:12" },
    { "a service in two files",
      { { "p.yaml", "include: b.yaml\nservices:\n" ONE("a", "a.x") },
        { "b.yaml", "services:\n" ONE("b", "b.x") ONE("a", "c.x") } },
      "b.yaml:3:3: found \"a\", expected another name for each service; see "
      "also p.yaml:3:3" },
    { "a host in two files",
      { { "p.yaml", "include: b.yaml\nservices:\n" ONE("a", "a.x") },
        { "b.yaml", "services:\n" ONE("b", "A.x.") } },
      "b.yaml:2:17: found \"A.x.\", expected each host once; see also "
      "p.yaml:3:17" },
    { "a local port in two files",
      { { "p.yaml", "include: b.yaml\nservices:\n  a:\n"
          "    local: localhost:9\n    endpoints: ws://e\n    accept: {}\n" },
        { "b.yaml", "services:\n  b:\n    endpoints: ws://e\n"
          "    accept: {}\n    local: 127.0.0.1:9\n" } },
      "b.yaml:5:12: found \"127.0.0.1:9\", expected a port that nothing else "
      "uses; see also p.yaml:4:12" },
};
/* clang-format on */

static void files_at_odds_are_refused_with_both_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct policy *p;
        struct policy_error err;
        char line[1024];

        if (policy_folder_load(refused[i].files, &p, &err) != STATUS_BAD_CONFIG)
            fail_msg("%s", refused[i].name);
        assert_null(p);
        policy_error_line(&err, line, sizeof(line));
        if (strcmp(line, refused[i].want) != 0)
            fail_msg("%s:\n  %s, not\n  %s", refused[i].name, line,
                     refused[i].want);
    }
}

/* A chain of |count| files behind the policy, "1" to "count". */
static enum status load_chain(int count, struct policy_error *err)
{
    char texts[POLICY_INCLUDE_MAX_DEPTH + 2][32] = { "" };
    char paths[POLICY_INCLUDE_MAX_DEPTH + 2][8] = { "" };
    struct policy_folder_file files[POLICY_INCLUDE_MAX_DEPTH + 3] = { 0 };
    struct policy *p;
    enum status st;

    assert_true((size_t)count < COUNT_OF(texts));
    for (int i = 0; i <= count; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "%d", i);
        (void)snprintf(texts[i], sizeof(texts[i]),
                       i < count ? "include: \"%d\"\n" : "services: {}\n",
                       i + 1);
        files[i] = (struct policy_folder_file){ paths[i], texts[i] };
    }
    st = policy_folder_load(files, &p, err);
    policy_free(p);
    return st;
}

static void the_depth_has_a_limit(void **state)
{
    struct policy_error err;

    (void)state;
    CHECK_STATUS(load_chain(POLICY_INCLUDE_MAX_DEPTH, &err), STATUS_OK);
    CHECK_STATUS(load_chain(POLICY_INCLUDE_MAX_DEPTH + 1, &err),
                 STATUS_BAD_CONFIG);
    assert_string_equal(err.at.file, "8");
}

/* Includes |count| files of no services. */
static enum status load_many(size_t count, struct policy_error *err)
{
    struct buffer text = buffer_with_max(POLICY_MAX_BYTES);
    char paths[POLICY_FILES_MAX][24];
    struct policy_folder_file files[POLICY_FILES_MAX + 2] = { 0 };
    struct policy *p;
    enum status st;

    assert_true(count <= COUNT_OF(paths));
    buffer_text(&text, "include:\n");
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "f%zu", i);
        buffer_printf(&text, "- %s\n", paths[i]);
        files[i + 1] = (struct policy_folder_file){ paths[i], "services: {}" };
    }
    buffer_byte(&text, '\0');
    files[0] = (struct policy_folder_file){ "p.yaml", (const char *)text.at };
    st = policy_folder_load(files, &p, err);
    policy_free(p);
    buffer_free(&text);
    return st;
}

static void their_number_has_a_limit(void **state)
{
    struct policy_error err;

    (void)state;
    CHECK_STATUS(load_many(POLICY_FILES_MAX - 1, &err), STATUS_OK);
    CHECK_STATUS(load_many(POLICY_FILES_MAX, &err), STATUS_BAD_CONFIG);
    assert_int_equal(err.at.line, POLICY_FILES_MAX + 1);
}

static void a_text_alone_includes_nothing(void **state)
{
    struct policy *p;
    struct policy_error err;

    (void)state;
    CHECK_STATUS(policy_parse(slice_text("include: b.yaml\n"), "p.yaml", &p,
                              &err),
                 STATUS_BAD_CONFIG);
    assert_string_equal(err.why.expected, "no other file to be read");
}

static void a_long_name_keeps_its_end(void **state)
{
    char name[600];
    struct policy *p;
    struct policy_error err;

    (void)state;
    memset(name, 'x', sizeof(name));
    (void)snprintf(name + 580, 20, "/end.yaml");
    CHECK_STATUS(policy_parse(slice_text("a"), name, &p, &err),
                 STATUS_BAD_CONFIG);
    assert_int_equal(strlen(err.at.file), sizeof(err.at.file) - 1);
    assert_memory_equal(err.at.file, "...x", 4);
    assert_string_equal(err.at.file + strlen(err.at.file) - 9, "/end.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_of_all_files_are_one_policy),
        cmocka_unit_test(paths_are_relative_to_the_file_that_has_them),
        cmocka_unit_test(warnings_say_their_file),
        cmocka_unit_test(files_at_odds_are_refused_with_both_places),
        cmocka_unit_test(the_depth_has_a_limit),
        cmocka_unit_test(their_number_has_a_limit),
        cmocka_unit_test(a_text_alone_includes_nothing),
        cmocka_unit_test(a_long_name_keeps_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
