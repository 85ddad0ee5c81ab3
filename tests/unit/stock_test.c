/* stock: items of a store, checked by name, root, date and what was there. */
#include "tests/support/evidence.h"

#include "collateral/stock.h"
#include "tests/support/folder.h"
#include "tests/support/snp_sim.h"

static const enum collateral_item intels[] = { ITEM_TCB_INFO, ITEM_QE_IDENTITY,
                                               ITEM_PCK_CRL, ITEM_ROOT_CRL,
                                               ITEM_TCB_NUMBERS };

static struct store_entry entry_of(const struct evidence *e,
                                   enum collateral_item item)
{
    struct store_entry out = { .origin = "stapled", .fetched_unix = 1 };

    if (item == ITEM_TCB_NUMBERS) {
        out.body = sim_tcb_numbers(e->sim, TEE_TDX);
        out.chain = e->set.tcb_info_chain;
    } else {
        collateral_item_slices(&e->set, item, &out.body, &out.chain);
    }
    return out;
}

static void name_of(const struct evidence *e, enum collateral_item item,
                    enum update_kind update, char name[WANT_NAME_ROOM])
{
    const struct collateral_update u = { update, 0 };
    const struct item_facts facts = { .tee = TEE_TDX,
                                      .fmspc = { 0, 'S', 'I', 'M' },
                                      .platform_ca = true };
    const struct want w = want_of_facts(item, &u, &facts, sim_root_pem(e->sim));

    want_name(&w, name);
}

static void items_are_what_their_names_say(void **state)
{
    struct evidence e;
    struct slice root;
    struct stock_rules rules = { &root, 1, SIMULATION_NOW };

    (void)state;
    evidence_make(&e, NULL, TEE_TDX);
    root = sim_root_pem(e.sim);
    for (size_t i = 0; i < COUNT_OF(intels); i++) {
        const struct store_entry entry = entry_of(&e, intels[i]);
        char name[WANT_NAME_ROOM], again[WANT_NAME_ROOM];
        struct stock_item item;

        name_of(&e, intels[i], UPDATE_STANDARD, name);
        print_message("  %s\n", name);
        stock_check(name, &entry, &rules, &item);
        CHECK_STATUS(item.why.status, STATUS_OK);
        want_name(&item.want, again);
        assert_string_equal(again, name);
        rules.now_unix = item.facts.next_update_unix + 1;
        stock_check(name, &entry, &rules, &item);
        CHECK_STATUS(item.why.status, STATUS_EXPIRED);
        assert_int_equal(item.want.item, intels[i]);
        rules.now_unix = SIMULATION_NOW;
        rules.root_count = 0; /* nobody vouches for it */
        stock_check(name, &entry, &rules, &item);
        assert_int_not_equal(item.why.status, STATUS_OK);
        assert_int_equal(item.want.item, ITEM_COUNT);
        rules.root_count = 1;
    }
    evidence_free(&e);
}

static void a_wrong_name_is_refused(void **state)
{
    static const char *const names[] = {
        "tcb_info-tdx-0053494d0000-intel", /* another root */
        "tcb_info-sgx-0053494d0000-intel",
        "qe_identity-tdx-intel",
        "vcek-Milan-00112233445566778899aabbccddeeff-amd",
        "something",
        "",
    };
    struct evidence e;
    struct slice root;
    const struct stock_rules rules = { &root, 1, SIMULATION_NOW };

    (void)state;
    evidence_make(&e, NULL, TEE_TDX);
    root = sim_root_pem(e.sim);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct store_entry entry = entry_of(&e, ITEM_TCB_INFO);
        struct stock_item item;

        stock_check(names[i], &entry, &rules, &item);
        assert_int_not_equal(item.why.status, STATUS_OK);
    }
    evidence_free(&e);
}

