/* One WebSocket on a connection: messages, pings, the closing handshake, and
 * peers that do not keep to the rules. */
#include "proxy/io/ws_link.h"

#include <signal.h>

#include "common/secret.h"
#include "tests/support/check.h"
#include "tests/support/ws_sides.h"

#define MESSAGE_MAX_BYTES (1024 * 1024)

static void give_up(struct side *s)
{
    ws_link_close(s->link, WS_CLOSE_NORMAL);
    s->link = NULL;
}

static void on_message(void *ctx, enum ws_opcode opcode, uint8_t *at,
                       size_t len)
{
    struct side *s = ctx;

    assert_non_null(s->link);
    buffer_add(&s->got, slice_of(at, len));
    assert_true(buffer_ok(&s->got));
    memset(at, 0xee, len); /* it may be written to */
    s->messages++;
    s->opcode = opcode;
    if (s->close_on_message)
        give_up(s);
}

/* After the messages it brought. */
static void on_read_end(void *ctx)
{
    struct side *s = ctx;

    s->told = s->messages;
}

static void on_sent(void *ctx)
{
    struct side *s = ctx;

    assert_true(ws_link_is_idle(s->link));
    s->sent = true;
}

static void on_pong(void *ctx)
{
    struct side *s = ctx;

    s->pongs++;
}

static void on_end(void *ctx, const struct why *why)
{
    struct side *s = ctx;

    assert_false(s->ended);
    assert_non_null(s->link);
    s->ended = true;
    s->why = *why;
    if (s->close_on_end)
        give_up(s);
}

static void open_side(struct pair *p, struct side *s, enum ws_role role,
                      struct conn *conn)
{
    static const struct ws_link_events events = { .on_message = on_message,
                                                  .on_read_end = on_read_end,
                                                  .on_sent = on_sent,
                                                  .on_pong = on_pong,
                                                  .on_end = on_end };
    const struct ws_link_config config = {
        .role = role,
        .scratch = p->scratch,
        .message_max = MESSAGE_MAX_BYTES,
        .purse = &s->purse,
        .events = &events,
        .ctx = s,
    };

    s->got = buffer_with_max(64 * 1024 * 1024);
    CHECK_STATUS(ws_link_open(conn, &config, &s->link), STATUS_OK);
}

static void begin(struct pair *p, bool raw_client)
{
    struct conn *client, *server;

    loop_begin(&p->loop);
    CHECK_STATUS(scratch_new(&p->scratch), STATUS_OK);
    end_pair_tcp(&p->loop, &client, &server);
    if (raw_client)
        end_attach(&p->raw, client, MESSAGE_MAX_BYTES);
    else
        open_side(p, &p->client, WS_CLIENT, client);
    open_side(p, &p->server, WS_SERVER, server);
}

static void end(struct pair *p)
{
    ws_link_close(p->client.link, 0);
    ws_link_close(p->server.link, 0);
    end_close(&p->raw);
    loop_end(&p->loop);
    assert_int_equal(p->scratch->parts, 0); /* all was given back */
    scratch_free(p->scratch);
    buffer_free(&p->client.got);
    buffer_free(&p->server.got);
    end_fini(&p->raw);
}

static bool wants(void *ctx)
{
    const struct side *s = ctx;

    return s->messages < s->wanted;
}

static void expect_messages(struct pair *p, struct side *s, size_t count)
{
    s->wanted = count;
    loop_while(&p->loop, wants, s);
    assert_int_equal(s->messages, count);
}

static bool is_busy(void *ctx)
{
    const struct side *s = ctx;

    return !ws_link_is_idle(s->link) || s->pongs == 0;
}

/* |count| messages of |len| bytes from one side to the other, and a ping, which
 * must not come inside of one. */
