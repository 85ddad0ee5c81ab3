/* Connections with TLS on them: both ends ours, and openssl at either end. */
#include "proxy/io/conn.h"

#include <signal.h>

#include "common/text.h"
#include "proxy/io/dial.h"
#include "proxy/io/listener.h"
#include "proxy/io/tls.h"
#include "proxy/io/tls_context.h"
#include "tests/support/check.h"
#include "tests/support/child.h"
#include "tests/support/loop.h"
#include "tests/support/tls_files.h"

#define QUEUE_MAX_BYTES (64 * 1024)

static struct tls_files files;

struct fixture {
    uv_loop_t loop;
    struct tls_context *client_context, *server_context;
    struct listener *listener;
    bool plain; /* the server does not speak TLS */
    struct conn *securing;
    struct conn *accepted; /* secured */
    bool refused;          /* the server's handshake failed */
    struct dial *dial;
    struct conn *dialled;
    bool done;
    struct why why;
    struct end client, server;
};

static void on_server_secured(void *ctx, const struct why *why)
{
    struct fixture *f = ctx;

    if (why != NULL) {
        f->refused = true;
        conn_close(f->securing);
    } else {
        f->accepted = f->securing;
    }
    f->securing = NULL;
}

static void on_accept(void *ctx, struct conn *conn)
{
    struct fixture *f = ctx;
    struct tls *tls;

    assert_null(f->securing);
    f->securing = conn;
    if (f->plain)
        return;
    CHECK_STATUS(tls_server_new(f->server_context, &tls), STATUS_OK);
    conn_secure(conn, tls, on_server_secured, f);
}

static void on_done(void *ctx, struct conn *conn, const struct why *why)
{
    struct fixture *f = ctx;

    f->done = true;
    f->dial = NULL;
    f->dialled = conn;
    if (why != NULL)
        f->why = *why;
}

static void dial(struct fixture *f, const char *host, uint16_t port,
                 int64_t deadline_ms)
{
    const struct dial_target target = { .host = slice_text(host),
                                        .port = port,
                                        .tls = f->client_context,
                                        .deadline_ms = deadline_ms };

    CHECK_STATUS(dial_open(&f->loop, &target, on_done, f, &f->dial), STATUS_OK);
}

static void begin(struct fixture *f, const char *ca)
{
    const struct listener_config config = {
        .address = "127.0.0.1:0",
        .on_accept = on_accept,
        .ctx = f,
    };
    struct why why;

    *f = (struct fixture){ .plain = false };
    CHECK_STATUS(tls_files_server(&files, "good.pem", &f->server_context),
                 STATUS_OK);
    CHECK_STATUS(tls_context_client(tls_files_path(&files, ca),
                                    &f->client_context, &why),
                 STATUS_OK);
    loop_begin(&f->loop);
    CHECK_STATUS(listener_open(&f->loop, &config, &f->listener, &why),
                 STATUS_OK);
}

static void end(struct fixture *f)
{
    dial_cancel(f->dial);
    conn_close(f->dialled);
    conn_close(f->accepted);
    conn_close(f->securing);
    listener_close(f->listener);
    end_close(&f->client);
    end_close(&f->server);
    loop_end(&f->loop);
    end_fini(&f->client);
    end_fini(&f->server);
    tls_context_free(f->client_context);
    tls_context_free(f->server_context);
}

static bool not_met(void *ctx)
{
    const struct fixture *f = ctx;

    return f->dialled == NULL || f->accepted == NULL;
}

/* Both ends secured and attached. */
static void meet(struct fixture *f)
{
    begin(f, "ca.pem");
    dial(f, "127.0.0.1", listener_port(f->listener), 0);
    loop_while(&f->loop, not_met, f);
    end_attach(&f->client, f->dialled, QUEUE_MAX_BYTES);
    end_attach(&f->server, f->accepted, QUEUE_MAX_BYTES);
    f->dialled = f->accepted = NULL;
}

static void bytes_go_both_ways(void **state)
{
    struct fixture f;

    (void)state;
    meet(&f);
    end_write(&f.client, "question");
    end_expect(&f.server, &f.loop, "question");
    end_write(&f.server, "answer");
    end_expect(&f.client, &f.loop, "answer");
    end(&f);
}

static void half_a_close_is_not_a_close(void **state)
{
    struct fixture f;

    (void)state;
    meet(&f);
    end_write(&f.client, "question");
    conn_finish(f.client.conn);
    end_expect(&f.server, &f.loop, "question");
    loop_until(&f.loop, &f.server.eof);
    end_write(&f.server, "answer");
    end_expect(&f.client, &f.loop, "answer");
    assert_false(f.client.eof);
    conn_finish(f.server.conn);
    loop_until(&f.loop, &f.client.eof);
    loop_until(&f.loop, &f.client.finished);
    assert_false(f.client.failed || f.server.failed);
    end(&f);
}

