/* Time and end of a session. Its handshake, streams and attackers have tests
 * of their own: session_*_test.c. */
#include "tests/support/check.h"

#include "proxy/tunnel/mux.h"
#include "tests/support/pair.h"
#include "tests/support/stream_put.h"

/* Time. */

static void a_handshake_has_deadlines(void **state)
{
    struct pair *p = pair_new(&(struct pair_options){ .manual = true });
    int64_t due = p->now_ms + HANDSHAKE_DEADLINE_MS;

    (void)state;
    assert_true(session_deadline(p->client.session) == due);
    assert_true(session_deadline(p->server.session) == due);
    session_tick(p->server.session, due - 1);
    assert_false(p->server.closed);
    session_tick(p->server.session, due);
    CHECK_STATUS(p->server.why.status, STATUS_TIMED_OUT);
    assert_true(session_deadline(p->server.session) == INT64_MAX);
    pair_free(p);
}

static void a_client_waits_for_the_reply_as_long_again(void **state)
{
    struct pair *p = pair_new(&(struct pair_options){ .manual = true });

    (void)state;
    pair_run(p);
    p->now_ms += 100000;
    session_tick(p->client.session, p->now_ms); /* judging takes its time */
    assert_false(p->client.closed);
    session_accept(p->client.session, p->now_ms);
    session_tick(p->client.session, p->now_ms + HANDSHAKE_DEADLINE_MS - 1);
    assert_false(p->client.closed);
    session_tick(p->client.session, p->now_ms + HANDSHAKE_DEADLINE_MS);
    CHECK_STATUS(p->client.why.status, STATUS_TIMED_OUT);
    pair_free(p);
}

static void silence_is_broken_by_a_ping(void **state)
{
    struct pair *p = pair_ready(NULL);
    int64_t due = session_deadline(p->client.session);
    uint64_t before = p->messages[true];

    (void)state;
    assert_true(due == p->now_ms + PING_INTERVAL_MS);
    p->now_ms = due - 1;
    session_tick(p->client.session, p->now_ms);
    pair_run(p);
    assert_int_equal(p->messages[true], before);
    p->now_ms = due;
    session_tick(p->client.session, p->now_ms);
    pair_run(p);
    assert_int_equal(p->messages[true], before + 1);
    assert_true(session_deadline(p->client.session) == due + PING_INTERVAL_MS);
    assert_true(session_deadline(p->server.session) == due + PING_INTERVAL_MS);
    pair_free(p);
}

static enum pair_fate drop_all(struct pair *p, bool to_server, uint8_t *message,
                               size_t len)
{
    (void)p;
    (void)to_server;
    (void)message;
    (void)len;
    return PAIR_DROP;
}

static void a_peer_that_does_not_answer_is_gone(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *e = pair_open(p, "a.b:80");

    (void)state;
    pair_run(p);
    p->wire = drop_all;
    p->now_ms = session_deadline(p->client.session);
    session_tick(p->client.session, p->now_ms);
    pair_run(p);
    assert_true(session_deadline(p->client.session) ==
                p->now_ms + PING_DEADLINE_MS);
    session_tick(p->client.session, p->now_ms + PING_DEADLINE_MS - 1);
    assert_false(p->client.closed);
    session_tick(p->client.session, p->now_ms + PING_DEADLINE_MS);
    CHECK_STATUS(p->client.why.status, STATUS_TIMED_OUT);
    assert_true(e->reset);
    CHECK_STATUS(e->reason, STATUS_TIMED_OUT);
    pair_free(p);
}

static void an_idle_session_keeps_no_buffers(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *e = pair_open(p, "a.b:80");
    size_t room;

    (void)state;
    pair_write(e, 3000000);
    pair_run(p);
    assert_true(session_mux(p->client.session)->out.spares > 0);
    e = pair_open(p, "c.d:80");
    assert_non_null(stream_reserve(e->stream, &room)); /* but nothing came */
    pair_run(p);
    p->now_ms = session_deadline(p->client.session);
    session_tick(p->client.session, p->now_ms);
    assert_int_equal(session_mux(p->client.session)->out.spares, 0);
    assert_null(session_mux(p->client.session)->out.open);
    pair_free(p);
}

/* The end. */

static void a_drained_session_closes_when_its_streams_end(void **state)
{
    (void)state;
    for (int by_client = 0; by_client <= 1; by_client++) {
        struct pair *p = pair_ready(NULL);
        struct pair_side *by = by_client ? &p->client : &p->server;
        struct pair_side *other = by_client ? &p->server : &p->client;
        struct pair_end *e = pair_open(p, "a.b:80");
        struct stream *s;

        pair_run(p);
        session_drain(by->session, p->now_ms);
        session_drain(by->session, p->now_ms);
        pair_run(p);
        assert_true(other->goaway && !by->goaway);
        CHECK_STATUS(stream_open(p->client.session, slice_text("c.d:80"), NULL,
                                 &s),
                     STATUS_GOING_AWAY);
        pair_write(e, 500000);
        pair_run(p);
        assert_false(by->closed || other->closed);
        assert_int_equal(pair_other(p, e)->bytes, 500000);
        pair_write(pair_other(p, e), 700000);
        pair_run(p);
        assert_true(e->fin && e->bytes == 700000);
        assert_true(by->closed && other->closed);
        CHECK_STATUS(by->why.status, STATUS_OK);
        CHECK_STATUS(other->why.status, STATUS_OK);
        pair_free(p);
    }
}

