/* The table of fields against the claims: what verified evidence says of
 * itself can be asked, and the kinds of field that few rows have. */
#include "tests/support/check.h"

#include "policy/field.h"
#include "policy/judge.h"
#include "policy/policy.h"
#include "tests/support/good_claims.h"
#include "tests/support/policy_text.h"

/* Claims that no field is about, and what asks them instead. */
#define PART(member, by)                                                       \
    {                                                                          \
#member, by, offsetof(struct claims, member),                          \
            sizeof(((struct claims *)NULL)->member)                            \
    }

static const struct {
    const char *name;
    const char *by;
    size_t offset;
    size_t len;
} others[] = {
    PART(tee, "tee"),
    PART(debug, "debug"),
    PART(simulated, "root of the service"),
    PART(snp.revocation_checked, "revocation"),
    PART(tcb, "tcb: status, platform, module, qe, grace-days, advisories, "
              "min-evaluation-number"),
    PART(validity, "min-collateral-life"),
    PART(cert_count, "revoked"),
    PART(certs, "revoked"),
    PART(item_count, "min-evaluation-number"),
    PART(items, "min-evaluation-number"),
};

static bool is_asked_elsewhere(size_t at)
{
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (at >= others[i].offset && at - others[i].offset < others[i].len)
            return true;
    return false;
}

static bool has_field(enum tee_type tee, size_t at)
{
    for (size_t i = 0; i < field_count; i++) {
        const struct field *f = &field_table[i];

        if ((f->tees & FIELD_OF(tee)) == 0)
            continue;
        if (at >= f->offset && at - f->offset < f->len)
            return true;
        if (f->present != 0 && at == f->present)
            return true;
    }
    return false;
}

/* What |c| tell; the caller frees it. */
static struct buffer told_of(const struct claims *c)
{
    struct buffer out = { .max = 1 << 20 };
    struct json_out j = json_out_to(&out);

    json_out_object(&j, NULL);
    claims_json(c, &j);
    json_out_end_object(&j);
    assert_true(buffer_ok(&out));
    return out;
}

static bool tell_the_same(const struct claims *a, const struct claims *b)
{
    struct buffer one = told_of(a);
    struct buffer two = told_of(b);
    bool same = slice_equal(buffer_view(&one), buffer_view(&two));

    buffer_free(&one);
    buffer_free(&two);
    return same;
}

/* Claims of each TEE that have all that is optional. */
static struct claims full_claims(enum tee_type tee)
{
    struct claims c = tee == TEE_SGX   ? good_claims_sgx()
                      : tee == TEE_TDX ? good_claims_tdx()
                                       : good_claims_snp();

    c.tdx.has_1_5 = tee == TEE_TDX;
    c.platform.has_ppid = c.platform.has_instance_id = tee != TEE_SEV_SNP;
    c.platform.dynamic_platform = c.platform.cached_keys = TRI_TRUE;
    if (tee != TEE_SEV_SNP)
        return c;
    c.snp.product = SNP_TURIN;
    c.snp.signer = SNP_VLEK;
    memcpy(c.snp.csp_id, "Example Cloud", sizeof("Example Cloud"));
    c.snp.has_author_key = c.snp.has_cpuid = c.snp.has_mitigations = true;
    c.snp.current_build = (struct snp_build){ 1, 55, 29 };
    c.snp.committed_build = (struct snp_build){ 1, 54, 1 };
    return c;
}

static const enum tee_type tees[] = { TEE_SGX, TEE_TDX, TEE_SEV_SNP };

/* Byte by byte, so that a new member of the claims needs a field at once. */
static void all_that_claims_tell_can_be_asked(void **state)
{
    (void)state;
    for (size_t t = 0; t < COUNT_OF(tees); t++) {
        const struct claims good = full_claims(tees[t]);

        for (size_t at = 0; at < sizeof(good); at++) {
            struct claims bent = good;

            if (has_field(tees[t], at) || is_asked_elsewhere(at))
                continue;
            ((uint8_t *)&bent)[at] ^= 1;
            if (!tell_the_same(&good, &bent))
                fail_msg("%s: byte %zu of struct claims is told in JSON, and "
                         "no word of a policy asks it",
                         tee_name(tees[t]), at);
        }
    }
}

static void all_that_can_be_asked_is_told(void **state)
{
    (void)state;
    for (size_t t = 0; t < COUNT_OF(tees); t++) {
        const struct claims good = full_claims(tees[t]);

        for (size_t i = 0; i < field_count; i++) {
            const struct field *f = &field_table[i];
            struct claims bent = good;

            if ((f->tees & FIELD_OF(tees[t])) == 0)
                continue;
            /* Of words that begin with 1, 1 and 2 change places. */
            ((uint8_t *)&bent)[f->offset] ^= f->first_word > 0 ? 3 : 1;
            if (tell_the_same(&good, &bent))
                fail_msg("%s of %s is not told", f->path, tee_name(tees[t]));
        }
    }
}

static const struct field *field_named(const char *word)
{
    for (size_t i = 0; i < field_count; i++)
        if (strcmp(field_table[i].word, word) == 0)
            return &field_table[i];
    fail_msg("no field %s", word);
    return NULL;
}

static void words_are_those_of_the_claims(void **state)
{
    const struct field *product = field_named("product");
    const struct field *signer = field_named("signer");

    (void)state;
    for (unsigned i = 0; i < product->word_count; i++)
        assert_string_equal(product->words[i],
                            snp_product_name((enum snp_product)(i + 1)));
    for (unsigned i = 0; i < signer->word_count; i++)
        assert_string_equal(signer->words[i],
                            snp_signer_name((enum snp_signer)(i + 1)));
}

