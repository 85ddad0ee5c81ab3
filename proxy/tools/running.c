#include "proxy/tools/running.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/secret.h"
#include "common/text.h"
#include "proxy/local/paths.h"
#include "proxy/local/policy_file.h"

#define DEFAULT_PORT     8118
#define ANSWER_MAX_BYTES (2 * 1024 * 1024)
#define READ_BYTES       (16 * 1024)
#define WAIT_SECONDS     10
#define LOGIN_ROOM       (4 * ACCESS_WORD_MAX_BYTES)

void running_forget(struct running *r)
{
    access_secret_wipe(&r->secret);
    *r = (struct running){ 0 };
}

void running_text(const struct running *r, char out[POLICY_ADDRESS_ROOM])
{
    if (r->path[0] != '\0')
        (void)snprintf(out, POLICY_ADDRESS_ROOM, "%s", r->path);
    else
        target_text(&r->address, out);
}

/* False: nobody can tell its port, or it is another machine's. */
static bool take_address(const struct policy_address *a, struct running *out)
{
    struct why why;

    return a->port != 0 &&
           target_set(&out->address, slice_text(a->host), a->port, &why) ==
               STATUS_OK &&
           target_is_loopback(&out->address);
}

static bool take_first(const struct policy *policy, struct running *out)
{
    for (size_t i = 0; i < policy->listen_count; i++)
        if (take_address(&policy->listen[i], out))
            return true;
    out->address = (struct target){ 0 };
    for (size_t i = 0; i < policy->listen_count; i++) {
        if (policy->listen[i].host[0] != '/')
            continue;
        policy_address_text(&policy->listen[i], out->path, sizeof(out->path));
        return true;
    }
    return false;
}

/* |text| alone. */
static enum status read_address(const char *text, struct running *out,
                                struct why *why)
{
    enum status st;

    if (text[0] == '/' && strlen(text) < sizeof(out->path)) {
        memcpy(out->path, text, strlen(text) + 1);
        return STATUS_OK;
    }
    st = target_parse(&out->address, slice_text(text), DEFAULT_PORT, why);
    if (st != STATUS_OK || target_is_loopback(&out->address))
        return st;
    (void)why_fail(why, STATUS_BAD_ADDRESS, "proxy", NULL, "%s", text);
    return why_expect(why, "an address of this machine");
}

/* The secret is for nobody but who listens where the policy says. At a UNIX
 * socket none is asked. */
static bool is_of_policy(const struct running *r, const struct policy *policy)
{
    for (size_t i = 0; i < policy->listen_count; i++) {
        struct running own = { 0 };

        if (take_address(&policy->listen[i], &own) &&
            own.address.port == r->address.port)
            return true;
    }
    return false;
}

static enum status take_secret(const struct policy *policy, struct running *out,
                               struct why *why)
{
    if (policy->credentials == NULL || !is_of_policy(out, policy))
        return STATUS_OK;
    return access_secret_read(policy->credentials, &out->secret, why);
}

enum status running_of_policy(const struct policy *policy, struct running *out,
                              struct why *why)
{
    *out = (struct running){ 0 };
    if (take_first(policy, out))
        return take_secret(policy, out, why);
    return read_address("localhost", out, why);
}

/* The policy that `veritee run` would read; NULL if there is none. */
static struct policy *default_policy(void)
{
    char path[PATHS_ROOM];
    struct policy *policy = NULL;
    struct policy_error error;

    if (!paths_policy(path) ||
        policy_file_load(path, &policy, &error) != STATUS_OK)
        return NULL;
    return policy;
}

enum status running_address(const char *text, struct running *out,
                            struct why *why)
{
    struct policy *policy = default_policy();
    enum status st = STATUS_OK;

    *out = (struct running){ 0 };
    if (text == NULL && policy != NULL) {
        st = running_of_policy(policy, out, why);
    } else {
        st = read_address(text == NULL ? "localhost" : text, out, why);
        if (st == STATUS_OK && policy != NULL)
            st = take_secret(policy, out, why);
    }
    policy_free(policy);
    if (st != STATUS_OK)
        running_forget(out);
    return st;
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

static int dial_path(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    const struct addrinfo list = { .ai_family = AF_UNIX,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_addrlen = sizeof(at),
                                   .ai_addr = (struct sockaddr *)&at };

    errno = ENAMETOOLONG;
    if (strlen(path) >= sizeof(at.sun_path))
        return -1;
    memcpy(at.sun_path, path, strlen(path) + 1);
    return dial_first(&list);
}

static int dial_host(const char *host, const char *port)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_NUMERICSERV };
    struct addrinfo *list = NULL;
    int fd;

    if (getaddrinfo(host, port, &hints, &list) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    fd = dial_first(list);
    freeaddrinfo(list);
    return fd;
}

