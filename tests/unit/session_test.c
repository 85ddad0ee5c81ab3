/* Handshake, time and end of a session: client and server against each other.
 * Streams are in session_stream_test.c, attacks in session_attack_test.c. */
#include "tests/support/check.h"

#include "common/text.h"
#include "proxy/tunnel/mux.h"
#include "proxy/tunnel/noise.h"
#include "tests/support/pair.h"

#define OFFER_BYTES 2000 /* more than any announcement here */

/* Suites. */

static const struct {
    const char *name;
    struct pair_options options;
    const char *suite; /* NULL: there is none */
} suites[] = {
    /* clang-format off */
    { "both have AES", { .client_aes = true, .server_aes = true }, "AESGCM" },
    { "the client has none", { .server_aes = true }, "ChaChaPoly" },
    { "the server has none", { .client_aes = true }, "ChaChaPoly" },
    { "neither has", { 0 }, "ChaChaPoly" },
    { "only AES is allowed", { .client_aes = true, .server_aes = true, .client_no_chacha = true }, "AESGCM" },
    { "nothing in common", { .client_aes = true, .client_no_chacha = true }, NULL },
    { "a server with nothing", { .server_no_chacha = true }, NULL },
    /* clang-format on */
};

static void the_fastest_common_suite_is_chosen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(suites); i++) {
        struct pair *p = pair_new(&suites[i].options);

        assert_string_equal(session_suite(p->client.session), "");
        pair_run(p);
        if (suites[i].suite == NULL) {
            CHECK_STATUS(p->client.why.status, STATUS_BAD_HANDSHAKE);
            assert_false(p->client.evidence);
        } else {
            assert_true(p->client.ready && p->server.ready);
            assert_string_equal(session_suite(p->client.session),
                                suites[i].suite);
            assert_string_equal(session_suite(p->server.session),
                                suites[i].suite);
        }
        pair_free(p);
    }
}

/* Evidence. */

static void evidence_is_bound_to_challenge_or_epoch(void **state)
{
    (void)state;
    for (int epoch = 0; epoch <= 1; epoch++) {
        struct pair *p = pair_ready(&(struct pair_options){ .epoch = epoch });

        assert_true(p->client.evidence); /* tests/support/pair.c compares */
        pair_free(p);
    }
}

static void bindings_are_the_hashes_specified(void **state)
{
    static const uint8_t zeros[32];
    uint8_t by_challenge[64], by_epoch[64];
    char hex[129];

    (void)state;
    session_challenge_binding(zeros, zeros, by_challenge);
    session_epoch_binding(zeros, 0x0102030405060708, zeros, by_epoch);
    text_hex(SLICE_OF(by_challenge), hex, sizeof(hex));
    assert_string_equal(
        hex, "eb7ad1c1f94799e5d5646107c330bba7b8f4486e01110f883a73f489"
             "2c7a6bd91fdadae44d8e904c2fa54f0847bc8ed4efae0aea859b65cb"
             "90f289d4d7357a2d");
    text_hex(SLICE_OF(by_epoch), hex, sizeof(hex));
    assert_string_equal(
        hex, "81ce6e9c22d955abfb1169d2487a9f2333631701c2242e7de5ebe281"
             "d02bce18d5c311f93700a4c7e4c7ab6a649a75b52be5bdac6e915cdf"
             "5abb7102fbea23e9");
}

static void nothing_is_said_to_a_server_that_is_refused(void **state)
{
    static const struct why refused = { .status = STATUS_POLICY };
    struct pair *p = pair_new(&(struct pair_options){ .manual = true });

    (void)state;
    pair_run(p);
    assert_true(p->client.evidence);
    session_close(p->client.session, &refused, p->now_ms);
    session_accept(p->client.session, p->now_ms); /* too late */
    pair_run(p);
    assert_true(p->client.closed);
    CHECK_STATUS(p->client.why.status, STATUS_POLICY);
    assert_int_equal(p->messages[true], 0);
    pair_free(p);
}

static void the_verdict_may_come_later(void **state)
{
    struct pair *p = pair_new(&(struct pair_options){ .manual = true });

    (void)state;
    pair_run(p);
    assert_true(session_deadline(p->client.session) == INT64_MAX);
    p->now_ms += 5000;
    session_accept(p->client.session, p->now_ms);
    session_accept(p->client.session, p->now_ms); /* once is enough */
    pair_run(p);
    assert_true(p->client.ready && p->server.ready);
    assert_int_equal(p->messages[true], 1);
    pair_free(p);
}

static void what_is_stapled_arrives(void **state)
{
    static const uint8_t item[2000] = { 1 };
    struct session_stapled stapled = { { { 0 } } };
    struct pair *p;

    (void)state;
    stapled.item[0] = stapled.item[6] = SLICE_OF(item);
    p = pair_ready(&(struct pair_options){ .stapled = &stapled });
    pair_free(p);
}

