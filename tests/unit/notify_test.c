/* What the service manager hears, through a socket that stands for its. */
#include "proxy/io/notify.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/folder.h"

static int listen_at(const char *path, size_t len)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    memcpy(at.sun_path, path, len);
    assert_int_equal(bind(fd, (struct sockaddr *)&at,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
                                      len)),
                     0);
    return fd;
}

static void expect(int fd, const char *text)
{
    char got[128] = "";

    assert_int_equal(recv(fd, got, sizeof(got) - 1, 0), strlen(text));
    assert_string_equal(got, text);
}

static void a_manager_at_a_path_hears(void **state)
{
    struct folder folder;
    char path[sizeof(folder.path) + 16];
    int fd;

    (void)state;
    folder_make(&folder);
    (void)snprintf(path, sizeof(path), "%s/notify", folder.path);
    fd = listen_at(path, strlen(path));
    (void)setenv("NOTIFY_SOCKET", path, 1);
    notify_manager("READY=1\nSTATUS=up");
    expect(fd, "READY=1\nSTATUS=up");
    (void)close(fd);
    folder_remove(&folder);
}

static void a_manager_with_an_abstract_name_hears(void **state)
{
    char name[64];
    int fd;

    (void)state;
    (void)snprintf(name, sizeof(name), "@veritee-notify-%ld", (long)getpid());
    (void)setenv("NOTIFY_SOCKET", name, 1);
    name[0] = '\0';
    fd = listen_at(name, 1 + strlen(name + 1));
    notify_manager("STOPPING=1");
    expect(fd, "STOPPING=1");
    (void)close(fd);
}

static void nobody_is_no_trouble(void **state)
{
    char longest[300];

    (void)state;
    memset(longest, '/', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    (void)unsetenv("NOTIFY_SOCKET");
    notify_manager("READY=1");
    for (size_t i = 0; i < 4; i++) {
        const char *const named[] = { "", "relative", "/nobody/here", longest };

        (void)setenv("NOTIFY_SOCKET", named[i], 1);
        notify_manager("READY=1");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manager_at_a_path_hears),
        cmocka_unit_test(a_manager_with_an_abstract_name_hears),
        cmocka_unit_test(nobody_is_no_trouble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
