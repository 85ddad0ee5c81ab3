/* Streams in a session: bytes, ends, how many, and callbacks that call back
 * in. */
#include "tests/support/check.h"

#include "proxy/tunnel/mux.h"
#include "tests/support/pair.h"
#include "tests/support/stream_put.h"

#define MB (1000 * 1000)

static void bytes_pass_both_ways(void **state)
{
    (void)state;
    for (int aes = 0; aes <= 1; aes++) {
        struct pair *p = pair_ready(
            &(struct pair_options){ .client_aes = aes, .server_aes = true });
        struct pair_end *c, *s;

        p->server.answer_bytes = 3 * MB;
        c = pair_open(p, "a.b:80");
        pair_write(c, 5 * MB);
        pair_run(p);
        s = pair_other(p, c);
        assert_true(c->opened && c->fin && s->fin);
        assert_int_equal(c->bytes, 3 * MB);
        assert_int_equal(s->bytes, 5 * MB);
        assert_int_equal(session_streams(p->client.session), 0);
        assert_int_equal(session_streams(p->server.session), 0);
        assert_int_equal(session_bytes_out(p->client.session), 5 * MB);
        assert_int_equal(session_bytes_in(p->server.session), 5 * MB);
        assert_int_equal(session_bytes_in(p->client.session), 3 * MB);
        assert_false(p->client.closed || p->server.closed);
        pair_free(p);
    }
}

static void bytes_pass_one_at_a_time(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *e = pair_open(p, "a.b:80");
    uint64_t before;

    (void)state;
    for (uint64_t i = 0; i < 3000; i++) {
        uint8_t byte = pair_byte(i);

        assert_int_equal(stream_put(e->stream, slice_of(&byte, 1)), 1);
        if (i % 7 == 0)
            pair_run(p);
    }
    stream_fin(e->stream);
    before = p->messages[true];
    pair_run(p);
    assert_int_equal(p->messages[true], before + 1); /* shared by many */
    assert_int_equal(pair_other(p, e)->bytes, 3000);
    assert_true(pair_other(p, e)->fin);
    pair_free(p);
}

/* What is committed may be less than what was reserved, by any number. */
static void every_length_can_be_committed(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *e = pair_open(p, "a.b:80");
    uint64_t sent = 0;

    (void)state;
    for (size_t len = 0; len < 600; len++) {
        size_t room;
        uint8_t *at = stream_reserve(e->stream, &room);

        assert_true(at != NULL && room >= len);
        for (size_t i = 0; i < len; i++)
            at[i] = pair_byte(sent + i);
        stream_commit(e->stream, len);
        sent += len;
        pair_run(p);
    }
    assert_int_equal(pair_other(p, e)->bytes, sent);
    pair_free(p);
}

/* The numbers of streams only go up, whoever has data first. */
static void opens_keep_their_order_when_the_last_writes_first(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *first = pair_open(p, "a.b:80");
    struct pair_end *second = pair_open(p, "a.b:81");

    (void)state;
    pair_write(second, 3);
    pair_write(first, 5);
    pair_run(p);
    assert_int_equal(pair_other(p, first)->bytes, 5);
    assert_int_equal(pair_other(p, second)->bytes, 3);
    assert_false(p->client.closed || p->server.closed);
    pair_free(p);
}

static void small_streams_share_a_record(void **state)
{
    struct pair *p = pair_ready(NULL);
    uint64_t before = p->messages[true];

    (void)state;
    for (int i = 0; i < 20; i++) {
        char target[16];

        (void)snprintf(target, sizeof(target), "a.b:%d", 80 + i);
        pair_write(pair_open(p, target), 100);
    }
    (void)pair_flush(p, &p->client);
    assert_int_equal(p->messages[true], before + 1);
    assert_int_equal(p->server.ends, 20);
    for (int i = 0; i < 20; i++)
        assert_true(p->server.end[i].bytes == 100 && p->server.end[i].fin);
    pair_free(p);
}

static void a_bad_target_is_not_sent(void **state)
{
    static const char *const bad[] = { "", "a.b", "a.b:0", "a b:80", ":80" };
    struct pair *p = pair_ready(NULL);
    struct stream *s;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        CHECK_STATUS(stream_open(p->client.session, slice_text(bad[i]), NULL,
                                 &s),
                     STATUS_BAD_ADDRESS);
        assert_null(s);
    }
    assert_int_equal(session_streams(p->client.session), 0);
    pair_free(p);
}

