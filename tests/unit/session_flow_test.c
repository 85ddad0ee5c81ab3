/* Credit and room: stalled streams, bounds, and who comes next. */
#include "tests/support/check.h"

#include "proxy/tunnel/mux.h"
#include "tests/support/pair.h"
#include "tests/support/stream_put.h"

#define MB (1000 * 1000)

/* Credit. */

static void a_stalled_stream_stops_at_its_window(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *stalled = pair_open(p, "stalled.b:80");
    struct pair_end *other = pair_open(p, "other.b:80");
    struct pair_end *s;

    (void)state;
    p->server.stall_all = true;
    pair_run(p);
    pair_other(p, other)->stalled = false;
    pair_write(stalled, 5 * MB);
    pair_write(other, 20 * MB);
    pair_run(p);
    s = pair_other(p, stalled);
    assert_int_equal(s->unread, STREAM_WINDOW_BYTES);
    assert_int_equal(pair_other(p, other)->bytes, 20 * MB);
    assert_int_equal(stream_room(stalled->stream), 0);
    s->stalled = false;
    pair_consume(s);
    pair_run(p);
    assert_int_equal(s->bytes, 5 * MB);
    assert_true(s->fin && stalled->rooms > 0);
    pair_free(p);
}

static void stalled_streams_fill_the_budget_and_no_more(void **state)
{
    struct pair *p = pair_ready(NULL);
    uint64_t unread = 0;
    struct pair_end *last;

    (void)state;
    p->client.stall_all = true;
    p->server.answer_bytes = 2 * MB;
    for (int i = 0; i < STREAMS_MAX - 1; i++) {
        char target[16];

        (void)snprintf(target, sizeof(target), "a.b:%d", 1 + i);
        (void)pair_open(p, target);
        pair_run(p);
    }
    for (int i = 0; i < STREAMS_MAX - 1; i++) {
        assert_true(p->client.end[i].unread >= STREAM_CREDIT_BYTES);
        unread += p->client.end[i].unread;
    }
    assert_true(unread <= SESSION_QUEUED_MAX_BYTES);
    p->client.stall_all = false;
    last = pair_open(p, "last.b:80");
    pair_run(p);
    assert_int_equal(last->bytes, 2 * MB); /* and all that stalls none */
    pair_free(p);
}

static void a_fast_reader_gets_a_larger_window(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *e = pair_open(p, "a.b:80");

    (void)state;
    pair_write(e, 20 * MB);
    pair_run(p);
    assert_int_equal(pair_other(p, e)->stream->flow.window,
                     STREAM_WINDOW_MAX_BYTES);
    pair_release(e);
    pair_run(p);
    pair_free(p);
}

/* Several sessions. */

static uint64_t unread_by(const struct pair *p)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < p->server.ends; i++)
        sum += p->server.end[i].unread;
    return sum;
}

/* Open |count| streams, each to be filled as far as it goes; how many were
 * refused. */
static unsigned stall(struct pair *p, unsigned count)
{
    unsigned refused = 0;

    p->server.stall_all = true;
    for (unsigned i = 0; i < count; i++) {
        char target[16];
        struct pair_end *e;

        (void)snprintf(target, sizeof(target), "a.b:%u", 1 + i);
        e = pair_open(p, target);
        pair_write(e, 2 * MB);
        pair_run(p);
        if (e->reset) {
            CHECK_STATUS(e->reason, STATUS_BUSY);
            refused++;
        }
    }
    return refused;
}

static void sessions_that_share_a_budget_hold_no_more(void **state)
{
    struct budget whole, one, other;
    struct pair *p[3], *q;
    struct pair_end *e;
    uint64_t unread = 0;
    unsigned refused = 0;

    (void)state;
    budget_init(&whole, 40 * MB, NULL);
    budget_init(&one, 12 * MB, &whole);
    budget_init(&other, 12 * MB, &whole);
    for (size_t i = 0; i < COUNT_OF(p); i++)
        p[i] = pair_ready(&(struct pair_options){ .budget = &one });
    for (size_t i = 0; i < COUNT_OF(p); i++) {
        refused += stall(p[i], 400);
        unread += unread_by(p[i]);
    }
    assert_true(refused > 0);
    assert_true(unread <= 12 * MB && unread > 10 * MB);
    assert_true(budget_used(&one) <= 12 * MB);
    q = pair_ready(&(struct pair_options){ .budget = &other });
    e = pair_open(q, "a.b:80");
    pair_write(e, 20 * MB); /* as if there were nobody else */
    pair_run(q);
    assert_int_equal(pair_other(q, e)->stream->flow.window,
                     STREAM_WINDOW_MAX_BYTES);
    pair_free(q);
    for (size_t i = 0; i < COUNT_OF(p); i++)
        pair_free(p[i]);
    assert_int_equal(budget_used(&whole), 0);
}