static void send_and_check(struct pair *p, struct side *from, struct side *to,
                           size_t count, size_t len)
{
    size_t stride = len + WS_HEADER_MAX_BYTES;
    uint8_t *block = malloc(count * stride), *want = malloc(count * len + 1);
    struct ws_out out[CONN_RUNS_MAX];

    assert_true(block != NULL && want != NULL);
    for (size_t i = 0; i < count * len; i++)
        want[i] = (uint8_t)(i * 13 + i / 251);
    for (size_t i = 0; i < count; i++) {
        out[i].at = block + i * stride + WS_HEADER_MAX_BYTES;
        out[i].len = len;
        memcpy(out[i].at, want + i * len, len);
    }
    buffer_clear(&to->got);
    to->messages = 0;
    from->pongs = 0;
    CHECK_STATUS(ws_link_send(from->link, WS_BINARY, out, count), STATUS_OK);
    ws_link_ping(from->link);
    expect_messages(p, to, count);
    assert_int_equal(to->told, count);
    assert_int_equal(to->opcode, WS_BINARY);
    assert_int_equal(to->got.len, count * len);
    assert_memory_equal(to->got.at, want, count * len);
    loop_while(&p->loop, is_busy, from);
    free(block);
    free(want);
}

static void messages_go_both_ways_whole(void **state)
{
    /* clang-format off */
    static const size_t lengths[] = { 0, 1, 125, 126, 127, 65408, 65535, 65536,
                                      200000, 300000, MESSAGE_MAX_BYTES };
    /* clang-format on */
    struct pair p = { .server.link = NULL };

    (void)state;
    begin(&p, false);
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        send_and_check(&p, &p.client, &p.server, 3, lengths[i]);
        send_and_check(&p, &p.server, &p.client, 3, lengths[i]);
    }
    send_and_check(&p, &p.client, &p.server, CONN_RUNS_MAX, 65408);
    send_and_check(&p, &p.server, &p.client, CONN_RUNS_MAX, 20);
    end(&p);
}

static void a_sender_hears_when_all_has_left(void **state)
{
    struct pair p = { .server.link = NULL };

    (void)state;
    begin(&p, false); /* 24 MiB do not go at once */
    send_and_check(&p, &p.client, &p.server, 24, MESSAGE_MAX_BYTES);
    assert_true(p.client.sent);
    end(&p);
}

static void memory_of_parts_is_kept_for_the_next(void **state)
{
    struct pair p = { .server.link = NULL };
    const uint8_t *spare;

    (void)state;
    begin(&p, false);
    send_and_check(&p, &p.client, &p.server, 40, 65000);
    spare = p.scratch->spare.at;
    assert_non_null(spare);
    send_and_check(&p, &p.client, &p.server, 40, 65000);
    assert_ptr_equal(p.scratch->spare.at, spare);
    send_and_check(&p, &p.client, &p.server, 1, MESSAGE_MAX_BYTES);
    /* large ones are not kept */
    assert_true(p.scratch->spare.cap <= SCRATCH_SPARE_MAX_BYTES);
    end(&p);
}

/* A masked frame by hand; the key is zero, so that bytes stay readable. */
static void raw_frame(struct pair *p, unsigned first, const char *payload)
{
    uint8_t head[6] = { (uint8_t)first,
                        (uint8_t)(WS_MASK_BIT | strlen(payload)) };

    CHECK_STATUS(conn_write(p->raw.conn, SLICE_OF(head)), STATUS_OK);
    end_write(&p->raw, payload);
}

static void fragments_become_one_message(void **state)
{
    struct pair p = { .server.link = NULL };

    (void)state;
    begin(&p, true);
    raw_frame(&p, WS_TEXT, "one ");
    raw_frame(&p, WS_FIN_BIT | WS_PING, "ping");
    raw_frame(&p, WS_CONTINUATION, "two ");
    raw_frame(&p, WS_FIN_BIT | WS_CONTINUATION, "three");
    expect_messages(&p, &p.server, 1);
    assert_int_equal(p.server.opcode, WS_TEXT);
    buffer_byte(&p.server.got, '\0');
    assert_string_equal((char *)p.server.got.at, "one two three");
    end_expect(&p.raw, &p.loop, "\x8a\x04ping");
    end(&p);
}

static void bytes_may_come_one_at_a_time(void **state)
{
    static const char frame[] = "\x82\x85\0\0\0\0hello";
    struct pair p = { .server.link = NULL };

    (void)state;
    begin(&p, true);
    for (size_t i = 0; i < sizeof(frame) - 1; i++) {
        CHECK_STATUS(conn_write(p.raw.conn, slice_of(frame + i, 1)), STATUS_OK);
        for (int j = 0; j < 3; j++)
            (void)uv_run(&p.loop, UV_RUN_NOWAIT);
    }
    expect_messages(&p, &p.server, 1);
    assert_memory_equal(p.server.got.at, "hello", 5);
    end(&p);
}

