/* Asking for a WebSocket: what is sent, what is taken for an answer, and what
 * comes right behind it. */
#include "proxy/io/ws_dial.h"

#include <signal.h>

#include "common/limits.h"
#include "common/secret.h"
#include "proxy/io/listener.h"
#include "tests/support/check.h"
#include "tests/support/loop.h"

struct fixture {
    uv_loop_t loop;
    struct listener *listener;
    struct end server;
    bool accepted;
    struct ws_dial *dial;
    struct conn *conn;
    bool done;
    struct why why;
};

static void on_accept(void *ctx, struct conn *conn)
{
    struct fixture *f = ctx;

    assert_false(f->accepted);
    f->accepted = true;
    end_attach(&f->server, conn, 1 << 20);
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

static void begin(struct fixture *f, int64_t deadline_ms)
{
    static const struct ws_line lines[] = { { "X-Line", "value" } };
    const struct listener_config config = {
        .address = "127.0.0.1:0",
        .on_accept = on_accept,
        .ctx = f,
    };
    struct ws_dial_target target = {
        .dial = { .host = slice_text("127.0.0.1"), .deadline_ms = deadline_ms },
        .path = "/path",
        .protocol = "veritee.2",
        .lines = lines,
        .line_count = COUNT_OF(lines),
    };
    struct why why;

    *f = (struct fixture){ .conn = NULL };
    loop_begin(&f->loop);
    CHECK_STATUS(listener_open(&f->loop, &config, &f->listener, &why),
                 STATUS_OK);
    target.dial.port = listener_port(f->listener);
    CHECK_STATUS(ws_dial_open(&f->loop, &target, on_done, f, &f->dial),
                 STATUS_OK);
    assert_false(f->done);
}

static void end(struct fixture *f)
{
    ws_dial_cancel(f->dial);
    conn_close(f->conn);
    listener_close(f->listener);
    end_close(&f->server);
    loop_end(&f->loop);
    end_fini(&f->server);
}

static bool asks(void *ctx)
{
    const struct fixture *f = ctx;

    return ws_handshake_head_length(
               slice_of(f->server.got.at, f->server.got.len)) == 0;
}

/* The request, terminated. */
static char *request_of(struct fixture *f)
{
    loop_while(&f->loop, asks, f);
    buffer_byte(&f->server.got, '\0');
    return (char *)f->server.got.at;
}

/* The value of Sec-WebSocket-Key in |request|. */
static struct slice key_of(const char *request)
{
    static const char name[] = "\r\nSec-WebSocket-Key: ";
    const char *at = strstr(request, name);

    assert_non_null(at);
    return slice_of(at + sizeof(name) - 1, WS_KEY_BYTES);
}

/* Answer as a good server, with |early| right behind. */
static void answer(struct fixture *f, const char *early)
{
    uint8_t out[512];
    struct builder b = builder_over(out, sizeof(out));

    ws_handshake_respond(&b, key_of(request_of(f)), "veritee.2");
    builder_text(&b, early);
    CHECK_STATUS(conn_write(f->server.conn, builder_view(&b)), STATUS_OK);
}

static void a_good_answer_yields_a_connection(void **state)
{
    struct fixture f;
    struct end client = { 0 };
    char host[64];

    (void)state;
    begin(&f, 0);
    answer(&f, "and what comes right behind");
    (void)snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%u\r\n",
                   (unsigned)listener_port(f.listener));
    assert_memory_equal(f.server.got.at, "GET /path HTTP/1.1\r\n", 20);
    assert_non_null(strstr((char *)f.server.got.at, host));
    assert_non_null(strstr((char *)f.server.got.at, "\r\nX-Line: value\r\n"));
    loop_until(&f.loop, &f.done);
    assert_non_null(f.conn);
    end_attach(&client, f.conn, 100);
    f.conn = NULL;
    end_expect(&client, &f.loop, "and what comes right behind");
    end_close(&client);
    end_fini(&client);
    end(&f);
}

