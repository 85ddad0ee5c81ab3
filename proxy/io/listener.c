#define _GNU_SOURCE /* accept4: a descriptor must not leak into a child */
#include "proxy/io/listener.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/text.h"

#define SOCKETS_MAX     2  /* one a family */
#define ACCEPTS_MAX     64 /* in one turn, so that others get theirs */
#define SAME_PORT_TRIES 16

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_un path;
};

/* One socket that is listened on. */
struct door {
    struct listener *listener;
    uv_poll_t poll;
    int fd; /* owned */
};

/* Freed in the last close callback. */
struct listener {
    struct door doors[SOCKETS_MAX];
    size_t door_count;
    uv_timer_t rest;
    size_t open; /* handles that are not closed yet */
    int spare;   /* owned descriptor, given up to tell those who wait; -1 */
    bool over;
    uint16_t port;
    const struct log *log;
    void (*on_accept)(void *ctx, struct conn *conn);
    void *ctx;
    struct sockaddr_un path; /* to be removed; empty if none */
};

/* What an address text means. */
struct where {
    union address at[SOCKETS_MAX];
    size_t count;
    uint16_t port;
    bool loopback;
};

/* --- addresses ----------------------------------------------------------- */

static void add_four(struct where *w, struct in_addr ip)
{
    w->at[w->count++].four = (struct sockaddr_in){ .sin_family = AF_INET,
                                                   .sin_addr = ip,
                                                   .sin_port = htons(w->port) };
}

static void add_six(struct where *w, struct in6_addr ip)
{
    w->at[w->count++].six = (struct sockaddr_in6){
        .sin6_family = AF_INET6, .sin6_addr = ip, .sin6_port = htons(w->port)
    };
}

static bool parse_path(const char *address, struct where *w)
{
    struct sockaddr_un *to = &w->at[0].path;
    size_t len = strlen(address);

    *to = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (len >= sizeof(to->sun_path))
        return false;
    memcpy(to->sun_path, address, len + 1);
    w->count = 1;
    w->loopback = true;
    return true;
}

/* The host part, already cut off and terminated. */
static bool parse_host(const char *host, bool bracketed, struct where *w)
{
    const struct in_addr any = { htonl(INADDR_ANY) };
    const struct in_addr loopback = { htonl(INADDR_LOOPBACK) };
    struct in_addr four;
    struct in6_addr six;

    if (bracketed) {
        if (inet_pton(AF_INET6, host, &six) != 1)
            return false;
        w->loopback = IN6_IS_ADDR_LOOPBACK(&six);
        add_six(w, six);
    } else if (text_same_word(slice_text(host), slice_text("localhost"))) {
        w->loopback = true;
        add_four(w, loopback);
        add_six(w, in6addr_loopback);
    } else if (strcmp(host, "*") == 0) {
        add_four(w, any);
        add_six(w, in6addr_any);
    } else if (inet_pton(AF_INET, host, &four) == 1) {
        w->loopback = ntohl(four.s_addr) >> 24 == 127;
        add_four(w, four);
    } else {
        return false;
    }
    return true;
}

static bool parse_address(const char *address, struct where *w)
{
    const char *colon = strrchr(address, ':');
    bool bracketed = address[0] == '[';
    char host[INET6_ADDRSTRLEN];
    uint64_t port;
    size_t len;

    *w = (struct where){ 0 };
    if (address[0] == '/')
        return parse_path(address, w);
    if (colon == NULL ||
        !text_from_decimal(slice_text(colon + 1), UINT16_MAX, &port))
        return false;
    w->port = (uint16_t)port;
    len = (size_t)(colon - address);
    if (bracketed) {
        if (len < 2 || address[len - 1] != ']')
            return false;
        address++;
        len -= 2;
    }
    if (len >= sizeof(host))
        return false;
    memcpy(host, address, len);
    host[len] = '\0';
    return parse_host(host, bracketed, w);
}

bool listener_is_loopback(const char *address)
{
    struct where w;

    return parse_address(address, &w) && w.loopback;
}

