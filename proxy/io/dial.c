#include "proxy/io/dial.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "common/text.h"
#include "proxy/io/status_from_uv.h"
#include "proxy/io/tls.h"

#define HOST_MAX_BYTES 253

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_un path;
};

enum dial_state {
    DIAL_RESOLVING,
    DIAL_CONNECTING,
    DIAL_SECURING,
    DIAL_OVER /* only the memory is left */
};

/* Freed by one line, in the last callback: of two timers and, while a name is
 * looked up, of the look-up, which cannot always be cancelled. */
struct dial {
    uv_loop_t *loop;
    uv_timer_t deadline;
    uv_timer_t stagger; /* the next attempt, or the end of all */
    uv_getaddrinfo_t resolve;
    unsigned open; /* how many of those three will still call back */
    bool resolving;
    enum dial_state state;

    dial_done_fn *on_done;
    void *ctx;
    struct tls_context *tls; /* borrowed; NULL without */
    uint16_t port;
    int64_t deadline_ms;
    char host[sizeof(((struct sockaddr_un *)NULL)->sun_path) + HOST_MAX_BYTES];

    union address addresses[DIAL_ADDRESSES_MAX];
    struct conn *attempts[DIAL_ADDRESSES_MAX]; /* owned; NULL if none */
    size_t count;                              /* addresses */
    size_t next;                               /* the first not tried yet */
    size_t live;                               /* attempts under way */
    struct conn *winner; /* owned, while TLS is put on it */
    struct why why;      /* of the most telling failure so far */
};

static void try_next(struct dial *d);

/* --- the end ------------------------------------------------------------- */

static void dial_release(struct dial *d)
{
    assert(d->state == DIAL_OVER && d->open > 0);
    if (--d->open == 0)
        free(d);
}

static void on_timer_closed(uv_handle_t *handle)
{
    dial_release(handle->data);
}

/* Safe in any state, once. */
static void dial_finish(struct dial *d)
{
    assert(d->state != DIAL_OVER);
    d->state = DIAL_OVER;
    for (size_t i = 0; i < d->count; i++) {
        conn_close(d->attempts[i]);
        d->attempts[i] = NULL;
    }
    conn_close(d->winner);
    d->winner = NULL;
    if (d->resolving) /* best effort; on_resolved() comes in any case */
        (void)uv_cancel((uv_req_t *)&d->resolve);
    uv_close((uv_handle_t *)&d->deadline, on_timer_closed);
    uv_close((uv_handle_t *)&d->stagger, on_timer_closed);
}

static void dial_fail(struct dial *d)
{
    struct why why = d->why;
    dial_done_fn *on_done = d->on_done;
    void *ctx = d->ctx;

    dial_finish(d);
    on_done(ctx, NULL, &why);
}

static void dial_succeed(struct dial *d, struct conn *conn)
{
    dial_done_fn *on_done = d->on_done;
    void *ctx = d->ctx;

    d->winner = NULL; /* the caller's now */
    dial_finish(d);
    on_done(ctx, conn, NULL);
}

void dial_cancel(struct dial *d)
{
    if (d != NULL)
        dial_finish(d);
}

/* --- what went wrong ----------------------------------------------------- */

static bool is_path(const struct dial *d)
{
    return d->host[0] == '/';
}

/* "host:port", or the path. */
static void target_text(const struct dial *d, char *out, size_t room)
{
    bool six = strchr(d->host, ':') != NULL;

    if (is_path(d))
        (void)snprintf(out, room, "%s", d->host);
    else
        (void)snprintf(out, room, "%s%s%s:%u", six ? "[" : "", d->host,
                       six ? "]" : "", (unsigned)d->port);
}

static void note(struct dial *d, enum status st, const char *what)
{
    char target[sizeof(d->host) + 16];

    target_text(d, target, sizeof(target));
    (void)why_fail(&d->why, st, "dial", NULL, "%s: %s", target, what);
}

/* One address failed. Where several do, the first that was reached at all says
 * more than those that were not. */