static void no_stream_opens_before_the_session_is_ready(void **state)
{
    struct pair *p = pair_new(NULL);
    struct stream *s;

    (void)state;
    do {
        CHECK_STATUS(stream_open(p->client.session, slice_text("a.b:80"), NULL,
                                 &s),
                     STATUS_GOING_AWAY);
    } while (pair_flush(p, &p->server) + pair_flush(p, &p->client) > 0 &&
             !p->client.ready);
    (void)pair_open(p, "a.b:80");
    pair_free(p);
}

/* Ends. */

static void data_may_be_written_before_the_target_is_reached(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *c = pair_open(p, "a.b:80");
    struct pair_end *s;

    (void)state;
    p->server.keep_silent = p->server.stall_all = true;
    pair_write(c, 200000);
    pair_run(p);
    s = pair_other(p, c);
    assert_false(c->opened);
    assert_int_equal(s->bytes, STREAM_CREDIT_BYTES);
    s->stalled = false;
    stream_opened(s->stream);
    stream_opened(s->stream);
    pair_consume(s);
    pair_run(p);
    assert_true(c->opened && s->fin);
    assert_int_equal(s->bytes, 200000);
    pair_free(p);
}

static void each_half_ends_by_itself(void **state)
{
    (void)state;
    for (int server_first = 0; server_first <= 1; server_first++) {
        struct pair *p = pair_ready(NULL);
        struct pair_end *c = pair_open(p, "a.b:80");
        struct pair_end *first, *second;

        pair_run(p);
        first = server_first ? pair_other(p, c) : c;
        second = server_first ? c : pair_other(p, c);
        stream_fin(first->stream);
        stream_fin(first->stream);
        pair_run(p);
        assert_true(second->fin && !first->fin);
        assert_int_equal(stream_room(first->stream), 0);
        assert_int_equal(session_streams(p->client.session), 1);
        pair_write(second, 100000);
        pair_run(p);
        assert_true(first->fin && first->bytes == 100000);
        assert_int_equal(session_streams(p->client.session), 0);
        assert_int_equal(session_streams(p->server.session), 0);
        pair_release(c);
        pair_run(p);
        assert_false(second->reset);
        pair_free(p);
    }
}

static void a_refusal_tells_why(void **state)
{
    static const enum status refusals[] = {
        STATUS_REFUSED,   STATUS_UNREACHABLE, STATUS_NO_NAME,
        STATUS_TIMED_OUT, STATUS_NOT_ALLOWED, STATUS_BUSY,
        STATUS_CUT,
    };
    struct pair *p = pair_ready(NULL);

    (void)state;
    p->server.refuse_all = true;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        struct pair_end *e = pair_open(p, "a.b:80");

        p->server.refusal = refusals[i];
        pair_run(p);
        assert_true(e->reset && !e->opened);
        CHECK_STATUS(e->reason, refusals[i]);
        assert_int_equal(session_streams(p->client.session), 0);
        assert_int_equal(session_streams(p->server.session), 0);
    }
    pair_free(p);
}

/* What each side does before their frames meet on the wire. */
enum act { NOTHING, WRITE, FIN, RESET, RELEASE };

static void act(struct pair_end *e, enum act what)
{
    if (e->stream == NULL)
        return;
    if (what == WRITE)
        (void)stream_put(e->stream, slice_text("\x00\x1f\x3e"));
    if (what == FIN)
        stream_fin(e->stream);
    if (what == RESET)
        stream_reset(e->stream, STATUS_CUT);
    if (what == RELEASE)
        pair_release(e);
}

/* Both do two things each, and neither knows of the other's: whatever it is,
 * it is no violation, and when both have given up nothing is left. */
