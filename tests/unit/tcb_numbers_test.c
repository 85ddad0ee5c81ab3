/* tcb_numbers: the list of TCB data sets, from its bytes. */
#include "tests/support/check.h"

#include "common/buffer.h"
#include "tests/support/evidence.h"
#include "verifier/tcb_numbers.h"

#define SET(n, event)                                                          \
    "{\"tcbEvaluationDataNumber\":" n ",\"tcbRecoveryEventDate\":\"" event     \
    "\",\"tcbDate\":\"2025-01-01T00:00:00Z\"}"
#define HEAD(id, version)                                                      \
    "{\"id\":\"" id "\",\"version\":" version                                  \
    ",\"issueDate\":\"2026-05-15T00:00:00Z\","                                 \
    "\"nextUpdate\":\"2026-06-14T00:00:00Z\",\"tcbEvalNumbers\":"
#define TWO                                                                    \
    "[" SET("21", "2026-02-10T00:00:00Z") "," SET("19",                        \
                                                  "2025-05-13T00:00:00Z") "]"

static const char good[] = HEAD("TDX", "1") TWO "}";

static void reads_every_member(void **state)
{
    struct tcb_numbers n;
    struct why why;

    (void)state;
    CHECK_STATUS(tcb_numbers_parse(slice_text(good), &n, &why), STATUS_OK);
    assert_int_equal(n.tee, TEE_TDX);
    assert_int_equal(n.dates.from_unix, 1778803200);
    assert_int_equal(n.dates.until_unix, 1781395200);
    assert_int_equal(n.count, 2);
    assert_int_equal(tcb_numbers_find(&n, 19)->event_unix, 1747094400);
    assert_int_equal(tcb_numbers_find(&n, 21)->date_unix, 1735689600);
    assert_null(tcb_numbers_find(&n, 20));
    assert_int_equal(tcb_numbers_greatest(&n), 21);
}

static void mistakes_are_refused(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        enum status want;
    } cases[] = {
        /* clang-format off */
        { "nothing",           "",                              STATUS_BAD_JSON },
        { "another version",   HEAD("TDX", "2") TWO "}",        STATUS_BAD_VERSION },
        { "another TEE",       HEAD("SEV", "1") TWO "}",        STATUS_BAD_JSON },
        { "no sets",           HEAD("SGX", "1") "[]}",          STATUS_BAD_JSON },
        { "a set twice",       HEAD("SGX", "1")
          "[" SET("1", "2026-02-10T00:00:00Z") ","
              SET("1", "2026-02-11T00:00:00Z") "]}",            STATUS_BAD_JSON },
        { "a date that is none", HEAD("SGX", "1")
          "[" SET("1", "2026-02-30T00:00:00Z") "]}",            STATUS_BAD_JSON },
        { "a set without dates", HEAD("SGX", "1")
          "[{\"tcbEvaluationDataNumber\":1}]}",                 STATUS_BAD_JSON },
        { "something behind",  HEAD("TDX", "1") TWO "}}",       STATUS_BAD_JSON },
        /* clang-format on */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct tcb_numbers n;
        struct why why;

        print_message("  %s\n", cases[i].name);
        CHECK_STATUS(tcb_numbers_parse(slice_text(cases[i].text), &n, &why),
                     cases[i].want);
        assert_int_equal(n.count, 0);
    }
}

static void more_than_the_limit_are_refused(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct buffer text = buffer_with_max(65536);
        struct tcb_numbers n;
        struct why why;

        buffer_text(&text, HEAD("SGX", "1") "[");
        for (size_t i = 0; i < TCB_NUMBERS_MAX + more; i++) {
            buffer_printf(&text, "%s{\"tcbEvaluationDataNumber\":%zu",
                          i > 0 ? "," : "", i);
            buffer_text(&text,
                        ",\"tcbRecoveryEventDate\":\"2026-02-10T00:00:00Z\","
                        "\"tcbDate\":\"2026-02-10T00:00:00Z\"}");
        }
        buffer_text(&text, "]}");
        CHECK_STATUS(tcb_numbers_parse(buffer_view(&text), &n, &why),
                     more > 0 ? STATUS_BAD_JSON : STATUS_OK);
        buffer_free(&text);
    }
}

/* On blocks of just the size, so that a byte too far is seen. */
static void no_prefix_is_good_and_no_flip_is_dangerous(void **state)
{
    size_t len = strlen(good);
    struct tcb_numbers n;
    struct why why;

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *block = test_malloc(cut + 1);

        memcpy(block, good, cut);
        assert_int_not_equal(tcb_numbers_parse(slice_of(block, cut), &n, &why),
                             STATUS_OK);
        test_free(block);
    }
    for (size_t bit = 0; bit < len * 8; bit++) {
        uint8_t *block = test_malloc(len);

        memcpy(block, good, len);
        block[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (tcb_numbers_parse(slice_of(block, len), &n, &why) == STATUS_OK)
            assert_true(n.count > 0);
        test_free(block);
    }
}

static enum status check(const struct sim *sim, struct slice body,
                         int64_t now_unix, struct item_facts *facts,
                         struct why *why)
{
    struct collateral_set set;

    sim_collateral(sim, TEE_TDX, &set);
    return collateral_item_check(ITEM_TCB_NUMBERS, body, set.tcb_info_chain,
                                 sim_root_pem(sim), now_unix, facts, why);
}

static void the_list_is_checked_as_an_item(void **state)
{
    struct item_facts f;
    struct tcb_numbers n;
    struct evidence e;
    struct slice body;
    struct why why;

    (void)state;
    evidence_make(&e, NULL, TEE_TDX);
    body = sim_tcb_numbers(e.sim, TEE_TDX);
    CHECK_STATUS(check(e.sim, body, SIMULATION_NOW, &f, &why), STATUS_OK);
    assert_int_equal(f.evaluation_number, 18);
    assert_int_equal(f.tee, TEE_TDX);
    CHECK_STATUS(tcb_numbers_read(body, &n, &why), STATUS_OK);
    assert_int_equal(n.count, 1);
    CHECK_STATUS(check(e.sim, body, f.next_update_unix + 1, &f, &why),
                 STATUS_EXPIRED);
    CHECK_STATUS(check(e.sim, body, f.issued_unix - 1, &f, &why),
                 STATUS_NOT_YET);
    CHECK_STATUS(check(e.sim, e.set.tcb_info, SIMULATION_NOW, &f, &why),
                 STATUS_BAD_JSON);
    evidence_free(&e);
}

static void another_signer_is_refused(void **state)
{
    struct sim_options o;
    struct item_facts f;
    struct evidence e;
    struct why why;

    (void)state;
    sim_options_default(&o);
    o.items[SIM_TCB_INFO].faults = SIM_ROGUE;
    evidence_make(&e, &o, TEE_TDX);
    CHECK_STATUS(check(e.sim, sim_tcb_numbers(e.sim, TEE_TDX), SIMULATION_NOW,
                       &f, &why),
                 STATUS_BAD_SIGNATURE);
    evidence_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_member),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(more_than_the_limit_are_refused),
        cmocka_unit_test(no_prefix_is_good_and_no_flip_is_dangerous),
        cmocka_unit_test(the_list_is_checked_as_an_item),
        cmocka_unit_test(another_signer_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