/* --- sockets ------------------------------------------------------------- */

static socklen_t size_of(const union address *at)
{
    switch (at->any.sa_family) {
    case AF_INET:
        return sizeof(at->four);
    case AF_INET6:
        return sizeof(at->six);
    default:
        return sizeof(at->path);
    }
}

static bool set_flag(int fd, int level, int option)
{
    const int on = 1;

    return setsockopt(fd, level, option, &on, sizeof(on)) == 0;
}

/* A socket that a process which is gone has left? errno says EADDRINUSE when
 * it answers, or is another kind of file. */
static bool is_stale(const union address *at)
{
    struct stat st;
    bool refused;
    int probe;

    probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return false;
    refused = connect(probe, &at->any, sizeof(at->path)) != 0 &&
              errno == ECONNREFUSED;
    (void)close(probe); /* nothing was written to it */
    errno = EADDRINUSE;
    return refused && lstat(at->path.sun_path, &st) == 0 &&
           S_ISSOCK(st.st_mode);
}

/* Bind a UNIX socket that only this user may use. */
static bool bind_path(int fd, const union address *at)
{
    /* Linux takes the file's mode from the socket's. */
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0)
        return false;
    if (bind(fd, &at->any, sizeof(at->path)) == 0)
        return true;
    return errno == EADDRINUSE && is_stale(at) &&
           unlink(at->path.sun_path) == 0 &&
           bind(fd, &at->any, sizeof(at->path)) == 0;
}

/* Who else may listen on the address. */
enum sharing { SHARE_NONE, SHARE_FIRST, SHARE_JOIN };

/* The first one becomes shared only once it is bound: so that it still fails
 * where a program that is none of ours shares the address. */
static bool bind_and_listen(int fd, const union address *at,
                            enum sharing sharing)
{
    int family = at->any.sa_family;

    if (family == AF_UNIX)
        return bind_path(fd, at) && listen(fd, LISTENER_BACKLOG) == 0;
    return set_flag(fd, SOL_SOCKET, SO_REUSEADDR) &&
           (sharing != SHARE_JOIN || set_flag(fd, SOL_SOCKET, SO_REUSEPORT)) &&
           (family != AF_INET6 || set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY)) &&
           bind(fd, &at->any, size_of(at)) == 0 &&
           (sharing != SHARE_FIRST || set_flag(fd, SOL_SOCKET, SO_REUSEPORT)) &&
           listen(fd, LISTENER_BACKLOG) == 0;
}

/* A socket that listens; or -1 and errno. */
static int open_socket(const union address *at, enum sharing sharing)
{
    int fd = socket(at->any.sa_family,
                    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && !bind_and_listen(fd, at, sharing)) {
        int saved = errno;

        (void)close(fd); /* nothing was written to it */
        errno = saved;
        return -1;
    }
    return fd;
}

static uint16_t port_of(int fd)
{
    union address at = { 0 };
    socklen_t len = sizeof(at);

    if (getsockname(fd, &at.any, &len) != 0)
        return 0;
    if (at.any.sa_family == AF_INET)
        return ntohs(at.four.sin_port);
    return at.any.sa_family == AF_INET6 ? ntohs(at.six.sin6_port) : 0;
}

/* The second family listens where the first one does. */
static void use_port(struct where *w, uint16_t port)
{
    for (size_t i = 0; i < w->count; i++) {
        if (w->at[i].any.sa_family == AF_INET)
            w->at[i].four.sin_port = htons(port);
        if (w->at[i].any.sa_family == AF_INET6)
            w->at[i].six.sin6_port = htons(port);
    }
}

static void close_doors(struct listener *l)
{
    for (size_t i = 0; i < l->door_count; i++)
        (void)close(l->doors[i].fd); /* nothing was written to it */
    l->door_count = 0;
}

/* Open a socket for each address. One of two families may be missing on this
 * machine; a port that is taken in one of them may not: connections meant for
 * us would go to whoever has it. Returns 0 or an errno. */