/* Who takes what came makes room for streams of all sessions. */
static void what_streams_had_is_given_back(void **state)
{
    struct budget one;
    struct pair *p, *q;
    struct pair_end *e;

    (void)state;
    budget_init(&one, 4 * MB, NULL);
    p = pair_ready(&(struct pair_options){ .budget = &one });
    q = pair_ready(&(struct pair_options){ .budget = &one });
    assert_true(stall(p, 400) > 0);
    assert_true(stall(q, 1) > 0);
    for (size_t i = 0; i < p->client.ends; i++)
        if (!p->client.end[i].reset)
            pair_release(&p->client.end[i]);
    pair_run(p);
    q->server.stall_all = false;
    e = pair_open(q, "b.b:80");
    pair_write(e, 2 * MB);
    pair_run(q);
    assert_int_equal(pair_other(q, e)->bytes, 2 * MB);
    pair_free(p);
    pair_free(q);
    assert_int_equal(budget_used(&one), 0);
}

/* Also what is still open when it ends. */
static void a_session_that_ends_gives_all_back(void **state)
{
    static const struct why why = { .status = STATUS_SHUTTING_DOWN };
    struct budget one;
    struct pair *p;

    (void)state;
    budget_init(&one, 8 * MB, NULL);
    p = pair_ready(&(struct pair_options){ .budget = &one });
    (void)stall(p, 20);
    assert_true(budget_used(&one) > MB);
    session_close(p->server.session, &why, p->now_ms);
    assert_int_equal(budget_used(&one), 0);
    pair_free(p);
    assert_int_equal(budget_used(&one), 0);
}

/* Output. */

static void output_is_bounded_when_nobody_takes_it(void **state)
{
    struct pair *p = pair_ready(NULL);
    uint64_t written = 0;

    (void)state;
    for (int i = 0; i < 8; i++) {
        char target[16];

        (void)snprintf(target, sizeof(target), "a.b:%d", 1 + i);
        (void)pair_open(p, target);
    }
    pair_run(p);
    for (int i = 0; i < 8; i++) {
        pair_write(&p->client.end[i], MB);
        written += p->client.end[i].written;
    }
    assert_true(written <= SESSION_OUT_RECORDS * RECORD_PLAIN_BYTES);
    assert_true(written > (SESSION_OUT_RECORDS - 1) * RECORD_PLAIN_BYTES);
    for (int i = 0; i < 8; i++)
        assert_int_equal(stream_room(p->client.end[i].stream), 0);
    pair_run(p);
    for (int i = 0; i < 8; i++)
        assert_int_equal(p->server.end[i].bytes, MB);
    pair_free(p);
}

/* A new record is begun rather than the last bytes of one used. */
#define RECORDS    4
#define ENDS_BYTES ((size_t)RECORDS * 8 * 1024)

/* Whatever is already in the outbox. */
static void room_is_what_can_be_written(void **state)
{
    static const uint8_t bytes[SESSION_OUT_RECORDS * RECORD_PLAIN_BYTES];

    (void)state;
    for (size_t before = 0; before < 140000; before += 1997) {
        struct pair *p = pair_ready(NULL);
        struct pair_end *a = pair_open(p, "a.b:80");
        struct pair_end *b = pair_open(p, "c.d:80");
        size_t room, put;

        pair_run(p);
        session_mux(p->client.session)->out.records_max = RECORDS;
        assert_int_equal(stream_put(a->stream, slice_of(bytes, before)),
                         before);
        room = stream_room(b->stream);
        assert_true(room > 0);
        put = stream_put(b->stream, slice_of(bytes, room));
        assert_true(put > 0 && put + ENDS_BYTES > room);
        assert_int_equal(stream_put(b->stream, slice_of(bytes, 1)), 0);
        pair_free(p);
    }
}

