/* Listening: addresses, both families, UNIX sockets, and running out of
 * descriptors. */
#include "proxy/io/listener.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/knock.h"
#include "tests/support/loop.h"

#define CONNS_MAX 64

struct fixture {
    uv_loop_t loop;
    struct listener *listener;
    struct conn *conns[CONNS_MAX];
    size_t count;
    bool close_listener; /* on the next connection */
    bool accepted;
};

static void on_accept(void *ctx, struct conn *conn)
{
    struct fixture *f = ctx;

    assert_true(f->count < CONNS_MAX);
    f->conns[f->count++] = conn;
    f->accepted = true;
    if (f->close_listener) {
        listener_close(f->listener);
        f->listener = NULL;
    }
}

static enum status try_open(struct fixture *f, const char *address,
                            struct why *why)
{
    const struct listener_config config = {
        .address = address,
        .on_accept = on_accept,
        .ctx = f,
    };

    return listener_open(&f->loop, &config, &f->listener, why);
}

static uint16_t begin(struct fixture *f, const char *address)
{
    struct why why;

    *f = (struct fixture){ .count = 0 };
    loop_begin(&f->loop);
    CHECK_STATUS(try_open(f, address, &why), STATUS_OK);
    return listener_port(f->listener);
}

static void end(struct fixture *f)
{
    listener_close(f->listener);
    for (size_t i = 0; i < f->count; i++)
        conn_close(f->conns[i]);
    loop_end(&f->loop);
}

static bool has_ipv6(void)
{
    uv_loop_t loop;
    struct fixture f = { .count = 0 };
    struct why why;
    bool has;

    (void)loop;
    loop_begin(&f.loop);
    has = try_open(&f, "[::1]:0", &why) == STATUS_OK;
    end(&f);
    return has;
}

static void a_port_of_0_is_chosen_and_told(void **state)
{
    struct fixture f;
    uint16_t port = begin(&f, "127.0.0.1:0");
    int fd = knock_port(AF_INET, port);

    (void)state;
    assert_int_not_equal(port, 0);
    assert_true(fd >= 0);
    loop_until(&f.loop, &f.accepted);
    close(fd);
    end(&f);
}

static void localhost_is_both_families_on_one_port(void **state)
{
    static const char *const addresses[] = { "localhost:0", "*:0" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        struct fixture f;
        uint16_t port = begin(&f, addresses[i]);
        int four = knock_port(AF_INET, port);
        int six = knock_port(AF_INET6, port);

        assert_true(four >= 0);
        assert_true(six >= 0 || !has_ipv6());
        close(four);
        if (six >= 0)
            close(six);
        end(&f);
    }
}

static void a_port_in_use_is_named(void **state)
{
    struct fixture f, second;
    uint16_t port = begin(&f, "127.0.0.1:0");
    char address[32], want[64];
    struct why why;

    (void)state;
    (void)snprintf(address, sizeof(address), "127.0.0.1:%u", (unsigned)port);
    (void)snprintf(want, sizeof(want), "%s: address already in use", address);
    second = (struct fixture){ .count = 0 };
    loop_begin(&second.loop);
    CHECK_STATUS(try_open(&second, address, &why), STATUS_NETWORK);
    assert_null(second.listener);
    assert_string_equal(why.found, want);
    end(&second);
    end(&f);
}

static void a_port_taken_in_one_family_is_not_shared(void **state)
{
    struct fixture f, second;
    char address[32];
    uint16_t port;
    struct why why;

    (void)state;
    if (!has_ipv6())
        skip();
    port = begin(&f, "[::1]:0");
    (void)snprintf(address, sizeof(address), "localhost:%u", (unsigned)port);
    second = (struct fixture){ .count = 0 };
    loop_begin(&second.loop);
    CHECK_STATUS(try_open(&second, address, &why), STATUS_NETWORK);
    assert_null(second.listener);
    end(&second);
    end(&f);
}

