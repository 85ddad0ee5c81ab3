/* proxy/server/peers.h: who counts as whom, and when it is enough. */
#include "proxy/server/peers.h"

#include "common/compiler.h"
#include "tests/support/check.h"

static const struct peers_limits limits = {
    .pending = 6, .all = 8, .peer_pending = 2, .peer_all = 3
};

static struct peers_figures figures_of(struct peers *p)
{
    struct peers_figures figures;

    peers_read(p, &figures);
    return figures;
}

static struct peers *new_peers(void)
{
    struct peers *p;

    CHECK_STATUS(peers_new(&limits, &p), STATUS_OK);
    return p;
}

/* Enter as |address| and be ready if |ready|; the field that refused, or "". */
static const char *enter(struct peers *p, const char *address, bool ready,
                         struct peers_pass *pass)
{
    struct why why;
    enum status st = peers_enter(p, address, pass, &why);

    if (st != STATUS_OK) {
        CHECK_STATUS(st, STATUS_LIMIT);
        assert_null(pass->peer);
        return why.field;
    }
    if (ready)
        peers_ready(pass);
    return "";
}

static const struct {
    const char *name;
    const char *first;
    const char *second;
    bool same;
} pairs[] = {
    /* clang-format off */
    { "two ports of one address", "127.0.0.1:1", "127.0.0.1:2", true },
    { "two addresses", "127.0.0.1:1", "127.0.0.2:1", false },
    { "one IPv6 address", "[2001:db8::1]:1", "[2001:db8::1]:2", true },
    { "one IPv6 network of 64 bits", "[2001:db8::1]:1", "[2001:db8::ff:2]:1",
      true },
    { "two IPv6 networks", "[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1",
      false },
    { "IPv4 in IPv6", "127.0.0.1:1", "[::ffff:127.0.0.1]:1", true },
    { "IPv4 and IPv6 of the same first bytes", "32.1.13.184:1",
      "[2001:db8::]:1", false },
    { "UNIX sockets", "unix", "unix", true },
    { "a UNIX socket and an address", "unix", "0.0.0.0:1", false },
    /* clang-format on */
};

static void an_address_is_one_peer(void **state)
{
    struct peers_pass a[2], b;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct peers *p = new_peers();

        print_message("  %s\n", pairs[i].name);
        assert_string_equal(enter(p, pairs[i].first, false, &a[0]), "");
        assert_string_equal(enter(p, pairs[i].first, false, &a[1]), "");
        assert_string_equal(enter(p, pairs[i].second, false, &b),
                            pairs[i].same ? "limit.peer-pending" : "");
        peers_leave(&a[0]);
        peers_leave(&a[1]);
        peers_leave(&b);
        assert_int_equal(figures_of(p).all, 0);
        peers_free(p);
    }
}

static void who_is_ready_makes_room_for_others(void **state)
{
    struct peers *p = new_peers();
    struct peers_pass a, b, c, d;

    (void)state;
    assert_string_equal(enter(p, "10.0.0.1:1", false, &a), "");
    assert_string_equal(enter(p, "10.0.0.1:2", false, &b), "");
    assert_string_equal(enter(p, "10.0.0.1:3", false, &c),
                        "limit.peer-pending");
    peers_ready(&a);
    peers_ready(&a); /* any number of times */
    assert_int_equal(figures_of(p).pending, 1);
    assert_string_equal(enter(p, "10.0.0.1:3", true, &c), "");
    peers_ready(&b);
    assert_string_equal(enter(p, "10.0.0.1:4", false, &d),
                        "limit.peer-connections");
    peers_leave(&a);
    assert_string_equal(enter(p, "10.0.0.1:4", false, &d), "");
    peers_leave(&b);
    peers_leave(&c);
    peers_leave(&d);
    peers_leave(&d); /* none: nothing happens */
    assert_int_equal(figures_of(p).all, 0);
    assert_int_equal(figures_of(p).pending, 0);
    peers_free(p);
}