#define MRTD    TDX "      mrtd: " D96 "\n"
#define GUEST   SNP "      measurement: " D96 "\n"
#define PCK     MRTD "      platform: "
#define CHIP    GUEST "      platform: "
#define FIRM    GUEST "      tcb: "
#define ZERO_20 "0000000000000000000000000000000000000000"

typedef void change_fn(struct claims *c);

static void as_it_is(struct claims *c)
{
    (void)c;
}

static void by_vcek(struct claims *c)
{
    c->snp.signer = SNP_VCEK;
    memset(c->snp.csp_id, 0, sizeof(c->snp.csp_id));
}

static void without_author(struct claims *c)
{
    c->snp.has_author_key = false;
}

static void by_the_platform_ca(struct claims *c)
{
    c->platform.platform_ca = true;
    c->platform.sgx_type = 2;
    c->user_data[19] = 1;
}

/* |found| and |expected| are those of the refusal, NULL where it is accepted. */
static const struct {
    const char *name;
    const char *policy;
    change_fn *change;
    const char *found;
    const char *expected;
} cases[] = {
    /* clang-format off */
    { "a product", CHIP "{ product: Turin }\n", as_it_is, NULL, NULL },
    { "one of two products", CHIP "{ product: [ Genoa, Turin ] }\n", as_it_is,
      NULL, NULL },
    { "another product", CHIP "{ product: Milan }\n", as_it_is, "Turin",
      "Milan" },
    { "the provider's key", CHIP "{ signer: vlek }\n", as_it_is, NULL, NULL },
    { "the chip's key where the provider's is asked", CHIP "{ signer: vlek }\n",
      by_vcek, "vcek", "vlek" },
    { "a provider", CHIP "{ csp-id: Example Cloud }\n", as_it_is, NULL, NULL },
    { "one of two providers", CHIP "{ csp-id: [ other, Example Cloud ] }\n",
      as_it_is, NULL, NULL },
    { "a provider whose name goes on", CHIP "{ csp-id: Example }\n", as_it_is,
      "Example Cloud", "Example" },
    { "a provider where there is none", CHIP "{ csp-id: Example Cloud }\n",
      by_vcek, "not stated", "Example Cloud" },
    { "a chip's key that may sign", CHIP "{ masks-chip-key: false }\n",
      as_it_is, NULL, NULL },
    { "one that may", CHIP "{ masks-chip-key: true }\n", as_it_is, "false",
      "true" },
    { "an author", GUEST "      author-key: true\n", as_it_is, NULL, NULL },
    { "no author", GUEST "      author-key: true\n", without_author, "false",
      "true" },
    { "a version of the report", GUEST "      quote-version: [ 2, 3 ]\n",
      as_it_is, NULL, NULL },
    { "another version of the report", GUEST "      quote-version: 5\n",
      as_it_is, "3", "5" },

    { "the very build", FIRM "{ current-build: 1.55.29 }\n", as_it_is, NULL,
      NULL },
    { "an older minor version of a higher build",
      FIRM "{ current-build: 1.54.255 }\n", as_it_is, NULL, NULL },
    { "a newer build", FIRM "{ current-build: 1.55.30 }\n", as_it_is,
      "1.55.29", "at least 1.55.30" },
    { "a newer minor version of a lower build",
      FIRM "{ current-build: 1.56.0 }\n", as_it_is, "1.55.29",
      "at least 1.56.0" },
    { "a newer major version", FIRM "{ current-build: 2.0.0 }\n", as_it_is,
      "1.55.29", "at least 2.0.0" },
    { "a build that can come back", FIRM "{ committed-build: 1.55.0 }\n",
      as_it_is, "1.54.1", "at least 1.55.0" },

    { "a machine of the Platform CA", PCK "{ pck-ca: platform, sgx-type: 2 }\n",
      by_the_platform_ca, NULL, NULL },
    { "one of the other", PCK "{ pck-ca: platform }\n", as_it_is, "processor",
      "platform" },
    { "either", PCK "{ pck-ca: [ processor, platform ] }\n", as_it_is, NULL,
      NULL },
    { "memory of another protection", PCK "{ sgx-type: [ 1, 2 ] }\n", as_it_is,
      "0", "one of 2, such as 1" },
    { "user data", PCK "{ user-data: " ZERO_20 " }\n", as_it_is, NULL, NULL },
    { "other user data", PCK "{ user-data: " ZERO_20 " }\n", by_the_platform_ca,
      "0000000000000000000000000000000000000001", ZERO_20 },
    /* clang-format on */
};

static void fields_are_compared(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct policy *p = policy_text_parse(cases[i].policy);
        const struct accept *accept = &p->services[0].accept;
        struct claims c = accept->tee == TEE_SEV_SNP ? full_claims(TEE_SEV_SNP)
                                                     : good_claims_tdx();
        struct judge_input in = { .claims = &c,
                                  .now_unix = GOOD_NOW,
                                  .attested_unix = GOOD_NOW,
                                  .challenged = true };
        struct decision d;
        struct why why = { .status = STATUS_OK };
        enum status st;

        cases[i].change(&c);
        st = judge_claims(accept, &in, &d, &why);
        if (st != (cases[i].found == NULL ? STATUS_OK : STATUS_POLICY))
            fail_msg("%s: %s, found %s", cases[i].name, status_name(st),
                     why.found);
        if (cases[i].found != NULL) {
            assert_string_equal(why.found, cases[i].found);
            assert_string_equal(why.expected, cases[i].expected);
        }
        policy_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_claims_tell_can_be_asked),
        cmocka_unit_test(all_that_can_be_asked_is_told),
        cmocka_unit_test(words_are_those_of_the_claims),
        cmocka_unit_test(fields_are_compared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
