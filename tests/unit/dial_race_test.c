/* A name with several addresses: their order, and what is said when all of
 * them fail. The resolver is this file: libuv's is not linked. */
#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>

#include "proxy/io/dial.h"
#include "proxy/io/listener.h"
#include "tests/support/check.h"
#include "tests/support/loop.h"

#define ADDRESSES_MAX 20

/* What the resolver says next time. */
static struct {
    const char *ips[ADDRESSES_MAX];
    size_t count;
    int rc;
    bool never; /* the answer comes only when resolver_answer() is called */
    uv_getaddrinfo_t *req;
    uv_getaddrinfo_cb cb;
    uint16_t port;
} resolver;

static struct addrinfo *make_list(void)
{
    struct addrinfo *list = NULL;

    for (size_t i = resolver.count; i > 0; i--) {
        struct addrinfo *a = calloc(1, sizeof(*a));
        struct sockaddr_storage *at = calloc(1, sizeof(*at));

        assert_true(a != NULL && at != NULL);
        if (uv_ip4_addr(resolver.ips[i - 1], resolver.port,
                        (struct sockaddr_in *)at) == 0) {
            a->ai_addrlen = sizeof(struct sockaddr_in);
        } else {
            assert_int_equal(uv_ip6_addr(resolver.ips[i - 1], resolver.port,
                                         (struct sockaddr_in6 *)at),
                             0);
            a->ai_addrlen = sizeof(struct sockaddr_in6);
        }
        a->ai_family = at->ss_family;
        a->ai_addr = (struct sockaddr *)at;
        a->ai_next = list;
        list = a;
    }
    return list;
}

void uv_freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;

        free(list->ai_addr);
        free(list);
        list = next;
    }
}

static void resolver_answer(void)
{
    resolver.cb(resolver.req, resolver.rc,
                resolver.rc == 0 ? make_list() : NULL);
}

static void on_timer_closed(uv_handle_t *timer)
{
    free(timer);
}

static void on_timer(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, on_timer_closed);
    resolver_answer();
}

int uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *req, uv_getaddrinfo_cb cb,
                   const char *node, const char *service,
                   const struct addrinfo *hints)
{
    uv_timer_t *timer;

    assert_string_equal(node, "many.example");
    assert_int_equal(hints->ai_socktype, SOCK_STREAM);
    resolver.req = req;
    resolver.cb = cb;
    resolver.port = (uint16_t)strtol(service, NULL, 10);
    if (resolver.never)
        return 0;
    timer = malloc(sizeof(*timer));
    assert_non_null(timer);
    assert_int_equal(uv_timer_init(loop, timer), 0);
    return uv_timer_start(timer, on_timer, 0, 0);
}

struct fixture {
    uv_loop_t loop;
    struct listener *listeners[2];
    struct conn *accepted;
    struct conn *conn;
    struct dial *dial;
    bool done;
    struct why why;
};

static void on_accept(void *ctx, struct conn *conn)
{
    struct fixture *f = ctx;

    conn_close(f->accepted);
    f->accepted = conn;
}

static void on_done(void *ctx, struct conn *conn, const struct why *why)
{
    struct fixture *f = ctx;

    f->done = true;
    f->dial = NULL;
    f->conn = conn;
    if (conn == NULL)
        f->why = *why;
}

static void begin(struct fixture *f)
{
    *f = (struct fixture){ .conn = NULL };
    memset(&resolver, 0, sizeof(resolver));
    loop_begin(&f->loop);
}

static bool listen_on(struct fixture *f, size_t i, const char *ip,
                      uint16_t port)
{
    char address[64];
    const struct listener_config config = {
        .address = address,
        .on_accept = on_accept,
        .ctx = f,
    };
    struct why why;

    (void)snprintf(address, sizeof(address),
                   strchr(ip, ':') != NULL ? "[%s]:%u" : "%s:%u", ip,
                   (unsigned)port);
    return listener_open(&f->loop, &config, &f->listeners[i], &why) ==
           STATUS_OK;
}

static void start(struct fixture *f, uint16_t port, int64_t deadline_ms)
{
    const struct dial_target target = {
        .host = slice_text("many.example"),
        .port = port,
        .deadline_ms = deadline_ms,
    };

    CHECK_STATUS(dial_open(&f->loop, &target, on_done, f, &f->dial), STATUS_OK);
}

static void resolve_to(const char *const *ips, size_t count)
{
    assert_true(count <= ADDRESSES_MAX);
    memcpy(resolver.ips, ips, count * sizeof(*ips));
    resolver.count = count;
}

static void end(struct fixture *f)
{
    dial_cancel(f->dial);
    conn_close(f->conn);
    conn_close(f->accepted);
    listener_close(f->listeners[0]);
    listener_close(f->listeners[1]);
    loop_end(&f->loop);
}

/* Who answered the dial. */
static void check_peer(const struct fixture *f, const char *ip)
{
    char peer[CONN_PEER_ROOM];

    assert_non_null(f->conn);
    conn_peer(f->conn, peer);
    assert_memory_equal(peer, ip, strlen(ip));
}