static void all_together_are_bounded(void **state)
{
    struct peers *p = new_peers();
    struct peers_pass passes[8], last;
    char address[32];

    (void)state;
    for (int i = 0; i < 8; i++) {
        (void)snprintf(address, sizeof(address), "10.0.%d.1:1", i);
        assert_string_equal(enter(p, address, i < 2, &passes[i]), "");
        if (i == 7)
            break;
        if (figures_of(p).pending == limits.pending)
            peers_ready(&passes[i]);
    }
    assert_string_equal(enter(p, "10.9.9.9:1", false, &last),
                        "limit.connections");
    peers_leave(&passes[0]);
    assert_int_equal(figures_of(p).pending, limits.pending);
    assert_string_equal(enter(p, "10.9.9.9:1", false, &last), "limit.pending");
    for (int i = 1; i < 8; i++)
        peers_leave(&passes[i]);
    assert_int_equal(figures_of(p).all, 0);
    peers_free(p);
    peers_free(NULL);
}

static void who_has_few_gets_in_while_others_hold_all_they_can(void **state)
{
    const struct peers_limits l = {
        .pending = 12, .all = 100, .peer_pending = 100, .peer_all = 100
    };
    struct peers_pass pass[12];
    static const char *const greedy[] = { "10.0.0.1:1", "10.0.0.2:1",
                                          "10.0.0.3:1" };
    struct peers *p;
    size_t held = 0;

    (void)state;
    CHECK_STATUS(peers_new(&l, &p), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(greedy); i++)
        while (strcmp(enter(p, greedy[i], false, &pass[held]), "") == 0)
            held++;
    assert_int_equal(held, 6 + 3 + 2); /* half of what was left, each */
    assert_string_equal(enter(p, "10.0.0.3:1", false, &pass[held]),
                        "limit.peer-pending");
    assert_string_equal(enter(p, "10.0.0.4:1", false, &pass[held++]), "");
    assert_int_equal(held, 12);
    while (held > 0)
        peers_leave(&pass[--held]);
    peers_free(p);
}

static void memory_is_bounded_for_each_peer_and_for_all(void **state)
{
    const size_t mib = 1024 * 1024;
    struct peers_limits l = limits;
    struct peers_pass one[2], other;
    struct peers *p;

    (void)state;
    l.queued_mib = 10;
    l.peer_queued_mib = 4;
    CHECK_STATUS(peers_new(&l, &p), STATUS_OK);
    assert_string_equal(enter(p, "10.0.0.1:1", true, &one[0]), "");
    assert_string_equal(enter(p, "10.0.0.1:2", true, &one[1]), "");
    assert_string_equal(enter(p, "10.0.0.2:1", true, &other), "");
    assert_true(budget_take(peers_budget(&one[0]), 3 * mib));
    assert_false(budget_take(peers_budget(&one[1]), 2 * mib));
    assert_true(budget_take(peers_budget(&one[1]), mib));
    assert_true(budget_take(peers_budget(&other), 4 * mib));
    assert_int_equal(figures_of(p).queued, 8 * mib);
    assert_int_equal(budget_left(peers_whole(p)), 2 * mib);
    budget_give(peers_budget(&other), 4 * mib);
    peers_leave(&other);
    peers_leave(&one[0]); /* what is of the address stays */
    assert_int_equal(budget_left(peers_budget(&one[1])), 0);
    budget_give(peers_budget(&one[1]), 4 * mib);
    peers_leave(&one[1]);
    assert_null(peers_budget(&one[1]));
    assert_int_equal(figures_of(p).queued, 0);
    peers_free(p);
}

static enum status ask(struct peers_pass *pass, uint64_t now_ms,
                       const char **field)
{
    struct why why = { 0 };
    enum status st = peers_ask(pass, now_ms, &why);

    *field = why.field;
    return st;
}

static struct peers *asked_peers(size_t quotes, size_t rate)
{
    struct peers_limits l = limits;
    struct peers *p;

    l.peer_quotes = quotes;
    l.peer_quote_rate = rate;
    CHECK_STATUS(peers_new(&l, &p), STATUS_OK);
    return p;
}

