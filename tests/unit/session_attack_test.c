/* An attacker on the wire: whatever is done to a message, both sides know, and
 * no application takes a part for the whole. */
#include "tests/support/check.h"

#include <malloc.h>

#include "proxy/tunnel/mux.h"
#include "tests/support/pair.h"

#define UP_BYTES     200000
#define DOWN_BYTES   300000
#define RECORDED_MAX 64

/* What is done to one message. */
enum attack { CUT, REPLAY, REORDER, REFLECT, DROP, ALTER, SHORTEN, ATTACKS };

static const char *const attack_names[ATTACKS] = {
    [CUT] = "cut",         [REPLAY] = "replay", [REORDER] = "reorder",
    [REFLECT] = "reflect", [DROP] = "drop",     [ALTER] = "alter",
    [SHORTEN] = "shorten",
};

struct plan {
    enum attack attack;
    bool to_server;
    uint64_t message; /* counted in its direction, from 0 */
    uint64_t seen;    /* in that direction */
    bool done;
    bool cut;      /* from now on nothing passes */
    uint8_t *held; /* owned; to come after the next */
    size_t held_len;
};

static enum pair_fate strike(struct pair *p, struct plan *plan, bool to_server,
                             uint8_t *message, size_t len)
{
    struct session *to = to_server ? p->server.session : p->client.session;
    struct session *from = to_server ? p->client.session : p->server.session;
    uint8_t copy[2 * RECORD_MAX_BYTES];

    plan->done = true;
    memcpy(copy, message, len);
    switch (plan->attack) {
    case CUT:
        plan->cut = true;
        return PAIR_DROP;
    case DROP:
        return PAIR_DROP;
    case REPLAY:
        (void)session_input(to, copy, len, p->now_ms);
        return PAIR_DELIVER;
    case REORDER:
        plan->held = malloc(len);
        assert_non_null(plan->held);
        memcpy(plan->held, message, len);
        plan->held_len = len;
        return PAIR_DROP;
    case REFLECT:
        (void)session_input(from, copy, len, p->now_ms);
        return PAIR_DELIVER;
    case ALTER:
        message[len / 2] ^= 0x10;
        return PAIR_DELIVER;
    case SHORTEN:
        (void)session_input(to, message, len - 1, p->now_ms);
        return PAIR_DELIVERED_BY_HOOK;
    case ATTACKS:
        break;
    }
    return PAIR_DELIVER;
}

static enum pair_fate attack(struct pair *p, bool to_server, uint8_t *message,
                             size_t len)
{
    struct plan *plan = p->wire_ctx;
    struct session *to = to_server ? p->server.session : p->client.session;

    if (plan->cut)
        return PAIR_DROP;
    if (to_server == plan->to_server && plan->held != NULL) {
        uint8_t *held = plan->held;

        plan->held = NULL;
        (void)session_input(to, message, len, p->now_ms);
        (void)session_input(to, held, plan->held_len, p->now_ms);
        free(held);
        return PAIR_DELIVERED_BY_HOOK;
    }
    if (to_server != plan->to_server || plan->seen++ != plan->message)
        return PAIR_DELIVER;
    return strike(p, plan, to_server, message, len);
}

/* One request and its answer, then the end of the carrier. */
static struct pair *run_scenario(struct plan *plan)
{
    struct pair *p = pair_new(NULL);
    struct pair_end *e;

    p->wire = attack;
    p->wire_ctx = plan;
    p->server.answer_bytes = DOWN_BYTES;
    pair_run(p);
    if (pair_try_open(p, "a.b:80", &e) == STATUS_OK) {
        pair_run(p);
        if (!p->client.closed)
            pair_write(e, UP_BYTES);
        pair_run(p);
    }
    session_carrier_lost(p->client.session, STATUS_OK, p->now_ms);
    session_carrier_lost(p->server.session, STATUS_OK, p->now_ms);
    pair_run(p);
    free(plan->held);
    return p;
}

/* Each end has all of it and a fin, or an error. */
static void check_end(const struct pair_end *e, uint64_t whole)
{
    assert_true(e->bytes <= whole);
    if (e->fin)
        assert_int_equal(e->bytes, whole);
    else
        assert_true(e->reset);
}

