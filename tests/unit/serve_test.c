/* proxy/server: sessions, streams and backends, with real sockets. */
#include "tests/support/server_rig.h"

#include <inttypes.h>

#include "common/limits.h"
#include "common/secret.h"
#include "tests/support/check.h"
#include "tests/support/free_port.h"

#define BULK_BYTES ((uint64_t)24 * 1024 * 1024)

struct test {
    struct server_rig rig;
    struct rig_client client;
    struct rig_stream stream;
    struct end *backend;
};

/* A server and a client with a session. */
static void begin(struct test *t)
{
    struct server_rig_limits limits = server_rig_limits();

    server_rig_begin(&t->rig, &limits);
    rig_client_open(&t->client, &t->rig, false);
    assert_true(t->client.ready);
    assert_true(t->client.challenged);
}

/* And with a stream that stands. */
static void begin_stream(struct test *t)
{
    begin(t);
    rig_stream_open(&t->stream, &t->client, "demo.test:80");
    t->backend = server_rig_backend(&t->rig, 1);
    loop_until(&t->rig.loop, &t->stream.opened);
}

static void finish(struct test *t)
{
    rig_stream_release(&t->stream);
    if (!t->client.closed)
        rig_client_close(&t->client);
    server_rig_end(&t->rig);
}

static struct test *new_test(void)
{
    struct test *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    return t;
}

struct expected_text {
    const struct buffer *got;
    size_t len;
};

static bool is_shorter(void *ctx)
{
    const struct expected_text *x = ctx;

    return x->got->len < x->len;
}

static void expect_text(struct test *t, const char *text)
{
    struct expected_text x = { &t->stream.got, strlen(text) };

    loop_while(&t->rig.loop, is_shorter, &x);
    assert_true(slice_equal(buffer_view(&t->stream.got), slice_text(text)));
}

static void bytes_go_both_ways(void **state)
{
    struct test *t = new_test();

    (void)state;
    begin_stream(t);
    rig_stream_text(&t->stream, "question");
    end_expect(t->backend, &t->rig.loop, "question");
    end_write(t->backend, "answer");
    expect_text(t, "answer");
    finish(t);
    free(t);
}

static void
bytes_and_end_sent_before_the_target_was_reached_arrive(void **state)
{
    struct test *t = new_test();

    (void)state;
    begin(t);
    rig_stream_open(&t->stream, &t->client, "demo.test:80");
    rig_stream_text(&t->stream, "early");
    stream_fin(t->stream.stream);
    assert_false(t->stream.opened);
    t->backend = server_rig_backend(&t->rig, 1);
    end_expect(t->backend, &t->rig.loop, "early");
    loop_until(&t->rig.loop, &t->backend->eof);
    assert_true(t->stream.opened);
    finish(t);
    free(t);
}

static void the_client_may_end_first(void **state)
{
    struct test *t = new_test();

    (void)state;
    begin_stream(t);
    rig_stream_text(&t->stream, "all");
    stream_fin(t->stream.stream);
    end_expect(t->backend, &t->rig.loop, "all");
    loop_until(&t->rig.loop, &t->backend->eof);
    assert_false(t->stream.fin);
    end_write(t->backend, "still here");
    expect_text(t, "still here");
    conn_finish(t->backend->conn);
    loop_until(&t->rig.loop, &t->stream.fin);
    assert_false(t->stream.reset || t->backend->failed);
    finish(t);
    free(t);
}

static void the_backend_may_end_first(void **state)
{
    struct test *t = new_test();

    (void)state;
    begin_stream(t);
    end_write(t->backend, "all");
    conn_finish(t->backend->conn);
    loop_until(&t->rig.loop, &t->stream.fin);
    expect_text(t, "all");
    assert_false(t->backend->eof);
    rig_stream_text(&t->stream, "still here");
    end_expect(t->backend, &t->rig.loop, "still here");
    stream_fin(t->stream.stream);
    loop_until(&t->rig.loop, &t->backend->eof);
    assert_false(t->stream.reset || t->backend->failed);
    finish(t);
    free(t);
}

static void a_reset_by_the_backend_is_no_end(void **state)
{
    struct test *t = new_test();

    (void)state;
    begin_stream(t);
    end_write(t->backend, "half");
    expect_text(t, "half");
    conn_reset(t->backend->conn);
    t->backend->conn = NULL;
    loop_until(&t->rig.loop, &t->stream.reset);
    CHECK_STATUS(t->stream.reason, STATUS_CUT);
    assert_false(t->stream.fin);
    finish(t);
    free(t);
}

static void a_reset_by_the_client_is_no_end(void **state)
{
    struct test *t = new_test();

    (void)state;
    begin_stream(t);
    rig_stream_text(&t->stream, "half");
    end_expect(t->backend, &t->rig.loop, "half");
    stream_reset(t->stream.stream, STATUS_RESET);
    loop_until(&t->rig.loop, &t->backend->failed);
    assert_false(t->backend->eof);
    finish(t);
    free(t);
}

