/* Each allocation of proxy/io made to fail once: nothing leaks, nothing is
 * handed out, and a connection says so. */
#include <signal.h>
#include <sys/socket.h>

#include "common/secret.h"
#include "proxy/io/carrier.h"
#include "proxy/io/dial.h"
#include "proxy/io/listener.h"
#include "proxy/io/shutdown.h"
#include "proxy/io/tls.h"
#include "proxy/io/ws_dial.h"
#include "proxy/io/ws_link.h"
#include "tests/support/alloc.h"
#include "tests/support/check.h"
#include "tests/support/loop.h"
#include "tests/support/tls_files.h"

#define ALLOCATIONS_MAX 100 /* more than any of these makes */

static struct tls_files files;

/* Make something on |loop| and give it back. Returns what making it returned;
 * *none says that there was nothing to give back. */
typedef enum status attempt_fn(uv_loop_t *loop, bool *none);

static void on_accept(void *ctx, struct conn *conn)
{
    (void)ctx;
    conn_close(conn);
}

static void on_done(void *ctx, struct conn *conn, const struct why *why)
{
    (void)ctx;
    (void)why;
    conn_close(conn);
}

static enum status try_listener(uv_loop_t *loop, bool *none)
{
    const struct listener_config config = { .address = "localhost:0",
                                            .on_accept = on_accept };
    struct listener *l;
    struct why why;
    enum status st = listener_open(loop, &config, &l, &why);

    *none = l == NULL;
    listener_close(l);
    return st;
}

static enum status try_adopted(uv_loop_t *loop, bool *none)
{
    const struct listener_config config = { .on_accept = on_accept };
    struct listener_sockets sockets;
    struct listener *l = NULL;
    struct why why;
    enum status st = listener_bind("127.0.0.1:0", false, &sockets, &why);

    if (st == STATUS_OK)
        st = listener_adopt(loop, &sockets, &config, &l, &why);
    *none = l == NULL;
    listener_close(l);
    listener_unbind(&sockets);
    return st;
}

static enum status try_dial(uv_loop_t *loop, bool *none)
{
    const struct dial_target target = { .host = slice_text("127.0.0.1"),
                                        .port = 1 };
    struct dial *d;
    enum status st = dial_open(loop, &target, on_done, NULL, &d);

    *none = d == NULL;
    dial_cancel(d);
    return st;
}

static enum status try_ws_dial(uv_loop_t *loop, bool *none)
{
    const struct ws_dial_target target = {
        .dial = { .host = slice_text("localhost"), .port = 1 }, .path = "/"
    };
    struct ws_dial *d;
    enum status st = ws_dial_open(loop, &target, on_done, NULL, &d);

    *none = d == NULL;
    ws_dial_cancel(d);
    return st;
}

static enum status try_conn(uv_loop_t *loop, bool *none)
{
    struct conn *c;
    enum status st =
        conn_from_fd(loop, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), &c);

    *none = c == NULL;
    conn_close(c);
    return st;
}

static enum status try_hub(uv_loop_t *loop, bool *none)
{
    struct carrier_hub *hub;
    enum status st = carrier_hub_open(loop, &hub);

    *none = hub == NULL;
    carrier_hub_close(hub);
    return st;
}

static void on_closed(void *ctx, const struct why *why)
{
    (void)ctx;
    (void)why;
}

static enum status try_carrier(uv_loop_t *loop, bool *none)
{
    static const struct session_events events = { .on_closed = on_closed };
    const struct session_config config = { .events = &events };
    const struct carrier_endpoint endpoint = { .host = slice_text("127.0.0.1"),
                                               .port = 1 };
    struct carrier_hub *hub;
    struct carrier *c = NULL;
    struct why why;
    enum status st = carrier_hub_open(loop, &hub);

    if (st == STATUS_OK)
        st = carrier_dial(hub, &endpoint, &config, &c);
    *none = c == NULL;
    (void)why_fail(&why, STATUS_SHUTTING_DOWN, "test", NULL, "enough");
    carrier_close(c, &why);
    carrier_hub_close(hub);
    return st;
}

static void on_stop(void *ctx, unsigned count)
{
    (void)ctx;
    (void)count;
}

static void on_reload(void *ctx)
{
    (void)ctx;
}

static enum status try_shutdown(uv_loop_t *loop, bool *none)
{
    static const struct shutdown_events events = { on_stop, on_reload };
    struct shutdown *s;
    enum status st = shutdown_watch(loop, &events, NULL, &s);

    *none = s == NULL;
    shutdown_unwatch(s);
    return st;
}

static enum status try_tls(uv_loop_t *loop, bool *none)
{
    struct tls_context *context;
    struct tls *t = NULL;
    struct why why;
    enum status st =
        tls_context_client(tls_files_path(&files, "ca.pem"), &context, &why);

    (void)loop;
    if (st == STATUS_OK)
        st = tls_client_new(context, slice_text("localhost"), &t);
    *none = t == NULL;
    tls_free(t);
    tls_context_free(context);
    return st;
}