static void an_announcement_too_long_is_not_made(void **state)
{
    static uint8_t big[ANNOUNCE_MAX_BYTES];
    static const struct session_events events;
    static const uint8_t zeros[32];
    const struct session_config config = { .events = &events,
                                           .allow_chacha = true,
                                           .streams_max = 1 };
    struct session_stapled stapled = { { SLICE_OF(big) } };
    struct session_identity identity = { .public_key = zeros,
                                         .secret_key = zeros,
                                         .quote = SLICE_OF(zeros),
                                         .challenged = true,
                                         .stapled = &stapled };
    struct session *s;

    (void)state;
    CHECK_STATUS(session_server_new(&config, zeros, &identity, 0, &s),
                 STATUS_LIMIT);
    assert_null(s);
    stapled.item[0].len = 1000;
    CHECK_STATUS(session_server_new(&config, zeros, &identity, 0, &s),
                 STATUS_OK);
    session_free(s);
    identity.quote = slice_of(big, QUOTE_MAX_BYTES + 1);
    CHECK_STATUS(session_server_new(&config, zeros, &identity, 0, &s),
                 STATUS_LIMIT);
    session_free(s);
}

/* Messages of the handshake, bent. */

struct bend {
    uint64_t message; /* counted in its direction */
    bool to_server;
    size_t bit;  /* to flip; SIZE_MAX: none */
    size_t cut;  /* length to cut to; SIZE_MAX: none */
    size_t bits; /* seen: of that message */
};

static enum pair_fate bend_one(struct pair *p, bool to_server, uint8_t *message,
                               size_t len)
{
    struct bend *b = p->wire_ctx;

    if (to_server != b->to_server || p->messages[to_server] != b->message)
        return PAIR_DELIVER;
    b->bits = len * 8;
    if (b->bit < len * 8)
        message[b->bit / 8] ^= (uint8_t)(1U << (b->bit % 8));
    if (b->cut < len) {
        p->messages[to_server]++;
        (void)session_input(to_server ? p->server.session : p->client.session,
                            message, b->cut, p->now_ms);
        return PAIR_DELIVERED_BY_HOOK;
    }
    return PAIR_DELIVER;
}

/* The client accepts whatever it is shown: the handshake itself must fail. */
static size_t try_bend(struct bend b)
{
    struct pair *p = pair_new(&(struct pair_options){ .manual = true });

    p->wire = bend_one;
    p->wire_ctx = &b;
    pair_run(p);
    if (p->client.evidence)
        session_accept(p->client.session, p->now_ms);
    pair_run(p);
    assert_true(b.bits > 0);
    assert_false(p->client.ready);
    assert_true(p->client.closed || p->server.closed);
    if (p->client.closed)
        assert_int_not_equal(p->client.why.status, STATUS_OK);
    if (p->server.closed) {
        assert_int_not_equal(p->server.why.status, STATUS_OK);
        assert_false(p->server.ready && b.to_server);
    }
    pair_free(p);
    return b.bits;
}

/* What the client does with a bent announcement is another matter: only that
 * no session comes of it. */
static void no_bit_of_a_handshake_can_be_altered(void **state)
{
    static const struct bend messages[] = {
        { 0, false, 0, SIZE_MAX, 0 }, /* server_kx */
        { 0, true, 0, SIZE_MAX, 0 },  /* Noise message 1, with the suite */
        { 1, false, 0, SIZE_MAX, 0 }, /* Noise message 2 */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        struct bend b = messages[i];
        size_t bits = 1;

        for (; b.bit < bits; b.bit++)
            bits = try_bend(b);
        assert_true(bits > 300);
    }
}

