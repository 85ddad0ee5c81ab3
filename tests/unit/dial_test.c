/* Dials: each kind of address, each failure with its words, and giving up. */
#include "proxy/io/dial.h"

#include <netdb.h>
#include <signal.h>
#include <unistd.h>

#include "proxy/io/listener.h"
#include "proxy/io/status_from_uv.h"
#include "tests/support/check.h"
#include "tests/support/loop.h"

/* One dial and what came of it; a listener that takes what comes. */
struct fixture {
    uv_loop_t loop;
    struct listener *listener;
    struct conn *accepted;
    struct dial *dial;
    struct conn *conn;
    bool done;
    struct why why;
    struct dial *cancel_too; /* by on_done() */
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

    assert_false(f->done);
    f->done = true;
    f->dial = NULL;
    f->conn = conn;
    if (conn == NULL)
        f->why = *why;
    else
        assert_null(why);
    dial_cancel(f->cancel_too);
}

static uint16_t begin(struct fixture *f, const char *address)
{
    const struct listener_config config = {
        .address = address,
        .on_accept = on_accept,
        .ctx = f,
    };
    struct why why;

    *f = (struct fixture){ .conn = NULL };
    loop_begin(&f->loop);
    if (listener_open(&f->loop, &config, &f->listener, &why) != STATUS_OK)
        return 0;
    return listener_port(f->listener);
}

static void end(struct fixture *f)
{
    dial_cancel(f->dial);
    conn_close(f->conn);
    conn_close(f->accepted);
    listener_close(f->listener);
    loop_end(&f->loop);
}

static void start(struct fixture *f, const char *host, uint16_t port)
{
    const struct dial_target target = { .host = slice_text(host),
                                        .port = port };

    CHECK_STATUS(dial_open(&f->loop, &target, on_done, f, &f->dial), STATUS_OK);
    assert_false(f->done); /* not from within */
}

