/* sim_source: collateral that is renewed, quotes that go with it, and what is
 * stapled meanwhile. */
#include "proxy/server/sim_source.h"

#include "common/secret.h"
#include "proxy/server/staple.h"
#include "tests/support/check.h"
#include "verifier/verify.h"
#include "verifier/verify_snp.h"

#define NOW INT64_C(1780272000)
#define DAY INT64_C(86400)

static struct sim_source *open_source(enum tee_type tee)
{
    const struct sim_source_config config = { .tee = tee, .now_unix = NOW };
    struct sim_source *s;
    struct why why;

    CHECK_STATUS(sim_source_new(&config, &s, &why), STATUS_OK);
    return s;
}

static void quote(struct sim_source *s, struct proof *out)
{
    static const uint8_t report_data[64] = { 7 };
    const struct quote_maker maker = sim_source_maker(s);
    struct why why;

    proof_init(out);
    CHECK_STATUS(maker.make(maker.ctx, report_data, out, &why), STATUS_OK);
}

/* Dates, and whose signatures: under the root that the quote's chain has. */
static enum status check_intel(const struct proof *proof,
                               const struct session_stapled *c, int64_t now)
{
    const struct collateral_set set = {
        .tcb_info = c->item[0],
        .tcb_info_chain = c->item[1],
        .qe_identity = c->item[2],
        .qe_identity_chain = c->item[3],
        .pck_crl = c->item[4],
        .pck_crl_chain = c->item[5],
        .root_crl = c->item[6],
    };
    const char *pem = (const char *)c->item[5].at; /* PCK CA, root */
    const char *root = strstr(pem + 1, "-----BEGIN");
    struct verify_input in = { .quote = buffer_view(&proof->quote),
                               .collateral = &set,
                               .now_unix = now };
    struct claims claims;
    struct verdict verdict;

    in.root_der = slice_of(root, c->item[5].len - (size_t)(root - pem));
    return verify_quote(&in, &claims, &verdict);
}

static enum status check_amd(const struct proof *proof,
                             const struct session_stapled *c, int64_t now)
{
    struct buffer root = buffer_with_max(16384);
    struct verify_snp_input in = {
        .report = buffer_view(&proof->quote),
        .endorsement = buffer_view(&proof->vcek),
        .crl = c->item[SESSION_STAPLED_ARK_CRL],
        .now_unix = now,
    };
    struct claims claims;
    struct verdict verdict;
    enum status st;

    buffer_add(&root, buffer_view(&proof->ask));
    buffer_add(&root, buffer_view(&proof->ark));
    in.root_pem = buffer_view(&root);
    st = verify_snp(&in, &claims, &verdict);
    buffer_free(&root);
    return st;
}

typedef enum status check_fn(const struct proof *proof,
                             const struct session_stapled *c, int64_t now);

static void check_renewal(enum tee_type tee, check_fn *check)
{
    struct sim_source *s = open_source(tee);
    struct staple *staple = staple_new();
    struct staple_set *old, *fresh;
    struct proof before, after;
    struct why why;

    assert_non_null(staple);
    assert_null(staple_hold(staple));
    quote(s, &before);
    CHECK_STATUS(staple_put(staple, sim_source_stapled(s), (struct slice){ 0 }),
                 STATUS_OK);
    old = staple_hold(staple);
    CHECK_STATUS(check(&before, &old->items, NOW), STATUS_OK);
    CHECK_STATUS(check(&before, &old->items, NOW + 40 * DAY), STATUS_EXPIRED);
    CHECK_STATUS(sim_source_renew(s, NOW + 20 * DAY, &why), STATUS_OK);
    CHECK_STATUS(staple_put(staple, sim_source_stapled(s), (struct slice){ 0 }),
                 STATUS_OK);
    fresh = staple_hold(staple);
    quote(s, &after);
    CHECK_STATUS(check(&before, &fresh->items, NOW + 40 * DAY), STATUS_OK);
    CHECK_STATUS(check(&after, &fresh->items, NOW + 40 * DAY), STATUS_OK);
    staple_free(staple); /* those that are held live on */
    CHECK_STATUS(check(&after, &old->items, NOW), STATUS_OK);
    staple_let_go(old);
    staple_let_go(fresh);
    proof_fini(&before);
    proof_fini(&after);
    sim_source_free(s);
}

static void intel_collateral_is_renewed(void **state)
{
    (void)state;
    check_renewal(TEE_TDX, check_intel);
    check_renewal(TEE_SGX, check_intel);
}

static void amd_collateral_is_renewed(void **state)
{
    (void)state;
    check_renewal(TEE_SEV_SNP, check_amd);
}

static void what_is_a_day_old_is_renewed(void **state)
{
    static const struct {
        int64_t after;
        bool renewed;
    } cases[] = {
        { 0, false },
        { DAY - 1, false },
        { DAY, true },
        { -1, true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim_source *s = open_source(TEE_TDX);
        const uint8_t *was = sim_source_stapled(s)->item[0].at;
        struct why why;

        CHECK_STATUS(sim_source_renew(s, NOW + cases[i].after, &why),
                     STATUS_OK);
        assert_int_equal(sim_source_stapled(s)->item[0].at != was,
                         cases[i].renewed);
        sim_source_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intel_collateral_is_renewed),
        cmocka_unit_test(amd_collateral_is_renewed),
        cmocka_unit_test(what_is_a_day_old_is_renewed),
    };

    return secret_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
