/* root: what a chain must end at. */
#include "tests/support/check.h"

#include "tests/support/simulation.h"
#include "verifier/pem.h"
#include "verifier/root.h"
#include "verifier/wolf.h"

static struct trust_root read_root(const struct sim *sim)
{
    struct trust_root root;
    struct why why = { 0 };

    CHECK_STATUS(root_read(sim_root_pem(sim), &root, &why), STATUS_OK);
    return root;
}

static void reads_a_root_as_pem_or_der(void **state)
{
    static struct pem pem;
    struct sim *sim = simulation_new(NULL);
    struct trust_root from_pem = read_root(sim);
    struct trust_root from_der;
    struct why why = { 0 };

    (void)state;
    CHECK_STATUS(pem_parse(sim_root_pem(sim), "pem", &pem, &why), STATUS_OK);
    CHECK_STATUS(root_read(pem.certs[0], &from_der, &why), STATUS_OK);
    assert_memory_equal(&from_pem, &from_der, sizeof(from_pem));
    assert_true(root_name(&from_der).len > 0);
    sim_free(sim);
}

static void refuses_what_is_no_root(void **state)
{
    static const struct {
        enum sim_item item;
        uint32_t fault;
        enum status want;
        const char *field;
    } cases[] = {
        /* clang-format off */
        { SIM_ROOT, SIM_ROGUE, STATUS_BAD_SIGNATURE, "root.signature" },
        { SIM_ROOT, SIM_OTHER_ISSUER, STATUS_BAD_CHAIN, "root.issuer" },
        { SIM_ROOT, SIM_CA_FLIPPED, STATUS_BAD_CHAIN,
          "root.basic_constraints" },
        { SIM_ROOT, SIM_OTHER_KEY_USAGE, STATUS_BAD_CHAIN,
          "root.basic_constraints" },
        { SIM_ROOT, SIM_UNKNOWN_CRITICAL, STATUS_BAD_CERT,
          "root.extensions" },
        /* clang-format on */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim *sim = simulation_with(cases[i].item, cases[i].fault);
        struct trust_root root;
        struct why why = { 0 };

        CHECK_STATUS(root_read(sim_root_pem(sim), &root, &why), cases[i].want);
        assert_string_equal(why.field, cases[i].field);
        assert_int_equal(root.name_len, 0);
        sim_free(sim);
    }
}

static void refuses_a_file_that_holds_no_root(void **state)
{
    struct sim *sim = simulation_new(NULL);
    struct trust_root root;
    struct why why = { 0 };

    (void)state;
    CHECK_STATUS(root_read(sim_pck_chain(sim), &root, &why), STATUS_BAD_CHAIN);
    CHECK_STATUS(root_read(slice_text("0"), &root, &why), STATUS_BAD_CERT);
    CHECK_STATUS(root_read(slice_text("nothing"), &root, &why),
                 STATUS_BAD_CERT);
    sim_free(sim);
}

static void has_intels_root_built_in(void **state)
{
    static const uint8_t first[] = { 0x0b, 0xa9, 0xc4, 0xc0 };
    struct trust_root root;
    struct why why = { 0 };

    (void)state;
    CHECK_STATUS(root_read((struct slice){ 0 }, &root, &why), STATUS_OK);
    assert_true(root.built_in);
    assert_memory_equal(root.key, first, sizeof(first));
    assert_true(wolf_p256_is_point(root.key));
    assert_int_equal(root_name(&root).at[1], root_name(&root).len - 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_intels_root_built_in),
        cmocka_unit_test(reads_a_root_as_pem_or_der),
        cmocka_unit_test(refuses_what_is_no_root),
        cmocka_unit_test(refuses_a_file_that_holds_no_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
