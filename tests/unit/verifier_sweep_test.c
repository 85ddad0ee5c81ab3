#include "tests/support/evidence.h"

#include "verifier/quote.h"

/* What a flipped bit may do: nothing but be refused, except where no signature
 * reaches, and there it must be harmless. */
struct sweep {
    struct evidence e;
    struct trusted_set *set;
    struct slice whole; /* what is being bent */
    struct slice chain; /* of an item; as in collateral_item_check() */
    enum collateral_item item;
    size_t accepted;
};

/* One bit of every byte, another one from byte to byte: all bits of a real
 * signature check each would take minutes. */
static void sweep(struct sweep *s, struct slice whole,
                  void (*try)(struct sweep *s, struct slice bent, size_t at))
{
    uint8_t *exact = malloc(whole.len);

    assert_non_null(exact);
    memcpy(exact, whole.at, whole.len);
    s->whole = whole;
    s->accepted = 0;
    for (size_t at = 0; at < whole.len; at++) {
        uint8_t bit = (uint8_t)(1U << (at % 8));

        exact[at] ^= bit;
        try(s, slice_of(exact, whole.len), at);
        exact[at] ^= bit;
    }
    free(exact);
}

/* --- quotes --- */

/* In version 3 the size of the PCK chain may be smaller than it is, as long as
 * only the NUL behind the last certificate is left out. */
static bool is_size_of_chain(const struct sweep *s, size_t at)
{
    struct quote q;
    struct why why;

    CHECK_STATUS(quote_parse(s->whole, &q, &why), STATUS_OK);
    return q.version == 3 &&
           at == (size_t)(q.auth.cert_data.at - s->whole.at) - 4;
}

static enum status verify_with(const struct trusted_set *set,
                               struct slice quote, struct claims *claims,
                               struct verdict *verdict)
{
    const struct verify_input in = { .quote = quote,
                                     .now_unix = SIMULATION_NOW };

    return verify_quote_with(set, &in, claims, verdict);
}

static void quote_must_be_refused(struct sweep *s, struct slice bent, size_t at)
{
    struct claims claims;
    struct verdict verdict;
    enum status st = verify_with(s->set, bent, &claims, &verdict);

    if (st == STATUS_OK && !is_size_of_chain(s, at))
        fail_msg("byte %zu of %zu is not authenticated", at, bent.len);
    if (st != STATUS_OK)
        assert_int_equal(claims.tee, TEE_NONE);
}

static void open_sweep(struct sweep *s, enum tee_type tee, uint16_t version)
{
    struct sim_options o;
    struct verdict verdict;

    sim_options_default(&o);
    o.sgx_quote_version = version;
    o.tdx_quote_version = version;
    o.tdx.has_1_5 = version == 5;
    evidence_make(&s->e, &o, tee);
    CHECK_STATUS(verify_collateral(&s->e.set, sim_root_pem(s->e.sim), &s->set,
                                   &verdict),
                 STATUS_OK);
}

static void close_sweep(struct sweep *s)
{
    verify_trusted_free(s->set);
    evidence_free(&s->e);
}

static void no_byte_of_a_quote_may_change(void **state)
{
    static const struct {
        enum tee_type tee;
        uint16_t version;
    } cases[] = { { TEE_SGX, 3 }, { TEE_TDX, 5 } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sweep s = { 0 };

        open_sweep(&s, cases[i].tee, cases[i].version);
        sweep(&s, buffer_view(&s.e.quote), quote_must_be_refused);
        close_sweep(&s);
    }
}

static void cut_quote_must_be_refused(struct slice bytes, void *ctx)
{
    const struct sweep *s = ctx;
    struct claims claims;
    struct verdict verdict;

    CHECK_STATUS(verify_with(s->set, bytes, &claims, &verdict),
                 STATUS_TRUNCATED);
}

static void no_prefix_of_a_quote_is_accepted(void **state)
{
    struct sweep s = { 0 };

    (void)state;
    open_sweep(&s, TEE_TDX, 4);
    for_each_prefix(buffer_view(&s.e.quote), cut_quote_must_be_refused, &s);
    close_sweep(&s);
}

/* --- collateral --- */

static enum status check_item(const struct sweep *s, struct slice body,
                              struct slice chain)
{
    struct item_facts window;
    struct why why;

    return collateral_item_check(s->item, body, chain, sim_root_pem(s->e.sim),
                                 SIMULATION_NOW, &window, &why);
}

/* Signatures in JSON are hexadecimal digits of either case. */
static bool is_case_of_digit(struct slice whole, struct slice bent, size_t at)
{
    uint8_t was = whole.at[at] | 0x20;

    return was >= 'a' && was <= 'f' && (whole.at[at] ^ bent.at[at]) == 0x20;
}

static void item_must_be_refused(struct sweep *s, struct slice bent, size_t at)
{
    if (check_item(s, bent, s->chain) != STATUS_OK)
        return;
    if (!is_case_of_digit(s->whole, bent, at))
        fail_msg("byte %zu of %s is not authenticated", at,
                 collateral_item_name(s->item));
    s->accepted++;
}

static void chain_must_be_refused(struct sweep *s, struct slice bent, size_t at)
{
    if (check_item(s, s->chain, bent) == STATUS_OK)
        fail_msg("byte %zu of the chain of %s is not authenticated", at,
                 collateral_item_name(s->item));
}

static void no_byte_of_collateral_may_change(void **state)
{
    struct sweep s = { 0 };
    const struct collateral_set *set = &s.e.set;
    const struct slice *items[ITEM_COUNT][2] = {
        [ITEM_TCB_INFO] = { &set->tcb_info, &set->tcb_info_chain },
        [ITEM_QE_IDENTITY] = { &set->qe_identity, &set->qe_identity_chain },
        [ITEM_PCK_CRL] = { &set->pck_crl, &set->pck_crl_chain },
        [ITEM_ROOT_CRL] = { &set->root_crl, NULL },
    };

    (void)state;
    open_sweep(&s, TEE_TDX, 4);
    for (unsigned i = 0; i < ITEM_COUNT; i++) {
        struct slice body = *items[i][0];
        struct slice chain = { 0 };

        if (items[i][1] != NULL)
            chain = *items[i][1];
        s.item = (enum collateral_item)i;
        s.chain = chain;
        CHECK_STATUS(check_item(&s, body, chain), STATUS_OK);
        sweep(&s, body, item_must_be_refused);
        assert_in_range(s.accepted, 0, i <= ITEM_QE_IDENTITY ? 128 : 0);
        if (chain.len == 0)
            continue;
        s.chain = body;
        sweep(&s, chain, chain_must_be_refused);
    }
    close_sweep(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_byte_of_a_quote_may_change),
        cmocka_unit_test(no_prefix_of_a_quote_is_accepted),
        cmocka_unit_test(no_byte_of_collateral_may_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