static void check_outcome(struct pair *p)
{
    assert_true(p->client.closed && p->server.closed);
    assert_int_not_equal(p->client.why.status, STATUS_OK);
    assert_int_not_equal(p->server.why.status, STATUS_OK);
    for (size_t i = 0; i < p->client.ends; i++)
        check_end(&p->client.end[i], DOWN_BYTES);
    for (size_t i = 0; i < p->server.ends; i++)
        check_end(&p->server.end[i], UP_BYTES);
}

/* At the receiver of the bent message, or, for what was turned back, at its
 * sender; a message that is lost shows when the next one comes. */
static bool must_be_detected(const struct plan *plan)
{
    bool lost = plan->attack == DROP || plan->attack == REORDER;
    bool last = plan->message + 1 == plan->seen;

    return plan->attack != CUT && !(lost && last);
}

static bool was_detected(struct pair *p, const struct plan *plan)
{
    bool at_server = plan->to_server != (plan->attack == REFLECT);
    const struct pair_side *at = at_server ? &p->server : &p->client;

    return at->why.status == STATUS_BAD_RECORD ||
           at->why.status == STATUS_BAD_HANDSHAKE ||
           at->why.status == STATUS_BAD_STATE ||
           at->why.status == STATUS_BAD_BINDING ||
           at->why.status == STATUS_BAD_FIELD;
}

/* False when there is no such message. */
static bool try_attack(struct plan plan)
{
    struct pair *p = run_scenario(&plan);

    if (plan.done) {
        check_outcome(p);
        if (must_be_detected(&plan) && !was_detected(p, &plan))
            fail_msg("%s of message %u to the %s: %s, %s",
                     attack_names[plan.attack], (unsigned)plan.message,
                     plan.to_server ? "server" : "client",
                     status_name(p->client.why.status),
                     status_name(p->server.why.status));
    }
    pair_free(p);
    return plan.done;
}

static void no_attack_on_any_message_goes_unseen(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ATTACKS * 2; i++) {
        struct plan plan = { .attack = (enum attack)(i / 2),
                             .to_server = i % 2 != 0 };

        while (try_attack(plan))
            plan.message++;
        assert_true(plan.message >= 6);
    }
}