/* Does "localhost" mean this family on this machine? */
static bool localhost_has(int family)
{
    const struct addrinfo hints = { .ai_family = family,
                                    .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    bool has = getaddrinfo("localhost", NULL, &hints, &list) == 0;

    if (has)
        freeaddrinfo(list);
    return has;
}

static void connects_to_each_kind_of_address(void **state)
{
    static const struct {
        const char *listen;
        const char *host;
    } cases[] = {
        { "127.0.0.1:0", "127.0.0.1" },
        { "[::1]:0", "::1" },
        { "localhost:0", "localhost" },
        { "127.0.0.1:0", "localhost" }, /* ::1 refuses, the other is tried */
        { "[::1]:0", "localhost" },
        { "127.0.0.1:0", "LOCALHOST" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fixture f;
        uint16_t port = begin(&f, cases[i].listen);

        bool six = cases[i].listen[0] == '[';

        if (port == 0 || (strcmp(cases[i].host, "localhost") == 0 &&
                          !localhost_has(six ? AF_INET6 : AF_INET))) {
            print_message("skipped: no %s here\n", cases[i].listen);
        } else {
            start(&f, cases[i].host, port);
            loop_until(&f.loop, &f.done);
            assert_non_null(f.conn);
        }
        end(&f);
    }
}

static void connects_to_a_unix_socket(void **state)
{
    struct fixture f;
    char path[64];

    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/veritee-dial-%ld", (long)getpid());
    assert_int_equal(begin(&f, path), 0);
    assert_non_null(f.listener);
    start(&f, path, 0);
    loop_until(&f.loop, &f.done);
    assert_non_null(f.conn);
    end(&f);
}

static void a_missing_unix_socket_is_unreachable(void **state)
{
    struct fixture f;

    (void)state;
    (void)begin(&f, "127.0.0.1:0");
    start(&f, "/nowhere/at/all", 0);
    loop_until(&f.loop, &f.done);
    assert_null(f.conn);
    CHECK_STATUS(f.why.status, STATUS_UNREACHABLE);
    assert_memory_equal(f.why.found, "/nowhere/at/all: ", 17);
    end(&f);
}

/* A port that was free a moment ago: it refuses. */
static uint16_t refusing_port(struct fixture *f)
{
    uint16_t port = begin(f, "127.0.0.1:0");

    listener_close(f->listener);
    f->listener = NULL;
    return port;
}

static void a_refusal_names_host_and_port(void **state)
{
    struct fixture f;
    uint16_t port = refusing_port(&f);
    char want[64];

    (void)state;
    start(&f, "127.0.0.1", port);
    loop_until(&f.loop, &f.done);
    assert_null(f.conn);
    CHECK_STATUS(f.why.status, STATUS_REFUSED);
    (void)snprintf(want, sizeof(want), "127.0.0.1:%u: connection refused",
                   (unsigned)port);
    assert_string_equal(f.why.found, want);
    assert_string_equal(f.why.field, "dial");
    end(&f);
}

static void a_refusal_by_name_names_the_address_too(void **state)
{
    struct fixture f;
    uint16_t port = refusing_port(&f);

    (void)state;
    start(&f, "localhost", port);
    loop_until(&f.loop, &f.done);
    CHECK_STATUS(f.why.status, STATUS_REFUSED);
    assert_memory_equal(f.why.found, "localhost:", 10);
    assert_non_null(strstr(f.why.found, "connection refused by "));
    end(&f);
}

static void a_name_that_does_not_exist_is_no_name(void **state)
{
    struct fixture f;

    (void)state;
    (void)begin(&f, "127.0.0.1:0");
    start(&f, "no-such-host.invalid", 80);
    loop_until(&f.loop, &f.done);
    assert_null(f.conn);
    CHECK_STATUS(f.why.status, STATUS_NO_NAME);
    assert_memory_equal(f.why.found, "no-such-host.invalid:80: ", 25);
    end(&f);
}

static void what_no_host_can_be_is_refused_at_once(void **state)
{
    char long_name[300], long_path[300];
    const struct {
        const char *name;
        const char *host;
        uint16_t port;
    } cases[] = {
        { "nothing", "", 80 },
        { "a space", "a b", 80 },
        { "a slash inside", "a/b", 80 },
        { "a control byte", "a\nb", 80 },
        { "port 0", "localhost", 0 },
        { "a name of 299 bytes", long_name, 80 },
        { "a path of 299 bytes", long_path, 0 },
    };
    struct fixture f;

    (void)state;
    memset(long_name, 'a', sizeof(long_name));
    memset(long_path, '/', sizeof(long_path));
    long_name[sizeof(long_name) - 1] = long_path[sizeof(long_path) - 1] = '\0';
    (void)begin(&f, "127.0.0.1:0");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct dial_target target = { .host = slice_text(cases[i].host),
                                            .port = cases[i].port };
        struct dial *d = (struct dial *)&f;

        print_message("%s\n", cases[i].name);
        CHECK_STATUS(dial_open(&f.loop, &target, on_done, &f, &d),
                     STATUS_BAD_ADDRESS);
        assert_null(d);
    }
    end(&f);
}

static void a_dial_can_be_given_up_at_once(void **state)
{
    static const char *const hosts[] = { "127.0.0.1", "localhost",
                                         "no-such-host.invalid" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        struct fixture f;
        uint16_t port = begin(&f, "127.0.0.1:0");

        start(&f, hosts[i], port);
        dial_cancel(f.dial);
        f.dial = NULL;
        listener_close(f.listener); /* so that the loop can end */
        f.listener = NULL;
        (void)uv_run(&f.loop, UV_RUN_DEFAULT);
        assert_false(f.done);
        end(&f);
    }
}

static void a_dial_can_be_given_up_while_it_resolves(void **state)
{
    struct fixture f;
    uint16_t port = begin(&f, "127.0.0.1:0");

    (void)state;
    start(&f, "localhost", port);
    (void)uv_run(&f.loop, UV_RUN_NOWAIT);
    if (!f.done) {
        dial_cancel(f.dial);
        f.dial = NULL;
    }
    end(&f);
}

static void one_dial_may_give_up_another(void **state)
{
    struct fixture f, other = { .conn = NULL };
    uint16_t port = begin(&f, "127.0.0.1:0");
    const struct dial_target slow = { .host = slice_text("localhost"),
                                      .port = port };

    (void)state;
    CHECK_STATUS(dial_open(&f.loop, &slow, on_done, &other, &other.dial),
                 STATUS_OK);
    start(&f, "127.0.0.1", port);
    f.cancel_too = other.dial;
    loop_until(&f.loop, &f.done);
    assert_non_null(f.conn);
    if (other.done) /* it was faster, in spite of the look-up */
        conn_close(other.conn);
    end(&f);
    assert_false(other.done && f.cancel_too == NULL);
}

static void giving_up_nothing_is_allowed(void **state)
{
    (void)state;
    dial_cancel(NULL);
}

static void libuvs_errors_have_our_words(void **state)
{
    static const struct {
        int rc;
        enum status want;
    } cases[] = {
        { 0, STATUS_OK },
        { 17, STATUS_OK },
        { UV_ENOMEM, STATUS_NO_MEMORY },
        { UV_EMFILE, STATUS_LIMIT },
        { UV_ETIMEDOUT, STATUS_TIMED_OUT },
        { UV_EAI_NONAME, STATUS_NO_NAME },
        { UV_EAI_AGAIN, STATUS_NO_NAME },
        { UV_EHOSTUNREACH, STATUS_UNREACHABLE },
        { UV_ECONNREFUSED, STATUS_REFUSED },
        { UV_ECONNRESET, STATUS_CUT },
        { UV_EPIPE, STATUS_CUT },
        { UV_ENOENT, STATUS_NO_FILE },
        { UV_EINVAL, STATUS_BAD_ADDRESS },
        { UV_EBUSY, STATUS_NETWORK },
        { -99999, STATUS_NETWORK },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_STATUS(status_from_uv(cases[i].rc), cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects_to_each_kind_of_address),
        cmocka_unit_test(connects_to_a_unix_socket),
        cmocka_unit_test(a_missing_unix_socket_is_unreachable),
        cmocka_unit_test(a_refusal_names_host_and_port),
        cmocka_unit_test(a_refusal_by_name_names_the_address_too),
        cmocka_unit_test(a_name_that_does_not_exist_is_no_name),
        cmocka_unit_test(what_no_host_can_be_is_refused_at_once),
        cmocka_unit_test(a_dial_can_be_given_up_at_once),
        cmocka_unit_test(a_dial_can_be_given_up_while_it_resolves),
        cmocka_unit_test(one_dial_may_give_up_another),
        cmocka_unit_test(giving_up_nothing_is_allowed),
        cmocka_unit_test(libuvs_errors_have_our_words),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
