/* From the announcement to a session that is ready, and what must not lead
 * there: client and server against each other. */
#include "tests/support/check.h"

#include "common/text.h"
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

static void a_server_session_needs_memory_of_its_own(void **state)
{
    static const struct session_events events;
    static const uint8_t zeros[32];
    struct budget budget;
    const struct session_config config = { .events = &events,
                                           .allow_chacha = true,
                                           .streams_max = 1,
                                           .budget = &budget };
    const struct session_identity identity = { .public_key = zeros,
                                               .secret_key = zeros,
                                               .quote = SLICE_OF(zeros),
                                               .challenged = true };
    struct session *s;

    (void)state;
    budget_init(&budget, SESSION_OWN_BYTES - 1, NULL);
    CHECK_STATUS(session_server_new(&config, zeros, &identity, 0, &s),
                 STATUS_BUSY);
    assert_null(s);
    assert_int_equal(budget_used(&budget), 0);
    budget_init(&budget, SESSION_OWN_BYTES, NULL);
    CHECK_STATUS(session_server_new(&config, zeros, &identity, 0, &s),
                 STATUS_OK);
    assert_int_equal(budget_left(&budget), 0);
    session_free(s);
    assert_int_equal(budget_used(&budget), 0);
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
        cmocka_unit_test(a_server_session_needs_memory_of_its_own),
        cmocka_unit_test(no_bit_of_a_handshake_can_be_altered),
        cmocka_unit_test(no_handshake_message_can_be_cut),
        cmocka_unit_test(stripped_suites_end_the_handshake),
        cmocka_unit_test(another_challenge_ends_the_handshake),
        cmocka_unit_test(messages_out_of_turn_end_the_session),
        cmocka_unit_test(a_server_takes_no_other_first_message),
        cmocka_unit_test(a_long_announcement_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