static enum status try_tls_server(uv_loop_t *loop, bool *none)
{
    struct tls_context *context;
    enum status st;

    (void)loop;
    st = tls_files_server(&files, "good.pem", &context);
    *none = context == NULL;
    tls_context_free(context);
    return st;
}

static void nothing_is_made_without_memory(void **state)
{
    static const struct {
        const char *name;
        attempt_fn *attempt;
        bool needs_files;
        bool loose; /* a callback may tell, or a library has another word */
    } cases[] = {
        { "listener", try_listener, false, false },
        { "adopted", try_adopted, false, false },
        { "dial", try_dial, false, true },
        { "ws_dial", try_ws_dial, false, true },
        { "conn", try_conn, false, false },
        { "hub", try_hub, false, false },
        { "carrier", try_carrier, false, true },
        { "shutdown", try_shutdown, false, false },
        { "TLS client", try_tls, true, false },
        { "TLS server", try_tls_server, true, true },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool failed = true;
        size_t n;

        if (cases[i].needs_files && *state == NULL)
            continue;
        for (n = 0; failed && n < ALLOCATIONS_MAX; n++) {
            uv_loop_t loop;
            enum status st;
            bool none;

            loop_begin(&loop);
            alloc_fail_after(n);
            st = cases[i].attempt(&loop, &none);
            failed = alloc_failed();
            if (!failed || !cases[i].loose)
                CHECK_STATUS(st, failed ? STATUS_NO_MEMORY : STATUS_OK);
            assert_int_equal(none, st != STATUS_OK);
            loop_end(&loop);
        }
        print_message("%s: %zu allocations\n", cases[i].name, n - 1);
        assert_true(n > 1 && n < ALLOCATIONS_MAX);
    }
}

static void a_write_that_cannot_wait_says_so(void **state)
{
    static const uint8_t chunk[65536];
    uv_loop_t loop;
    struct conn *a, *b;
    struct end e = { 0 };
    enum status st = STATUS_OK;

    (void)state;
    loop_begin(&loop);
    end_pair_unix(&loop, &a, &b);
    end_attach(&e, a, 1 << 20);
    alloc_fail_after(0);
    for (int i = 0; i < 100 && st == STATUS_OK; i++)
        st = conn_write(a, SLICE_OF(chunk)); /* until the socket is full */
    assert_true(alloc_failed());
    CHECK_STATUS(st, STATUS_NO_MEMORY);
    end_close(&e);
    conn_close(b);
    loop_end(&loop);
    end_fini(&e);
}

static void on_message(void *ctx, enum ws_opcode opcode, uint8_t *at,
                       size_t len)
{
    (void)ctx;
    (void)opcode;
    (void)at;
    (void)len;
    fail_msg("there was no memory for it");
}

static void on_sent(void *ctx)
{
    (void)ctx;
}

static void on_end(void *ctx, const struct why *why)
{
    CHECK_STATUS(why->status, STATUS_NO_MEMORY);
    *(bool *)ctx = true;
}

static void a_message_in_parts_that_finds_no_memory_ends_the_link(void **state)
{
    static const uint8_t part[] = { 0x82, 0x05, 'p', 'a' };
    static const struct ws_link_events events = { .on_message = on_message,
                                                  .on_sent = on_sent,
                                                  .on_end = on_end };
    uv_loop_t loop;
    struct conn *a, *b;
    struct end e = { 0 };
    struct ws_link *link;
    bool ended = false;
    struct ws_link_config config = {
        .role = WS_CLIENT, .message_max = 100, .events = &events, .ctx = &ended
    };

    (void)state;
    loop_begin(&loop);
    CHECK_STATUS(scratch_new(&config.scratch), STATUS_OK);
    end_pair_unix(&loop, &a, &b);
    end_attach(&e, a, 1000);
    alloc_fail_after(0);
    CHECK_STATUS(ws_link_open(b, &config, &link), STATUS_NO_MEMORY);
    assert_null(link);
    assert_true(alloc_failed());
    CHECK_STATUS(ws_link_open(b, &config, &link), STATUS_OK);
    CHECK_STATUS(conn_write(a, SLICE_OF(part)), STATUS_OK);
    alloc_fail_after(0);
    while (!ended)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_true(alloc_failed());
    ws_link_close(link, 0);
    end_close(&e);
    loop_end(&loop);
    end_fini(&e);
    scratch_free(config.scratch);
}

int main(void)
{
    bool has_files;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(nothing_is_made_without_memory,
                                  tls_files_make(&files) ? &has_files : NULL),
        cmocka_unit_test(a_write_that_cannot_wait_says_so),
        cmocka_unit_test(a_message_in_parts_that_finds_no_memory_ends_the_link),
    };
    int failed;

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    if (!secret_init())
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (tests[0].initial_state != NULL)
        tls_files_remove(&files);
    return failed;
}
