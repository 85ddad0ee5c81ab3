#define _GNU_SOURCE /* accept4: a descriptor must not leak into a child */
#include "proxy/io/listener.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/io/listen_address.h"
#include "proxy/io/loopback.h"

#define MODE_OWN        (S_IRUSR | S_IWUSR)
#define MODE_OTHERS     (MODE_OWN | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH)
#define ACCEPTS_MAX     8 /* in one turn, so that others get theirs */
#define SAME_PORT_TRIES 16

/* One socket that is listened on. */
struct door {
    struct listener *listener;
    uv_poll_t poll;
    int fd; /* owned */
};

/* Freed in the last close callback. */
struct listener {
    struct door doors[LISTENER_SOCKETS_MAX];
    size_t door_count;
    uv_timer_t rest;
    size_t open; /* handles that are not closed yet */
    int spare;   /* owned descriptor, given up to tell those who wait; -1 */
    bool over;
    uint16_t port;
    const struct log *log;
    bool (*admits)(void *ctx, uid_t uid);
    void (*on_accept)(void *ctx, struct conn *conn);
    void *ctx;
    char path[LISTENER_PATH_ROOM]; /* a file to be removed; "" if none */
};

/* --- addresses ----------------------------------------------------------- */

bool listener_is_loopback(const char *address)
{
    struct listen_address w;

    return listen_address_parse(address, &w) && w.loopback;
}

/* --- sockets ------------------------------------------------------------- */

static socklen_t size_of(const union listen_socket_address *at)
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
static bool is_stale(const union listen_socket_address *at)
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
static bool bind_own(int fd, const union listen_socket_address *at)
{
    /* Linux takes the file's mode from the socket's, so that there is no moment
     * at which anybody else can connect. */
    if (fchmod(fd, MODE_OWN) != 0)
        return false;
    if (bind(fd, &at->any, sizeof(at->path)) == 0)
        return true;
    return errno == EADDRINUSE && is_stale(at) &&
           unlink(at->path.sun_path) == 0 &&
           bind(fd, &at->any, sizeof(at->path)) == 0;
}

/* The umask would take others' bits from the socket's own mode. */
static bool bind_path(int fd, const union listen_socket_address *at,
                      bool others)
{
    return bind_own(fd, at) &&
           (!others || chmod(at->path.sun_path, MODE_OTHERS) == 0);
}

/* Who else may listen on the address, or connect to it. */
struct sharing {
    enum { SHARE_NONE, SHARE_FIRST, SHARE_JOIN } port;
    bool others; /* users, to a UNIX socket */
};

/* The first one becomes shared only once it is bound: so that it still fails
 * where a program that is none of ours shares the address. */
static bool bind_and_listen(int fd, const union listen_socket_address *at,
                            struct sharing sharing)
{
    int family = at->any.sa_family;

    if (family == AF_UNIX)
        return bind_path(fd, at, sharing.others) &&
               listen(fd, LISTENER_BACKLOG) == 0;
    return set_flag(fd, SOL_SOCKET, SO_REUSEADDR) &&
           (sharing.port != SHARE_JOIN ||
            set_flag(fd, SOL_SOCKET, SO_REUSEPORT)) &&
           (family != AF_INET6 || set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY)) &&
           bind(fd, &at->any, size_of(at)) == 0 &&
           (sharing.port != SHARE_FIRST ||
            set_flag(fd, SOL_SOCKET, SO_REUSEPORT)) &&
           listen(fd, LISTENER_BACKLOG) == 0;
}

/* A socket that listens; or -1 and errno. */
static int open_socket(const union listen_socket_address *at,
                       struct sharing sharing)
{
    int fd = socket(at->any.sa_family,
                    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0)
        loopback_unpaced(fd, &at->any);
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
    union listen_socket_address at = { 0 };
    socklen_t len = sizeof(at);

    if (getsockname(fd, &at.any, &len) != 0)
        return 0;
    if (at.any.sa_family == AF_INET)
        return ntohs(at.four.sin_port);
    return at.any.sa_family == AF_INET6 ? ntohs(at.six.sin6_port) : 0;
}

/* The second family listens where the first one does. */
static void use_port(struct listen_address *w, uint16_t port)
{
    for (size_t i = 0; i < w->count; i++) {
        if (w->at[i].any.sa_family == AF_INET)
            w->at[i].four.sin_port = htons(port);
        if (w->at[i].any.sa_family == AF_INET6)
            w->at[i].six.sin6_port = htons(port);
    }
}

