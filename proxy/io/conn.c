#include "proxy/io/conn.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/io/conn_parts.h"
#include "proxy/io/loopback.h"
#include "proxy/io/status_from_uv.h"
#include "proxy/io/tls.h"

#define KEEP_ALIVE_SECONDS 60
#define DROP_BYTES         4096

/* --- life ---------------------------------------------------------------- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;

    assert(c->state == CONN_CLOSING && c->handles > 0);
    if (--c->handles > 0)
        return;
    conn_out_free(c);
    buffer_free(&c->unread);
    tls_free(c->tls);
    free(c->drop);
    free(c);
}

/* Close the handles; the memory follows. Any number of times. */
static void close_handles(struct conn *c)
{
    if (c->state == CONN_CLOSING)
        return;
    assert(!c->asking);
    c->state = CONN_CLOSING;
    gather_parts_forget(c);
    /* From here libuv touches no byte of what is still to be written: its
     * callbacks only say UV_ECANCELED. */
    uv_close(&c->io.handle, on_handle_closed);
    uv_close((uv_handle_t *)&c->timer, on_handle_closed);
    uv_close((uv_handle_t *)&c->kick, on_handle_closed);
}

/* A conn with its handles, and an unconnected TCP socket if |family| is AF_INET
 * or AF_INET6. NULL: |*rc| is a number of libuv's. */
static struct conn *conn_new(uv_loop_t *loop, int family, int *rc)
{
    struct conn *c = calloc(1, sizeof(*c));

    *rc = UV_ENOMEM;
    if (c == NULL)
        return NULL;
    *rc = family == AF_UNIX
              ? uv_pipe_init(loop, &c->io.pipe, 0)
              : uv_tcp_init_ex(loop, &c->io.tcp, (unsigned)family);
    if (*rc != 0) {
        free(c); /* libuv knows of no handle yet */
        return NULL;
    }
    (void)uv_timer_init(loop, &c->timer); /* neither can fail */
    (void)uv_idle_init(loop, &c->kick);
    c->io.handle.data = c;
    c->timer.data = c;
    c->kick.data = c;
    c->handles = 3;
    c->next = buffer_with_max(INT_MAX);
    c->flight = c->next;
    c->unread = c->next;
    return c;
}

/* Now that there is a socket. Both are best effort: a connection without them
 * is slower, not wrong. */
static void tune(struct conn *c)
{
    if (c->io.handle.type != UV_TCP)
        return;
    (void)uv_tcp_nodelay(&c->io.tcp, 1);
    if (!c->loopback)
        (void)uv_tcp_keepalive(&c->io.tcp, 1, KEEP_ALIVE_SECONDS);
}

enum status conn_from_fd(uv_loop_t *loop, int fd, struct conn **out)
{
    struct sockaddr_storage own = { 0 };
    socklen_t len = sizeof(own);
    struct conn *c;
    int rc;

    *out = NULL;
    if (getsockname(fd, (struct sockaddr *)&own, &len) != 0) {
        (void)close(fd); /* nothing was written to it */
        return STATUS_NETWORK;
    }
    c = conn_new(loop, own.ss_family == AF_UNIX ? AF_UNIX : AF_UNSPEC, &rc);
    if (c == NULL) {
        (void)close(fd); /* as above */
        return STATUS_NO_MEMORY;
    }
    rc = own.ss_family == AF_UNIX ? uv_pipe_open(&c->io.pipe, fd)
                                  : uv_tcp_open(&c->io.tcp, fd);
    if (rc != 0) {
        (void)close(fd); /* libuv did not take it */
        close_handles(c);
        return STATUS_NETWORK;
    }
    c->loopback = loopback_check((const struct sockaddr *)&own);
    tune(c);
    *out = c;
    return STATUS_OK;
}

static void on_connect(uv_connect_t *req, int rc)
{
    struct conn *c = req->handle->data;

    if (c->state == CONN_CLOSING)
        return;
    if (rc == 0)
        tune(c);
    else
        c->state = CONN_FAILED;
    c->on_connected(c->connected_ctx, c, rc);
}

static int connect_tcp(struct conn *c, const struct sockaddr *to)
{
    uv_os_fd_t fd;

    if (uv_fileno(&c->io.handle, &fd) == 0)
        loopback_unpaced(fd, to);
    return uv_tcp_connect(&c->connect, &c->io.tcp, to, on_connect);
}

