#include "tests/support/evidence.h"

/* Where the signed parts of the inputs are, as they were told. */
struct told {
    size_t count;
    struct {
        const char *check;
        enum explain_act act;
        const char *what;
        size_t offset;
        size_t len;
        bool has_place;
    } rows[128];
};

static void keep(void *ctx, const struct explain_row *row)
{
    struct told *t = ctx;

    assert_true(t->count < COUNT_OF(t->rows));
    assert_true(row->bytes.len > 0);
    t->rows[t->count].check = row->check;
    t->rows[t->count].act = row->act;
    t->rows[t->count].what = row->what;
    t->rows[t->count].len = row->bytes.len;
    t->rows[t->count].has_place = row->whole.len > 0;
    if (row->whole.len > 0)
        t->rows[t->count].offset = slice_offset(row->whole, row->bytes);
    t->count++;
}

static enum status verify(const struct evidence *e, struct slice quote,
                          struct told *told, struct verdict *verdict)
{
    struct verify_input in = evidence_input(e);
    struct claims claims;

    in.quote = quote;
    in.explain = told == NULL ? NULL : keep;
    in.explain_ctx = told;
    return verify_quote(&in, &claims, verdict);
}

static void rows_come_in_the_order_of_the_checks(void **state)
{
    static const enum tee_type tees[] = { TEE_SGX, TEE_TDX };
    struct verdict v;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(tees); i++) {
        struct told told = { 0 };
        struct evidence e;
        size_t at = 0;

        evidence_make(&e, NULL, tees[i]);
        CHECK_STATUS(verify(&e, buffer_view(&e.quote), &told, &v), STATUS_OK);
        assert_true(told.count > 50);
        for (size_t row = 0; row < told.count; row++) {
            while (at < v.count &&
                   strcmp(v.checks[at].id, told.rows[row].check) != 0)
                at++;
            assert_true(at < v.count);
        }
        evidence_free(&e);
    }
}

static void each_signature_is_told_with_its_key(void **state)
{
    struct told told = { 0 };
    struct evidence e;
    struct verdict v;
    size_t signatures = 0;

    (void)state;
    evidence_make(&e, NULL, TEE_TDX);
    CHECK_STATUS(verify(&e, buffer_view(&e.quote), &told, &v), STATUS_OK);
    for (size_t i = 0; i < told.count; i++) {
        if (told.rows[i].act != EXPLAIN_SIGNED)
            continue;
        signatures++;
        assert_true(told.rows[i].has_place);
        assert_true(i + 2 < told.count);
        assert_int_equal(told.rows[i + 1].act, EXPLAIN_SIGNATURE);
        assert_int_equal(told.rows[i + 2].act, EXPLAIN_KEY);
        assert_int_equal(told.rows[i + 2].len, 64);
    }
    /* Chains of 2, 2, 2 and 3; two lists; two documents; QE report; quote. */
    assert_int_equal(signatures, 9 + 2 + 2 + 2);
    evidence_free(&e);
}

/* The first and last byte of what is told to be signed, or hashed, in a quote:
 * a change there fails at that check or, when it is looked at, before. */
static void what_is_told_is_what_was_hashed(void **state)
{
    struct told told = { 0 };
    struct evidence e;
    struct verdict v;
    size_t tried = 0;

    (void)state;
    evidence_make(&e, NULL, TEE_TDX);
    CHECK_STATUS(verify(&e, buffer_view(&e.quote), &told, &v), STATUS_OK);
    for (size_t i = 0; i < told.count; i++) {
        size_t last = told.rows[i].offset + told.rows[i].len - 1;

        if (strcmp(told.rows[i].what, "quote") != 0 ||
            told.rows[i].act == EXPLAIN_SIGNATURE ||
            told.rows[i].act == EXPLAIN_KEY)
            continue;
        e.quote.at[last] ^= 1;
        assert_true(verify(&e, buffer_view(&e.quote), NULL, &v) != STATUS_OK);
        assert_string_equal(verdict_failed(&v)->id, told.rows[i].check);
        e.quote.at[last] ^= 1;
        tried++;
    }
    assert_int_equal(tried, 4);
    evidence_free(&e);
}

static void a_failed_check_is_the_last_that_is_told(void **state)
{
    struct told told = { 0 };
    struct evidence e;
    struct verdict v;

    (void)state;
    evidence_make(&e, NULL, TEE_TDX);
    e.quote.at[600] ^= 1; /* report data */
    CHECK_STATUS(verify(&e, buffer_view(&e.quote), &told, &v),
                 STATUS_BAD_SIGNATURE);
    assert_string_equal(told.rows[told.count - 1].check, "quote-signature");
    evidence_free(&e);
}

/* Whatever fails, and with whatever parsed: nothing is told that is not there
 * (the sanitizers watch). */
static void every_defect_can_be_told(void **state)
{
    (void)state;
    for (unsigned item = 0; item < SIM_ITEM_COUNT; item++) {
        for (unsigned bit = 0; bit < 22; bit++) {
            struct sim_options o;
            struct told told = { 0 };
            struct evidence e;
            struct verdict v;

            sim_options_default(&o);
            o.items[item].faults = UINT32_C(1) << bit;
            evidence_make(&e, &o, TEE_TDX);
            if (verify(&e, buffer_view(&e.quote), &told, &v) != STATUS_OK)
                assert_non_null(verdict_failed(&v));
            evidence_free(&e);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_in_the_order_of_the_checks),
        cmocka_unit_test(each_signature_is_told_with_its_key),
        cmocka_unit_test(what_is_told_is_what_was_hashed),
        cmocka_unit_test(a_failed_check_is_the_last_that_is_told),
        cmocka_unit_test(every_defect_can_be_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
