/* Sessions on connections: both programs' ends on one loop, and every way a
 * session can end. */
#include "proxy/io/carrier.h"

#include <signal.h>

#include "common/limits.h"
#include "common/secret.h"
#include "proxy/io/ws_frame.h"
#include "tests/support/carriers.h"
#include "tests/support/check.h"

#define BULK_BYTES (100 * 1000 * 1000)

static bool is_open(void *ctx)
{
    const struct carriers *x = ctx;

    return !x->client.closed || !x->server.closed;
}

static void until_both_closed(struct carriers *x)
{
    loop_while(&x->loop, is_open, x);
}

static bool is_moving(void *ctx)
{
    const struct carriers *x = ctx;

    assert_false(x->client.closed || x->server.closed);
    return !x->client.fin || !x->server.fin;
}

static void a_session_comes_up(void **state)
{
    struct carriers x;

    (void)state;
    for (int epoch = 0; epoch < 2; epoch++) {
        carriers_begin(&x);
        carriers_dial(&x, epoch != 0);
        carriers_ready(&x);
        assert_true(x.client.evidence);
        assert_memory_equal(x.request, "GET /__ra__ HTTP/1.1\r\n", 22);
        carriers_end(&x);
    }
}

static void bytes_go_both_ways(void **state)
{
    struct carriers x;

    (void)state;
    carriers_begin(&x);
    carriers_dial(&x, false);
    carriers_ready(&x);
    carriers_open(&x, 1000, 2000);
    loop_while(&x.loop, is_moving, &x);
    assert_true(x.client.opened);
    assert_int_equal(x.server.got, 1000);
    assert_int_equal(x.client.got, 2000);
    carriers_end(&x);
}

static void much_goes_both_ways_at_once(void **state)
{
    struct carriers x;

    (void)state;
    carriers_begin(&x);
    carriers_dial(&x, false);
    carriers_ready(&x);
    carriers_open(&x, BULK_BYTES, BULK_BYTES);
    loop_while(&x.loop, is_moving, &x);
    assert_int_equal(x.server.got, BULK_BYTES);
    assert_int_equal(x.client.got, BULK_BYTES);
    /* what was added on the way is little */
    assert_true(x.passed[0] < BULK_BYTES + BULK_BYTES / 100);
    carriers_end(&x);
}

static bool has_not_begun(void *ctx)
{
    return ((struct carriers *)ctx)->server.got == 0;
}

static void a_drained_session_ends_well_on_both_sides(void **state)
{
    struct carriers x;

    (void)state;
    carriers_begin(&x);
    carriers_dial(&x, false);
    carriers_ready(&x);
    carriers_open(&x, 5000, 5000);
    loop_while(&x.loop, has_not_begun, &x);
    session_drain(carrier_session(x.server.carrier),
                  carrier_now_ms(x.server.carrier));
    until_both_closed(&x);
    assert_true(x.client.fin && x.server.fin);
    assert_false(x.client.reset || x.server.reset);
    assert_true(x.client.goaway);
    CHECK_STATUS(x.client.why.status, STATUS_OK);
    CHECK_STATUS(x.server.why.status, STATUS_OK);
    assert_int_equal(x.client.got, 5000);
    carriers_end(&x);
}

static void a_close_reaches_the_other_side(void **state)
{
    struct carriers x;
    struct why why;

    (void)state;
    carriers_begin(&x);
    carriers_dial(&x, false);
    carriers_ready(&x);
    carriers_open(&x, BULK_BYTES, BULK_BYTES);
    (void)why_fail(&why, STATUS_EXPIRED, "collateral", NULL, "too old");
    carrier_close(x.client.carrier, &why);
    assert_true(x.client.closed && x.client.reset); /* before return */
    CHECK_STATUS(x.client.why.status, STATUS_EXPIRED);
    until_both_closed(&x);
    assert_int_not_equal(x.server.why.status, STATUS_CUT);
    carriers_end(&x);
}

/* P6: a cut is an error to both sides, and to each stream, however it looks on
 * the wire. */
