#include "proxy/io/activation.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "proxy/io/listen_address.h"

#define FIRST_FD 3

/* How many there are for this process; 0 if what is said makes no sense. */
static size_t count_passed(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *fds = getenv("LISTEN_FDS");
    uint64_t who;
    uint64_t count;

    if (pid == NULL || fds == NULL ||
        !text_from_decimal(slice_text(pid), INT32_MAX, &who) ||
        !text_from_decimal(slice_text(fds), INT32_MAX - FIRST_FD, &count))
        return 0;
    return (pid_t)who == getpid() ? (size_t)count : 0;
}

bool activation_expected(void)
{
    return count_passed() > 0;
}

static bool has_option(int fd, int option, int want)
{
    int value = 0;
    socklen_t len = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 &&
           value == want;
}

/* As our own are: no child inherits it, and nothing waits. */
static bool make_ours(int fd)
{
    const int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
           fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static bool address_of(int fd, union listen_socket_address *at)
{
    socklen_t len = sizeof(*at);

    *at = (union listen_socket_address){ 0 };
    return getsockname(fd, &at->any, &len) == 0;
}

static uint16_t port_of(const union listen_socket_address *at)
{
    if (at->any.sa_family == AF_INET)
        return ntohs(at->four.sin_port);
    return at->any.sa_family == AF_INET6 ? ntohs(at->six.sin6_port) : 0;
}

static enum status take(int fd, struct activation *out, struct why *why)
{
    union listen_socket_address at;
    struct listener_sockets *s = &out->sockets[out->count];

    if (!has_option(fd, SO_TYPE, SOCK_STREAM) ||
        !has_option(fd, SO_ACCEPTCONN, 1) || !make_ours(fd) ||
        !address_of(fd, &at)) {
        (void)why_fail(why, STATUS_BAD_CONFIG, "listen", "sd_listen_fds(3)",
                       "descriptor %d", fd);
        return why_expect(why, "a socket that listens, as ListenStream= makes");
    }
    *s = (struct listener_sockets){ .fds = { fd },
                                    .count = 1,
                                    .port = port_of(&at) };
    out->count++;
    return STATUS_OK;
}

static void forget(void)
{
    (void)unsetenv("LISTEN_PID"); /* fail for bad names only */
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
}

enum status activation_take(struct activation *out, struct why *why)
{
    const size_t count = count_passed();
    enum status st = STATUS_OK;

    *out = (struct activation){ 0 };
    forget();
    if (count > ACTIVATION_SOCKETS_MAX) {
        (void)why_fail(why, STATUS_BAD_CONFIG, "listen", "sd_listen_fds(3)",
                       "%zu sockets", count);
        return why_expect(why, "at most %d", ACTIVATION_SOCKETS_MAX);
    }
    for (size_t i = 0; i < count && st == STATUS_OK; i++)
        st = take(FIRST_FD + (int)i, out, why);
    if (st != STATUS_OK)
        activation_fini(out);
    return st;
}

void activation_fini(struct activation *a)
{
    while (a->count > 0)
        listener_unbind(&a->sockets[--a->count]);
}

void activation_text(const struct activation *a, size_t i,
                     char out[ACTIVATION_TEXT_ROOM])
{
    char host[INET6_ADDRSTRLEN] = "";
    union listen_socket_address at;

    (void)snprintf(out, ACTIVATION_TEXT_ROOM, "unix");
    if (!address_of(a->sockets[i].fds[0], &at))
        return;
    if (at.any.sa_family == AF_INET &&
        inet_ntop(AF_INET, &at.four.sin_addr, host, sizeof(host)) != NULL)
        (void)snprintf(out, ACTIVATION_TEXT_ROOM, "%s:%u", host,
                       (unsigned)port_of(&at));
    if (at.any.sa_family == AF_INET6 &&
        inet_ntop(AF_INET6, &at.six.sin6_addr, host, sizeof(host)) != NULL)
        (void)snprintf(out, ACTIVATION_TEXT_ROOM, "[%s]:%u", host,
                       (unsigned)port_of(&at));
    if (at.any.sa_family == AF_UNIX && at.path.sun_path[0] == '/')
        (void)snprintf(out, ACTIVATION_TEXT_ROOM, "%.*s",
                       ACTIVATION_TEXT_ROOM - 1, at.path.sun_path);
}
