/* Sockets that a service manager has opened: here the test, at descriptors 3
 * and on, as sd_listen_fds(3) has it. */
#include "proxy/io/activation.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/folder.h"

#define FIRST 3
#define ASIDE 64 /* where what is at those descriptors waits meanwhile */

/* What is at |fd| now, out of the way; -1 if nothing is. */
static int put_aside(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, ASIDE);
}

static void put_back(int aside, int fd)
{
    (void)close(fd);
    if (aside < 0)
        return;
    assert_int_equal(dup2(aside, fd), fd);
    (void)close(aside);
}

static void put_at(int fd, int to)
{
    assert_true(fd >= 0);
    if (fd == to)
        return;
    assert_int_equal(dup2(fd, to), to);
    (void)close(fd);
}

static int listen_port(bool six)
{
    struct sockaddr_in four = { .sin_family = AF_INET,
                                .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
    int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

    if (fd < 0)
        return fd;
    assert_int_equal(
        bind(fd, six ? (struct sockaddr *)&any : (struct sockaddr *)&four,
             six ? sizeof(any) : sizeof(four)),
        0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void say(const char *pid, const char *fds)
{
    assert_int_equal(setenv("LISTEN_PID", pid, 1), 0);
    assert_int_equal(setenv("LISTEN_FDS", fds, 1), 0);
    assert_int_equal(setenv("LISTEN_FDNAMES", "a:b", 1), 0);
}

static void say_ours(const char *fds)
{
    char pid[16];

    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    say(pid, fds);
}

static void sockets_are_taken_once(void **state)
{
    struct folder folder;
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    char text[ACTIVATION_TEXT_ROOM];
    char want[ACTIVATION_TEXT_ROOM];
    struct activation a;
    struct why why;
    int aside[2] = { put_aside(FIRST), put_aside(FIRST + 1) };
    int fd;

    (void)state;
    folder_make(&folder);
    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%.60s/s", folder.path);
    put_at(listen_port(false), FIRST);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 1), 0);
    put_at(fd, FIRST + 1);
    say_ours("2");
    assert_true(activation_expected());
    CHECK_STATUS(activation_take(&a, &why), STATUS_OK);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.sockets[0].count, 1);
    assert_int_not_equal(a.sockets[0].port, 0);
    assert_int_equal(a.sockets[1].port, 0);
    (void)snprintf(want, sizeof(want), "127.0.0.1:%u",
                   (unsigned)a.sockets[0].port);
    activation_text(&a, 0, text);
    assert_string_equal(text, want);
    activation_text(&a, 1, text);
    assert_string_equal(text, at.sun_path);
    assert_int_equal(fcntl(FIRST, F_GETFD), FD_CLOEXEC);
    assert_true((fcntl(FIRST, F_GETFL) & O_NONBLOCK) != 0);
    assert_null(getenv("LISTEN_PID"));
    assert_null(getenv("LISTEN_FDS"));
    assert_null(getenv("LISTEN_FDNAMES"));
    assert_false(activation_expected());
    activation_fini(&a);
    assert_int_equal(access(at.sun_path, F_OK), 0); /* not ours to remove */
    activation_fini(&a);                            /* harmless */
    put_back(aside[0], FIRST);
    put_back(aside[1], FIRST + 1);
    folder_remove(&folder);
}

static const struct {
    const char *name;
    const char *pid; /* NULL: ours */
    const char *fds;
    size_t expected;
} said[] = {
    /* clang-format off */
    { "nothing",                  "",        "",   0 },
    { "another process",          "1",       "1",  0 },
    { "no number of a process",   "x",       "1",  0 },
    { "a sign",                   "+1",      "1",  0 },
    { "a process out of range",   "9999999999999999999999", "1", 0 },
    { "none for us",              NULL,      "0",  0 },
    { "no number of sockets",     NULL,      "1x", 0 },
    { "fewer than none",          NULL,      "-1", 0 },
    { "more than there can be",   NULL,      "2147483647", 0 },
    /* clang-format on */
};

static void what_is_not_for_us_is_left_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(said); i++) {
        struct activation a;
        struct why why;

        print_message("%s\n", said[i].name);
        if (said[i].pid == NULL)
            say_ours(said[i].fds);
        else
            say(said[i].pid, said[i].fds);
        assert_false(activation_expected());
        CHECK_STATUS(activation_take(&a, &why), STATUS_OK);
        assert_int_equal(a.count, said[i].expected);
        assert_null(getenv("LISTEN_FDS"));
    }
}

static void refuse(int fd, const char *count)
{
    struct activation a;
    struct why why;
    int aside = put_aside(FIRST);

    if (fd >= 0)
        put_at(fd, FIRST);
    else
        (void)close(FIRST);
    say_ours(count);
    CHECK_STATUS(activation_take(&a, &why), STATUS_BAD_CONFIG);
    assert_int_equal(a.count, 0);
    put_back(aside, FIRST);
}

static void what_does_not_listen_is_refused(void **state)
{
    (void)state;
    refuse(socket(AF_INET, SOCK_STREAM, 0), "1");
    refuse(socket(AF_INET, SOCK_DGRAM, 0), "1");
    refuse(open("/dev/null", O_RDONLY), "1");
    refuse(-1, "1");
    refuse(-1, "17");
}

static void the_sixth_version_is_told_in_brackets(void **state)
{
    struct activation a;
    struct why why;
    char text[ACTIVATION_TEXT_ROOM];
    int aside = put_aside(FIRST);
    int fd = listen_port(true);

    (void)state;
    if (fd < 0) {
        print_message("# skipped: no IPv6 here\n");
        skip();
    }
    put_at(fd, FIRST);
    say_ours("1");
    CHECK_STATUS(activation_take(&a, &why), STATUS_OK);
    activation_text(&a, 0, text);
    assert_int_equal(strncmp(text, "[::]:", 5), 0);
    activation_fini(&a);
    put_back(aside, FIRST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_are_taken_once),
        cmocka_unit_test(what_is_not_for_us_is_left_alone),
        cmocka_unit_test(what_does_not_listen_is_refused),
        cmocka_unit_test(the_sixth_version_is_told_in_brackets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