static void a_cut_is_an_error_to_both_sides(void **state)
{
    struct carriers x;

    (void)state;
    for (int reset = 0; reset < 2; reset++) {
        carriers_begin(&x);
        carriers_dial(&x, false);
        carriers_ready(&x);
        carriers_open(&x, BULK_BYTES, BULK_BYTES);
        for (int i = 0; i < 30; i++)
            (void)uv_run(&x.loop, UV_RUN_NOWAIT);
        assert_true(x.client.got > 0 && x.client.got < BULK_BYTES);
        carriers_cut(&x, reset != 0);
        until_both_closed(&x);
        CHECK_STATUS(x.client.why.status, STATUS_CUT);
        CHECK_STATUS(x.server.why.status, STATUS_CUT);
        assert_true(x.client.reset && x.server.reset);
        CHECK_STATUS(x.client.reason, STATUS_CUT);
        CHECK_STATUS(x.server.reason, STATUS_CUT);
        assert_false(x.client.fin || x.server.fin);
        carriers_end(&x);
    }
}

/* Flip one bit of what passes after both were ready. */
static void bend(int way, struct carriers *x)
{
    carriers_begin(x);
    carriers_dial(x, false);
    carriers_ready(x);
    x->flip_at[way] = (int64_t)x->passed[way] + 500;
    carriers_open(x, 100000, 100000);
    until_both_closed(x);
}

static void an_altered_record_ends_both_sides(void **state)
{
    struct carriers x;

    (void)state;
    bend(0, &x);
    CHECK_STATUS(x.server.why.status, STATUS_BAD_RECORD);
    assert_int_not_equal(x.client.why.status, STATUS_OK);
    assert_int_equal(x.server.got, 0);
    carriers_end(&x);
    bend(1, &x);
    CHECK_STATUS(x.client.why.status, STATUS_BAD_RECORD);
    assert_int_not_equal(x.server.why.status, STATUS_OK);
    assert_int_equal(x.client.got, 0);
    carriers_end(&x);
}

/* P1: where the evidence does not please, nothing was sent but the upgrade
 * request and the frames that end it. */
static void refused_evidence_gets_nothing(void **state)
{
    struct carriers x;
    size_t request;

    (void)state;
    carriers_begin(&x);
    x.client.refuse = true;
    carriers_dial(&x, false);
    until_both_closed(&x);
    request = strlen(x.request);
    CHECK_STATUS(x.client.why.status, STATUS_POLICY);
    assert_string_equal(x.client.why.found, "not the one");
    assert_int_not_equal(x.server.why.status, STATUS_OK);
    assert_false(x.server.ready);
    assert_true(x.passed[0] <= request + 2 * (6 + WS_CONTROL_MAX_BYTES));
    carriers_end(&x);
}

static void close_there(struct carrier_side *s)
{
    struct why why;

    s->on_data = NULL;
    (void)why_fail(&why, STATUS_SHUTTING_DOWN, "test", NULL, "enough");
    carrier_close(s->carrier, &why);
    assert_null(s->carrier);
    assert_null(s->stream);
}

static void a_callback_may_close_it(void **state)
{
    struct carriers x;

    (void)state;
    carriers_begin(&x);
    x.server.on_data = close_there;
    carriers_dial(&x, false);
    carriers_ready(&x);
    carriers_open(&x, BULK_BYTES, 0);
    until_both_closed(&x);
    CHECK_STATUS(x.server.why.status, STATUS_SHUTTING_DOWN);
    assert_int_not_equal(x.client.why.status, STATUS_CUT);
    carriers_end(&x);
}

static void closing_while_dialling_is_told_at_once(void **state)
{
    struct carriers x;
    struct why why;

    (void)state;
    carriers_begin(&x);
    carriers_dial(&x, false);
    (void)why_fail(&why, STATUS_TIMED_OUT, "attest", NULL, "too slow");
    carrier_close(x.client.carrier, &why);
    assert_true(x.client.closed);
    CHECK_STATUS(x.client.why.status, STATUS_TIMED_OUT);
    carrier_close(NULL, &why);
    carriers_end(&x);
}

static void a_dial_that_fails_says_why(void **state)
{
    struct carriers x;

    (void)state;
    carriers_begin(&x);
    listener_close(x.wire_listener);
    x.wire_listener = NULL;
    carriers_dial(&x, false);
    loop_until(&x.loop, &x.client.closed);
    CHECK_STATUS(x.client.why.status, STATUS_REFUSED);
    assert_string_equal(x.client.why.field, "dial");
    carriers_end(&x);
}