static void whatever_crosses_on_the_wire_is_legal(void **state)
{
    (void)state;
    for (int i = 0; i < 5 * 5 * 5 * 5; i++) {
        const enum act acts[4] = { (enum act)(i % 5), (enum act)(i / 5 % 5),
                                   (enum act)(i / 25 % 5),
                                   (enum act)(i / 125) };
        struct pair *p = pair_ready(NULL);
        struct pair_end *c = pair_open(p, "a.b:80");
        struct pair_end *s;

        pair_run(p);
        s = pair_other(p, c);
        act(c, acts[0]);
        act(s, acts[1]);
        (void)pair_flush(p, &p->client); /* now the server's cross it */
        act(c, acts[2]);
        act(s, acts[3]);
        pair_run(p);
        act(c, RELEASE);
        act(s, RELEASE);
        pair_run(p);
        if (p->client.closed || p->server.closed)
            fail_msg("acts %d %d, then %d %d: %s %s", acts[0], acts[1], acts[2],
                     acts[3], p->client.why.found, p->server.why.found);
        assert_int_equal(session_streams(p->client.session), 0);
        assert_int_equal(session_streams(p->server.session), 0);
        assert_true(list_empty(&session_mux(p->client.session)->all));
        assert_true(list_empty(&session_mux(p->server.session)->all));
        pair_free(p);
    }
}

static void bytes_on_their_way_are_passed_over(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *c = pair_open(p, "a.b:80");
    struct pair_end *s;

    (void)state;
    p->server.answer_bytes = 5 * MB;
    (void)pair_flush(p, &p->client);
    s = pair_other(p, c);
    stream_reset(c->stream, STATUS_RESET);
    pair_run(p);
    assert_int_equal(c->bytes, 0);
    assert_false(c->reset); /* nobody is called back who gave up */
    assert_true(s->reset);
    assert_int_equal(session_streams(p->client.session), 0);
    assert_int_equal(session_streams(p->server.session), 0);
    assert_false(p->client.closed || p->server.closed);
    pair_free(p);
}

/* How many. */

static void a_session_takes_1024_streams_and_no_more(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct stream *s;

    (void)state;
    p->server.answer_bytes = 1000;
    for (int i = 0; i < STREAMS_MAX; i++) {
        char target[16];

        (void)snprintf(target, sizeof(target), "a.b:%d", 1 + i);
        (void)pair_open(p, target);
    }
    CHECK_STATUS(stream_open(p->client.session, slice_text("a.b:80"), NULL, &s),
                 STATUS_LIMIT);
    pair_run(p);
    assert_int_equal(session_streams(p->server.session), STREAMS_MAX);
    for (int i = 0; i < STREAMS_MAX; i++)
        pair_write(&p->client.end[i], 5000);
    pair_run(p);
    for (int i = 0; i < STREAMS_MAX; i++) {
        assert_int_equal(p->client.end[i].bytes, 1000);
        assert_int_equal(p->server.end[i].bytes, 5000);
    }
    assert_int_equal(session_streams(p->client.session), 0);
    CHECK_STATUS(stream_open(p->client.session, slice_text("a.b:80"), NULL, &s),
                 STATUS_OK);
    stream_release(s);
    pair_free(p);
}

/* A third of the streams ends in each way, on either side. */
static void end_some(struct pair_side *side, size_t step)
{
    for (size_t k = 0; k < side->ends; k++) {
        struct pair_end *e = &side->end[k];

        if (e->stream == NULL)
            continue;
        if ((k + step) % 3 == 0)
            stream_fin(e->stream);
        if ((k + step) % 3 == 1)
            pair_release(e);
    }
}

/* Nor by a frame that is still due on a stream that the client knows to be
 * over. */
static void a_stream_is_over_on_both_sides_at_once(void **state)
{
    struct pair *p = pair_ready(&(struct pair_options){ .streams_max = 1 });
    struct pair_end *e = pair_open(p, "a.b:80");

    (void)state;
    pair_run(p);
    stream_fin(pair_other(p, e)->stream);
    pair_run(p);
    pair_write(e, STREAM_WINDOW_BYTES * 3 / 4); /* credit is due for it */
    (void)pair_flush(p, &p->client);
    (void)pair_open(p, "c.d:80");
    (void)pair_flush(p, &p->client); /* before the server says anything */
    assert_false(p->server.closed);
    assert_int_equal(p->server.ends, 2);
    pair_free(p);
}