static void a_slow_answer_is_put_together(void **state)
{
    struct fixture f;
    uint8_t out[512];
    struct builder b = builder_over(out, sizeof(out));

    (void)state;
    begin(&f, 0);
    ws_handshake_respond(&b, key_of(request_of(&f)), "veritee.2");
    for (size_t i = 0; i < b.len; i++) {
        assert_false(f.done);
        CHECK_STATUS(conn_write(f.server.conn, slice_of(out + i, 1)),
                     STATUS_OK);
        (void)uv_run(&f.loop, UV_RUN_NOWAIT);
        (void)uv_run(&f.loop, UV_RUN_NOWAIT);
    }
    loop_until(&f.loop, &f.done);
    assert_non_null(f.conn);
    end(&f);
}

static void a_refusal_is_passed_on(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, 0);
    (void)request_of(&f);
    end_write(&f.server, "HTTP/1.1 404 Not Found\r\n\r\nnothing here");
    loop_until(&f.loop, &f.done);
    assert_null(f.conn);
    CHECK_STATUS(f.why.status, STATUS_BAD_HANDSHAKE);
    assert_string_equal(f.why.found, "404 Not Found");
    end(&f);
}

static void an_end_instead_of_an_answer_is_a_cut(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, 0);
    (void)request_of(&f);
    end_write(&f.server, "HTTP/1.1 101 Swi");
    conn_finish(f.server.conn);
    loop_until(&f.loop, &f.done);
    CHECK_STATUS(f.why.status, STATUS_CUT);
    end(&f);
    begin(&f, 0);
    (void)request_of(&f);
    conn_reset(f.server.conn);
    f.server.conn = NULL;
    loop_until(&f.loop, &f.done);
    CHECK_STATUS(f.why.status, STATUS_CUT);
    end(&f);
}

static void an_endless_head_is_refused(void **state)
{
    struct fixture f;
    char line[1024];

    (void)state;
    begin(&f, 0);
    (void)request_of(&f);
    end_write(&f.server, "HTTP/1.1 101 Switching Protocols\r\n");
    memset(line, 'x', sizeof(line));
    memcpy(line, "X: ", 3);
    memcpy(line + sizeof(line) - 3, "\r\n", 3);
    for (size_t i = 0; i <= HTTP_HEAD_MAX_BYTES / sizeof(line) + 4; i++)
        end_write(&f.server, line);
    loop_until(&f.loop, &f.done);
    CHECK_STATUS(f.why.status, STATUS_BAD_HANDSHAKE);
    end(&f);
}

static void silence_meets_the_deadline(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, 50);
    loop_until(&f.loop, &f.done);
    CHECK_STATUS(f.why.status, STATUS_TIMED_OUT);
    assert_string_equal(f.why.found, "waited too long for the answer to a "
                                     "WebSocket upgrade");
    end(&f);
}

static void it_can_be_given_up_at_any_time(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, 0); /* while dialling */
    ws_dial_cancel(f.dial);
    f.dial = NULL;
    end(&f);
    begin(&f, 0); /* while waiting for the answer */
    (void)request_of(&f);
    ws_dial_cancel(f.dial);
    f.dial = NULL;
    loop_until(&f.loop, &f.server.eof);
    end(&f);
    assert_false(f.done);
    ws_dial_cancel(NULL);
}

static void what_cannot_be_asked_is_refused_at_once(void **state)
{
    static char path[5000];
    struct ws_dial_target target = {
        .dial = { .host = slice_text("a b"), .port = 80 }, .path = "/"
    };
    struct ws_dial *d = (struct ws_dial *)path;
    uv_loop_t loop;

    (void)state;
    loop_begin(&loop);
    CHECK_STATUS(ws_dial_open(&loop, &target, on_done, NULL, &d),
                 STATUS_BAD_ADDRESS);
    assert_null(d);
    memset(path, '/', sizeof(path) - 1);
    target.dial.host = slice_text("127.0.0.1");
    target.path = path;
    CHECK_STATUS(ws_dial_open(&loop, &target, on_done, NULL, &d),
                 STATUS_BAD_ADDRESS);
    loop_end(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_answer_yields_a_connection),
        cmocka_unit_test(a_slow_answer_is_put_together),
        cmocka_unit_test(a_refusal_is_passed_on),
        cmocka_unit_test(an_end_instead_of_an_answer_is_a_cut),
        cmocka_unit_test(an_endless_head_is_refused),
        cmocka_unit_test(silence_meets_the_deadline),
        cmocka_unit_test(it_can_be_given_up_at_any_time),
        cmocka_unit_test(what_cannot_be_asked_is_refused_at_once),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    if (!secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