static void close_sockets(struct listener_sockets *s)
{
    for (size_t i = 0; i < s->count; i++)
        (void)close(s->fds[i]); /* nothing was written to it */
    s->count = 0;
}

/* Open a socket for each address. One of two families may be missing on this
 * machine; a port that is taken in one of them may not: connections meant for
 * us would go to whoever has it. Returns 0 or an errno. */
static int open_sockets(struct listener_sockets *s, struct listen_address *w,
                        struct sharing sharing)
{
    int error = 0;

    for (size_t i = 0; i < w->count; i++) {
        int fd = open_socket(&w->at[i], sharing);

        if (fd >= 0) {
            s->fds[s->count++] = fd;
            s->port = port_of(fd);
            use_port(w, s->port);
            continue;
        }
        error = errno;
        if (error != EAFNOSUPPORT && error != EADDRNOTAVAIL) {
            close_sockets(s);
            return error;
        }
    }
    return s->count > 0 ? 0 : error;
}

/* As above; when the system chooses the port, it may choose one that is taken
 * in the other family. */
static int open_all(struct listener_sockets *s, struct listen_address *w,
                    struct sharing sharing)
{
    bool chosen = w->port == 0;
    int error = 0;

    for (int i = 0; i < SAME_PORT_TRIES; i++) {
        use_port(w, w->port);
        error = open_sockets(s, w, sharing);
        if (error != EADDRINUSE || !chosen)
            break;
    }
    return error;
}

/* A socket that listens where |fd| does; or -1 and errno. */
static int join_socket(int fd)
{
    union listen_socket_address at = { 0 };
    socklen_t len = sizeof(at);

    if (getsockname(fd, &at.any, &len) != 0)
        return -1;
    if (at.any.sa_family == AF_UNIX)
        return fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return open_socket(&at, (struct sharing){ .port = SHARE_JOIN });
}

/* Returns 0 or an errno. */
static int join_all(struct listener_sockets *s, const struct listener *first)
{
    for (size_t i = 0; i < first->door_count; i++) {
        int fd = join_socket(first->doors[i].fd);

        if (fd < 0) {
            int error = errno;

            close_sockets(s);
            return error;
        }
        s->fds[s->count++] = fd;
    }
    s->port = first->port;
    return 0;
}

/* Likewise: other descriptors of the same sockets. */
static int copy_all(struct listener_sockets *to,
                    const struct listener_sockets *from)
{
    for (size_t i = 0; i < from->count; i++) {
        int fd = fcntl(from->fds[i], F_DUPFD_CLOEXEC, 0);

        if (fd < 0) {
            int error = errno;

            close_sockets(to);
            return error;
        }
        to->fds[to->count++] = fd;
    }
    to->port = from->port;
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

/* Who is at |fd|, if it is a UNIX socket, as they were when they connected. */
static bool is_admitted(const struct listener *l, int fd)
{
    struct ucred who = { .uid = (uid_t)-1 };
    socklen_t len = sizeof(who);

    if (l->admits == NULL || l->port != 0)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
        l->admits(l->ctx, who.uid))
        return true;
    log_event(l->log, LOG_WARN, "listener.stranger",
              LOG_FIELDS(LOG_N("uid", who.uid)));
    return false;
}

static void take(struct listener *l, uv_loop_t *loop, int fd)
{
    struct conn *conn;

    if (!is_admitted(l, fd))
        (void)close(fd); /* nothing was written to it */
    else if (conn_from_fd(loop, fd, &conn) == STATUS_OK)
        l->on_accept(l->ctx, conn);
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

        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                       errno == ENOMEM)) {
            shed(l, door->fd);
            return;
        }
        if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        /* any other error is of the connection that was accepted */
        if (fd >= 0)
            take(l, poll->loop, fd);
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
    for (size_t i = 0; i < l->door_count; i++)
        (void)close(l->doors[i].fd); /* nothing was written to it */
    if (l->spare >= 0)
        (void)close(l->spare);
    if (l->path[0] != '\0')
        (void)unlink(l->path); /* or somebody did already */
}

static enum status bind_failed(const char *address, int error, struct why *why)
{
    enum status st = STATUS_NETWORK;