/* Connect until both have accepted something: each worker gets its part. */
static void join_and_accept(const char *where)
{
    struct fixture f = { .count = 0 }, second = { .count = 0 };
    struct listener_config config = {
        .address = where,
        .shared = true,
        .on_accept = on_accept,
        .ctx = &f,
    };
    int clients[CONNS_MAX];
    size_t count = 0;
    struct why why;

    loop_begin(&f.loop);
    loop_begin(&second.loop);
    CHECK_STATUS(listener_open(&f.loop, &config, &f.listener, &why), STATUS_OK);
    config.ctx = &second;
    CHECK_STATUS(listener_join(&second.loop, f.listener, &config,
                               &second.listener, &why),
                 STATUS_OK);
    assert_int_equal(listener_port(f.listener), listener_port(second.listener));
    while (f.count == 0 || second.count == 0) {
        assert_true(count < CONNS_MAX); /* two to the power of -63 */
        clients[count++] = where[0] == '/'
                               ? knock_path(where)
                               : knock_port(AF_INET, listener_port(f.listener));
        (void)uv_run(count % 2 == 0 ? &f.loop : &second.loop, UV_RUN_NOWAIT);
        (void)uv_run(count % 2 == 0 ? &second.loop : &f.loop, UV_RUN_NOWAIT);
    }
    while (count > 0)
        (void)close(clients[--count]);
    end(&f);
    end(&second);
}

static void workers_share_a_port(void **state)
{
    (void)state;
    join_and_accept("127.0.0.1:0");
}

static void workers_share_a_path(void **state)
{
    char path[64];

    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/veritee-listener-%d.sock",
                   (int)getpid());
    join_and_accept(path);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void a_port_that_others_share_is_still_taken(void **state)
{
    struct fixture f = { .count = 0 }, second = { .count = 0 };
    struct listener_config config = {
        .address = "127.0.0.1:0",
        .shared = true,
        .on_accept = on_accept,
        .ctx = &f,
    };
    char address[32];
    struct why why;

    (void)state;
    loop_begin(&f.loop);
    loop_begin(&second.loop);
    CHECK_STATUS(listener_open(&f.loop, &config, &f.listener, &why), STATUS_OK);
    (void)snprintf(address, sizeof(address), "127.0.0.1:%u",
                   (unsigned)listener_port(f.listener));
    config.address = address;
    CHECK_STATUS(listener_open(&second.loop, &config, &second.listener, &why),
                 STATUS_NETWORK);
    assert_null(second.listener);
    end(&f);
    end(&second);
}

/* clang-format off */
static const struct {
    const char *address;
    bool good;
    bool loopback;
} addresses[] = {
    { "localhost:8118",      true,  true },
    { "LocalHost:1",         true,  true },
    { "127.0.0.1:8118",      true,  true },
    { "127.1.2.3:0",         true,  true },
    { "[::1]:8118",          true,  true },
    { "/run/veritee.sock",   true,  true },
    { "0.0.0.0:8118",        true,  false },
    { "*:8118",              true,  false },
    { "[::]:8118",           true,  false },
    { "192.0.2.1:8118",      true,  false },
    { "[::ffff:1.2.3.4]:1",  true,  false },
    { "128.0.0.1:8118",      true,  false },
    { "",                    false, false },
    { ":8118",               false, false },
    { "localhost",           false, false },
    { "localhost:",          false, false },
    { "localhost:65536",     false, false },
    { "localhost:-1",        false, false },
    { "localhost:+1",        false, false },
    { "localhost:08",        false, false },
    { "localhost:1x",        false, false },
    { "example.com:80",      false, false },
    { "::1:80",              false, false },
    { "[::1:80",             false, false },
    { "[::1]80",             false, false },
    { "[]:80",               false, false },
    { "[127.0.0.1]:80",      false, false },
    { "127.1:80",            false, false },
    { "127.0.0.1.:80",       false, false },
    { "localhost.evil:80",   false, false },
};
/* clang-format on */

static void addresses_are_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        struct fixture f = { .count = 0 };
        struct why why = { 0 };

        print_message("%s\n", addresses[i].address);
        assert_int_equal(listener_is_loopback(addresses[i].address),
                         addresses[i].loopback);
        if (addresses[i].good)
            continue;
        loop_begin(&f.loop);
        CHECK_STATUS(try_open(&f, addresses[i].address, &why),
                     STATUS_BAD_ADDRESS);
        assert_non_null(strstr(why.found, addresses[i].address));
        end(&f);
    }
}

