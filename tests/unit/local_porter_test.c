/* proxy/local/porter.h: how many are let in, and what is tried how often. */
#include "proxy/local/porter.h"

#include "common/secret.h"
#include "tests/support/check.h"

#define MINUTE 60000

static struct porter *new_porter(size_t conns, size_t tries)
{
    struct porter *p;

    CHECK_STATUS(porter_new(conns, (struct rate_limit){ tries, MINUTE }, &p),
                 STATUS_OK);
    return p;
}

static void so_many_are_let_in_and_no_more(void **state)
{
    struct porter *p = new_porter(2, 1);

    (void)state;
    assert_true(porter_enter(p));
    assert_true(porter_enter(p));
    assert_false(porter_enter(p));
    porter_leave(p);
    assert_true(porter_enter(p));
    porter_leave(p);
    porter_leave(p);
    porter_free(p);
}

static void wrong_ones_are_counted_by_the_minute(void **state)
{
    struct porter *p = new_porter(1, 2);
    const char *here = "127.0.0.1:1";

    (void)state;
    assert_true(porter_may_try(p, here, 1000));
    assert_true(porter_may_try(p, here, 1000)); /* asking costs nothing */
    assert_false(porter_wrong(p, here, 1000));
    assert_true(porter_may_try(p, here, 1000));
    assert_true(porter_wrong(p, here, 1000)); /* the last, said once */
    assert_false(porter_wrong(p, here, 1000));
    assert_false(porter_may_try(p, here, 1000 + MINUTE / 2 - 1));
    assert_true(porter_may_try(p, here, 1000 + MINUTE / 2));
    assert_true(porter_wrong(p, here, 1000 + MINUTE / 2));
    assert_false(porter_may_try(p, here, 1000 + MINUTE / 2));
    porter_free(p);
}

static const struct {
    const char *name;
    const char *first;
    const char *second;
    bool same;
} pairs[] = {
    /* clang-format off */
    { "another port", "127.0.0.1:1", "127.0.0.1:2", true },
    { "another address of this machine", "127.0.0.1:1", "127.8.9.1:1", true },
    { "another family, of this machine", "127.0.0.1:1", "[::1]:1", true },
    { "another machine", "192.0.2.1:1", "192.0.2.2:1", false },
    { "this machine and another", "127.0.0.1:1", "192.0.2.2:1", false },
    { "one network of IPv6", "[2001:db8::1]:1", "[2001:db8::2]:1", true },
    /* clang-format on */
};

static void an_address_pays_for_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        bool alike = true;

        print_message("%s\n", pairs[i].name);
        /* Two may share a row by chance, but not eight times. */
        for (int round = 0; round < 8; round++) {
            struct porter *p = new_porter(1, 1);

            assert_true(porter_wrong(p, pairs[i].first, 1000));
            alike = alike && !porter_may_try(p, pairs[i].second, 1000);
            porter_free(p);
        }
        assert_int_equal(alike, pairs[i].same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_are_let_in_and_no_more),
        cmocka_unit_test(wrong_ones_are_counted_by_the_minute),
        cmocka_unit_test(an_address_pays_for_itself),
    };

    return secret_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
