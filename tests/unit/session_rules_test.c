/* Peers that break the rules of streams, and what is no breach of them. */
#include "tests/support/check.h"

#include "proxy/tunnel/mux.h"
#include "tests/support/pair.h"

/* Peers that break the rules. */

static const struct {
    const char *name;
    bool by_client;
    struct frame frames[3];
    enum status want;
    const char *field;
} violations[] = {
/* clang-format off */
#define TEXT(t) { (const uint8_t *)(t), sizeof(t) - 1 }
#define NONE { NULL, 0 }
    { "data on a stream never opened", true,
      { { FRAME_DATA, 9, 0, TEXT("x") } }, STATUS_BAD_STATE, "frame" },
    { "data on a stream that the client never opened", false,
      { { FRAME_DATA, 9, 0, TEXT("x") } }, STATUS_BAD_STATE, "frame" },
    { "credit for a stream never opened", true,
      { { FRAME_CREDIT, 9, 1, NONE } }, STATUS_BAD_STATE, "frame" },
    { "a reset of a stream never opened", false,
      { { FRAME_RESET, 9, 1, NONE } }, STATUS_BAD_STATE, "frame" },
    { "an open by the server", false,
      { { FRAME_OPEN, 9, 0, TEXT("a.b:80") } }, STATUS_BAD_STATE, "frame" },
    { "an opened by the client", true,
      { { FRAME_OPENED, 1, 0, NONE } }, STATUS_BAD_STATE, "frame" },
    { "a stream opened twice", true,
      { { FRAME_OPEN, 1, 0, TEXT("a.b:80") } }, STATUS_BAD_STATE, "frame" },
    { "a stream below the last", true,
      { { FRAME_OPEN, 9, 0, TEXT("a.b:80") },
        { FRAME_OPEN, 8, 0, TEXT("a.b:80") } }, STATUS_BAD_STATE, "frame" },
    { "more streams than agreed", true,
      { { FRAME_OPEN, 3, 0, TEXT("a.b:80") },
        { FRAME_OPEN, 4, 0, TEXT("a.b:80") } }, STATUS_LIMIT, "frame.open" },
    { "opened twice", false,
      { { FRAME_OPENED, 1, 0, NONE } }, STATUS_BAD_STATE, "frame" },
    { "data before opened", false,
      { { FRAME_DATA, 2, 0, TEXT("x") } }, STATUS_BAD_STATE, "frame" },
    { "fin before opened", false,
      { { FRAME_FIN, 2, 0, NONE } }, STATUS_BAD_STATE, "frame" },
    { "data after fin", true,
      { { FRAME_FIN, 1, 0, NONE }, { FRAME_DATA, 1, 0, TEXT("x") } },
      STATUS_BAD_STATE, "frame" },
    { "fin twice", true,
      { { FRAME_FIN, 1, 0, NONE }, { FRAME_FIN, 1, 0, NONE } },
      STATUS_BAD_STATE, "frame" },
    { "data after a reset", true,
      { { FRAME_RESET, 1, 1, NONE }, { FRAME_DATA, 1, 0, TEXT("x") } },
      STATUS_BAD_STATE, "frame" },
    { "fin after a reset", false,
      { { FRAME_RESET, 1, 1, NONE }, { FRAME_FIN, 1, 0, NONE } },
      STATUS_BAD_STATE, "frame" },
    { "credit beyond all bounds", false,
      { { FRAME_CREDIT, 1, INT32_MAX, NONE }, { FRAME_CREDIT, 1, 1, NONE } },
      STATUS_FLOW, "frame.credit" },
    { "a pong that nobody asked for", true,
      { { FRAME_PONG, 0, 0, TEXT("12345678") } }, STATUS_BAD_STATE, "frame.pong" },
    { "a goaway of a stream never opened", false,
      { { FRAME_GOAWAY, 9, 0, NONE } }, STATUS_BAD_STATE, "frame.goaway" },
    { "a goaway by the client that names a stream", true,
      { { FRAME_GOAWAY, 1, 0, NONE } }, STATUS_BAD_STATE, "frame.goaway" },
    { "a second goaway", true,
      { { FRAME_GOAWAY, 0, 0, NONE }, { FRAME_GOAWAY, 0, 0, NONE } },
      STATUS_BAD_STATE, "frame.goaway" },
    { "an open after a goaway", true,
      { { FRAME_GOAWAY, 0, 0, NONE }, { FRAME_OPEN, 9, 0, TEXT("a.b:80") } },
      STATUS_BAD_STATE, "frame" },
#undef NONE
#undef TEXT
    /* clang-format on */
};

/* Stream 1 was reached, stream 2 was not; at most three are allowed. */
static struct pair *ready_for_violations(void)
{
    struct pair *p = pair_ready(&(struct pair_options){ .streams_max = 3 });

    (void)pair_open(p, "a.b:80");
    pair_run(p);
    p->server.keep_silent = true;
    (void)pair_open(p, "c.d:80");
    pair_run(p);
    return p;
}

