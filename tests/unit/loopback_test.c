/* What is done for connections within this machine. */
#include "proxy/io/loopback.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>
#include <uv.h>

#include "tests/support/check.h"

/* clang-format off */
static const struct {
    const char *name;
    const char *address;
    bool loopback;
} cases[] = {
    { "the first of 127/8",           "127.0.0.0",          true },
    { "localhost",                    "127.0.0.1",          true },
    { "the last of 127/8",            "127.255.255.255",    true },
    { "the address below",            "126.255.255.255",    false },
    { "the address above",            "128.0.0.0",          false },
    { "any address",                  "0.0.0.0",            false },
    { "localhost of IPv6",            "::1",                true },
    { "any address of IPv6",          "::",                 false },
    { "the address above it",         "::2",                false },
    { "localhost, as IPv6 writes it", "::ffff:127.0.0.1",   false },
};
/* clang-format on */

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage at = { 0 };

    if (uv_ip4_addr(text, 80, (struct sockaddr_in *)&at) != 0)
        assert_int_equal(uv_ip6_addr(text, 80, (struct sockaddr_in6 *)&at), 0);
    return at;
}

static void read_algorithm(int fd, char out[static 32])
{
    socklen_t len = 31;

    memset(out, 0, 32);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, out, &len), 0);
}

static void addresses_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sockaddr_storage at = address_of(cases[i].address);

        if (loopback_check((struct sockaddr *)&at) != cases[i].loopback)
            fail_msg("%s", cases[i].name);
    }
}

static void only_what_stays_here_is_unpaced(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sockaddr_storage at = address_of(cases[i].address);
        int fd = socket(at.ss_family, SOCK_STREAM, 0);
        char before[32], after[32];

        if (fd < 0)
            continue; /* a machine without IPv6 */
        read_algorithm(fd, before);
        loopback_unpaced(fd, (struct sockaddr *)&at);
        read_algorithm(fd, after);
        if (strcmp(after, cases[i].loopback ? "reno" : before) != 0)
            fail_msg("%s: %s", cases[i].name, after);
        (void)close(fd); /* nothing was written to it */
    }
}

static void a_unix_socket_is_left_alone(void **state)
{
    const struct sockaddr at = { .sa_family = AF_UNIX };

    (void)state;
    assert_false(loopback_check(&at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_told_apart),
        cmocka_unit_test(only_what_stays_here_is_unpaced),
        cmocka_unit_test(a_unix_socket_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