static void a_flood_of_pings_takes_no_memory(void **state)
{
    struct pair p = { .server.link = NULL };
    uint8_t pings[6 * 100] = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(pings); i += 6) {
        pings[i] = WS_FIN_BIT | WS_PING;
        pings[i + 1] = WS_MASK_BIT;
    }
    begin(&p, true);
    p.raw.room = 0; /* it reads no pong */
    for (int i = 0; i < 20000; i++) {
        if (conn_pending(p.raw.conn) == 0)
            CHECK_STATUS(conn_write(p.raw.conn, SLICE_OF(pings)), STATUS_OK);
        (void)uv_run(&p.loop, UV_RUN_NOWAIT);
    }
    assert_false(p.server.ended);
    raw_frame(&p, WS_FIN_BIT | WS_BINARY, "still here");
    expect_messages(&p, &p.server, 1);
    end(&p);
}

static void a_close_is_answered_and_ends_it(void **state)
{
    struct pair p = { .server.close_on_end = true };

    (void)state;
    begin(&p, true);
    raw_frame(&p, WS_FIN_BIT | WS_CLOSE,
              "\x03\xe9"
              "going");
    loop_until(&p.loop, &p.server.ended);
    CHECK_STATUS(p.server.why.status, STATUS_OK);
    assert_string_equal(p.server.why.found, "1001 going");
    end_expect(&p.raw, &p.loop,
               "\x88\x07\x03\xe9"
               "going");
    loop_until(&p.loop, &p.raw.eof);
    end(&p);
}

static void giving_up_says_so(void **state)
{
    struct pair p = { .client.close_on_end = true };

    (void)state;
    begin(&p, false);
    ws_link_close(p.server.link, WS_CLOSE_GOING_AWAY);
    p.server.link = NULL;
    loop_until(&p.loop, &p.client.ended);
    CHECK_STATUS(p.client.why.status, STATUS_OK);
    assert_string_equal(p.client.why.found, "1001 ");
    end(&p);
}

static void giving_up_may_give_a_reason(void **state)
{
    struct pair p = { .client.link = NULL };
    struct slice reason;

    (void)state;
    begin(&p, false);
    ws_link_close_with(p.server.link, 3001, slice_text("bye bye"));
    p.server.link = NULL;
    loop_until(&p.loop, &p.client.ended);
    CHECK_STATUS(p.client.why.status, STATUS_OK);
    assert_int_equal(ws_link_peer_close(p.client.link, &reason), 3001);
    assert_true(slice_equal(reason, slice_text("bye bye")));
    end(&p);
}

static bool wants_pong(void *ctx)
{
    return ((const struct side *)ctx)->pongs == 0;
}

static void a_ping_is_answered(void **state)
{
    struct pair p = { .client.link = NULL };

    (void)state;
    begin(&p, false);
    ws_link_ping(p.server.link);
    loop_while(&p.loop, wants_pong, &p.server);
    assert_int_equal(p.client.pongs, 0);
    end(&p);
}

static void who_pauses_gets_no_more(void **state)
{
    struct pair p = { .client.link = NULL };

    (void)state;
    begin(&p, true);
    ws_link_pause(p.server.link);
    raw_frame(&p, WS_FIN_BIT | WS_TEXT, "later");
    for (int i = 0; i < 10; i++)
        (void)uv_run(&p.loop, UV_RUN_NOWAIT);
    assert_int_equal(p.server.messages, 0);
    ws_link_resume(p.server.link);
    expect_messages(&p, &p.server, 1);
    end(&p);
}

