/* want: what is wanted, and what tells two wants apart. */
#include "tests/support/check.h"

#include "collateral/want.h"

static const struct quote_platform tdx = {
    .tee = TEE_TDX,
    .fmspc = { 0x90, 0xc0, 0x6f, 0x00, 0x00, 0x00 },
    .platform_ca = true,
};

static const struct collateral_update standard = { UPDATE_STANDARD, 0 };

/* Fields of a platform and a request, each changed alone: for which items it
 * makes another want. */
static const struct {
    const char *what;
    bool differs[ITEM_COUNT];
} changes[] = {
    { "nothing", { false, false, false, false } },
    { "the TEE", { true, true, false, false } },
    { "the FMSPC", { true, false, false, false } },
    { "the CA", { false, false, true, false } },
    { "the update", { true, true, false, false } },
    { "the number", { true, true, false, false } },
    { "the root", { true, true, true, true } },
    { "the quote's version", { false, false, false, false } },
};

static struct want changed(size_t change, enum collateral_item item)
{
    struct quote_platform p = tdx;
    struct collateral_update u = { UPDATE_NUMBER, 18 };
    struct slice root = { 0 };

    if (change == 1)
        p.tee = TEE_SGX;
    if (change == 2)
        p.fmspc[5] = 1;
    if (change == 3)
        p.platform_ca = false;
    if (change == 4)
        u = (struct collateral_update){ UPDATE_EARLY, 18 };
    if (change == 5)
        u.number = 19;
    if (change == 6)
        root = slice_text("a root");
    if (change == 7)
        p.version = 5;
    return want_of(item, &p, &u, root);
}

static void wants_differ_by_what_matters_to_the_item(void **state)
{
    (void)state;
    for (enum collateral_item i = 0; i < ITEM_COUNT; i++)
        for (size_t k = 0; k < COUNT_OF(changes); k++) {
            struct want a = changed(0, i), b = changed(k, i);
            char a_name[WANT_NAME_ROOM], b_name[WANT_NAME_ROOM];

            want_name(&a, a_name);
            want_name(&b, b_name);
            assert_int_equal(want_equal(&a, &b), !changes[k].differs[i]);
            assert_int_equal(strcmp(a_name, b_name) != 0,
                             changes[k].differs[i]);
        }
}

static void what_is_for_others_is_not_what_is_wanted(void **state)
{
    static const struct {
        const char *name;
        enum collateral_item item;
        struct item_facts facts;
        const char *field; /* NULL: it is wanted */
    } cases[] = {
        /* clang-format off */
        { "our TCB info", ITEM_TCB_INFO,
          { .tee = TEE_TDX, .fmspc = { 0x90, 0xc0, 0x6f }, .evaluation_number = 18 }, NULL },
        { "another TEE's TCB info", ITEM_TCB_INFO,
          { .tee = TEE_SGX, .fmspc = { 0x90, 0xc0, 0x6f }, .evaluation_number = 18 },
          "collateral.tee" },
        { "another platform's", ITEM_TCB_INFO,
          { .tee = TEE_TDX, .fmspc = { 0x90, 0xc0, 0x6e }, .evaluation_number = 18 },
          "collateral.fmspc" },
        { "one of another number", ITEM_TCB_INFO,
          { .tee = TEE_TDX, .fmspc = { 0x90, 0xc0, 0x6f }, .evaluation_number = 19 },
          "collateral.evaluation_number" },
        { "our QE identity", ITEM_QE_IDENTITY,
          { .tee = TEE_TDX, .evaluation_number = 18 }, NULL },
        { "another TEE's QE identity", ITEM_QE_IDENTITY,
          { .tee = TEE_SGX, .evaluation_number = 18 }, "collateral.tee" },
        { "that of no QE", ITEM_QE_IDENTITY,
          { .tee = TEE_NONE, .evaluation_number = 18 }, "collateral.tee" },
        { "one of another number", ITEM_QE_IDENTITY,
          { .tee = TEE_TDX, .evaluation_number = 17 }, "collateral.evaluation_number" },
        { "our PCK CRL", ITEM_PCK_CRL, { .platform_ca = true }, NULL },
        { "the other CA's", ITEM_PCK_CRL, { .platform_ca = false }, "collateral.ca" },
        { "the root CRL", ITEM_ROOT_CRL, { .issued_unix = 1 }, NULL },
        /* clang-format on */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct want w = changed(0, cases[i].item);
        struct why why;
        enum status st = want_check(&w, &cases[i].facts, &why);

        print_message("  %s\n", cases[i].name);
        CHECK_STATUS(st, cases[i].field == NULL ? STATUS_OK : STATUS_MISMATCH);
        if (cases[i].field != NULL)
            assert_string_equal(why.field, cases[i].field);
    }
}

static void any_number_will_do_unless_one_is_named(void **state)
{
    const struct item_facts f = { .tee = TEE_TDX, .evaluation_number = 99 };
    const struct want w =
        want_of(ITEM_QE_IDENTITY, &tdx, &standard, (struct slice){ 0 });
    struct why why;

    (void)state;
    CHECK_STATUS(want_check(&w, &f, &why), STATUS_OK);
}

static void names_are_fit_for_files(void **state)
{
    static const char *const names[ITEM_COUNT] = {
        "tcb_info-tdx-90c06f000000-intel",
        "qe_identity-tdx-intel",
        "pck_crl-platform-intel",
        "root_ca_crl-intel",
    };
    const struct collateral_update early = { UPDATE_EARLY, 0 };
    const struct collateral_update most = { UPDATE_NUMBER, UINT32_MAX };
    char name[WANT_NAME_ROOM];
    struct want w;

    (void)state;
    for (enum collateral_item i = 0; i < ITEM_COUNT; i++) {
        w = want_of(i, &tdx, &standard, (struct slice){ 0 });
        want_name(&w, name);
        assert_string_equal(name, names[i]);
    }
    w = want_of(ITEM_QE_IDENTITY, &tdx, &early, (struct slice){ 0 });
    want_name(&w, name);
    assert_string_equal(name, "qe_identity-tdx-early-intel");
    w = want_of(ITEM_TCB_INFO, &tdx, &most, slice_text("abc"));
    want_name(&w, name);
    assert_string_equal(name, "tcb_info-tdx-90c06f000000-e4294967295-"
                              "ba7816bf8f01cfea414140de5dae2223");
}

static void purposes_say_what_an_item_is_for(void **state)
{
    char purpose[WANT_PURPOSE_ROOM];
    struct want w =
        want_of(ITEM_TCB_INFO, &tdx, &standard, (struct slice){ 0 });

    (void)state;
    want_purpose(&w, purpose);
    assert_non_null(strstr(purpose, "tdx"));
    assert_non_null(strstr(purpose, "90c06f000000"));
    w = want_of(ITEM_PCK_CRL, &tdx, &standard, (struct slice){ 0 });
    want_purpose(&w, purpose);
    assert_non_null(strstr(purpose, "platform CA"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wants_differ_by_what_matters_to_the_item),
        cmocka_unit_test(what_is_for_others_is_not_what_is_wanted),
        cmocka_unit_test(any_number_will_do_unless_one_is_named),
        cmocka_unit_test(names_are_fit_for_files),
        cmocka_unit_test(purposes_say_what_an_item_is_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
