/* A teekit session and a far side in it, with each allocation made to fail
 * once: nothing leaks, and the application is told. */
#include "tests/support/check.h"

#include <signal.h>

#include "common/secret.h"
#include "tests/support/alloc.h"
#include "tests/support/teekit_rig.h"

#define ALLOCATIONS_MAX 300 /* more than any of these makes */
#define TIMEOUT_MS      60000

static struct teekit_rig rig;

static void serve(struct teekit_rig *r, const struct teekit_message *m)
{
    struct teekit_message answer = { .type = TEEKIT_HTTP_RESPONSE,
                                     .id = m->id,
                                     .status = 200 };
    struct teekit_message event = { .type = TEEKIT_WS_EVENT,
                                    .id = m->id,
                                    .event = TEEKIT_OPEN };

    if (m->type == TEEKIT_HTTP_REQUEST)
        teekit_rig_say(r, &answer, "an answer", NULL);
    else if (m->type == TEEKIT_WS_CONNECT)
        teekit_rig_say(r, &event, NULL, NULL);
    else if (m->type == TEEKIT_WS_MESSAGE)
        teekit_rig_say(r,
                       &(struct teekit_message){ .type = TEEKIT_WS_MESSAGE,
                                                 .id = m->id },
                       "a message", NULL);
}

/* The application asks, and hears something, be it the end. */
static void ask(const char *text, size_t len)
{
    size_t had = rig.got.len;

    if (far_write(rig.far, slice_of(text, len)) < len)
        return; /* it is over */
    while (rig.got.len == had && buffer_ok(&rig.got) && !rig.fin && !rig.failed)
        (void)uv_run(&rig.loop, UV_RUN_ONCE);
}

static void ask_http(void)
{
    static const char post[] = "POST /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n"
                               "3\r\nabc\r\n0\r\n\r\n";

    ask(post, sizeof(post) - 1);
    ask(post, sizeof(post) - 1);
}

static void ask_socket(void)
{
    static const char upgrade[] =
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    static const char frame[] = "\x81\x81\0\0\0\0x";
    static const char close[] = "\x88\x80\0\0\0";

    ask(upgrade, sizeof(upgrade) - 1);
    ask(frame, sizeof(frame) - 1);
    ask(close, sizeof(close)); /* with its NUL: the last of the key */
}

/* True when an allocation has failed. */
static bool run(size_t n, void (*talk)(void))
{
    bool failed;

    teekit_rig_begin(&rig);
    rig.on_message = serve;
    alloc_fail_after(n);
    if (teekit_rig_dial(&rig)) {
        teekit_rig_until(&rig, &rig.ready);
        if (rig.ready && teekit_rig_attach(&rig, TIMEOUT_MS))
            talk();
    }
    failed = alloc_failed();
    if (!failed)
        assert_true(rig.got.len > 0);
    teekit_rig_end(&rig);
    return failed;
}

static void try_all(void (*talk)(void))
{
    size_t n = 0;

    while (run(n, talk)) {
        n++;
        assert_true(n < ALLOCATIONS_MAX);
    }
    assert_true(n > 10);
}

static void requests(void **state)
{
    (void)state;
    try_all(ask_http);
}

static void sockets(void **state)
{
    (void)state;
    try_all(ask_socket);
}

static int begin(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    return secret_init() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(sockets),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