static void giving_up_with_messages_on_their_way_is_a_reset(void **state)
{
    enum { LEN = 16 * 1024 * 1024 };
    struct pair p = { .raw.conn = NULL };
    uint8_t *block = calloc(1, LEN + WS_HEADER_MAX_BYTES);
    struct ws_out out = { block + WS_HEADER_MAX_BYTES, LEN };

    (void)state;
    assert_non_null(block);
    begin(&p, true);
    conn_pause(p.raw.conn);
    CHECK_STATUS(ws_link_send(p.server.link, WS_BINARY, &out, 1), STATUS_OK);
    assert_false(ws_link_is_idle(p.server.link));
    give_up(&p.server);
    memset(block, 0xff, LEN); /* and it is ours again */
    conn_resume(p.raw.conn);
    loop_until(&p.loop, &p.raw.failed);
    CHECK_STATUS(p.raw.why.status, STATUS_CUT);
    free(block);
    end(&p);
}

static void parts_of_all_have_a_limit(void **state)
{
    static uint8_t block[WS_HEADER_MAX_BYTES + MESSAGE_MAX_BYTES];
    const struct ws_out out = { block + WS_HEADER_MAX_BYTES,
                                MESSAGE_MAX_BYTES };
    struct pair p = { .server.link = NULL };

    (void)state;
    begin(&p, false);
    p.scratch->parts_max = 1000;
    CHECK_STATUS(ws_link_send(p.client.link, WS_BINARY, &out, 1), STATUS_OK);
    loop_until(&p.loop, &p.server.ended);
    CHECK_STATUS(p.server.why.status, STATUS_LIMIT);
    assert_int_equal(p.server.messages, 0);
    end(&p);
}

/* A message that comes in parts, to who may have |most| bytes of it. */
static void send_at_the_cost_of(size_t most, bool fits)
{
    static uint8_t block[WS_HEADER_MAX_BYTES + MESSAGE_MAX_BYTES];
    const struct ws_out out = { block + WS_HEADER_MAX_BYTES,
                                MESSAGE_MAX_BYTES };
    struct pair p = { .server.link = NULL };
    struct budget budget;

    budget_init(&budget, most, NULL);
    begin(&p, false);
    purse_open(&p.server.purse, &budget);
    CHECK_STATUS(ws_link_send(p.client.link, WS_BINARY, &out, 1), STATUS_OK);
    if (fits) {
        expect_messages(&p, &p.server, 1);
    } else {
        loop_until(&p.loop, &p.server.ended);
        CHECK_STATUS(p.server.why.status, STATUS_BUSY);
        assert_int_equal(p.server.messages, 0);
    }
    end(&p);
    assert_int_equal(p.server.purse.used, 0);
    purse_close(&p.server.purse);
    assert_int_equal(budget_used(&budget), 0);
}

static void parts_are_paid_for(void **state)
{
    (void)state;
    send_at_the_cost_of(MESSAGE_MAX_BYTES, true);
    send_at_the_cost_of(MESSAGE_MAX_BYTES - 1, false);
}

/* Nothing is cut silently: without a close frame it is an error. */
static void an_end_without_a_close_is_a_cut(void **state)
{
    struct pair p = { .server.link = NULL };

    (void)state;
    begin(&p, true);
    conn_finish(p.raw.conn);
    loop_until(&p.loop, &p.server.ended);
    CHECK_STATUS(p.server.why.status, STATUS_CUT);
    end(&p);
    p = (struct pair){ .server.close_on_end = true };
    begin(&p, true);
    raw_frame(&p, WS_BINARY, "half a mess");
    conn_reset(p.raw.conn);
    p.raw.conn = NULL;
    loop_until(&p.loop, &p.server.ended);
    CHECK_STATUS(p.server.why.status, STATUS_CUT);
    end(&p);
}

/* clang-format off */
static const struct {
    const char *name;
    unsigned first;
    const char *payload;
    enum status status;
    const char *close; /* what the peer is sent, without the reason */
} defects[] = {
    { "a reserved opcode", WS_FIN_BIT | 3, "x", STATUS_BAD_FIELD, "\x03\xea" },
    { "a reserved bit", WS_FIN_BIT | 0x40 | WS_BINARY, "x", STATUS_BAD_FIELD,
      "\x03\xea" },
    { "a continuation of nothing", WS_CONTINUATION, "x", STATUS_BAD_STATE,
      "\x03\xea" },
    { "text that is not UTF-8", WS_FIN_BIT | WS_TEXT, "\xff", STATUS_BAD_FIELD,
      "\x03\xef" },
    { "a close code out of range", WS_FIN_BIT | WS_CLOSE, "\x01\x01",
      STATUS_BAD_FIELD, "\x03\xea" },
};
/* clang-format on */

