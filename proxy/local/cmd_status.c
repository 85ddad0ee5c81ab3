#include "proxy/local/cmd_status.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/utf8.h"
#include "proxy/local/target.h"

#define DEFAULT_PORT     8118
#define ANSWER_MAX_BYTES (2 * 1024 * 1024)
#define READ_BYTES       (16 * 1024)
#define WAIT_SECONDS     10

struct options {
    const char *proxy;
    bool json;
};

#define FIELD(name) offsetof(struct options, name)

static const struct command_option known[] = {
    { "json", 0, OPTION_FLAG, FIELD(json), NULL,
      "print /status.json as it is" },
    { "proxy", 0, OPTION_TEXT, FIELD(proxy), "HOST:PORT",
      "where it listens; default: localhost:8118" },
    { .name = NULL },
};

const struct command cmd_status_command = {
    .name = "status",
    .what = "say what the running proxy trusts",
    .synopsis = "[--json] [--proxy HOST:PORT]",
    .about =
        "Say what the proxy that runs on this machine trusts, and why not.\n",
    .options = known,
    .exits = "0 when it answered; 1 when it did not; 2 for usage.\n",
    .examples = "veritee status\n"
                "veritee status --json\n",
    .main = cmd_status_main,
};

static int no_answer(const char *proxy, const char *what)
{
    return command_fail(&cmd_status_command, COMMAND_BAD, "%s: %s", proxy,
                        what);
}

/* Returns -1 to go on, else the exit status. */
static int find_proxy(const char *text, struct target *out)
{
    struct why why;

    if (target_parse(out, slice_text(text), DEFAULT_PORT, &why) != STATUS_OK)
        return command_fail(&cmd_status_command, COMMAND_TROUBLE,
                            "%s: not HOST:PORT", text);
    if (!target_is_loopback(out))
        return command_fail(&cmd_status_command, COMMAND_TROUBLE,
                            "%s: not on this machine", text);
    return -1;
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

/* Whether a terminal shows |c|, and does nothing else: C1 controls are two
 * bytes of UTF-8. */
static bool is_harmless(struct slice c)
{
    if (c.len == 1)
        return (c.at[0] >= ' ' && c.at[0] < 0x7f) || c.at[0] == '\n';
    return c.len > 2 || (c.len == 2 && (c.at[0] != 0xc2 || c.at[1] > 0x9f));
}

/* To a terminal, perhaps: whoever listens there may be another program. */
static bool print(struct slice body)
{
    while (body.len > 0) {
        size_t len = utf8_length(body);
        struct slice c = slice_of(body.at, len);

        if (!is_harmless(c))
            c = slice_text("?");
        if (fwrite(c.at, 1, c.len, stdout) != c.len)
            return false;
        len = MAX_OF(len, 1u);
        body = slice_of(body.at + len, body.len - len);
    }
    return fflush(stdout) == 0;
}

static int show(const struct options *o, const struct target *proxy,
                struct buffer *answer)
{
    const char *path = o->json ? "/status.json" : "/status.txt";
    char name[TARGET_TEXT_ROOM];
    struct slice body;
    int fd = dial(proxy);
    bool got;

    target_text(proxy, name);
    if (fd < 0)
        return no_answer(name, strerror(errno));
    got = fetch(fd, path, name, answer);
    (void)close(fd); /* only read from */
    buffer_byte(answer, '\0');
    if (!got || !buffer_ok(answer) || !body_of(buffer_view(answer), &body))
        return no_answer(name, "no such answer as a veritee would give");
    return print(body) ? COMMAND_GOOD : COMMAND_TROUBLE;
}

int cmd_status_main(int argc, char **argv)
{
    struct buffer answer = buffer_with_max(ANSWER_MAX_BYTES);
    struct options o = { .proxy = "localhost" };
    struct target proxy;
    char **operands;
    int code = command_read(&cmd_status_command, argc, argv, &o, &operands);

    if (code == -1)
        code = find_proxy(o.proxy, &proxy);
    if (code != -1)
        return code;
    code = show(&o, &proxy, &answer);
    buffer_free(&answer);
    return code;
}