static int open_doors(struct listener *l, struct where *w, enum sharing sharing)
{
    int error = 0;

    for (size_t i = 0; i < w->count; i++) {
        int fd = open_socket(&w->at[i], sharing);

        if (fd >= 0) {
            l->doors[l->door_count++].fd = fd;
            l->port = port_of(fd);
            use_port(w, l->port);
            continue;
        }
        error = errno;
        if (error != EAFNOSUPPORT && error != EADDRNOTAVAIL) {
            close_doors(l);
            return error;
        }
    }
    return l->door_count > 0 ? 0 : error;
}

/* As above; when the system chooses the port, it may choose one that is taken
 * in the other family. */
static int open_all(struct listener *l, struct where *w, enum sharing sharing)
{
    bool chosen = w->port == 0;
    int error = 0;

    for (int i = 0; i < SAME_PORT_TRIES; i++) {
        use_port(w, w->port);
        error = open_doors(l, w, sharing);
        if (error != EADDRINUSE || !chosen)
            break;
    }
    return error;
}

/* A socket that listens where |fd| does; or -1 and errno. */
static int join_socket(int fd)
{
    union address at = { 0 };
    socklen_t len = sizeof(at);

    if (getsockname(fd, &at.any, &len) != 0)
        return -1;
    if (at.any.sa_family == AF_UNIX)
        return fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return open_socket(&at, SHARE_JOIN);
}

/* Returns 0 or an errno. */
static int join_all(struct listener *l, const struct listener *first)
{
    int error;

    for (size_t i = 0; i < first->door_count; i++) {
        int fd = join_socket(first->doors[i].fd);

        if (fd < 0) {
            error = errno;
            close_doors(l);
            return error;
        }
        l->doors[l->door_count++].fd = fd;
    }
    l->port = first->port;
    return 0;
}

/* --- accepting ----------------------------------------------------------- */

static void on_ready(uv_poll_t *poll, int rc, int events);

static void poll_all(struct listener *l, bool on)
{
    for (size_t i = 0; i < l->door_count; i++) {
        /* neither can fail: the descriptor is ours and was polled before */
        if (on)
            (void)uv_poll_start(&l->doors[i].poll, UV_READABLE, on_ready);
        else
            (void)uv_poll_stop(&l->doors[i].poll);
    }
}

static void on_rested(uv_timer_t *timer)
{
    struct listener *l = timer->data;

    poll_all(l, true);
}

static void open_spare(struct listener *l)
{
    if (l->spare < 0)
        l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* No descriptor is left: let those who wait know by closing them, and rest.
 * Otherwise they would hang, and we would be woken for them again at once. */
static void shed(struct listener *l, int fd)
{
    unsigned closed = 0;
    int waiting;

    if (l->spare >= 0) {
        (void)close(l->spare);
        l->spare = -1;
        while (closed < LISTENER_BACKLOG) {
            waiting = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (waiting < 0)
                break;
            (void)close(waiting); /* nothing was written to it */
            closed++;
        }
        open_spare(l);
    }
    log_event(l->log, LOG_WARN, "listener.full",
              LOG_FIELDS(LOG_N("port", l->port), LOG_N("closed", closed)));
    poll_all(l, false);
    (void)uv_timer_start(&l->rest, on_rested, LISTENER_REST_MS, 0);
}

static void on_ready(uv_poll_t *poll, int rc, int events)
{
    struct door *door = poll->data;
    struct listener *l = door->listener;

    (void)rc; /* accept says what is wrong, if something is */
    (void)events;
    open_spare(l);
    for (unsigned i = 0; i < ACCEPTS_MAX && !l->over; i++) {
        int fd = accept4(door->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        struct conn *conn;

        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                       errno == ENOMEM)) {
            shed(l, door->fd);
            return;
        }
        if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        /* any other error is of the connection that was accepted */
        if (fd >= 0 && conn_from_fd(poll->loop, fd, &conn) == STATUS_OK)
            l->on_accept(l->ctx, conn);
    }
}