static void a_violation_ends_the_session_on_both_sides(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(violations); i++) {
        struct pair *p = ready_for_violations();
        struct pair_side *by =
            violations[i].by_client ? &p->client : &p->server;
        struct pair_side *judge =
            violations[i].by_client ? &p->server : &p->client;

        for (size_t f = 0; f < 3; f++)
            if (f == 0 || violations[i].frames[f].id > 0 ||
                violations[i].frames[f].type > FRAME_RESET)
                pair_inject(by, &violations[i].frames[f]);
        pair_run(p);
        if (judge->why.status != violations[i].want ||
            strcmp(judge->why.field, violations[i].field) != 0)
            fail_msg("%s: %s at %s", violations[i].name,
                     status_name(judge->why.status), judge->why.field);
        assert_true(by->closed);
        assert_int_not_equal(by->why.status, STATUS_OK);
        assert_true(p->client.end[0].reset || p->server.end[0].reset);
        pair_free(p);
    }
}

static void data_beyond_the_credit_ends_the_session(void **state)
{
    static uint8_t big[STREAM_WINDOW_BYTES];

    (void)state;
    for (size_t more = 0; more <= 1; more++) {
        struct pair *p = ready_for_violations();
        size_t left = STREAM_CREDIT_BYTES + more;

        p->server.stall_all = true;
        p->server.end[1].keep = p->server.end[1].stalled = true;
        while (left > 0) {
            size_t len = left < 8192 ? left : 8192;
            struct frame f = { FRAME_DATA, 2, 0, slice_of(big, len) };

            pair_inject(&p->client, &f);
            left -= len;
        }
        pair_run(p);
        assert_int_equal(p->server.closed, more);
        if (more > 0)
            CHECK_STATUS(p->server.why.status, STATUS_FLOW);
        assert_int_equal(p->server.end[1].bytes, STREAM_CREDIT_BYTES);
        pair_free(p);
    }
}

static void what_comes_late_is_no_violation(void **state)
{
    static const struct frame late[] = { { FRAME_CREDIT, 1, 5, { NULL, 0 } },
                                         { FRAME_RESET, 1, 1, { NULL, 0 } } };
    static const struct frame dead = {
        FRAME_DATA, 1, 0, { (const uint8_t *)"x", 1 }
    };
    struct pair *p = ready_for_violations();

    (void)state;
    stream_fin(p->client.end[0].stream);
    stream_fin(p->server.end[0].stream);
    pair_run(p);
    assert_int_equal(session_streams(p->server.session), 1);
    pair_inject(&p->client, &late[0]);
    pair_inject(&p->client, &late[1]);
    pair_inject(&p->server, &late[0]);
    pair_inject(&p->server, &late[1]);
    pair_run(p);
    assert_false(p->client.closed || p->server.closed);
    pair_inject(&p->client, &dead);
    pair_run(p);
    CHECK_STATUS(p->server.why.status, STATUS_BAD_STATE);
    pair_free(p);
}

static void bytes_that_are_no_frame_end_the_session(void **state)
{
    static const uint8_t junk[] = { 0xff };
    struct pair *p = ready_for_violations();

    (void)state;
    pair_inject_bytes(&p->server, SLICE_OF(junk));
    pair_run(p);
    CHECK_STATUS(p->client.why.status, STATUS_BAD_FIELD);
    assert_true(p->server.closed);
    pair_free(p);
}

static void a_record_without_frames_ends_the_session(void **state)
{
    struct pair *p = ready_for_violations();
    uint8_t message[AEAD_TAG_BYTES];

    (void)state;
    CHECK_STATUS(record_seal(&session_mux(p->client.session)->out.record,
                             message, 0),
                 STATUS_OK);
    CHECK_STATUS(pair_deliver(p, true, message, sizeof(message)),
                 STATUS_BAD_FIELD);
    pair_free(p);
}

/* However many it sends before it reads. */
static void a_flood_of_pings_gets_one_answer(void **state)
{
    static const struct frame ping = {
        FRAME_PING, 0, 0, { (const uint8_t *)"abcdefgh", 8 }
    };
    struct pair *p = pair_ready(NULL);

    (void)state;
    for (int i = 0; i < 1000; i++)
        pair_inject(&p->client, &ping);
    (void)pair_flush(p, &p->client);
    session_mux(p->client.session)->now_ms = p->now_ms;
    assert_int_equal(session_mux(p->server.session)->out.open_len, 0);
    assert_true(mux_wants_output(session_mux(p->server.session)));
    (void)pair_flush(p, &p->server);
    assert_false(mux_wants_output(session_mux(p->server.session)));
    CHECK_STATUS(p->client.why.status, STATUS_BAD_STATE); /* we asked none */
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_violation_ends_the_session_on_both_sides),
        cmocka_unit_test(data_beyond_the_credit_ends_the_session),
        cmocka_unit_test(what_comes_late_is_no_violation),
        cmocka_unit_test(bytes_that_are_no_frame_end_the_session),
        cmocka_unit_test(a_record_without_frames_ends_the_session),
        cmocka_unit_test(a_flood_of_pings_gets_one_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