static bool has_no_close(void *ctx)
{
    return ((struct pair *)ctx)->raw.got.len < 4;
}

static void a_defect_ends_it_with_its_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(defects); i++) {
        struct pair p = { .server.close_on_end = true };

        print_message("%s\n", defects[i].name);
        begin(&p, true);
        raw_frame(&p, defects[i].first, defects[i].payload);
        loop_until(&p.loop, &p.server.ended);
        CHECK_STATUS(p.server.why.status, defects[i].status);
        loop_while(&p.loop, has_no_close, &p);
        assert_int_equal(p.raw.got.at[0], WS_FIN_BIT | WS_CLOSE);
        assert_memory_equal(p.raw.got.at + 2, defects[i].close, 2);
        loop_until(&p.loop, &p.raw.eof);
        end(&p);
    }
}

static void a_message_over_the_limit_is_refused_at_its_header(void **state)
{
    struct pair p = { .server.close_on_end = true };

    (void)state;
    begin(&p, true);
    ws_link_limit(p.server.link, 4);
    raw_frame(&p, WS_FIN_BIT | WS_BINARY, "four");
    expect_messages(&p, &p.server, 1);
    raw_frame(&p, WS_FIN_BIT | WS_BINARY, "fiver");
    loop_until(&p.loop, &p.server.ended);
    CHECK_STATUS(p.server.why.status, STATUS_LIMIT);
    assert_int_equal(p.server.messages, 1);
    end(&p);
}

static void a_callback_may_give_it_up(void **state)
{
    struct pair p = { .server.close_on_message = true };

    (void)state;
    begin(&p, true);
    raw_frame(&p, WS_FIN_BIT | WS_BINARY, "one");
    raw_frame(&p, WS_FIN_BIT | WS_BINARY, "two");
    expect_messages(&p, &p.server, 1);
    end_expect(&p.raw, &p.loop, "\x88\x02\x03\xe8");
    end(&p);
    p = (struct pair){ .server.close_on_message = true };
    begin(&p, true);
    raw_frame(&p, WS_BINARY, "in ");
    raw_frame(&p, WS_FIN_BIT, "parts");
    expect_messages(&p, &p.server, 1);
    end(&p);
}

static void sending_after_the_end_is_of_no_effect(void **state)
{
    struct pair p = { .server.link = NULL };
    uint8_t block[WS_HEADER_MAX_BYTES + 1];
    struct ws_out out = { block + WS_HEADER_MAX_BYTES, 1 };

    (void)state;
    begin(&p, true);
    conn_finish(p.raw.conn);
    loop_until(&p.loop, &p.server.ended);
    CHECK_STATUS(ws_link_send(p.server.link, WS_BINARY, &out, 1), STATUS_OK);
    assert_true(ws_link_is_idle(p.server.link));
    end(&p);
    ws_link_close(NULL, 0); /* of no effect */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_go_both_ways_whole),
        cmocka_unit_test(a_sender_hears_when_all_has_left),
        cmocka_unit_test(memory_of_parts_is_kept_for_the_next),
        cmocka_unit_test(fragments_become_one_message),
        cmocka_unit_test(bytes_may_come_one_at_a_time),
        cmocka_unit_test(a_flood_of_pings_takes_no_memory),
        cmocka_unit_test(a_close_is_answered_and_ends_it),
        cmocka_unit_test(giving_up_says_so),
        cmocka_unit_test(giving_up_may_give_a_reason),
        cmocka_unit_test(parts_of_all_have_a_limit),
        cmocka_unit_test(parts_are_paid_for),
        cmocka_unit_test(a_ping_is_answered),
        cmocka_unit_test(who_pauses_gets_no_more),
        cmocka_unit_test(giving_up_with_messages_on_their_way_is_a_reset),
        cmocka_unit_test(an_end_without_a_close_is_a_cut),
        cmocka_unit_test(a_defect_ends_it_with_its_code),
        cmocka_unit_test(a_message_over_the_limit_is_refused_at_its_header),
        cmocka_unit_test(a_callback_may_give_it_up),
        cmocka_unit_test(sending_after_the_end_is_of_no_effect),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    if (!secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
