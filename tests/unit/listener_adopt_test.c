/* Listening without a loop, and who is at a UNIX socket. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/io/listener.h"
#include "tests/support/check.h"
#include "tests/support/knock.h"
#include "tests/support/loop.h"

struct fixture {
    uv_loop_t loop;
    struct listener *listener;
    unsigned count;
    unsigned refused;
};

static void on_accept(void *ctx, struct conn *conn)
{
    struct fixture *f = ctx;

    f->count++;
    conn_close(conn);
}

static void end(struct fixture *f)
{
    listener_close(f->listener);
    loop_end(&f->loop);
}

static void sockets_without_a_loop_serve_several(void **state)
{
    struct fixture f = { .count = 0 }, second = { .count = 0 };
    struct listener_config config = { .on_accept = on_accept, .ctx = &f };
    struct listener_sockets sockets;
    struct why why;
    int client;

    (void)state;
    loop_begin(&f.loop);
    loop_begin(&second.loop);
    CHECK_STATUS(listener_bind("127.0.0.1:0", false, &sockets, &why),
                 STATUS_OK);
    CHECK_STATUS(listener_adopt(&f.loop, &sockets, &config, &f.listener, &why),
                 STATUS_OK);
    config.ctx = &second;
    CHECK_STATUS(listener_adopt(&second.loop, &sockets, &config,
                                &second.listener, &why),
                 STATUS_OK);
    assert_int_equal(listener_port(f.listener), sockets.port);
    client = knock_port(AF_INET, sockets.port);
    listener_unbind(&sockets); /* theirs are their own */
    end(&f);
    while (second.count == 0)
        (void)uv_run(&second.loop, UV_RUN_NOWAIT);
    (void)close(client);
    end(&second);
}

static bool admits_nobody(void *ctx, uid_t uid)
{
    struct fixture *f = ctx;

    assert_int_equal(uid, geteuid());
    f->refused++;
    return false;
}

static void the_kernel_says_who_is_at_a_path(void **state)
{
    struct fixture f = { .count = 0 };
    char path[64];
    const struct listener_config config = {
        .address = path,
        .others = true,
        .admits = admits_nobody,
        .on_accept = on_accept,
        .ctx = &f,
    };
    struct stat st;
    struct why why;
    char byte;
    int client;

    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/veritee-listener-%d.sock",
                   (int)getpid());
    loop_begin(&f.loop);
    CHECK_STATUS(listener_open(&f.loop, &config, &f.listener, &why), STATUS_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0666);
    client = knock_path(path);
    while (f.refused == 0)
        (void)uv_run(&f.loop, UV_RUN_NOWAIT);
    assert_int_equal(read(client, &byte, 1), 0); /* and no word */
    assert_int_equal(f.count, 0);
    (void)close(client);
    end(&f);
}

static void a_path_goes_with_its_sockets(void **state)
{
    char path[64];
    struct listener_sockets sockets;
    struct listener_sockets other;
    struct why why;

    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/veritee-listener-%d.sock",
                   (int)getpid());
    CHECK_STATUS(listener_bind(path, false, &sockets, &why), STATUS_OK);
    assert_int_equal(access(path, F_OK), 0);
    CHECK_STATUS(listener_bind(path, false, &other, &why), STATUS_NETWORK);
    listener_unbind(&other);
    assert_int_equal(access(path, F_OK), 0);
    listener_unbind(&sockets);
    assert_int_not_equal(access(path, F_OK), 0);
    listener_unbind(&sockets); /* harmless */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_without_a_loop_serve_several),
        cmocka_unit_test(the_kernel_says_who_is_at_a_path),
        cmocka_unit_test(a_path_goes_with_its_sockets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
