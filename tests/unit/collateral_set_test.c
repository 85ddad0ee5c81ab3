/* collateral_set: one item checked by itself, and how long it is good. */
#include "tests/support/check.h"

#include "common/secret.h"
#include "proxy/server/sim.h"
#include "verifier/collateral_set.h"

enum { NOW = 1800000000, DAY = 86400 };

struct one {
    struct slice body;
    struct slice chain;
};

static struct one item_of(const struct sim *sim, enum collateral_item item)
{
    struct collateral_set set;
    struct one one[ITEM_COUNT];

    sim_collateral(sim, TEE_TDX, &set);
    one[ITEM_TCB_INFO] = (struct one){ set.tcb_info, set.tcb_info_chain };
    one[ITEM_QE_IDENTITY] =
        (struct one){ set.qe_identity, set.qe_identity_chain };
    one[ITEM_PCK_CRL] = (struct one){ set.pck_crl, set.pck_crl_chain };
    one[ITEM_ROOT_CRL] = (struct one){ .body = set.root_crl };
    return one[item];
}

static struct sim *sim_of(const struct sim_options *options)
{
    struct sim *sim;
    struct why why;

    CHECK_STATUS(sim_new(options, NOW, &sim, &why), STATUS_OK);
    return sim;
}

static enum status check(const struct sim *sim, enum collateral_item item,
                         int64_t now, struct item_window *window)
{
    struct one one = item_of(sim, item);
    struct why why;

    return collateral_item_check(item, one.body, one.chain, sim_root_pem(sim),
                                 now, window, &why);
}

/* What decides each item's window in the default simulation. */
static const struct {
    enum collateral_item item;
    int64_t from_s;
    int64_t until_s;
    uint32_t number;
} items[] = {
    { ITEM_TCB_INFO, -DAY, 30 * DAY, 18 },
    { ITEM_QE_IDENTITY, -DAY, 30 * DAY, 18 },
    { ITEM_PCK_CRL, -DAY, 30 * DAY, 0 },
    { ITEM_ROOT_CRL, -DAY, 365 * DAY, 0 },
};

static void each_item_is_good_to_its_last_second(void **state)
{
    struct sim *sim = sim_of(NULL);
    struct item_window w;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        const int64_t from = NOW + items[i].from_s;
        const int64_t until = NOW + items[i].until_s;

        CHECK_STATUS(check(sim, items[i].item, until, &w), STATUS_OK);
        assert_int_equal(w.issued_unix, from);
        assert_int_equal(w.next_update_unix, until);
        assert_int_equal(w.evaluation_number, items[i].number);
        CHECK_STATUS(check(sim, items[i].item, until + 1, &w), STATUS_EXPIRED);
        assert_int_equal(w.next_update_unix, until);
        CHECK_STATUS(check(sim, items[i].item, from, &w), STATUS_OK);
        CHECK_STATUS(check(sim, items[i].item, from - 1, &w), STATUS_NOT_YET);
        assert_int_equal(w.issued_unix, from);
    }
    sim_free(sim);
}

static void no_item_outlives_its_issuers(void **state)
{
    static const struct {
        enum sim_item issuer;
        bool ends[ITEM_COUNT];
    } cases[] = {
        { SIM_TCB_SIGNING, { true, true, false, false } },
        { SIM_PCK_CA, { false, false, true, false } },
        { SIM_ROOT, { true, true, true, false } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim_options options;
        struct item_window w;
        struct sim *sim;

        sim_options_default(&options);
        options.items[cases[i].issuer].until_s = 5 * DAY;
        sim = sim_of(&options);
        for (size_t k = 0; k < COUNT_OF(items); k++) {
            bool ends = cases[i].ends[items[k].item];

            CHECK_STATUS(check(sim, items[k].item, NOW + 5 * DAY, &w),
                         STATUS_OK);
            assert_int_equal(w.next_update_unix,
                             NOW + (ends ? 5 * DAY : items[k].until_s));
            CHECK_STATUS(check(sim, items[k].item, NOW + 5 * DAY + 1, &w),
                         ends ? STATUS_EXPIRED : STATUS_OK);
        }
        sim_free(sim);
    }
}

static void an_item_of_a_renewed_simulation_has_the_same_root(void **state)
{
    struct sim *sim = sim_of(NULL), *newer, *other = sim_of(NULL);
    struct item_window w;
    struct why why;

    (void)state;
    CHECK_STATUS(sim_renew(sim, NULL, NOW + DAY, &newer, &why), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        struct one one = item_of(newer, items[i].item);

        CHECK_STATUS(collateral_item_check(items[i].item, one.body, one.chain,
                                           sim_root_pem(sim), NOW, &w, &why),
                     STATUS_OK);
        assert_int_equal(w.issued_unix, NOW + DAY + items[i].from_s);
        one = item_of(other, items[i].item);
        assert_int_not_equal(collateral_item_check(items[i].item, one.body,
                                                   one.chain, sim_root_pem(sim),
                                                   NOW, &w, &why),
                             STATUS_OK);
        assert_int_equal(w.next_update_unix, 0);
    }
    sim_free(newer);
    sim_free(other);
    sim_free(sim);
}

static int set_up(void **state)
{
    (void)state;
    return secret_init() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_is_good_to_its_last_second),
        cmocka_unit_test(no_item_outlives_its_issuers),
        cmocka_unit_test(an_item_of_a_renewed_simulation_has_the_same_root),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