int conn_connect(uv_loop_t *loop, const struct sockaddr *to,
                 conn_connected_fn *on_connected, void *ctx, struct conn **out)
{
    int rc;
    struct conn *c = conn_new(loop, to->sa_family, &rc);

    *out = NULL;
    if (c == NULL)
        return rc;
    c->on_connected = on_connected;
    c->connected_ctx = ctx;
    c->loopback = loopback_check(to);
    if (to->sa_family == AF_UNIX)
        uv_pipe_connect(
            &c->connect, &c->io.pipe,
            ((const struct sockaddr_un *)(const void *)to)->sun_path,
            on_connect);
    else
        rc = connect_tcp(c, to);
    if (rc != 0) {
        close_handles(c);
        return rc;
    }
    *out = c;
    return 0;
}

/* --- failing ------------------------------------------------------------- */

void conn_parts_fail_why(struct conn *c, const struct why *why)
{
    enum conn_state was = c->state;

    if (was == CONN_FAILED || was == CONN_CLOSING)
        return;
    if (was == CONN_LINGERING) { /* nobody is left to be told */
        close_handles(c);
        return;
    }
    if (was == CONN_NEW) { /* conn_start() finds somebody to tell */
        c->failed_early = why->status;
        return;
    }
    c->state = CONN_FAILED;
    gather_parts_forget(c);
    conn_parts_read(c, false);
    conn_clear_deadline(c);
    if (was == CONN_SECURING)
        c->on_secured(c->secured_ctx, why);
    else
        c->events->on_failed(c->ctx, why);
}

void conn_parts_fail(struct conn *c, enum status st, const char *found, ...)
{
    char text[sizeof(((struct why *)NULL)->found)];
    struct why why;
    va_list args;

    va_start(args, found);
    (void)vsnprintf(text, sizeof(text), found, args);
    va_end(args);
    (void)why_fail(&why, st, "connection", NULL, "%s", text);
    conn_parts_fail_why(c, &why);
}

/* --- reading ------------------------------------------------------------- */

/* libuv forgets its read callback when a handle is stopped or closed, and then
 * calls it if that happened where it asks for a place. */
uint8_t *conn_parts_place(struct conn *c, size_t *room)
{
    uint8_t *at;

    *room = 0;
    c->asking = true;
    at = c->events->on_alloc(c->ctx, room);
    c->asking = false;
    return at;
}

/* Nothing is read: there is no owner, or bytes that the last one put back come
 * first. conn_start() and on_kick() go on. */
static bool between_owners(const struct conn *c)
{
    return c->state == CONN_NEW || c->unread.len > 0;
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
    struct conn *c = handle->data;
    size_t room = 0;
    uint8_t *at = NULL;

    (void)hint;
    if (c->state == CONN_LINGERING) {
        at = c->drop;
        room = DROP_BYTES;
    } else if (between_owners(c)) {
        at = NULL;
    } else if (c->tls != NULL) {
        at = tls_reserve(c->tls, &room);
    } else if (c->state == CONN_OPEN) {
        at = conn_parts_place(c, &room);
    }
    *buf = uv_buf_init((char *)at, (unsigned)MIN_OF(room, INT_MAX));
}

/* libuv 1.44 reports the end of stream without asking the socket when epoll
 * says HUP behind the last bytes, which it also says of a reset. A cut would
 * pass for a clean end; so ask. Returns 0, or a number of libuv's. To go when
 * uv__stream_io() reads until it is told. */
static int end_or_reset(const struct conn *c)
{
    uint8_t byte;
    uv_os_fd_t fd;

    if (uv_fileno(&c->io.handle, &fd) != 0 ||
        recv(fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) >= 0 ||
        errno == EAGAIN || errno == EWOULDBLOCK)
        return 0;
    return uv_translate_sys_error(errno);
}

static void on_read_failed(struct conn *c, int rc)
{
    conn_parts_fail(c, status_from_uv(rc), "reading: %s", uv_strerror(rc));
}

static void on_end_of_stream(struct conn *c)
{
    int rc = end_or_reset(c);

    if (rc != 0) {
        on_read_failed(c, rc);
        return;
    }
    c->eof = true;
    if (c->state == CONN_LINGERING) {
        if (c->finished)
            close_handles(c);
    } else if (c->tls != NULL) {
        conn_tls_eof(c);
    } else {
        c->events->on_eof(c->ctx);
    }
}