static void families_alternate(void **state)
{
    static const char *const ips[] = { "127.0.0.1", "127.0.0.2", "::1" };
    struct fixture f;
    uint16_t port;

    (void)state;
    begin(&f);
    if (!listen_on(&f, 0, "::1", 0)) {
        end(&f);
        skip();
    }
    port = listener_port(f.listeners[0]);
    assert_true(listen_on(&f, 1, "127.0.0.2", port));
    resolve_to(ips, COUNT_OF(ips));
    start(&f, port, 0);
    loop_until(&f.loop, &f.done); /* 127.0.0.1 refuses */
    check_peer(&f, "[::1]");
    end(&f);
}

static void the_resolvers_first_is_preferred(void **state)
{
    static const char *const ips[] = { "127.0.0.2", "127.0.0.1" };
    struct fixture f;
    uint16_t port;

    (void)state;
    begin(&f);
    assert_true(listen_on(&f, 0, "127.0.0.1", 0));
    port = listener_port(f.listeners[0]);
    assert_true(listen_on(&f, 1, "127.0.0.2", port));
    resolve_to(ips, COUNT_OF(ips));
    start(&f, port, 0);
    loop_until(&f.loop, &f.done);
    check_peer(&f, "127.0.0.2");
    end(&f);
}

/* 192.0.2.1 (RFC 5737) answers nowhere: it is either unreachable at once, or
 * silent, and then the next one is tried beside it. */
static void an_address_that_does_not_answer_holds_nothing_up(void **state)
{
    static const char *const ips[] = { "192.0.2.1", "192.0.2.2", "127.0.0.1" };
    struct fixture f;

    (void)state;
    begin(&f);
    assert_true(listen_on(&f, 0, "127.0.0.1", 0));
    resolve_to(ips, COUNT_OF(ips));
    start(&f, listener_port(f.listeners[0]), 0);
    loop_until(&f.loop, &f.done);
    check_peer(&f, "127.0.0.1");
    end(&f);
}

static void addresses_beyond_the_limit_are_not_tried(void **state)
{
    const char *ips[DIAL_ADDRESSES_MAX + 1];
    struct fixture f;

    (void)state;
    begin(&f);
    for (size_t i = 0; i < DIAL_ADDRESSES_MAX; i++)
        ips[i] = "127.0.0.3"; /* refuses */
    ips[DIAL_ADDRESSES_MAX] = "127.0.0.1";
    assert_true(listen_on(&f, 0, "127.0.0.1", 0));
    resolve_to(ips, COUNT_OF(ips));
    start(&f, listener_port(f.listeners[0]), 0);
    loop_until(&f.loop, &f.done);
    assert_null(f.conn);
    CHECK_STATUS(f.why.status, STATUS_REFUSED);
    assert_non_null(strstr(f.why.found, "by 127.0.0.3"));
    end(&f);
    begin(&f);
    assert_true(listen_on(&f, 0, "127.0.0.1", 0));
    resolve_to(ips + 1, DIAL_ADDRESSES_MAX);
    start(&f, listener_port(f.listeners[0]), 0);
    loop_until(&f.loop, &f.done);
    check_peer(&f, "127.0.0.1");
    end(&f);
}

static void a_name_without_addresses_is_no_name(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    start(&f, 80, 0);
    loop_until(&f.loop, &f.done);
    CHECK_STATUS(f.why.status, STATUS_NO_NAME);
    assert_string_equal(f.why.found, "many.example:80: it has no address");
    end(&f);
}

static void a_resolvers_failure_is_passed_on(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    resolver.rc = UV_EAI_MEMORY;
    start(&f, 80, 0);
    loop_until(&f.loop, &f.done);
    CHECK_STATUS(f.why.status, STATUS_NO_MEMORY);
    end(&f);
}

static void a_slow_resolver_meets_the_deadline(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    resolver.never = true;
    start(&f, 80, 1);
    loop_until(&f.loop, &f.done);
    CHECK_STATUS(f.why.status, STATUS_TIMED_OUT);
    assert_string_equal(
        f.why.found, "many.example:80: its name was not resolved within 1 ms");
    resolver.rc = UV_ECANCELED;
    resolver_answer(); /* as libuv does in the end; frees the dial */
    end(&f);
}

static void an_answer_after_giving_up_is_dropped(void **state)
{
    static const char *const ips[] = { "127.0.0.1" };
    struct fixture f;

    (void)state;
    begin(&f);
    resolver.never = true;
    start(&f, 80, 0);
    dial_cancel(f.dial);
    f.dial = NULL;
    resolve_to(ips, COUNT_OF(ips));
    resolver_answer(); /* with a list, which must be freed */
    end(&f);
    assert_false(f.done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_alternate),
        cmocka_unit_test(the_resolvers_first_is_preferred),
        cmocka_unit_test(an_address_that_does_not_answer_holds_nothing_up),
        cmocka_unit_test(addresses_beyond_the_limit_are_not_tried),
        cmocka_unit_test(a_name_without_addresses_is_no_name),
        cmocka_unit_test(a_resolvers_failure_is_passed_on),
        cmocka_unit_test(a_slow_resolver_meets_the_deadline),
        cmocka_unit_test(an_answer_after_giving_up_is_dropped),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