static void note_attempt(struct dial *d, size_t i, int rc)
{
    enum status st = status_from_uv(rc);
    char ip[INET6_ADDRSTRLEN] = "", what[128];

    if (d->why.status != STATUS_OK &&
        (d->why.status != STATUS_UNREACHABLE || st == STATUS_UNREACHABLE))
        return;
    if (st == STATUS_BAD_ADDRESS || st == STATUS_NO_FILE)
        st = STATUS_UNREACHABLE; /* of a dial, this is what they mean */
    if (!is_path(d))
        (void)uv_ip_name(&d->addresses[i].any, ip, sizeof(ip)); /* or "" */
    (void)snprintf(what, sizeof(what), "%s%s%s", uv_strerror(rc),
                   ip[0] != '\0' && strcmp(ip, d->host) != 0 ? " by " : "",
                   strcmp(ip, d->host) != 0 ? ip : "");
    note(d, st, what);
}

static void on_deadline(uv_timer_t *timer)
{
    static const char *const during[] = {
        [DIAL_RESOLVING] = "its name was not resolved",
        [DIAL_CONNECTING] = "no connection",
        [DIAL_SECURING] = "no TLS session",
    };
    struct dial *d = timer->data;
    char what[80];

    assert(d->state != DIAL_OVER);
    (void)snprintf(what, sizeof(what), "%s within %lld ms", during[d->state],
                   (long long)d->deadline_ms);
    note(d, STATUS_TIMED_OUT, what);
    dial_fail(d);
}

/* --- connecting ---------------------------------------------------------- */

static void on_secured(void *ctx, const struct why *why)
{
    struct dial *d = ctx;

    assert(d->state == DIAL_SECURING);
    if (why == NULL) {
        dial_succeed(d, d->winner);
        return;
    }
    note(d, why->status, why->found);
    dial_fail(d);
}

static void secure(struct dial *d, struct conn *conn)
{
    struct tls *tls = NULL;
    enum status st = tls_client_new(d->tls, slice_text(d->host), &tls);

    d->state = DIAL_SECURING;
    d->winner = conn;
    if (st != STATUS_OK) {
        note(d, st, "no memory for TLS");
        dial_fail(d);
        return;
    }
    conn_secure(conn, tls, on_secured, d);
}

/* The first to connect wins; the others are given up. */
static void connected(struct dial *d, size_t i)
{
    struct conn *conn = d->attempts[i];

    d->attempts[i] = NULL;
    for (size_t j = 0; j < d->count; j++) {
        conn_close(d->attempts[j]);
        d->attempts[j] = NULL;
    }
    (void)uv_timer_stop(&d->stagger); /* cannot fail */
    if (d->tls != NULL)
        secure(d, conn);
    else
        dial_succeed(d, conn);
}

static void on_connected(void *ctx, struct conn *conn, int rc)
{
    struct dial *d = ctx;
    size_t i = 0;

    assert(d->state == DIAL_CONNECTING);
    while (d->attempts[i] != conn)
        i++;
    if (rc == 0) {
        connected(d, i);
        return;
    }
    note_attempt(d, i, rc);
    conn_close(conn);
    d->attempts[i] = NULL;
    d->live--;
    try_next(d);
}

static void on_stagger(uv_timer_t *timer)
{
    struct dial *d = timer->data;

    assert(d->state == DIAL_CONNECTING);
    try_next(d);
}

static void next_in(struct dial *d, uint64_t ms)
{
    /* cannot fail: the callback is not NULL and the handle not closing */
    (void)uv_timer_start(&d->stagger, on_stagger, ms, 0);
}

/* Begin one more attempt; or, when none is left, wait for those under way; or
 * say that all have failed (not at the first call). */
static void try_next(struct dial *d)
{
    size_t i = d->next;
    int rc;

    if (i == d->count) {
        if (d->live == 0)
            dial_fail(d);
        return;
    }
    d->next++;
    rc = conn_connect(d->loop, &d->addresses[i].any, on_connected, d,
                      &d->attempts[i]);
    if (rc == 0) {
        d->live++;
        next_in(d, DIAL_STAGGER_MS);
        return;
    }
    note_attempt(d, i, rc);
    next_in(d, 0);
}

/* --- resolving ----------------------------------------------------------- */

static bool take_address(struct dial *d, const struct addrinfo *a)
{
    union address *to = &d->addresses[d->count];

    if (d->count == DIAL_ADDRESSES_MAX || a->ai_addrlen > sizeof(*to))
        return false;
    memcpy(to, a->ai_addr, a->ai_addrlen);
    d->count++;
    return true;
}

static const struct addrinfo *next_of(const struct addrinfo *a, bool six)
{
    while (a != NULL && (a->ai_family == AF_INET6) != six)
        a = a->ai_next;
    return a;
}