    if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT || error == ENOENT)
        st = STATUS_BAD_ADDRESS;
    if (error == EMFILE || error == ENFILE || error == ENOMEM)
        st = STATUS_LIMIT;
    (void)why_fail(why, st, "listen", NULL, "%s: %s", address,
                   uv_strerror(uv_translate_sys_error(error)));
    if (error == EADDRINUSE)
        return why_expect(why, "an address that no other program listens at");
    if (error == EACCES && address[0] != '/')
        return why_expect(why, "a port of 1024 or more, or the right to lower "
                               "ones");
    return st;
}

void listener_begin(struct listener *l)
{
    if (l != NULL)
        poll_all(l, true);
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
    return true;
}

static struct listener *listener_new(const struct listener_config *config,
                                     const struct listener_sockets *s)
{
    struct listener *l = calloc(1, sizeof(*l));

    if (l == NULL)
        return NULL;
    l->log = config->log;
    l->admits = config->admits;
    l->on_accept = config->on_accept;
    l->ctx = config->ctx;
    l->spare = -1;
    l->port = s->port;
    memcpy(l->path, s->path, sizeof(l->path));
    for (size_t i = 0; i < s->count; i++)
        l->doors[l->door_count++].fd = s->fds[i];
    return l;
}

/* Takes |s|, in every case. */
static enum status listener_start(uv_loop_t *loop, struct listener_sockets *s,
                                  const struct listener_config *config,
                                  struct listener **out, struct why *why)
{
    struct listener *l = listener_new(config, s);

    if (l == NULL) {
        listener_unbind(s);
        return why_fail(why, STATUS_NO_MEMORY, "listen", NULL, "no memory");
    }
    open_spare(l);
    if (!start(l, loop)) {
        listener_close(l);
        return why_fail(why, STATUS_NO_MEMORY, "listen", NULL, "no memory");
    }
    if (!config->waits)
        listener_begin(l);
    *out = l;
    return STATUS_OK;
}

static enum status bind_all(const char *address, struct sharing sharing,
                            struct listener_sockets *out, struct why *why)
{
    struct listen_address where;
    int error;

    *out = (struct listener_sockets){ 0 };
    if (!listen_address_parse(address, &where)) {
        (void)why_fail(why, STATUS_BAD_ADDRESS, "listen", NULL, "\"%s\"",
                       address);
        return why_expect(why, "localhost:PORT, 1.2.3.4:PORT, [v6]:PORT, "
                               "*:PORT or /path");
    }
    error = open_all(out, &where, sharing);
    if (error != 0)
        return bind_failed(address, error, why);
    if (where.at[0].any.sa_family == AF_UNIX)
        memcpy(out->path, where.at[0].path.sun_path, sizeof(out->path));
    return STATUS_OK;
}

enum status listener_open(uv_loop_t *loop, const struct listener_config *config,
                          struct listener **out, struct why *why)
{
    const struct sharing sharing = {
        .port = config->shared ? SHARE_FIRST : SHARE_NONE,
        .others = config->others,
    };
    struct listener_sockets s;
    enum status st = bind_all(config->address, sharing, &s, why);

    *out = NULL;
    return st != STATUS_OK ? st : listener_start(loop, &s, config, out, why);
}

static enum status share_failed(uint16_t port, int error, struct why *why)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "port %u", (unsigned)port);
    return bind_failed(text, error, why);
}

enum status listener_join(uv_loop_t *loop, const struct listener *first,
                          const struct listener_config *config,
                          struct listener **out, struct why *why)
{
    struct listener_sockets s = { 0 };
    int error = join_all(&s, first);

    *out = NULL;
    return error != 0 ? share_failed(first->port, error, why)
                      : listener_start(loop, &s, config, out, why);
}

enum status listener_bind(const char *address, bool others,
                          struct listener_sockets *out, struct why *why)
{
    const struct sharing sharing = {
        .others = others,
    };

    return bind_all(address, sharing, out, why);
}

void listener_unbind(struct listener_sockets *s)
{
    close_sockets(s);
    if (s->path[0] != '\0')
        (void)unlink(s->path); /* or somebody did already */
    *s = (struct listener_sockets){ 0 };
}

enum status listener_adopt(uv_loop_t *loop, const struct listener_sockets *s,
                           const struct listener_config *config,
                           struct listener **out, struct why *why)
{
    struct listener_sockets own = { 0 };
    int error = copy_all(&own, s);

    *out = NULL;
    return error != 0 ? share_failed(s->port, error, why)
                      : listener_start(loop, &own, config, out, why);
}

uint16_t listener_port(const struct listener *l)
{
    return l->port;
}