/* One that took all the room does not keep it from those that come later. */
static void room_is_shared_out_evenly(void **state)
{
    struct pair *p = pair_ready(NULL);
    uint64_t least = UINT64_MAX, most = 0;

    (void)state;
    for (int i = 0; i < 5; i++) {
        char target[16];

        (void)snprintf(target, sizeof(target), "a.b:%d", 1 + i);
        (void)pair_open(p, target);
    }
    pair_run(p);
    for (int i = 0; i < 5; i++)
        pair_write(&p->client.end[i], 100 * MB);
    for (int flushes = 0; flushes < 100; flushes++) {
        p->flush_max = 10;
        (void)pair_flush(p, &p->client);
        p->flush_max = 0;
        (void)pair_flush(p, &p->server);
    }
    for (int i = 0; i < 5; i++) {
        uint64_t bytes = p->server.end[i].bytes;

        least = bytes < least ? bytes : least;
        most = bytes > most ? bytes : most;
    }
    /* The first had the whole outbox before the others came. */
    assert_true(most - least <= (SESSION_OUT_RECORDS + 2) * RECORD_PLAIN_BYTES);
    assert_true(least > 75 * RECORD_PLAIN_BYTES);
    pair_free(p);
}

static void bulk_passes_both_ways_at_once(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *up = pair_open(p, "up.b:80");
    struct pair_end *down;

    (void)state;
    pair_run(p);
    pair_write(up, 20 * MB);
    p->server.answer_bytes = 20 * MB;
    down = pair_open(p, "down.b:80");
    pair_run(p);
    assert_int_equal(down->bytes, 20 * MB);
    assert_int_equal(pair_other(p, up)->bytes, 20 * MB);
    pair_free(p);
}

/* Writers that take all the room there is leave some for other frames. */
static void credit_does_not_wait_behind_data(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *down;
    const struct stream *sender;

    (void)state;
    p->client.stall_all = true;
    p->server.answer_bytes = 20 * MB;
    down = pair_open(p, "down.b:80");
    pair_run(p);
    sender = pair_other(p, down)->stream;
    assert_int_equal(sender->credit, 0);
    p->server.answer_bytes = 0;
    for (int i = 0; i < 8; i++) {
        char target[16];

        (void)snprintf(target, sizeof(target), "a.b:%d", 1 + i);
        (void)pair_open(p, target);
    }
    pair_run(p);
    for (int i = 1; i <= 8; i++)
        pair_write(&p->client.end[i], 20 * MB);
    pair_consume(down);
    (void)pair_flush(p, &p->client); /* what was there before it */
    (void)pair_flush(p, &p->client);
    assert_true(sender->credit > 0);
    pair_free(p);
}

static void nothing_is_granted_to_a_half_that_has_ended(void **state)
{
    struct pair *p = pair_ready(NULL);
    struct pair_end *e = pair_open(p, "a.b:80");

    (void)state;
    p->server.stall_all = true;
    pair_run(p);
    pair_write(e, STREAM_WINDOW_BYTES);
    pair_run(p);
    assert_true(pair_other(p, e)->fin);
    pair_consume(pair_other(p, e));
    assert_false(mux_wants_output(session_mux(p->server.session)));
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stalled_stream_stops_at_its_window),
        cmocka_unit_test(stalled_streams_fill_the_budget_and_no_more),
        cmocka_unit_test(a_fast_reader_gets_a_larger_window),
        cmocka_unit_test(sessions_that_share_a_budget_hold_no_more),
        cmocka_unit_test(what_streams_had_is_given_back),
        cmocka_unit_test(a_session_that_ends_gives_all_back),
        cmocka_unit_test(output_is_bounded_when_nobody_takes_it),
        cmocka_unit_test(room_is_what_can_be_written),
        cmocka_unit_test(room_is_shared_out_evenly),
        cmocka_unit_test(bulk_passes_both_ways_at_once),
        cmocka_unit_test(credit_does_not_wait_behind_data),
        cmocka_unit_test(nothing_is_granted_to_a_half_that_has_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