static void a_client_that_vanishes_resets_the_backend(void **state)
{
    struct test *t = new_test();

    (void)state;
    begin_stream(t);
    rig_stream_text(&t->stream, "half");
    end_expect(t->backend, &t->rig.loop, "half");
    rig_client_close(&t->client);
    t->stream.stream = NULL;
    loop_until(&t->rig.loop, &t->backend->failed);
    assert_false(t->backend->eof);
    finish(t);
    free(t);
}

static const struct {
    const char *name;
    const char *target;
    enum status reason;
} refusals[] = {
    /* clang-format off */
    { "a name no rule has", "other.test:80", STATUS_NOT_ALLOWED },
    { "a port no rule has", "demo.test:81", STATUS_NOT_ALLOWED },
    { "the backend's own address", "127.0.0.1:80", STATUS_NOT_ALLOWED },
    { "a backend that is not there", "refused.test:80", STATUS_REFUSED },
    { "a socket that is not there", "socket.test:80", STATUS_UNREACHABLE },
    { "a backend whose name does not resolve", "noname.test:80",
      STATUS_NO_NAME },
    /* clang-format on */
};

static void refusals_have_their_reasons(void **state)
{
    struct test *t = new_test();
    char rule[64];

    (void)state;
    begin(t);
    (void)snprintf(rule, sizeof(rule), "refused.test:80=127.0.0.1:%d",
                   free_port());
    server_rig_rule(&t->rig, rule);
    server_rig_rule(&t->rig, "socket.test:80=/nowhere/x.sock");
    server_rig_rule(&t->rig, "noname.test:80=a..b:80");
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        print_message("  %s\n", refusals[i].name);
        rig_stream_open(&t->stream, &t->client, refusals[i].target);
        rig_stream_text(&t->stream, "secret");
        loop_until(&t->rig.loop, &t->stream.reset);
        CHECK_STATUS(t->stream.reason, refusals[i].reason);
        assert_false(t->stream.opened);
        rig_stream_release(&t->stream);
    }
    assert_int_equal(t->rig.backend_count, 0);
    assert_false(t->client.closed);
    finish(t);
    free(t);
}

/* --- bulk ---------------------------------------------------------------- */

static bool stream_is_short(void *ctx)
{
    const struct test *t = ctx;

    return t->stream.got.len < BULK_BYTES;
}

static void write_more(struct end *e, const char *name)
{
    static const uint8_t block[64 * 1024];
    uint64_t *left = e->user;

    if (strcmp(name, "on_written") != 0)
        return;
    while (*left > 0 && conn_room(e->conn) >= sizeof(block)) {
        CHECK_STATUS(conn_write(e->conn, SLICE_OF(block)), STATUS_OK);
        *left -= sizeof(block);
    }
}

static void a_client_that_does_not_read_stops_the_backend(void **state)
{
    struct test *t = new_test();
    uint64_t left = BULK_BYTES;

    (void)state;
    begin_stream(t);
    t->stream.stalled = true;
    t->backend->user = &left;
    t->backend->hook = write_more;
    write_more(t->backend, "on_written");
    for (int i = 0; i < 2000; i++)
        (void)uv_run(&t->rig.loop, UV_RUN_NOWAIT);
    assert_true(t->stream.unread <= STREAM_WINDOW_MAX_BYTES);
    assert_true(left > 0);
    t->stream.stalled = false;
    rig_stream_consume(&t->stream);
    loop_while(&t->rig.loop, stream_is_short, t);
    assert_int_equal(left, 0);
    finish(t);
    free(t);
}

static bool backend_is_short(void *ctx)
{
    const struct test *t = ctx;

    return t->backend->got.len < BULK_BYTES;
}

static void a_backend_that_does_not_read_stops_the_client(void **state)
{
    struct test *t = new_test();

    (void)state;
    begin_stream(t);
    t->backend->room = 0;
    t->stream.to_write = BULK_BYTES;
    t->stream.then_fin = true;
    rig_stream_pump(&t->stream);
    for (int i = 0; i < 2000; i++)
        (void)uv_run(&t->rig.loop, UV_RUN_NOWAIT);
    assert_true(t->stream.to_write > 0);
    t->backend->room = sizeof(t->backend->place);
    conn_resume(t->backend->conn);
    loop_while(&t->rig.loop, backend_is_short, t);
    loop_until(&t->rig.loop, &t->backend->eof);
    for (uint64_t i = 0; i < BULK_BYTES; i++)
        if (t->backend->got.at[i] != (uint8_t)((BULK_BYTES - i) % 251))
            fail_msg("byte %" PRIu64 " is wrong", i);
    finish(t);
    free(t);
}

/* --- sessions ------------------------------------------------------------ */

