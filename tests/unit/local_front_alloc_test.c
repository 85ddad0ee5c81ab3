/* front: every allocation fails once; nothing leaks, nothing is left open, and
 * what cannot be answered is closed. */
#include "tests/support/check.h"

#include <sys/socket.h>
#include <unistd.h>

#include "proxy/io/conn.h"
#include "tests/support/alloc.h"
#include "tests/support/front_rig.h"

/* What the application says, then what the far side says, if it is there. */
static const struct {
    const char *name;
    struct slice ask;
    const char *down;
} talks[] = {
#define ROW(name, ask, down)                                                   \
    {                                                                          \
        name, { (const uint8_t *)(ask), sizeof(ask) - 1 }, down                \
    }
    ROW("two requests", GET GET, OK2),
    ROW("chunks",
        "PUT http://a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
        "\r\n5\r\nhello\r\n0\r\nT: v\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\nok\r\n0\r\nT: v\r\n\r\n"),
    ROW("a page of ours", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ""),
    ROW("a malformed request", "GET http://a/ HTTP/1.1\r\n\r\n", ""),
    ROW("a tunnel", TUNNEL "ahead", "hello"),
    ROW("SOCKS5", SOCKS5 "ahead", "hello"),
    ROW("SOCKS4a", SOCKS4A, "hello"),
#undef ROW
};

static void have_talk(struct front_rig *r, int fd, size_t i)
{
    front_rig_say(r, fd, talks[i].ask);
    if (r->far_count == 0 || r->fars[0].closed)
        return;
    fake_far_opened(&r->fars[0]);
    front_rig_turn(r);
    if (!r->fars[0].closed && talks[i].down[0] != '\0')
        fake_far_data(&r->fars[0], talks[i].down);
    front_rig_turn(r);
}

/* True when an allocation was there to fail. */
static bool talk_without(size_t i, size_t n, enum status refuse)
{
    struct front_rig r;
    bool failed;
    int fd;

    front_rig_start(&r);
    r.refuse = refuse;
    fd = front_rig_dial(&r);
    alloc_fail_after(n);
    have_talk(&r, fd, i);
    failed = alloc_failed();
    (void)close(fd); /* or the last words linger */
    front_rig_stop(&r);
    return failed;
}

static void talks_survive_each_failure(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(talks); i++) {
        size_t n = 0;

        while (talk_without(i, n, STATUS_OK))
            n++;
        while (talk_without(i, n, STATUS_BAD_SIGNATURE))
            n++;
        assert_true(n > 0);
    }
}

/* A client that cannot even be made is reset. */
static void clients_survive_each_failure(void **state)
{
    (void)state;
    for (size_t n = 0; n < 8; n++) {
        struct front_rig r;
        struct conn *conn;
        int pair[2];

        front_rig_start(&r);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        alloc_fail_after(n);
        if (conn_from_fd(&r.loop, pair[1], &conn) == STATUS_OK)
            front_accept(r.front, conn, FRONT_RIG_PORT);
        (void)alloc_failed();
        front_rig_stop(&r);
        (void)close(pair[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(talks_survive_each_failure),
        cmocka_unit_test(clients_survive_each_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
