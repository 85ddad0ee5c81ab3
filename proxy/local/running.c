#include "proxy/local/running.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "proxy/local/paths.h"
#include "proxy/local/policy_file.h"

#define DEFAULT_PORT     8118
#define ANSWER_MAX_BYTES (2 * 1024 * 1024)
#define READ_BYTES       (16 * 1024)
#define WAIT_SECONDS     10

/* The first address of the default policy, if there is one with a port. */
static bool policy_address(struct target *out)
{
    char path[PATHS_ROOM];
    struct policy *policy = NULL;
    struct policy_error error;
    struct why why;
    bool found;

    if (!paths_policy(path) ||
        policy_file_load(path, &policy, &error) != STATUS_OK)
        return false;
    found = policy->listen[0].port != 0 &&
            target_set(out, slice_text(policy->listen[0].host),
                       policy->listen[0].port, &why) == STATUS_OK &&
            target_is_loopback(out);
    policy_free(policy);
    return found;
}

enum status running_address(const char *text, struct target *out,
                            struct why *why)
{
    enum status st;

    if (text == NULL && policy_address(out))
        return STATUS_OK;
    if (text == NULL)
        text = "localhost";
    st = target_parse(out, slice_text(text), DEFAULT_PORT, why);
    if (st != STATUS_OK)
        return st;
    if (target_is_loopback(out))
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_ADDRESS, "proxy", NULL, "%s", text);
    return why_expect(why, "an address of this machine");
}

/* A socket for one of |list|, or -1 with errno set. */
static int dial_first(const struct addrinfo *list)
{
    const struct timeval wait = { .tv_sec = WAIT_SECONDS };

    errno = EADDRNOTAVAIL;
    for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
        int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC,
                        at->ai_protocol);

        if (fd < 0)
            continue;
        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
            connect(fd, at->ai_addr, at->ai_addrlen) == 0)
            return fd;
        (void)close(fd); /* nothing was written */
    }
    return -1;
}

static int dial(const struct target *proxy)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_NUMERICSERV };
    struct addrinfo *list = NULL;
    char port[6];
    int fd;

    (void)snprintf(port, sizeof(port), "%u", (unsigned)proxy->port);
    if (getaddrinfo(proxy->host, port, &hints, &list) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    fd = dial_first(list);
    freeaddrinfo(list);
    return fd;
}

static bool send_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        text += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* Ask for |path|; the whole answer, up to the end of the connection, is added
 * to |answer|. */
static bool fetch(int fd, const char *path, const char *host,
                  struct buffer *answer)
{
    char request[TARGET_TEXT_ROOM + 64];
    int len = snprintf(request, sizeof(request),
                       "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", path, host);
    ssize_t got = 1;

    if (!send_all(fd, request, (size_t)len))
        return false;
    while (got > 0) {
        uint8_t *room = buffer_reserve(answer, READ_BYTES);

        if (room == NULL)
            return false;
        got = recv(fd, room, READ_BYTES, 0);
        if (got > 0)
            buffer_commit(answer, (size_t)got);
    }
    return got == 0;
}

/* The body of |answer|; false if it is not one that says 200, whole. */
static bool body_of(struct slice answer, struct slice *body)
{
    static const char ok[] = "HTTP/1.1 200 ";
    static const char length[] = "\r\nContent-Length: ";
    char want[32];
    const char *text = (const char *)answer.at;
    const char *end;

    if (answer.len < sizeof(ok) ||
        !slice_equal(slice_of(answer.at, sizeof(ok) - 1), slice_text(ok)) ||
        memchr(text, '\0', answer.len - 1) != NULL)
        return false;
    end = strstr(text, "\r\n\r\n");
    if (end == NULL)
        return false;
    *body = slice_of((const uint8_t *)end + 4,
                     answer.len - 1 - (size_t)(end + 4 - text));
    (void)snprintf(want, sizeof(want), "%s%zu\r\n", length, body->len);
    text = strstr(text, want);
    return text != NULL && text < end;
}

enum status running_ask(const struct target *proxy, const char *path,
                        struct buffer *answer, struct slice *body,
                        struct why *why)
{
    char name[TARGET_TEXT_ROOM];
    int fd = dial(proxy);
    bool got;

    *answer = buffer_with_max(ANSWER_MAX_BYTES);
    *body = (struct slice){ 0 };
    target_text(proxy, name);
    if (fd < 0)
        return why_fail(why, STATUS_REFUSED, "proxy", NULL, "%s: %s", name,
                        strerror(errno));
    got = fetch(fd, path, name, answer);
    (void)close(fd); /* only read from */
    buffer_byte(answer, '\0');
    if (got && buffer_ok(answer) && body_of(buffer_view(answer), body))
        return STATUS_OK;
    buffer_free(answer);
    return why_fail(why, STATUS_BAD_FIELD, "proxy", NULL,
                    "%s: no such answer as a veritee would give", name);
}

enum status running_find(const struct target *proxy, struct why *why)
{
    static const char mark[] = "\nveritee_";
    struct buffer answer;
    struct slice body;
    char name[TARGET_TEXT_ROOM];
    enum status st = running_ask(proxy, "/metrics", &answer, &body, why);
    bool found;

    if (st != STATUS_OK)
        return st;
    /* body_of() has seen that there is no NUL but the last. */
    found = strstr((const char *)body.at, mark) != NULL;
    buffer_free(&answer);
    if (found)
        return STATUS_OK;
    target_text(proxy, name);
    return why_fail(why, STATUS_BAD_FIELD, "proxy", NULL,
                    "%s: another program listens there", name);
}