static void an_epoch_serves_many(void **state)
{
    struct test *t = new_test();
    struct rig_client other;

    (void)state;
    begin(t);
    rig_client_open(&other, &t->rig, true);
    assert_true(other.ready);
    assert_false(other.challenged);
    rig_stream_open(&t->stream, &other, "demo.test:80");
    loop_until(&t->rig.loop, &t->stream.opened);
    rig_stream_release(&t->stream);
    rig_client_close(&other);
    finish(t);
    free(t);
}

static void sessions_are_counted(void **state)
{
    struct test *t = new_test();
    struct server_rig_limits limits = server_rig_limits();
    struct rig_client second, third;

    (void)state;
    limits.peers.all = 2;
    server_rig_begin(&t->rig, &limits);
    rig_client_open(&t->client, &t->rig, false);
    rig_client_open(&second, &t->rig, false);
    assert_true(t->client.ready && second.ready);
    rig_client_open(&third, &t->rig, false);
    assert_false(third.ready);
    rig_client_close(&second);
    while (server_rig_peers(&t->rig).all > 1)
        (void)uv_run(&t->rig.loop, UV_RUN_ONCE);
    rig_client_open(&third, &t->rig, false);
    assert_true(third.ready);
    assert_int_equal(server_rig_peers(&t->rig).pending, 0);
    rig_client_close(&third);
    finish(t);
    free(t);
}

static void draining_lets_streams_end(void **state)
{
    struct test *t = new_test();
    struct stream *refused;

    (void)state;
    begin_stream(t);
    serve_drain(t->rig.serve);
    loop_until(&t->rig.loop, &t->client.goaway);
    CHECK_STATUS(stream_open(carrier_session(t->client.carrier),
                             slice_text("demo.test:80"), NULL, &refused),
                 STATUS_GOING_AWAY);
    end_write(t->backend, "to the end");
    expect_text(t, "to the end");
    assert_false(t->rig.empty);
    conn_finish(t->backend->conn);
    stream_fin(t->stream.stream);
    loop_until(&t->rig.loop, &t->stream.fin);
    rig_stream_release(&t->stream);
    loop_until(&t->rig.loop, &t->client.closed);
    CHECK_STATUS(t->client.why.status, STATUS_OK);
    loop_until(&t->rig.loop, &t->rig.empty);
    finish(t);
    free(t);
}

static void aborting_resets_streams(void **state)
{
    struct test *t = new_test();

    (void)state;
    begin_stream(t);
    serve_drain(t->rig.serve);
    assert_false(t->rig.empty);
    serve_abort(t->rig.serve);
    assert_true(t->rig.empty);
    loop_until(&t->rig.loop, &t->client.closed);
    assert_true(t->stream.reset);
    t->stream.stream = NULL;
    loop_until(&t->rig.loop, &t->backend->failed);
    finish(t);
    free(t);
}

static void a_backend_that_only_flushes_is_ended_by_an_abort(void **state)
{
    struct test *t = new_test();

    (void)state;
    begin_stream(t);
    t->backend->room = 0; /* it does not read what it gets */
    t->stream.to_write = BULK_BYTES;
    rig_stream_pump(&t->stream);
    for (int i = 0; i < 500; i++)
        (void)uv_run(&t->rig.loop, UV_RUN_NOWAIT);
    t->stream.to_write = 0;
    conn_finish(t->backend->conn);
    stream_fin(t->stream.stream);
    loop_until(&t->rig.loop, &t->stream.fin);
    rig_stream_release(&t->stream);
    rig_client_close(&t->client);
    while (!list_empty(&t->rig.serve->members))
        (void)uv_run(&t->rig.loop, UV_RUN_ONCE);
    assert_false(list_empty(&t->rig.serve->backends.all));
    serve_drain(t->rig.serve);
    assert_false(t->rig.empty);
    serve_abort(t->rig.serve);
    assert_true(t->rig.empty);
    finish(t);
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways),
        cmocka_unit_test(
            bytes_and_end_sent_before_the_target_was_reached_arrive),
        cmocka_unit_test(the_client_may_end_first),
        cmocka_unit_test(the_backend_may_end_first),
        cmocka_unit_test(a_reset_by_the_backend_is_no_end),
        cmocka_unit_test(a_reset_by_the_client_is_no_end),
        cmocka_unit_test(a_client_that_vanishes_resets_the_backend),
        cmocka_unit_test(refusals_have_their_reasons),
        cmocka_unit_test(a_client_that_does_not_read_stops_the_backend),
        cmocka_unit_test(a_backend_that_does_not_read_stops_the_client),
        cmocka_unit_test(an_epoch_serves_many),
        cmocka_unit_test(sessions_are_counted),
        cmocka_unit_test(draining_lets_streams_end),
        cmocka_unit_test(aborting_resets_streams),
        cmocka_unit_test(a_backend_that_only_flushes_is_ended_by_an_abort),
    };

    return secret_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