static void amds_items_are_known_too(void **state)
{
    struct sim_snp_plan plan;
    struct snp_sim s;
    struct slice root;
    const struct stock_rules rules = { &root, 1, SNP_SIM_NOW };
    struct snp_item_wish wish;
    struct why why;

    (void)state;
    snp_sim_default(&plan);
    snp_sim_make(&plan, &s);
    root = slice_text(s.amd.root);
    CHECK_STATUS(snp_item_wish_read(slice_of(s.report, sizeof(s.report)),
                                    (struct slice){ 0 }, &wish, &why),
                 STATUS_OK);
    for (enum collateral_item i = ITEM_VCEK; i <= ITEM_ARK_CRL; i++) {
        const struct want want = want_of_snp(i, &wish, root);
        struct store_entry entry = { .origin = "stapled" };
        char name[WANT_NAME_ROOM];
        struct stock_item item;

        entry.body = i == ITEM_VCEK
                         ? slice_of(s.amd.endorsement, s.amd.endorsement_len)
                         : slice_of(s.amd.list, s.amd.list_len);
        want_name(&want, name);
        print_message("  %s\n", name);
        stock_check(name, &entry, &rules, &item);
        CHECK_STATUS(item.why.status, STATUS_OK);
        assert_true(want_equal(&item.want, &want));
    }
}

static void what_is_older_does_not_replace_what_is_newer(void **state)
{
    struct sim_options o;
    struct evidence old, newer;
    struct folder folder;
    struct store store;
    struct slice root;
    const struct stock_rules rules = { &root, 1, SIMULATION_NOW };
    struct store_entry entry, newer_entry;
    struct stock_item item;
    char name[WANT_NAME_ROOM];
    struct why why;

    (void)state;
    folder_make(&folder);
    CHECK_STATUS(store_init(&store, folder.path, &why), STATUS_OK);
    evidence_make(&old, NULL, TEE_TDX);
    sim_options_default(&o);
    o.items[SIM_TCB_INFO].from_s += 3600;
    evidence_renew(&newer, &old, &o, TEE_TDX);
    root = sim_root_pem(old.sim);
    entry = entry_of(&old, ITEM_TCB_INFO);
    newer_entry = entry_of(&newer, ITEM_TCB_INFO);
    name_of(&old, ITEM_TCB_INFO, UPDATE_STANDARD, name);

    assert_int_equal(stock_put(&store, name, &entry, &rules, &item),
                     STOCK_STORED);
    assert_int_equal(stock_put(&store, name, &entry, &rules, &item),
                     STOCK_SAME);
    assert_int_equal(stock_put(&store, name, &newer_entry, &rules, &item),
                     STOCK_STORED);
    assert_int_equal(stock_put(&store, name, &entry, &rules, &item),
                     STOCK_OLDER);
    CHECK_STATUS(item.why.status, STATUS_ROLLBACK);
    entry.body.len--;
    assert_int_equal(stock_put(&store, name, &entry, &rules, &item),
                     STOCK_REFUSED);
    evidence_free(&newer);
    evidence_free(&old);
    folder_remove(&folder);
}

static void names_say_item_and_update(void **state)
{
    static const struct {
        const char *name;
        bool known;
        enum collateral_item item;
        enum update_kind update;
        uint32_t number;
    } cases[] = {
        /* clang-format off */
        { "tcb_info-tdx-90c06f000000-intel",       true,  ITEM_TCB_INFO,    UPDATE_STANDARD, 0 },
        { "tcb_info-tdx-90c06f000000-early-intel", true,  ITEM_TCB_INFO,    UPDATE_EARLY,    0 },
        { "tcb_info-tdx-90c06f000000-e19-intel",   true,  ITEM_TCB_INFO,    UPDATE_NUMBER,  19 },
        { "qe_identity-sgx-early-intel",           true,  ITEM_QE_IDENTITY, UPDATE_EARLY,    0 },
        { "root_ca_crl-intel",                     true,  ITEM_ROOT_CRL,    UPDATE_STANDARD, 0 },
        { "vcek-Milan-00-amd",                     true,  ITEM_VCEK,        UPDATE_STANDARD, 0 },
        { "other-intel",                           false, ITEM_COUNT,       UPDATE_STANDARD, 0 },
        /* clang-format on */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum collateral_item item = ITEM_COUNT;
        struct collateral_update update;

        print_message("  %s\n", cases[i].name);
        assert_int_equal(want_read_name(cases[i].name, &item, &update),
                         cases[i].known);
        assert_int_equal(item, cases[i].item);
        assert_int_equal(update.kind, cases[i].update);
        assert_int_equal(update.number, cases[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_what_their_names_say),
        cmocka_unit_test(a_wrong_name_is_refused),
        cmocka_unit_test(amds_items_are_known_too),
        cmocka_unit_test(what_is_older_does_not_replace_what_is_newer),
        cmocka_unit_test(names_say_item_and_update),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
