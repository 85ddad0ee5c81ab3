/* Tests of proxy/local/access.c: who may use the proxy. */
#include "proxy/local/access.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/secret.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"

#define FIVE      "12345"
#define FIFTY     FIVE FIVE FIVE FIVE FIVE FIVE FIVE FIVE FIVE FIVE
#define BYTES_255 FIFTY FIFTY FIFTY FIFTY FIFTY FIVE

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd;

    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static const struct {
    const char *name;
    const char *text;
    mode_t mode;
    enum status want;
    const char *user;
    const char *password;
} files[] = {
    /* clang-format off */
    { "user and password", "alice:open sesame?\n", 0600, STATUS_BAD_CONFIG,
      "", "" },
    { "user and password without space", "alice:opensesame\n", 0600, STATUS_OK,
      "alice", "opensesame" },
    { "no end of the line", "alice:opensesame", 0400, STATUS_OK,
      "alice", "opensesame" },
    { "a colon in the password", "alice:open:sesame\n", 0600, STATUS_OK,
      "alice", "open:sesame" },
    { "a token", "0123456789abcdef\n", 0600, STATUS_OK, "",
      "0123456789abcdef" },
    { "the longest of both", BYTES_255 ":" BYTES_255 "\n", 0600, STATUS_OK,
      BYTES_255, BYTES_255 },

    { "a token too long", BYTES_255 "x\n", 0600, STATUS_BAD_CONFIG, "", "" },
    { "both too long", BYTES_255 ":" BYTES_255 "x\n", 0600, STATUS_BAD_CONFIG,
      "", "" },
    { "a user too long", BYTES_255 "x:opensesame\n", 0600, STATUS_BAD_CONFIG,
      "", "" },
    { "a password too short", "alice:1234567\n", 0600, STATUS_BAD_CONFIG,
      "", "" },
    { "no password", "alice:\n", 0600, STATUS_BAD_CONFIG, "", "" },
    { "no user", ":opensesame\n", 0600, STATUS_BAD_CONFIG, "", "" },
    { "nothing", "", 0600, STATUS_BAD_CONFIG, "", "" },
    { "an empty line", "\n", 0600, STATUS_BAD_CONFIG, "", "" },
    { "two lines", "alice:opensesame\nbob:opensesame\n", 0600,
      STATUS_BAD_CONFIG, "", "" },
    { "a control byte", "opensesame\r\n", 0600, STATUS_BAD_CONFIG, "", "" },
    { "a byte above ASCII", "opensesam\xc3\xa9\n", 0600, STATUS_BAD_CONFIG,
      "", "" },
    { "what the group can read", "opensesame\n", 0640, STATUS_BAD_CONFIG,
      "", "" },
    { "what all can write", "opensesame\n", 0602, STATUS_BAD_CONFIG, "", "" },
    /* clang-format on */
};

static void a_secret_is_one_line_of_a_private_file(void **state)
{
    struct folder folder;
    char path[128];
    struct access_secret s;
    struct why why = { 0 };

    (void)state;
    folder_make(&folder);
    (void)snprintf(path, sizeof(path), "%s/secret", folder.path);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        print_message("%s\n", files[i].name);
        write_file(path, files[i].text, files[i].mode);
        CHECK_STATUS(access_secret_read(path, &s, &why), files[i].want);
        assert_string_equal(s.user, files[i].user);
        assert_string_equal(s.password, files[i].password);
    }
    assert_int_equal(unlink(path), 0);
    CHECK_STATUS(access_secret_read(path, &s, &why), STATUS_NO_FILE);
    CHECK_STATUS(access_secret_read(folder.path, &s, &why), STATUS_BAD_CONFIG);
    folder_remove(&folder);
}

static bool is(const struct access_secret *s, const char *user,
               const char *password)
{
    return access_secret_is(s, slice_text(user), slice_text(password));
}

static void only_the_right_ones_are_right(void **state)
{
    const struct access_secret both = { .user = "alice",
                                        .password = "opensesame" };
    const struct access_secret token = { .password = "opensesame" };
    const struct access_secret none = { .user = "" };

    (void)state;
    assert_true(is(&both, "alice", "opensesame"));
    assert_false(is(&both, "Alice", "opensesame"));
    assert_false(is(&both, "", "opensesame"));
    assert_false(is(&both, "alice", "opensesam"));
    assert_false(is(&both, "alice", "opensesame1"));
    assert_false(is(&both, "alice", ""));
    assert_false(is(&both, "alice", BYTES_255 "x"));
    assert_false(access_secret_is(&both, slice_text("alice"),
                                  slice_of("opensesame", 11))); /* and a NUL */
    assert_true(is(&token, "", "opensesame"));
    assert_true(is(&token, BYTES_255 "x", "opensesame"));
    assert_false(is(&token, "", "opensesam"));
    assert_false(is(&none, "", ""));
}

static void a_user_is_a_name_or_a_number(void **state)
{
    const char *users[] = { "root", "4242424" };
    const char *nobody[] = { "no-such-user-here" };
    struct policy policy = { .allow_users = users, .allow_user_count = 2 };
    struct access *a;
    struct why why;

    (void)state;
    CHECK_STATUS(access_new(&policy, &a, &why), STATUS_OK);
    assert_true(access_has_user(a, geteuid()));
    assert_true(access_has_user(a, 0));
    assert_true(access_has_user(a, 4242424));
    assert_false(access_has_user(a, 4242425));
    assert_false(access_has_user(a, (uid_t)-1));
    assert_string_equal(access_secret_of(a)->password, "");
    access_free(a);
    policy.allow_users = nobody;
    policy.allow_user_count = 1;
    CHECK_STATUS(access_new(&policy, &a, &why), STATUS_BAD_CONFIG);
    assert_null(a);
    policy = (struct policy){ .credentials = "/nonexistent/secret" };
    CHECK_STATUS(access_new(&policy, &a, &why), STATUS_NO_FILE);
    assert_null(a);
    access_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_one_line_of_a_private_file),
        cmocka_unit_test(only_the_right_ones_are_right),
        cmocka_unit_test(a_user_is_a_name_or_a_number),
    };

    if (!secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