static void no_handshake_message_can_be_cut(void **state)
{
    static const struct bend messages[] = {
        { 0, false, SIZE_MAX, 0, 0 },
        { 0, true, SIZE_MAX, 0, 0 },
        { 1, false, SIZE_MAX, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        struct bend b = messages[i];
        size_t len = 1;

        for (; b.cut < len; b.cut++)
            len = try_bend(b) / 8;
        assert_true(len > 40);
    }
}

/* Suites [1, 2] become [2]: the client would take the weaker one. */
static enum pair_fate strip_suites(struct pair *p, bool to_server,
                                   uint8_t *message, size_t len)
{
    static const char both[] = "suites\x82\x01\x02";
    uint8_t shorter[OFFER_BYTES];

    if (to_server || p->messages[false] > 0)
        return PAIR_DELIVER;
    for (size_t i = 0; i + sizeof(both) <= len; i++) {
        if (memcmp(message + i, both, sizeof(both) - 1) != 0)
            continue;
        memcpy(shorter, message, i + 6);
        shorter[i + 6] = 0x81;
        memcpy(shorter + i + 7, message + i + 8, len - i - 8);
        p->messages[false]++;
        (void)session_input(p->client.session, shorter, len - 1, p->now_ms);
        return PAIR_DELIVERED_BY_HOOK;
    }
    fail_msg("no suites in the announcement");
    return PAIR_DROP;
}

static void stripped_suites_end_the_handshake(void **state)
{
    struct pair *p = pair_new(
        &(struct pair_options){ .client_aes = true, .server_aes = true });

    (void)state;
    p->wire = strip_suites;
    pair_run(p);
    assert_string_equal(session_suite(p->client.session), "ChaChaPoly");
    CHECK_STATUS(p->server.why.status, STATUS_BAD_HANDSHAKE);
    assert_false(p->client.ready || p->server.ready);
    pair_free(p);
}

static void another_challenge_ends_the_handshake(void **state)
{
    struct pair *p = pair_new(
        &(struct pair_options){ .manual = true, .other_challenge = true });

    (void)state;
    pair_run(p);
    session_accept(p->client.session, p->now_ms);
    pair_run(p);
    CHECK_STATUS(p->server.why.status, STATUS_BAD_HANDSHAKE);
    assert_false(p->client.ready);
    pair_free(p);
}

/* Out of turn. */

static enum status say(struct pair *p, bool to_server, const char *text)
{
    return pair_deliver(p, to_server, (const uint8_t *)text, strlen(text));
}

static void messages_out_of_turn_end_the_session(void **state)
{
    struct pair *p = pair_new(&(struct pair_options){ .manual = true });

    (void)state;
    pair_run(p);
    CHECK_STATUS(say(p, false, "hello?"), STATUS_BAD_STATE);
    CHECK_STATUS(p->client.why.status, STATUS_BAD_STATE);
    CHECK_STATUS(say(p, false, "anybody?"), STATUS_OK); /* nobody listens */
    pair_free(p);
}

static void a_server_takes_no_other_first_message(void **state)
{
    static const char *const first[] = {
        "",
        "\x01",
        "\x03",
        "\x02 much too short",
        "\x03 and of the right length, which is 48 bytes and the suite, .....",
        "\x01 not offered, and of the right length, which is 48 bytes and th..",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(first); i++) {
        struct pair *p = pair_new(NULL);

        CHECK_STATUS(say(p, true, first[i]), STATUS_BAD_HANDSHAKE);
        assert_string_equal(p->server.why.field, "handshake.suite");
        pair_free(p);
    }
}

static void a_long_announcement_is_refused(void **state)
{
    struct pair *p = pair_new(NULL);
    uint8_t *big = calloc(1, ANNOUNCE_MAX_BYTES + 1);

    (void)state;
    assert_non_null(big);
    CHECK_STATUS(pair_deliver(p, false, big, ANNOUNCE_MAX_BYTES + 1),
                 STATUS_BAD_FIELD);
    assert_string_equal(p->client.why.field, "server_kx");
    free(big);
    pair_free(p);
}

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
        assert_false(session_can_open(p->client.session));
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
    (void)stream_write(behind->stream, slice_text("post"));
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
    struct stream *stream = e->stream;
    size_t room;

    (void)state;
    pair_run(p);
    p->client.release_on_reset = false;
    session_close(s, &why, p->now_ms);
    assert_false(session_can_open(s));
    assert_int_equal(session_streams(s), 0);
    assert_int_equal(stream_room(stream), 0);
    assert_null(stream_reserve(stream, &room));
    assert_int_equal(stream_write(stream, slice_text("x")), 0);
    stream_fin(stream);
    stream_reset(stream, STATUS_CUT);
    stream_consumed(stream, 0);
    session_tick(s, INT64_MAX - 1);
    session_drain(s, p->now_ms);
    CHECK_STATUS(stream_open(s, slice_text("a.b:80"), NULL, &stream),
                 STATUS_GOING_AWAY);
    pair_release(e);
    pair_run(p);
    assert_false(session_wants_output(s));
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fastest_common_suite_is_chosen),
        cmocka_unit_test(evidence_is_bound_to_challenge_or_epoch),
        cmocka_unit_test(bindings_are_the_hashes_specified),
        cmocka_unit_test(nothing_is_said_to_a_server_that_is_refused),
        cmocka_unit_test(the_verdict_may_come_later),
        cmocka_unit_test(what_is_stapled_arrives),
        cmocka_unit_test(an_announcement_too_long_is_not_made),
        cmocka_unit_test(no_bit_of_a_handshake_can_be_altered),
        cmocka_unit_test(no_handshake_message_can_be_cut),
        cmocka_unit_test(stripped_suites_end_the_handshake),
        cmocka_unit_test(another_challenge_ends_the_handshake),
        cmocka_unit_test(messages_out_of_turn_end_the_session),
        cmocka_unit_test(a_server_takes_no_other_first_message),
        cmocka_unit_test(a_long_announcement_is_refused),
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