/* The owner offered no place: until conn_resume(). TLS always has one, unless
 * memory is out, or the peer goes on after its close. */
static void on_no_room(struct conn *c)
{
    if (between_owners(c)) {
        conn_parts_read(c, false);
        return;
    }
    if (c->tls != NULL && !c->eof) {
        conn_parts_fail(c, STATUS_NO_MEMORY, "no memory to read");
        return;
    }
    c->paused = true;
    conn_parts_read(c, false);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct conn *c = stream->data;

    if (n == 0 || c->state == CONN_CLOSING || c->state == CONN_FAILED)
        return;
    if (n == UV_ENOBUFS) {
        on_no_room(c);
        return;
    }
    if (n == UV_EOF) {
        on_end_of_stream(c);
        return;
    }
    if (n < 0) {
        on_read_failed(c, (int)n);
        return;
    }
    conn_parts_moved(c);
    if (c->state == CONN_LINGERING)
        return;
    if (c->tls != NULL) {
        tls_commit(c->tls, (size_t)n);
        conn_tls_pump(c);
        return;
    }
    c->events->on_read(c->ctx, (uint8_t *)buf->base, (size_t)n);
}

void conn_parts_read(struct conn *c, bool on)
{
    int rc;

    assert(!c->asking);
    rc = on ? uv_read_start(&c->io.stream, on_alloc, on_read)
            : uv_read_stop(&c->io.stream);
    assert(rc == 0 || rc == UV_EALREADY);
    (void)rc;
}

void conn_pause(struct conn *c)
{
    c->paused = true;
    if (c->state == CONN_OPEN)
        conn_parts_read(c, false);
}

/* Hand out again what the last owner put back. */
static void deliver_unread(struct conn *c)
{
    while (c->unread.len > 0 && c->state == CONN_OPEN && !c->paused) {
        size_t room = 0, n;
        uint8_t *at = conn_parts_place(c, &room);

        if (room == 0) {
            c->paused = true; /* until conn_resume() */
            return;
        }
        n = MIN_OF(room, c->unread.len);
        memcpy(at, c->unread.at, n);
        buffer_drop(&c->unread, n);
        c->events->on_read(c->ctx, at, n);
    }
    if (c->unread.len == 0)
        buffer_free(&c->unread);
}

static void on_kick(uv_idle_t *kick)
{
    struct conn *c = kick->data;

    (void)uv_idle_stop(kick); /* cannot fail */
    if ((c->state == CONN_OPEN || c->state == CONN_SECURING) &&
        c->failed_early != STATUS_OK) {
        conn_parts_fail(c, c->failed_early, "lost between two owners");
        return;
    }
    if (c->state == CONN_OPEN)
        deliver_unread(c);
    if (c->unread.len > 0)
        return;
    if (c->tls != NULL)
        conn_tls_pump(c);
    else if (c->state == CONN_OPEN && !c->paused)
        conn_parts_read(c, true);
}

void conn_parts_kick(struct conn *c)
{
    (void)uv_idle_start(&c->kick, on_kick); /* cannot fail */
}

enum status conn_detach(struct conn *c, struct slice early)
{
    assert(c->state == CONN_OPEN && c->unread.len == 0);
    c->state = CONN_NEW;
    conn_clear_deadline(c);
    /* Reading is not stopped: the next owner mostly starts it within this turn
     * of the loop, and until then there is no place to read to. */
    if (early.len > 0)
        buffer_add(&c->unread, early);
    return buffer_ok(&c->unread) ? STATUS_OK : STATUS_NO_MEMORY;
}

void conn_resume(struct conn *c)
{
    c->paused = false;
    if (c->state != CONN_OPEN)
        return;
    if (c->tls != NULL || c->unread.len > 0 || c->failed_early != STATUS_OK)
        conn_parts_kick(c);
    else
        conn_parts_read(c, true);
}

void conn_start(struct conn *c, const struct conn_events *events, void *ctx,
                size_t queue_max)
{
    assert(c->state == CONN_NEW);
    c->state = CONN_OPEN;
    c->events = events;
    c->ctx = ctx;
    c->queue_max = queue_max;
    conn_resume(c);
}

void conn_parts_finished(struct conn *c)
{
    if (c->state == CONN_LINGERING && c->eof)
        close_handles(c);
    else if (c->state == CONN_OPEN && c->events->on_finished != NULL)
        c->events->on_finished(c->ctx);
}