static void a_refused_upgrade_says_why(void **state)
{
    struct carriers x;

    (void)state;
    carriers_begin(&x);
    x.answer = "HTTP/1.1 503 Quotes are made\r\n\r\n";
    carriers_dial(&x, false);
    loop_until(&x.loop, &x.client.closed);
    CHECK_STATUS(x.client.why.status, STATUS_BUSY);
    assert_string_equal(x.client.why.found, "503 Quotes are made");
    carriers_end(&x);
}

static void a_bad_endpoint_is_refused_at_once(void **state)
{
    struct carriers x;
    struct carrier_endpoint endpoint = { .host = slice_text("a b"),
                                         .port = 80 };
    const struct session_config config = { .events = NULL };
    struct carrier *c = (struct carrier *)&x;

    (void)state;
    carriers_begin(&x);
    CHECK_STATUS(carrier_dial(x.hub, &endpoint, &config, &c),
                 STATUS_BAD_ADDRESS);
    assert_null(c);
    carriers_end(&x);
}

/* A client by hand, after the upgrade: |bytes| instead of a handshake. */
static void speak_by_hand(struct carriers *x, const uint8_t *bytes, size_t len)
{
    carriers_begin(x);
    carriers_dial(x, false);
    while (x->server.carrier == NULL)
        (void)uv_run(&x->loop, UV_RUN_ONCE);
    CHECK_STATUS(conn_write(x->far.conn, slice_of(bytes, len)), STATUS_OK);
    until_both_closed(x);
}

static void a_stranger_is_bounded_before_the_handshake(void **state)
{
    /* 4,097 bytes announced, masked with zeros */
    static const uint8_t large[] = { 0x82, 0xfe, 0x10, 0x01, 0, 0, 0, 0 };
    static const uint8_t text[] = { 0x81, 0x81, 0, 0, 0, 0, 'x' };
    struct carriers x;

    (void)state;
    speak_by_hand(&x, large, sizeof(large));
    CHECK_STATUS(x.server.why.status, STATUS_LIMIT);
    assert_false(x.server.ready);
    carriers_end(&x);
    speak_by_hand(&x, text, sizeof(text));
    CHECK_STATUS(x.server.why.status, STATUS_BAD_FIELD);
    carriers_end(&x);
}

static bool has_room(void *ctx)
{
    struct carriers *x = ctx;

    return x->server.stream == NULL || stream_room(x->server.stream) > 0;
}

static void a_stalled_reader_stops_the_writer(void **state)
{
    struct carriers x;
    uint64_t written;

    (void)state;
    carriers_begin(&x);
    carriers_dial(&x, false);
    carriers_ready(&x);
    x.client.stalled = true;
    carriers_open(&x, 1, BULK_BYTES);
    loop_while(&x.loop, has_room, &x);
    for (int i = 0; i < 100; i++)
        (void)uv_run(&x.loop, UV_RUN_NOWAIT);
    written = x.server.written;
    assert_true(written < 2 * STREAM_WINDOW_MAX_BYTES);
    for (int i = 0; i < 100; i++)
        (void)uv_run(&x.loop, UV_RUN_NOWAIT);
    assert_int_equal(x.server.written, written);
    x.client.stalled = false;
    stream_consumed(x.client.stream, x.client.got);
    loop_while(&x.loop, is_moving, &x);
    assert_int_equal(x.client.got, BULK_BYTES);
    carriers_end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_comes_up),
        cmocka_unit_test(bytes_go_both_ways),
        cmocka_unit_test(much_goes_both_ways_at_once),
        cmocka_unit_test(a_drained_session_ends_well_on_both_sides),
        cmocka_unit_test(a_close_reaches_the_other_side),
        cmocka_unit_test(a_cut_is_an_error_to_both_sides),
        cmocka_unit_test(an_altered_record_ends_both_sides),
        cmocka_unit_test(refused_evidence_gets_nothing),
        cmocka_unit_test(a_callback_may_close_it),
        cmocka_unit_test(closing_while_dialling_is_told_at_once),
        cmocka_unit_test(a_dial_that_fails_says_why),
        cmocka_unit_test(a_refused_upgrade_says_why),
        cmocka_unit_test(a_bad_endpoint_is_refused_at_once),
        cmocka_unit_test(a_stranger_is_bounded_before_the_handshake),
        cmocka_unit_test(a_stalled_reader_stops_the_writer),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    if (!secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