/* The end of the connection alone is not the end of what was said. */
static void an_end_without_close_notify_is_a_cut(void **state)
{
    struct fixture f;

    (void)state;
    meet(&f);
    end_write(&f.client, "half a que");
    end_close(&f.client);
    loop_until(&f.loop, &f.server.failed);
    CHECK_STATUS(f.server.why.status, STATUS_CUT);
    assert_false(f.server.eof);
    end(&f);
}

struct total {
    const struct end *e;
    size_t len;
};

static bool wants_more(void *ctx)
{
    const struct total *t = ctx;

    return t->e->got.len < t->len;
}

static void a_slow_reader_stops_the_writer(void **state)
{
    struct fixture f;
    struct total t = { .e = &f.server };
    uint8_t chunk[5000];

    (void)state;
    meet(&f);
    f.server.room = 0;
    for (int turns = 0; turns < 200; turns++) {
        while (conn_room(f.client.conn) >= sizeof(chunk)) {
            memset(chunk, (int)(t.len / sizeof(chunk)), sizeof(chunk));
            CHECK_STATUS(conn_write(f.client.conn, SLICE_OF(chunk)), STATUS_OK);
            t.len += sizeof(chunk);
        }
        (void)uv_run(&f.loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(f.server.got.len, 0);
    assert_true(conn_pending(f.client.conn) > 0);
    f.server.room = 700; /* less than a record, so that some waits in TLS */
    conn_resume(f.server.conn);
    loop_while(&f.loop, wants_more, &t);
    for (size_t i = 0; i < t.len; i++)
        assert_int_equal(f.server.got.at[i], (uint8_t)(i / sizeof(chunk)));
    end(&f);
}

/* Take a little, pause, go on: nothing is lost between TLS and its reader. */
static void pause_each_time(struct end *e, const char *name)
{
    if (strcmp(name, "on_read") != 0)
        return;
    conn_pause(e->conn);
    conn_resume(e->conn);
}

static void pausing_loses_nothing(void **state)
{
    struct fixture f;
    char text[2000];

    (void)state;
    meet(&f);
    memset(text, 't', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    f.server.hook = pause_each_time;
    f.server.room = 7;
    end_write(&f.client, text);
    end_expect(&f.server, &f.loop, text);
    end(&f);
}

static void borrowed_runs_are_free_at_once(void **state)
{
    enum { LEN = 300000 };
    struct fixture f;
    struct total t = { .e = &f.server, .len = LEN };
    uint8_t *bytes = malloc(LEN);
    struct slice runs[3] = { { bytes, 100000 },
                             { bytes + 100000, 1 },
                             { bytes + 100001, LEN - 100001 } };

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 0x5a, LEN);
    meet(&f);
    CHECK_STATUS(conn_write_borrowed(f.client.conn, runs, 3), STATUS_OK);
    memset(bytes, 0, LEN); /* encrypted already */
    loop_while(&f.loop, wants_more, &t);
    for (size_t i = 0; i < LEN; i++)
        assert_int_equal(f.server.got.at[i], 0x5a);
    free(bytes);
    end(&f);
}

static void last_words_are_sent(void **state)
{
    struct fixture f;

    (void)state;
    meet(&f);
    end_write(&f.server, "last words");
    conn_linger(f.server.conn);
    f.server.conn = NULL;
    end_expect(&f.client, &f.loop, "last words");
    loop_until(&f.loop, &f.client.eof);
    end(&f);
}

/* The server is at 127.0.0.2, for which it has no certificate. */
static void another_host_is_refused(void **state)
{
    struct fixture f;
    const struct listener_config config = {
        .address = "127.0.0.2:0",
        .on_accept = on_accept,
        .ctx = &f,
    };
    struct why why;

    (void)state;
    begin(&f, "ca.pem");
    listener_close(f.listener);
    CHECK_STATUS(listener_open(&f.loop, &config, &f.listener, &why), STATUS_OK);
    dial(&f, "127.0.0.2", listener_port(f.listener), 0);
    loop_until(&f.loop, &f.done);
    assert_null(f.dialled);
    CHECK_STATUS(f.why.status, STATUS_TLS);
    assert_non_null(
        strstr(f.why.found, ": the certificate is for another host"));
    end(&f);
}

static void a_unix_socket_has_no_name_to_prove(void **state)
{
    struct fixture f;
    struct dial_target target = { .host = slice_text("/run/some.sock") };
    struct dial *d = NULL;

    (void)state;
    begin(&f, "ca.pem");
    target.tls = f.client_context;
    CHECK_STATUS(dial_open(&f.loop, &target, on_done, &f, &d),
                 STATUS_BAD_ADDRESS);
    assert_null(d);
    end(&f);
}

static void an_unknown_ca_is_refused(void **state)
{
    struct fixture f;
    char want[120];

    (void)state;
    begin(&f, "other-ca.pem");
    (void)snprintf(want, sizeof(want),
                   "127.0.0.1:%u: the certificate is not from a CA that is "
                   "trusted here (",
                   (unsigned)listener_port(f.listener));
    dial(&f, "127.0.0.1", listener_port(f.listener), 0);
    loop_until(&f.loop, &f.done);
    assert_null(f.dialled);
    CHECK_STATUS(f.why.status, STATUS_TLS);
    assert_memory_equal(f.why.found, want, strlen(want));
    loop_until(&f.loop, &f.refused); /* the server got the alert */
    end(&f);
}

static void a_silent_server_meets_the_deadline(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, "ca.pem");
    f.plain = true;
    dial(&f, "127.0.0.1", listener_port(f.listener), 1000);
    loop_until(&f.loop, &f.done);
    assert_null(f.dialled);
    CHECK_STATUS(f.why.status, STATUS_TIMED_OUT);
    assert_non_null(strstr(f.why.found, "no TLS session within 1000 ms"));
    end(&f);
}

static void a_dial_can_be_given_up_while_it_shakes_hands(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, "ca.pem");
    f.plain = true;
    dial(&f, "127.0.0.1", listener_port(f.listener), 0);
    while (f.securing == NULL)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    for (int i = 0; i < 5; i++)
        (void)uv_run(&f.loop, UV_RUN_NOWAIT);
    dial_cancel(f.dial);
    f.dial = NULL;
    end(&f);
    assert_false(f.done);
}