static void an_idle_session_drains_at_once(void **state)
{
    struct pair *p = pair_ready(NULL);

    (void)state;
    session_drain(p->server.session, p->now_ms);
    assert_false(p->server.closed);
    pair_run(p);
    assert_true(p->client.closed && p->server.closed);
    CHECK_STATUS(p->client.why.status, STATUS_OK);
    CHECK_STATUS(p->server.why.status, STATUS_OK);
    pair_free(p);
}

static void draining_a_handshake_ends_it(void **state)
{
    struct pair *p = pair_new(NULL);

    (void)state;
    session_drain(p->client.session, p->now_ms);
    assert_true(p->client.closed);
    session_drain(p->server.session, p->now_ms);
    assert_true(p->server.closed);
    pair_free(p);
}

static void a_stream_never_opened_does_not_hold_a_drain(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *e = pair_open(p, "a.b:80");

    (void)state;
    session_drain(p->client.session, p->now_ms);
    pair_release(e);
    pair_run(p);
    assert_true(p->client.closed && p->server.closed);
    assert_int_equal(p->server.ends, 0);
    pair_free(p);
}

static void a_stream_opened_behind_a_goaway_is_not_looked_at(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *before = pair_open(p, "a.b:80");
    struct pair_end *behind;

    (void)state;
    pair_run(p);
    session_drain(p->server.session, p->now_ms);
    behind = pair_open(p, "c.d:80");
    (void)stream_put(behind->stream, slice_text("post"));
    (void)pair_flush(p, &p->server); /* they cross */
    (void)pair_flush(p, &p->client);
    pair_run(p);
    assert_true(behind->reset);
    CHECK_STATUS(behind->reason, STATUS_GOING_AWAY);
    assert_int_equal(p->server.ends, 1);
    assert_false(p->client.closed || p->server.closed || before->reset);
    pair_write(before, 10);
    pair_run(p);
    pair_write(pair_other(p, before), 20);
    pair_run(p);
    assert_int_equal(before->bytes, 20);
    CHECK_STATUS(p->client.why.status, STATUS_OK);
    CHECK_STATUS(p->server.why.status, STATUS_OK);
    assert_true(p->client.closed && p->server.closed);
    pair_free(p);
}

static void closing_resets_every_stream_on_both_sides(void **state)
{
    static const struct {
        enum status reason;
        enum status here;
        enum status there;
    } cases[] = {
        { STATUS_POLICY, STATUS_POLICY, STATUS_RESET },
        { STATUS_SHUTTING_DOWN, STATUS_SHUTTING_DOWN, STATUS_GOING_AWAY },
        { STATUS_OK, STATUS_GOING_AWAY, STATUS_GOING_AWAY },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct why why = { .status = cases[i].reason };
        const struct why later = { .status = STATUS_INTERNAL };
        struct pair *p = pair_ready(NULL);
        struct pair_end *a = pair_open(p, "a.b:80");
        struct pair_end *b = pair_open(p, "c.d:80");

        pair_run(p);
        session_close(p->client.session, &why, p->now_ms);
        session_close(p->client.session, &later, p->now_ms);
        assert_true(a->reset && b->reset);
        CHECK_STATUS(a->reason, cases[i].here);
        CHECK_STATUS(p->client.why.status, cases[i].reason);
        pair_run(p);
        CHECK_STATUS(p->server.end[0].reason, cases[i].there);
        CHECK_STATUS(p->server.end[1].reason, cases[i].there);
        CHECK_STATUS(p->server.why.status, cases[i].there);
        assert_true(strstr(p->server.why.found, "ended the session") != NULL);
        pair_free(p);
    }
}

static void the_last_word_fits_behind_a_full_outbox(void **state)
{
    static const struct why why = { .status = STATUS_EXPIRED };
    struct pair *p = pair_ready(NULL);
    struct pair_end *e;

    (void)state;
    for (int i = 0; i < 8; i++) {
        char target[16];

        (void)snprintf(target, sizeof(target), "a.b:%d", 80 + i);
        e = pair_open(p, target);
        pair_run(p);
        e->to_write = 1000000;
    }
    for (int i = 0; i < 8; i++)
        pair_write(&p->client.end[i], 0);
    assert_int_equal(stream_room(p->client.end[0].stream), 0);
    session_close(p->client.session, &why, p->now_ms);
    pair_run(p);
    assert_true(p->server.closed);
    CHECK_STATUS(p->server.why.status, STATUS_RESET);
    pair_free(p);
}