/* --- deadlines ----------------------------------------------------------- */

void conn_parts_moved(struct conn *c)
{
    c->moved_ms = uv_now(c->timer.loop);
}

static void on_timer(uv_timer_t *timer);

static void start_timer(struct conn *c, int64_t ms)
{
    /* cannot fail: the callback is not NULL and the handle not closing */
    (void)uv_timer_start(&c->timer, on_timer, (uint64_t)MAX_OF(ms, 0), 0);
}

/* What has not left would be missing behind a clean end: then a reset. */
static void give_up(struct conn *c)
{
    if (conn_pending(c) > 0)
        conn_reset(c);
    else
        close_handles(c);
}

/* A peer that reads, however slowly, gets all of it. */
static void linger_on(struct conn *c)
{
    size_t pending = conn_pending(c);

    if (pending == 0 || pending >= c->lingers_for) {
        give_up(c);
        return;
    }
    c->lingers_for = pending;
    start_timer(c, CONN_LINGER_MS);
}

static void on_timer(uv_timer_t *timer)
{
    struct conn *c = timer->data;
    int64_t silent = (int64_t)(uv_now(timer->loop) - c->moved_ms);

    if (c->state == CONN_LINGERING) {
        linger_on(c);
        return;
    }
    /* Moving bytes does not touch the timer, which would cost at each read:
     * the timer looks when it wakes, and sleeps on. */
    if (c->idle_ms > silent) {
        start_timer(c, c->idle_ms - silent);
        return;
    }
    conn_parts_fail(c, STATUS_TIMED_OUT, "waited too long for %s",
                    c->waiting_for);
}

void conn_set_deadline(struct conn *c, int64_t ms, const char *what)
{
    if (c->state == CONN_FAILED)
        return;
    c->idle_ms = 0;
    c->waiting_for = what;
    start_timer(c, ms);
}

void conn_set_idle(struct conn *c, int64_t ms)
{
    if (c->state == CONN_FAILED)
        return;
    c->idle_ms = ms;
    c->waiting_for = "bytes to move";
    conn_parts_moved(c);
    start_timer(c, ms);
}

void conn_clear_deadline(struct conn *c)
{
    (void)uv_timer_stop(&c->timer); /* cannot fail */
}

/* --- giving up ----------------------------------------------------------- */

void conn_close(struct conn *c)
{
    if (c != NULL)
        close_handles(c);
}

void conn_reset(struct conn *c)
{
    const struct linger now = { .l_onoff = 1, .l_linger = 0 };
    uv_os_fd_t fd;

    if (c == NULL)
        return;
    /* best effort: where it fails the peer is gone already */
    if (uv_fileno(&c->io.handle, &fd) == 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close_handles(c);
}

void conn_linger(struct conn *c)
{
    if (c == NULL)
        return;
    if (c->state == CONN_OPEN)
        c->drop = malloc(DROP_BYTES);
    if (c->drop == NULL) { /* nobody to talk to, or no memory */
        give_up(c);
        return;
    }
    c->lingers_for = conn_pending(c);
    conn_finish(c);
    c->state = CONN_LINGERING;
    if (c->finished && c->eof) {
        close_handles(c);
        return;
    }
    conn_parts_read(c, true);
    start_timer(c, CONN_LINGER_MS);
}

/* --- asking -------------------------------------------------------------- */

void conn_peer(const struct conn *c, char out[CONN_PEER_ROOM])
{
    struct sockaddr_storage at = { 0 };
    int len = sizeof(at);
    char name[INET6_ADDRSTRLEN] = "";
    bool six;

    if (c->io.handle.type == UV_NAMED_PIPE ||
        uv_tcp_getpeername(&c->io.tcp, (struct sockaddr *)&at, &len) != 0) {
        (void)snprintf(out, CONN_PEER_ROOM, "%s",
                       c->io.handle.type == UV_NAMED_PIPE ? "unix" : "gone");
        return;
    }
    six = at.ss_family == AF_INET6;
    (void)uv_ip_name((struct sockaddr *)&at, name, sizeof(name)); /* "" then */
    (void)snprintf(
        out, CONN_PEER_ROOM, six ? "[%s]:%u" : "%s:%u", name,
        six ? (unsigned)ntohs(((struct sockaddr_in6 *)&at)->sin6_port)
            : (unsigned)ntohs(((struct sockaddr_in *)&at)->sin_port));
}