/* --- life ---------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    struct listener *l = handle->type == UV_POLL
                             ? ((struct door *)handle->data)->listener
                             : handle->data;

    assert(l->over && l->open > 0);
    if (--l->open == 0)
        free(l);
}

void listener_close(struct listener *l)
{
    if (l == NULL)
        return;
    assert(!l->over);
    l->over = true;
    for (size_t i = 0; i < l->door_count; i++)
        uv_close((uv_handle_t *)&l->doors[i].poll, on_closed);
    uv_close((uv_handle_t *)&l->rest, on_closed);
    close_doors(l);
    if (l->spare >= 0)
        (void)close(l->spare);
    if (l->path.sun_path[0] != '\0')
        (void)unlink(l->path.sun_path); /* or somebody did already */
}

static enum status bind_failed(const char *address, int error, struct why *why)
{
    enum status st = STATUS_NETWORK;

    if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT || error == ENOENT)
        st = STATUS_BAD_ADDRESS;
    if (error == EMFILE || error == ENFILE || error == ENOMEM)
        st = STATUS_LIMIT;
    return why_fail(why, st, "listen", NULL, "%s: %s", address,
                    uv_strerror(uv_translate_sys_error(error)));
}

/* Hand the open sockets to the loop. */
static bool start(struct listener *l, uv_loop_t *loop)
{
    (void)uv_timer_init(loop, &l->rest); /* cannot fail */
    l->rest.data = l;
    l->open = 1;
    for (size_t i = 0; i < l->door_count; i++) {
        struct door *door = &l->doors[i];

        door->listener = l;
        if (uv_poll_init(loop, &door->poll, door->fd) != 0) {
            while (l->door_count > i) /* those libuv does not know of */
                (void)close(l->doors[--l->door_count].fd);
            return false;
        }
        door->poll.data = door;
        l->open++;
    }
    poll_all(l, true);
    return true;
}

static struct listener *listener_new(const struct listener_config *config)
{
    struct listener *l = calloc(1, sizeof(*l));

    if (l == NULL)
        return NULL;
    l->log = config->log;
    l->on_accept = config->on_accept;
    l->ctx = config->ctx;
    l->spare = -1;
    return l;
}

/* The sockets are there: |l| is the loop's, or gone. */
static enum status listener_start(struct listener *l, uv_loop_t *loop,
                                  struct listener **out, struct why *why)
{
    open_spare(l);
    if (!start(l, loop)) {
        listener_close(l);
        return why_fail(why, STATUS_NO_MEMORY, "listen", NULL, "no memory");
    }
    *out = l;
    return STATUS_OK;
}

enum status listener_open(uv_loop_t *loop, const struct listener_config *config,
                          struct listener **out, struct why *why)
{
    struct where where;
    struct listener *l;
    int error;

    *out = NULL;
    if (!parse_address(config->address, &where)) {
        (void)why_fail(why, STATUS_BAD_ADDRESS, "listen", NULL, "\"%s\"",
                       config->address);
        return why_expect(why, "localhost:PORT, 1.2.3.4:PORT, [v6]:PORT, "
                               "*:PORT or /path");
    }
    l = listener_new(config);
    if (l == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "listen", NULL, "no memory");
    error = open_all(l, &where, config->shared ? SHARE_FIRST : SHARE_NONE);
    if (error != 0) {
        free(l);
        return bind_failed(config->address, error, why);
    }
    if (where.at[0].any.sa_family == AF_UNIX)
        l->path = where.at[0].path;
    return listener_start(l, loop, out, why);
}

enum status listener_join(uv_loop_t *loop, const struct listener *first,
                          const struct listener_config *config,
                          struct listener **out, struct why *why)
{
    struct listener *l = listener_new(config);
    char port[16];
    int error;

    *out = NULL;
    if (l == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "listen", NULL, "no memory");
    error = join_all(l, first);
    if (error != 0) {
        free(l);
        (void)snprintf(port, sizeof(port), "port %u", (unsigned)first->port);
        return bind_failed(port, error, why);
    }
    return listener_start(l, loop, out, why);
}

uint16_t listener_port(const struct listener *l)
{
    return l->port;
}