static void a_peer_asks_for_so_many_quotes_at_once(void **state)
{
    struct peers *p = asked_peers(1, 0);
    struct peers_pass a, b, c;
    const char *field;

    (void)state;
    assert_string_equal(enter(p, "10.0.0.1:1", false, &a), "");
    assert_string_equal(enter(p, "10.0.0.1:2", false, &b), "");
    assert_string_equal(enter(p, "10.0.0.2:1", false, &c), "");
    CHECK_STATUS(ask(&a, 1, &field), STATUS_OK);
    CHECK_STATUS(ask(&b, 1, &field), STATUS_BUSY);
    assert_string_equal(field, "limit.peer-quotes");
    CHECK_STATUS(ask(&c, 1, &field), STATUS_OK); /* another peer */
    peers_answered(&a);
    peers_answered(&a); /* any number of times */
    CHECK_STATUS(ask(&b, 1, &field), STATUS_OK);
    peers_leave(&b); /* who leaves does not ask any more */
    CHECK_STATUS(ask(&a, 1, &field), STATUS_OK);
    peers_leave(&a);
    peers_leave(&c);
    peers_free(p);
}

/* As with connections; who asks for none may always ask for one, which the
 * queue may refuse. */
static void
who_asks_for_few_quotes_may_while_others_ask_for_all_they_can(void **state)
{
    static const char *const addresses[] = { "10.0.0.1:1", "10.0.0.2:1",
                                             "10.0.0.3:1", "10.0.0.4:1" };
    static const size_t want[COUNT_OF(addresses)] = { 6, 3, 2, 1 };
    const struct peers_limits l = { .pending = 100,
                                    .all = 100,
                                    .peer_pending = 20,
                                    .peer_all = 20,
                                    .quotes = 12,
                                    .peer_quotes = 8 };
    struct peers_pass pass[COUNT_OF(addresses)][10];
    struct peers *p;
    const char *field;

    (void)state;
    CHECK_STATUS(peers_new(&l, &p), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(addresses); i++)
        for (size_t n = 0; n < COUNT_OF(pass[i]); n++) {
            assert_string_equal(enter(p, addresses[i], false, &pass[i][n]), "");
            CHECK_STATUS(ask(&pass[i][n], 1, &field),
                         n < want[i] ? STATUS_OK : STATUS_BUSY);
        }
    for (size_t n = 0; n < COUNT_OF(pass[0]); n++)
        peers_leave(&pass[0][n]);
    CHECK_STATUS(ask(&pass[3][1], 1, &field), STATUS_OK);
    for (size_t i = 1; i < COUNT_OF(addresses); i++)
        for (size_t n = 0; n < COUNT_OF(pass[i]); n++)
            peers_leave(&pass[i][n]);
    peers_free(p);
}

static void a_rate_outlives_the_connections(void **state)
{
    struct peers *p = asked_peers(0, 2);
    struct peers_pass a;
    const char *field;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_string_equal(enter(p, "10.0.0.1:1", false, &a), "");
        CHECK_STATUS(ask(&a, 5000, &field), i < 2 ? STATUS_OK : STATUS_BUSY);
        peers_leave(&a);
    }
    assert_string_equal(field, "limit.peer-quote-rate");
    assert_string_equal(enter(p, "10.0.0.1:1", false, &a), "");
    CHECK_STATUS(ask(&a, 4000, &field), STATUS_BUSY); /* a clock behind */
    CHECK_STATUS(ask(&a, 5499, &field), STATUS_BUSY);
    CHECK_STATUS(ask(&a, 5500, &field), STATUS_OK);
    peers_answered(&a);
    CHECK_STATUS(ask(&a, 5501, &field), STATUS_BUSY);
    peers_leave(&a);
    peers_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_one_peer),
        cmocka_unit_test(who_is_ready_makes_room_for_others),
        cmocka_unit_test(all_together_are_bounded),
        cmocka_unit_test(who_has_few_gets_in_while_others_hold_all_they_can),
        cmocka_unit_test(memory_is_bounded_for_each_peer_and_for_all),
        cmocka_unit_test(a_peer_asks_for_so_many_quotes_at_once),
        cmocka_unit_test(
            who_asks_for_few_quotes_may_while_others_ask_for_all_they_can),
        cmocka_unit_test(a_rate_outlives_the_connections),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