/* Opened as fast as the client may: both always agree how many there are. */
static void the_servers_limit_is_never_overrun(void **state)
{
    struct pair *p = pair_ready(&(struct pair_options){ .streams_max = 3 });
    struct pair_end *e;

    (void)state;
    p->flush_max = 1;
    for (size_t i = 0; p->client.ends < 1000; i++) {
        while (pair_try_open(p, "a.b:80", &e) == STATUS_OK)
            continue;
        if (i % 4 < 3)
            (void)pair_flush(p, &p->client);
        if (i % 5 == 0)
            end_some(&p->server, i / 5);
        if (i % 3 == 0)
            end_some(&p->client, i / 3);
        (void)pair_flush(p, &p->server);
        assert_false(p->client.closed || p->server.closed);
        assert_true(session_streams(p->server.session) <= 3);
        assert_true(i < 10000);
    }
    pair_free(p);
}

/* Callbacks that call back in. */

static void release_in_data(struct pair_end *e, struct slice data)
{
    (void)data;
    pair_release(e);
}

static void reset_in_data(struct pair_end *e, struct slice data)
{
    (void)data;
    stream_reset(e->stream, STATUS_CUT);
    stream_consumed(e->stream, e->unread);
}

static void close_in_data(struct pair_end *e, struct slice data)
{
    static const struct why why = { .status = STATUS_POLICY };

    (void)data;
    session_close(stream_session(e->stream), &why, e->side->pair->now_ms);
}

static void drain_in_data(struct pair_end *e, struct slice data)
{
    (void)data;
    pair_consume(e);
    session_drain(stream_session(e->stream), e->side->pair->now_ms);
}

static void answer_in_data(struct pair_end *e, struct slice data)
{
    pair_consume(e);
    (void)stream_put(e->stream, data);
    stream_fin(e->stream);
}

static void lose_in_data(struct pair_end *e, struct slice data)
{
    (void)data;
    session_carrier_lost(stream_session(e->stream), STATUS_NETWORK,
                         e->side->pair->now_ms);
}

static void output_in_data(struct pair_end *e, struct slice data)
{
    struct session_out out[4];
    size_t count;

    (void)stream_put(e->stream, data);
    pair_consume(e);
    count = session_output(e->side->session, out, COUNT_OF(out),
                           e->side->pair->now_ms);
    session_output_done(e->side->session, count); /* lost on the wire */
}

static const struct {
    const char *name;
    void (*on_data)(struct pair_end *e, struct slice data);
    bool server_closed;
} nested[] = {
    { "releases the stream", release_in_data, false },
    { "resets the stream", reset_in_data, false },
    { "closes the session", close_in_data, true },
    { "drains the session", drain_in_data, false },
    { "answers and ends", answer_in_data, false },
    { "loses the carrier", lose_in_data, true },
    { "takes output", output_in_data, false },
};

static void callbacks_may_call_back_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(nested); i++) {
        struct pair *p = pair_ready(NULL);
        struct pair_end *a = pair_open(p, "a.b:80");
        struct pair_end *b = pair_open(p, "c.d:80");

        pair_run(p);
        p->server.on_data = nested[i].on_data;
        a->keep = b->keep = true;
        (void)stream_put(a->stream, slice_text("\x00"));
        (void)stream_put(a->stream, slice_of("\x00\x1f", 2));
        (void)stream_put(b->stream, slice_of("\x00\x1f", 2));
        (void)pair_flush(p, &p->client);
        if (p->server.closed != nested[i].server_closed)
            fail_msg("%s", nested[i].name);
        pair_run(p);
        pair_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_pass_both_ways),
        cmocka_unit_test(bytes_pass_one_at_a_time),
        cmocka_unit_test(every_length_can_be_committed),
        cmocka_unit_test(opens_keep_their_order_when_the_last_writes_first),
        cmocka_unit_test(small_streams_share_a_record),
        cmocka_unit_test(a_bad_target_is_not_sent),
        cmocka_unit_test(no_stream_opens_before_the_session_is_ready),
        cmocka_unit_test(data_may_be_written_before_the_target_is_reached),
        cmocka_unit_test(each_half_ends_by_itself),
        cmocka_unit_test(a_refusal_tells_why),
        cmocka_unit_test(whatever_crosses_on_the_wire_is_legal),
        cmocka_unit_test(a_session_takes_1024_streams_and_no_more),
        cmocka_unit_test(a_stream_is_over_on_both_sides_at_once),
        cmocka_unit_test(the_servers_limit_is_never_overrun),
        cmocka_unit_test(bytes_on_their_way_are_passed_over),
        cmocka_unit_test(callbacks_may_call_back_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