/* "localhost" is what it is to the proxy, whatever the system makes of the
 * name; errno is that of IPv4, which is always there. */
static int dial(const struct running *proxy)
{
    const char *host = proxy->address.host;
    char port[6];
    int fd;

    if (proxy->path[0] != '\0')
        return dial_path(proxy->path);
    (void)snprintf(port, sizeof(port), "%u", (unsigned)proxy->address.port);
    if (!text_same_word(slice_text(host), slice_text("localhost")))
        return dial_host(host, port);
    fd = dial_host("::1", port);
    return fd >= 0 ? fd : dial_host("127.0.0.1", port);
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

/* "Authorization: Basic ..." (RFC 7617), if anything is asked. */
static void put_login(const struct access_secret *secret, char out[LOGIN_ROOM])
{
    char pair[2 * ACCESS_WORD_MAX_BYTES + 2];
    char text[4 * (sizeof(pair) / 3 + 1) + 1];
    int len;

    out[0] = '\0';
    if (secret->password[0] == '\0')
        return;
    len = snprintf(pair, sizeof(pair), "%s:%s", secret->user, secret->password);
    text_base64(slice_of(pair, (size_t)len), text, sizeof(text));
    (void)snprintf(out, LOGIN_ROOM, "Authorization: Basic %s\r\n", text);
    secret_wipe(pair, sizeof(pair));
    secret_wipe(text, sizeof(text));
}

static bool send_request(int fd, const char *path, const struct running *proxy)
{
    char host[POLICY_ADDRESS_ROOM] = "localhost";
    char login[LOGIN_ROOM];
    char request[POLICY_ADDRESS_ROOM + LOGIN_ROOM + 64];
    int len;
    bool sent;

    if (proxy->path[0] == '\0')
        target_text(&proxy->address, host);
    put_login(&proxy->secret, login);
    len = snprintf(request, sizeof(request),
                   "GET %s HTTP/1.0\r\nHost: %s\r\n%s\r\n", path, host, login);
    sent = send_all(fd, request, (size_t)len);
    secret_wipe(login, sizeof(login));
    secret_wipe(request, sizeof(request));
    return sent;
}

/* Ask for |path|; the whole answer, up to the end of the connection, is added
 * to |answer|. */
static bool fetch(int fd, const char *path, const struct running *proxy,
                  struct buffer *answer)
{
    ssize_t got = 1;

    if (!send_request(fd, path, proxy))
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

static bool asks_login(struct slice answer)
{
    static const char code[] = "HTTP/1.1 401 ";

    return answer.len > sizeof(code) &&
           slice_equal(slice_of(answer.at, sizeof(code) - 1), slice_text(code));
}

enum status running_ask(const struct running *proxy, const char *path,
                        struct buffer *answer, struct slice *body,
                        struct why *why)
{
    char name[POLICY_ADDRESS_ROOM];
    int fd = dial(proxy);
    bool got;

    *answer = buffer_with_max(ANSWER_MAX_BYTES);
    *body = (struct slice){ 0 };
    running_text(proxy, name);
    if (fd < 0)
        return why_fail(why, STATUS_REFUSED, "proxy", NULL, "%s: %s", name,
                        strerror(errno));
    got = fetch(fd, path, proxy, answer);
    (void)close(fd); /* only read from */
    buffer_byte(answer, '\0');
    if (got && buffer_ok(answer) && asks_login(buffer_view(answer))) {
        buffer_free(answer);
        (void)why_fail(why, STATUS_NO_LOGIN, "proxy", NULL,
                       "%s: asks for credentials", name);
        return why_expect(why, "a policy that names them, as the proxy's does");
    }
    if (got && buffer_ok(answer) && body_of(buffer_view(answer), body))
        return STATUS_OK;
    buffer_free(answer);
    return why_fail(why, STATUS_BAD_FIELD, "proxy", NULL,
                    "%s: no such answer as a veritee would give", name);
}

enum status running_find(const struct running *proxy, struct why *why)
{
    static const char mark[] = "\nveritee_";
    struct buffer answer;
    struct slice body;
    char name[POLICY_ADDRESS_ROOM];
    enum status st = running_ask(proxy, "/metrics", &answer, &body, why);
    bool found;

    if (st != STATUS_OK)
        return st;
    /* body_of() has seen that there is no NUL but the last. */
    found = strstr((const char *)body.at, mark) != NULL;
    buffer_free(&answer);
    if (found)
        return STATUS_OK;
    running_text(proxy, name);
    return why_fail(why, STATUS_BAD_FIELD, "proxy", NULL,
                    "%s: another program listens there", name);
}