/* --- openssl ------------------------------------------------------------- */

static void openssl_serves_us(void **state)
{
    char chain[160], key[160], line[256];
    const char *argv[] = {
        TLS_FILES_PROGRAM, "s_server", "-accept", "127.0.0.1:0", "-rev",
        "-cert",           chain,      "-key",    key,           NULL
    };
    struct child child = { 0 };
    struct fixture f;
    uint64_t port = 0;

    (void)state;
    (void)snprintf(chain, sizeof(chain), "%s",
                   tls_files_path(&files, "good.pem"));
    (void)snprintf(key, sizeof(key), "%s", tls_files_path(&files, "key.pem"));
    begin(&f, "ca.pem");
    child_start(&child, argv);
    while (port == 0) {
        child_hear(&child, line, sizeof(line));
        if (strncmp(line, "ACCEPT ", 7) == 0)
            assert_true(text_from_decimal(slice_text(strrchr(line, ':') + 1),
                                          65535, &port));
    }
    dial(&f, "127.0.0.1", (uint16_t)port, 0);
    loop_until(&f.loop, &f.done);
    assert_non_null(f.dialled);
    end_attach(&f.client, f.dialled, QUEUE_MAX_BYTES);
    f.dialled = NULL;
    end_write(&f.client, "desrever\n");
    end_expect(&f.client, &f.loop, "reversed\n");
    end(&f);
    child_end(&child);
}

static void we_serve_openssl(void **state)
{
    char ca[160], connect[64], line[256];
    const char *argv[] = { TLS_FILES_PROGRAM,
                           "s_client",
                           "-connect",
                           connect,
                           "-CAfile",
                           ca,
                           "-verify_return_error",
                           "-servername",
                           "localhost",
                           "-quiet",
                           NULL };
    struct child child = { 0 };
    struct fixture f;

    (void)state;
    begin(&f, "ca.pem");
    (void)snprintf(ca, sizeof(ca), "%s", tls_files_path(&files, "ca.pem"));
    (void)snprintf(connect, sizeof(connect), "127.0.0.1:%u",
                   (unsigned)listener_port(f.listener));
    child_start(&child, argv);
    child_tell(&child, "from openssl");
    while (f.accepted == NULL)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    end_attach(&f.server, f.accepted, QUEUE_MAX_BYTES);
    f.accepted = NULL;
    end_expect(&f.server, &f.loop, "from openssl\n");
    end_write(&f.server, "to openssl\n");
    while (conn_pending(f.server.conn) > 0)
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    child_hear(&child, line, sizeof(line));
    assert_string_equal(line, "to openssl");
    child_end(&child);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways),
        cmocka_unit_test(half_a_close_is_not_a_close),
        cmocka_unit_test(an_end_without_close_notify_is_a_cut),
        cmocka_unit_test(a_slow_reader_stops_the_writer),
        cmocka_unit_test(pausing_loses_nothing),
        cmocka_unit_test(borrowed_runs_are_free_at_once),
        cmocka_unit_test(last_words_are_sent),
        cmocka_unit_test(another_host_is_refused),
        cmocka_unit_test(a_unix_socket_has_no_name_to_prove),
        cmocka_unit_test(an_unknown_ca_is_refused),
        cmocka_unit_test(a_silent_server_meets_the_deadline),
        cmocka_unit_test(a_dial_can_be_given_up_while_it_shakes_hands),
        cmocka_unit_test(openssl_serves_us),
        cmocka_unit_test(we_serve_openssl),
    };
    int failed;

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    if (!tls_files_make(&files))
        return 77;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    tls_files_remove(&files);
    return failed;
}