/* Every bit of one record. */
static size_t try_flip(size_t bit)
{
    struct pair *p = pair_ready(NULL);
    struct session_out out[1];
    uint8_t copy[64];
    size_t len;

    (void)pair_open(p, "a.b:80");
    assert_int_equal(session_output(p->client.session, out, 1, p->now_ms), 1);
    len = out[0].len;
    assert_true(len <= sizeof(copy));
    memcpy(copy, out[0].message, len);
    copy[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    CHECK_STATUS(pair_deliver(p, true, copy, len), STATUS_BAD_RECORD);
    assert_int_equal(p->server.ends, 0);
    session_output_done(p->client.session, 1);
    pair_run(p);
    assert_true(p->client.closed);
    CHECK_STATUS(p->client.end[0].reason, STATUS_RESET);
    pair_free(p);
    return len * 8;
}

static void no_bit_of_a_record_can_be_altered(void **state)
{
    size_t bits = 1;

    (void)state;
    for (size_t bit = 0; bit < bits; bit++)
        bits = try_flip(bit);
    assert_true(bits > AEAD_TAG_BYTES * 8);
}

/* Two sessions of one server use the same numbers for their streams: what is
 * said in one has no meaning in the other. */
static void streams_of_another_session_are_out_of_reach(void **state)
{
    struct pair *mine = pair_ready(NULL), *other = pair_ready(NULL);
    struct pair_end *e = pair_open(mine, "a.b:80");
    struct session_out out[1];
    uint8_t copy[256];
    size_t len;

    (void)state;
    (void)pair_open(other, "a.b:80");
    pair_run(mine);
    pair_run(other);
    assert_int_equal(other->server.ends, 1);
    pair_write(e, 100);
    assert_int_equal(session_output(mine->client.session, out, 1, mine->now_ms),
                     1);
    len = out[0].len;
    assert_true(len > 100 && len <= sizeof(copy));
    memcpy(copy, out[0].message, len);
    CHECK_STATUS(pair_deliver(other, true, copy, len), STATUS_BAD_RECORD);
    assert_int_equal(other->server.end[0].bytes, 0);
    session_output_done(mine->client.session, 1);
    pair_free(mine);
    pair_free(other);
}

/* What a client once said, said again to the same server. */

struct recording {
    uint8_t *message[RECORDED_MAX];
    size_t len[RECORDED_MAX];
    size_t count;
};

static enum pair_fate record_upward(struct pair *p, bool to_server,
                                    uint8_t *message, size_t len)
{
    struct recording *r = p->wire_ctx;

    if (!to_server)
        return PAIR_DELIVER;
    assert_true(r->count < RECORDED_MAX);
    r->message[r->count] = malloc(len);
    assert_non_null(r->message[r->count]);
    memcpy(r->message[r->count], message, len);
    r->len[r->count++] = len;
    return PAIR_DELIVER;
}

static void a_whole_session_cannot_be_replayed(void **state)
{
    struct recording r = { .count = 0 };
    struct pair *first = pair_new(&(struct pair_options){ .epoch = true });
    struct pair *again = pair_new(&(struct pair_options){ .epoch = true });
    enum status last = STATUS_OK;

    (void)state;
    first->wire = record_upward;
    first->wire_ctx = &r;
    pair_run(first);
    pair_write(pair_open(first, "a.b:80"), 1000);
    pair_run(first);
    assert_int_equal(first->server.ends, 1);
    for (size_t i = 0; i < r.count && last == STATUS_OK; i++)
        last = pair_deliver(again, true, r.message[i], r.len[i]);
    CHECK_STATUS(last, STATUS_BAD_RECORD);
    assert_int_equal(again->server.ends, 0);
    for (size_t i = 0; i < r.count; i++)
        free(r.message[i]);
    pair_free(first);
    pair_free(again);
}

/* The same keys, challenge and settings: still no byte in common, as both
 * sides take part with a key that they use once. */
static void no_two_sessions_have_the_same_keys(void **state)
{
    struct recording a = { .count = 0 }, b = { .count = 0 };
    struct recording *both[] = { &a, &b };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pair *p = pair_new(NULL);

        p->wire = record_upward;
        p->wire_ctx = both[i];
        pair_run(p);
        (void)pair_open(p, "a.b:80");
        pair_run(p);
        pair_free(p);
    }
    assert_int_equal(a.count, b.count);
    for (size_t i = 0; i < a.count; i++) {
        assert_int_equal(a.len[i], b.len[i]);
        assert_memory_not_equal(a.message[i] + 1, b.message[i] + 1,
                                a.len[i] - 1);
        free(a.message[i]);
        free(b.message[i]);
    }
}

static bool contains(struct slice memory, struct slice bytes)
{
    for (size_t i = 0; i + bytes.len <= memory.len; i++)
        if (memcmp(memory.at + i, bytes.at, bytes.len) == 0)
            return true;
    return false;
}

/* The server's lasting key is gone from its session once that is ready, so
 * that nothing in it helps who has recorded it. */
static void the_lasting_key_is_forgotten(void **state)
{
    static const uint8_t secret[] = { 8, 8, 8, 0, 0, 0, 0, 0 };
    struct pair *p = pair_new(NULL);
    struct slice memory =
        slice_of(p->server.session, malloc_usable_size(p->server.session));

    (void)state;
    assert_true(contains(memory, SLICE_OF(secret)));
    pair_run(p);
    assert_true(p->server.ready);
    assert_false(contains(memory, SLICE_OF(secret)));
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_attack_on_any_message_goes_unseen),
        cmocka_unit_test(no_bit_of_a_record_can_be_altered),
        cmocka_unit_test(streams_of_another_session_are_out_of_reach),
        cmocka_unit_test(a_whole_session_cannot_be_replayed),
        cmocka_unit_test(no_two_sessions_have_the_same_keys),
        cmocka_unit_test(the_lasting_key_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
