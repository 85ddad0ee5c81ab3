/* item, bundle, seen: what is had, how long it is good, what is a rollback. */
#include "tests/support/check.h"

#include "collateral/bundle.h"
#include "collateral/seen.h"

/* --- seen ----------------------------------------------------------------- */

static struct item_facts facts_of(int64_t issued, uint32_t number)
{
    return (struct item_facts){ .issued_unix = issued,
                                .evaluation_number = number };
}

static void what_is_older_than_seen_is_a_rollback(void **state)
{
    static const struct {
        const char *name;
        int64_t issued;
        uint32_t number;
        enum status want;
        const char *field;
    } cases[] = {
        /* clang-format off */
        { "the same",                1000, 18, STATUS_OK, NULL },
        { "newer",                   1001, 19, STATUS_OK, NULL },
        { "issued a second earlier", 999,  19, STATUS_ROLLBACK, "collateral.issue_date" },
        { "a lower number",          2000, 17, STATUS_ROLLBACK, "collateral.evaluation_number" },
        /* clang-format on */
    };
    const struct item_facts late = facts_of(1000, 5), high = facts_of(10, 18);
    struct seen seen = { 0 };
    struct why why;

    (void)state;
    CHECK_STATUS(seen_check(&seen, &high, &why), STATUS_OK);
    seen_raise(&seen, &late);
    seen_raise(&seen, &high);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct item_facts f = facts_of(cases[i].issued, cases[i].number);

        CHECK_STATUS(seen_check(&seen, &f, &why), cases[i].want);
        if (cases[i].want != STATUS_OK)
            assert_string_equal(why.field, cases[i].field);
    }
}

/* --- item and bundle ------------------------------------------------------ */

static struct item *item_until(enum collateral_item kind, int64_t until)
{
    const struct item_facts w = { .issued_unix = 1, .next_update_unix = until };
    char body[] = "body", chain[] = "chain", origin[] = "origin";
    struct item *item =
        item_new(kind, slice_text(body), slice_text(chain), origin, 7, &w);

    memset(body, 'x', 4); /* it has copies */
    memset(chain, 'x', 5);
    memset(origin, 'x', 6);
    assert_non_null(item);
    return item;
}

static void items_are_good_to_their_last_second(void **state)
{
    struct item *item = item_until(ITEM_PCK_CRL, 100);

    (void)state;
    assert_true(slice_equal(item->body, slice_text("body")));
    assert_true(slice_equal(item->chain, slice_text("chain")));
    assert_string_equal(item->origin, "origin");
    assert_int_equal(item->fetched_unix, 7);
    assert_true(item_usable(item, 99));
    assert_true(item_usable(item, 100));
    assert_false(item_usable(item, 101));
    item_unref(item);
    item_unref(NULL);
}

static void items_are_the_same_by_their_bytes(void **state)
{
    const struct item_facts w = { 0 };
    struct item *a = item_until(ITEM_ROOT_CRL, 100);
    struct item *b = item_until(ITEM_ROOT_CRL, 100);
    struct item *c =
        item_new(ITEM_ROOT_CRL, a->body, (struct slice){ 0 }, "", 7, &w);

    (void)state;
    assert_true(item_same(a, b));
    assert_false(item_same(a, c));
    item_unref(a);
    item_unref(b);
    item_unref(c);
}

static void bundles_end_with_the_first_of_their_items(void **state)
{
    struct item *items[ITEM_COUNT];
    struct bundle *b;

    (void)state;
    for (enum collateral_item i = 0; i < ITEM_COUNT; i++)
        items[i] = item_until(i, i == ITEM_PCK_CRL ? 50 : 100);
    b = bundle_new(items);
    assert_non_null(b);
    for (enum collateral_item i = 0; i < ITEM_COUNT; i++)
        item_unref(items[i]); /* the bundle holds its own */
    assert_int_equal(b->next_update_unix, 50);
    assert_int_equal(b->next_item, ITEM_PCK_CRL);
    assert_true(bundle_usable(b, 50));
    assert_false(bundle_usable(b, 51));
    assert_true(slice_equal(b->set.tcb_info, slice_text("body")));
    assert_true(slice_equal(b->set.tcb_info_chain, slice_text("chain")));
    assert_true(slice_equal(b->set.qe_identity_chain, slice_text("chain")));
    assert_true(slice_equal(b->set.pck_crl_chain, slice_text("chain")));
    assert_ptr_equal(b->set.root_crl.at, b->items[ITEM_ROOT_CRL]->body.at);
    assert_ptr_equal(b->set.pck_crl.at, b->items[ITEM_PCK_CRL]->body.at);
    assert_ptr_equal(b->set.qe_identity.at,
                     b->items[ITEM_QE_IDENTITY]->body.at);
    assert_ptr_equal(bundle_ref(b), b);
    bundle_unref(b);
    assert_int_equal(b->next_update_unix, 50); /* still held once */
    bundle_unref(b);
    bundle_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_older_than_seen_is_a_rollback),
        cmocka_unit_test(items_are_good_to_their_last_second),
        cmocka_unit_test(items_are_the_same_by_their_bytes),
        cmocka_unit_test(bundles_end_with_the_first_of_their_items),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