static void a_path_over_the_systems_limit_is_refused(void **state)
{
    struct fixture f = { .count = 0 };
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
    struct why why;

    (void)state;
    memset(path, 'p', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    loop_begin(&f.loop);
    CHECK_STATUS(try_open(&f, path, &why), STATUS_BAD_ADDRESS);
    end(&f);
}

static void an_address_of_another_machine_is_refused(void **state)
{
    struct fixture f = { .count = 0 };
    struct why why;

    (void)state;
    loop_begin(&f.loop);
    CHECK_STATUS(try_open(&f, "192.0.2.1:0", &why), STATUS_BAD_ADDRESS);
    end(&f);
}

static void socket_path(char *out, size_t room)
{
    (void)snprintf(out, room, "/tmp/veritee-listener-%ld", (long)getpid());
}

static void a_unix_socket_is_for_its_user_alone(void **state)
{
    struct fixture f;
    struct stat st;
    char path[64];
    int fd;

    (void)state;
    socket_path(path, sizeof(path));
    assert_int_equal(begin(&f, path), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    fd = knock_path(path);
    assert_true(fd >= 0);
    loop_until(&f.loop, &f.accepted);
    close(fd);
    end(&f);
    assert_int_not_equal(stat(path, &st), 0); /* it was removed */
}

static void a_stale_unix_socket_is_replaced_a_live_one_is_not(void **state)
{
    struct fixture f, second = { .count = 0 };
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    struct why why;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    socket_path(to.sun_path, sizeof(to.sun_path));
    assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    close(fd); /* whoever made it is gone */
    assert_int_equal(begin(&f, to.sun_path), 0);
    loop_begin(&second.loop);
    CHECK_STATUS(try_open(&second, to.sun_path, &why), STATUS_NETWORK);
    end(&second);
    fd = knock_path(to.sun_path); /* the first one still answers */
    assert_true(fd >= 0);
    close(fd);
    end(&f);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    struct fixture f = { .count = 0 };
    char path[64];
    struct why why;
    struct stat st;
    int fd;

    (void)state;
    socket_path(path, sizeof(path));
    fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    loop_begin(&f.loop);
    CHECK_STATUS(try_open(&f, path, &why), STATUS_NETWORK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(unlink(path), 0);
    end(&f);
}

static void a_callback_may_close_the_listener(void **state)
{
    struct fixture f;
    uint16_t port = begin(&f, "localhost:0");
    int fds[3];

    (void)state;
    f.close_listener = true;
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        fds[i] = knock_port(AF_INET, port);
    loop_until(&f.loop, &f.accepted);
    assert_int_equal(f.count, 1); /* the others were not accepted any more */
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
    end(&f);
}

/* Take descriptors until none is left but |spare|; returns how many. */
static size_t take_all(int *taken, size_t max, size_t spare)
{
    size_t count = 0;

    while (count < max) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        if (fd < 0)
            break;
        taken[count++] = fd;
    }
    assert_true(count > spare && count < max);
    for (size_t i = 0; i < spare; i++)
        close(taken[--count]);
    return count;
}

static void callers_are_told_when_descriptors_run_out(void **state)
{
    struct rlimit old, low;
    struct fixture f;
    uint16_t port = begin(&f, "127.0.0.1:0");
    int taken[256], clients[3];
    size_t count;
    char byte;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    low.rlim_cur = 128;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    (void)uv_run(&f.loop, UV_RUN_NOWAIT); /* it polls before they are gone */
    count = take_all(taken, COUNT_OF(taken), COUNT_OF(clients));
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        assert_true((clients[i] = knock_port(AF_INET, port)) >= 0);
    for (int i = 0; i < 5; i++)
        (void)uv_run(&f.loop, UV_RUN_NOWAIT);
    assert_int_equal(f.count, 0);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        assert_true(recv(clients[i], &byte, 1, 0) <= 0); /* not left hanging */
        close(clients[i]);
    }
    for (size_t i = 0; i < count; i++)
        close(taken[i]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    clients[0] = knock_port(AF_INET, port); /* and afterwards all is well */
    assert_true(clients[0] >= 0);
    loop_until(&f.loop, &f.accepted);
    close(clients[0]);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_of_0_is_chosen_and_told),
        cmocka_unit_test(localhost_is_both_families_on_one_port),
        cmocka_unit_test(a_port_in_use_is_named),
        cmocka_unit_test(a_port_taken_in_one_family_is_not_shared),
        cmocka_unit_test(workers_share_a_port),
        cmocka_unit_test(workers_share_a_path),
        cmocka_unit_test(a_port_that_others_share_is_still_taken),
        cmocka_unit_test(addresses_are_read_strictly),
        cmocka_unit_test(a_path_over_the_systems_limit_is_refused),
        cmocka_unit_test(an_address_of_another_machine_is_refused),
        cmocka_unit_test(a_unix_socket_is_for_its_user_alone),
        cmocka_unit_test(a_stale_unix_socket_is_replaced_a_live_one_is_not),
        cmocka_unit_test(a_file_that_is_no_socket_is_left_alone),
        cmocka_unit_test(a_callback_may_close_the_listener),
        cmocka_unit_test(callers_are_told_when_descriptors_run_out),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