static void a_lost_carrier_is_an_error_to_open_streams(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *e = pair_open(p, "a.b:80");

    (void)state;
    pair_run(p);
    session_carrier_lost(p->client.session, STATUS_OK, p->now_ms);
    session_carrier_lost(p->server.session, STATUS_NETWORK, p->now_ms);
    session_carrier_lost(p->server.session, STATUS_NETWORK, p->now_ms);
    assert_true(e->reset && !e->fin);
    CHECK_STATUS(e->reason, STATUS_CUT);
    CHECK_STATUS(p->server.end[0].reason, STATUS_CUT);
    CHECK_STATUS(p->client.why.status, STATUS_CUT);
    CHECK_STATUS(p->server.why.status, STATUS_CUT);
    pair_free(p);
}

static void a_goaway_does_not_excuse_a_cut(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *e = pair_open(p, "a.b:80");

    (void)state;
    pair_run(p);
    session_drain(p->server.session, p->now_ms);
    pair_run(p);
    session_carrier_lost(p->client.session, STATUS_OK, p->now_ms);
    assert_true(e->reset);
    CHECK_STATUS(e->reason, STATUS_CUT);
    CHECK_STATUS(p->client.why.status, STATUS_CUT);
    pair_free(p);
}

static void a_carrier_lost_in_a_handshake_tells_its_reason(void **state)
{
    struct pair *p = pair_new(NULL);

    (void)state;
    session_carrier_lost(p->client.session, STATUS_TLS, p->now_ms);
    session_carrier_lost(p->server.session, STATUS_OK, p->now_ms);
    CHECK_STATUS(p->client.why.status, STATUS_TLS);
    CHECK_STATUS(p->server.why.status, STATUS_CUT);
    pair_free(p);
}

static void used_up_numbers_end_the_session(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *e = pair_open(p, "a.b:80");

    (void)state;
    pair_run(p);
    session_mux(p->client.session)->out.record.next = UINT64_MAX;
    pair_write(e, 10);
    pair_run(p);
    CHECK_STATUS(p->client.why.status, STATUS_LIMIT);
    assert_true(e->reset);
    pair_free(p);
}

static void nothing_can_be_done_with_a_session_that_is_over(void **state)
{
    static const struct why why = { .status = STATUS_POLICY };
    struct pair *p = pair_ready(NULL);
    struct pair_end *e = pair_open(p, "a.b:80");
    struct session *s = p->client.session;
    struct stream *stream = e->stream, *none;
    size_t room;

    (void)state;
    pair_run(p);
    p->client.release_on_reset = false;
    session_close(s, &why, p->now_ms);
    CHECK_STATUS(stream_open(s, slice_text("c.d:80"), NULL, &none),
                 STATUS_GOING_AWAY);
    assert_int_equal(session_streams(s), 0);
    assert_int_equal(stream_room(stream), 0);
    assert_null(stream_reserve(stream, &room));
    assert_int_equal(stream_put(stream, slice_text("x")), 0);
    stream_fin(stream);
    stream_reset(stream, STATUS_CUT);
    stream_consumed(stream, 0);
    session_tick(s, INT64_MAX - 1);
    session_drain(s, p->now_ms);
    CHECK_STATUS(stream_open(s, slice_text("a.b:80"), NULL, &stream),
                 STATUS_GOING_AWAY);
    pair_release(e);
    pair_run(p);
    assert_false(mux_wants_output(session_mux(s)));
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_has_deadlines),
        cmocka_unit_test(a_client_waits_for_the_reply_as_long_again),
        cmocka_unit_test(silence_is_broken_by_a_ping),
        cmocka_unit_test(a_peer_that_does_not_answer_is_gone),
        cmocka_unit_test(an_idle_session_keeps_no_buffers),
        cmocka_unit_test(a_drained_session_closes_when_its_streams_end),
        cmocka_unit_test(an_idle_session_drains_at_once),
        cmocka_unit_test(draining_a_handshake_ends_it),
        cmocka_unit_test(a_stream_never_opened_does_not_hold_a_drain),
        cmocka_unit_test(a_stream_opened_behind_a_goaway_is_not_looked_at),
        cmocka_unit_test(closing_resets_every_stream_on_both_sides),
        cmocka_unit_test(the_last_word_fits_behind_a_full_outbox),
        cmocka_unit_test(a_lost_carrier_is_an_error_to_open_streams),
        cmocka_unit_test(a_goaway_does_not_excuse_a_cut),
        cmocka_unit_test(a_carrier_lost_in_a_handshake_tells_its_reason),
        cmocka_unit_test(used_up_numbers_end_the_session),
        cmocka_unit_test(nothing_can_be_done_with_a_session_that_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