/* Families alternate, the resolver's favourite first; within each, its order
 * stays (RFC 8305 section 4). */
static void take_alternating(struct dial *d, const struct addrinfo *list)
{
    bool six = list->ai_family == AF_INET6;
    const struct addrinfo *turn = next_of(list, six);
    const struct addrinfo *other = next_of(list, !six);

    while (turn != NULL || other != NULL) {
        const struct addrinfo *swap;

        if (turn != NULL) {
            if (!take_address(d, turn))
                return;
            turn = next_of(turn->ai_next, six);
        }
        swap = turn;
        turn = other;
        other = swap;
        six = !six;
    }
}

static void on_resolved(uv_getaddrinfo_t *req, int rc, struct addrinfo *list)
{
    struct dial *d = CONTAINER_OF(req, struct dial, resolve);

    d->resolving = false;
    if (d->state == DIAL_OVER) { /* cancelled: only the memory is left */
        uv_freeaddrinfo(list);
        dial_release(d);
        return;
    }
    d->open--;
    if (rc == 0 && list != NULL)
        take_alternating(d, list);
    uv_freeaddrinfo(list);
    if (d->count == 0) {
        note(d, rc == 0 ? STATUS_NO_NAME : status_from_uv(rc),
             rc == 0 ? "it has no address" : uv_strerror(rc));
        dial_fail(d);
        return;
    }
    d->state = DIAL_CONNECTING;
    try_next(d);
}

/* An address that needs no look-up. */
static bool literal(const struct dial *d, union address *out)
{
    size_t len = strlen(d->host);

    if (is_path(d)) {
        out->path = (struct sockaddr_un){ .sun_family = AF_UNIX };
        assert(len < sizeof(out->path.sun_path)); /* dial_open() looked */
        memcpy(out->path.sun_path, d->host, len + 1);
        return true;
    }
    return uv_ip4_addr(d->host, d->port, &out->four) == 0 ||
           uv_ip6_addr(d->host, d->port, &out->six) == 0;
}

static enum status begin(struct dial *d)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_NUMERICSERV };
    char port[8];
    int rc;

    if (literal(d, &d->addresses[0])) {
        d->count = 1;
        d->state = DIAL_CONNECTING;
        try_next(d);
        return STATUS_OK;
    }
    (void)snprintf(port, sizeof(port), "%u", (unsigned)d->port);
    rc = uv_getaddrinfo(d->loop, &d->resolve, on_resolved, d->host, port,
                        &hints);
    if (rc != 0)
        return rc == UV_ENOMEM ? STATUS_NO_MEMORY : STATUS_BAD_ADDRESS;
    d->resolving = true;
    d->open++;
    return STATUS_OK;
}

static bool is_dialable(const struct dial_target *target)
{
    const struct slice host = target->host;

    if (host.len > 0 && host.at[0] == '/')
        return target->tls == NULL && /* which has nothing to prove there */
               host.len < sizeof(((struct sockaddr_un *)NULL)->sun_path) &&
               memchr(host.at, 0, host.len) == NULL;
    return text_is_host(host) && target->port != 0;
}

enum status dial_open(uv_loop_t *loop, const struct dial_target *target,
                      dial_done_fn *on_done, void *ctx, struct dial **out)
{
    struct dial *d;
    enum status st;

    *out = NULL;
    if (!is_dialable(target))
        return STATUS_BAD_ADDRESS;
    d = calloc(1, sizeof(*d));
    if (d == NULL)
        return STATUS_NO_MEMORY;
    d->loop = loop;
    d->on_done = on_done;
    d->ctx = ctx;
    d->tls = target->tls;
    d->port = target->port;
    d->deadline_ms =
        target->deadline_ms != 0 ? target->deadline_ms : DIAL_DEADLINE_MS;
    memcpy(d->host, target->host.at, target->host.len);
    (void)uv_timer_init(loop, &d->deadline); /* neither can fail */
    (void)uv_timer_init(loop, &d->stagger);
    d->deadline.data = d;
    d->stagger.data = d;
    d->open = 2;
    st = begin(d);
    if (st != STATUS_OK) {
        dial_finish(d);
        return st;
    }
    (void)uv_timer_start(&d->deadline, on_deadline, (uint64_t)d->deadline_ms,
                         0);
    *out = d;
    return STATUS_OK;
}
