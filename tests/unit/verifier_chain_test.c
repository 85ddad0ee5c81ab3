/* chain: what a chain must be. */
#include "tests/support/check.h"

#include <dirent.h>

#include "common/file.h"
#include "tests/support/simulation.h"
#include "verifier/chain.h"
#include "verifier/pck_ext.h"

enum { DAY_S = 86400 };

/* The steps of judging a chain, in order. */
enum step { PARSE, ROLES, SIGNATURES, DATES, ALL_GOOD };

/* Judge |text| step by step; |*step| is where it ended. */
static enum status judge(enum chain_kind kind, struct slice text,
                         const struct trust_root *root, int64_t now_unix,
                         enum step *step, struct why *why)
{
    static struct chain chain;
    enum status st;

    *step = PARSE;
    st = chain_parse(kind, text, &chain, why);
    if (st != STATUS_OK) {
        assert_int_equal(chain.count, 0);
        return st;
    }
    *step = ROLES;
    st = chain_check_roles(&chain, root, why);
    if (st != STATUS_OK)
        return st;
    *step = SIGNATURES;
    st = chain_check_signatures(&chain, NULL, why);
    if (st != STATUS_OK)
        return st;
    *step = DATES;
    st = chain_check_dates(&chain, now_unix, why);
    if (st == STATUS_OK)
        *step = ALL_GOOD;
    return st;
}

static struct trust_root root_of(const struct sim *sim)
{
    struct trust_root root;
    struct why why = { 0 };

    CHECK_STATUS(root_read(sim_root_pem(sim), &root, &why), STATUS_OK);
    return root;
}

static struct slice chain_of(const struct sim *sim, enum chain_kind kind)
{
    struct collateral_set c;

    sim_collateral(sim, TEE_TDX, &c);
    switch (kind) {
    case CHAIN_PCK:
        return sim_pck_chain(sim);
    case CHAIN_TCB_INFO:
        return c.tcb_info_chain;
    case CHAIN_QE_IDENTITY:
        return c.qe_identity_chain;
    case CHAIN_PCK_CRL:
        return c.pck_crl_chain;
    case CHAIN_KIND_COUNT:
        break;
    }
    fail();
    return (struct slice){ 0 };
}

static void accepts_what_is_sound(void **state)
{
    struct sim *sim = simulation_new(NULL);
    struct trust_root root = root_of(sim);

    (void)state;
    assert_false(root.built_in);
    for (enum chain_kind kind = CHAIN_PCK; kind < CHAIN_KIND_COUNT; kind++) {
        enum step step;
        struct why why = { 0 };

        CHECK_STATUS(judge(kind, chain_of(sim, kind), &root, SIMULATION_NOW,
                           &step, &why),
                     STATUS_OK);
    }
    sim_free(sim);
}

static const struct {
    enum sim_item item;
    uint32_t fault;
    enum chain_kind kind;
    enum step step;
    const char *field;
} faults[] = {
    /* clang-format off */
    { SIM_PCK, SIM_MISSING, CHAIN_PCK, PARSE, "pck_chain" },
    { SIM_PCK_CA, SIM_MISSING, CHAIN_PCK, PARSE, "pck_chain" },
    { SIM_ROOT, SIM_MISSING, CHAIN_PCK, PARSE, "pck_chain" },
    { SIM_PCK_CA, SIM_MISSING, CHAIN_PCK_CRL, PARSE, "pck_crl_chain" },
    { SIM_TCB_SIGNING, SIM_MISSING, CHAIN_TCB_INFO, PARSE,
      "tcb_info_chain" },
    { SIM_ROOT, SIM_MISSING, CHAIN_QE_IDENTITY, PARSE,
      "qe_identity_chain" },
    { SIM_PCK, SIM_UNKNOWN_CRITICAL, CHAIN_PCK, PARSE,
      "pck_chain.leaf.extensions" },

    { SIM_PCK, SIM_OTHER_NAME, CHAIN_PCK, ROLES,
      "pck_chain.leaf.subject" },
    { SIM_PCK_CA, SIM_OTHER_NAME, CHAIN_PCK, ROLES,
      "pck_chain.ca.subject" },
    { SIM_PCK_CA, SIM_OTHER_NAME, CHAIN_PCK_CRL, ROLES,
      "pck_crl_chain.ca.subject" },
    { SIM_TCB_SIGNING, SIM_OTHER_NAME, CHAIN_TCB_INFO, ROLES,
      "tcb_info_chain.leaf.subject" },
    { SIM_TCB_SIGNING, SIM_OTHER_NAME, CHAIN_QE_IDENTITY, ROLES,
      "qe_identity_chain.leaf.subject" },
    { SIM_PCK, SIM_OTHER_ISSUER, CHAIN_PCK, ROLES,
      "pck_chain.leaf.issuer" },
    { SIM_PCK_CA, SIM_OTHER_ISSUER, CHAIN_PCK, ROLES,
      "pck_chain.ca.issuer" },
    { SIM_TCB_SIGNING, SIM_OTHER_ISSUER, CHAIN_TCB_INFO, ROLES,
      "tcb_info_chain.leaf.issuer" },

    { SIM_PCK, SIM_CA_FLIPPED, CHAIN_PCK, ROLES,
      "pck_chain.leaf.basic_constraints" },
    { SIM_PCK_CA, SIM_CA_FLIPPED, CHAIN_PCK, ROLES,
      "pck_chain.ca.basic_constraints" },
    { SIM_TCB_SIGNING, SIM_CA_FLIPPED, CHAIN_QE_IDENTITY, ROLES,
      "qe_identity_chain.leaf.basic_constraints" },
    { SIM_ROOT, SIM_PATH_TOO_SHORT, CHAIN_PCK, ROLES,
      "pck_chain.root.basic_constraints" },
    { SIM_PCK, SIM_OTHER_KEY_USAGE, CHAIN_PCK, ROLES,
      "pck_chain.leaf.key_usage" },
    { SIM_PCK_CA, SIM_OTHER_KEY_USAGE, CHAIN_PCK, ROLES,
      "pck_chain.ca.key_usage" },
    { SIM_TCB_SIGNING, SIM_OTHER_KEY_USAGE, CHAIN_TCB_INFO, ROLES,
      "tcb_info_chain.leaf.key_usage" },

    { SIM_PCK, SIM_NO_CONSTRAINTS, CHAIN_PCK, ROLES,
      "pck_chain.leaf.extensions" },
    { SIM_PCK, SIM_NO_KEY_USAGE, CHAIN_PCK, ROLES,
      "pck_chain.leaf.extensions" },
    { SIM_PCK, SIM_NO_AUTHORITY_ID, CHAIN_PCK, ROLES,
      "pck_chain.leaf.extensions" },
    { SIM_PCK, SIM_NO_SUBJECT_ID, CHAIN_PCK, ROLES,
      "pck_chain.leaf.extensions" },
    { SIM_PCK, SIM_NO_CRL_POINTS, CHAIN_PCK, ROLES,
      "pck_chain.leaf.extensions" },
    { SIM_ROOT, SIM_NO_SUBJECT_ID, CHAIN_PCK, ROLES,
      "pck_chain.root.extensions" },

    { SIM_PCK, SIM_ROGUE, CHAIN_PCK, SIGNATURES,
      "pck_chain.leaf.signature" },
    { SIM_PCK_CA, SIM_ROGUE, CHAIN_PCK, SIGNATURES,
      "pck_chain.ca.signature" },
    { SIM_PCK_CA, SIM_ROGUE, CHAIN_PCK_CRL, SIGNATURES,
      "pck_crl_chain.ca.signature" },
    { SIM_TCB_SIGNING, SIM_ROGUE, CHAIN_TCB_INFO, SIGNATURES,
      "tcb_info_chain.leaf.signature" },
    { SIM_TCB_SIGNING, SIM_ROGUE, CHAIN_QE_IDENTITY, SIGNATURES,
      "qe_identity_chain.leaf.signature" },
    /* clang-format on */
};

static void refuses_each_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct sim *sim = simulation_with(faults[i].item, faults[i].fault);
        struct trust_root root = root_of(sim);
        enum step step;
        struct why why = { 0 };
        enum status st = judge(faults[i].kind, chain_of(sim, faults[i].kind),
                               &root, SIMULATION_NOW, &step, &why);

        if (st == STATUS_OK || step != faults[i].step ||
            strcmp(why.field, faults[i].field) != 0)
            fail_msg("case %zu: step %d, %s: %s", i, (int)step, why.field,
                     why.found);
        sim_free(sim);
    }
}

/* Harmless changes. */
static void accepts_what_does_not_matter(void **state)
{
    static const struct {
        enum sim_item item;
        uint32_t fault;
    } cases[] = {
        { SIM_PCK, SIM_HIGH_SERIAL },
        { SIM_PCK, SIM_SGX_REVERSED },
        { SIM_PCK, SIM_NO_SGX },             /* pck_ext.h's question */
        { SIM_PCK, SIM_REVOKED },            /* crl.h's */
        { SIM_PCK, SIM_OTHER_AUTHORITY_ID }, /* the signature decides */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim *sim = simulation_with(cases[i].item, cases[i].fault);
        struct trust_root root = root_of(sim);
        enum step step;
        struct why why = { 0 };

        CHECK_STATUS(judge(CHAIN_PCK, sim_pck_chain(sim), &root, SIMULATION_NOW,
                           &step, &why),
                     STATUS_OK);
        sim_free(sim);
    }
}

static void checks_dates_of_each_certificate(void **state)
{
    static const struct {
        enum sim_item item;
        enum chain_kind kind;
        const char *field;
    } cases[] = {
        { SIM_PCK, CHAIN_PCK, "pck_chain.leaf.validity" },
        { SIM_PCK_CA, CHAIN_PCK, "pck_chain.ca.validity" },
        { SIM_ROOT, CHAIN_PCK, "pck_chain.root.validity" },
        { SIM_TCB_SIGNING, CHAIN_TCB_INFO, "tcb_info_chain.leaf.validity" },
        { SIM_ROOT, CHAIN_QE_IDENTITY, "qe_identity_chain.root.validity" },
    };
    static const struct {
        int64_t from_s, until_s;
        enum status want;
    } windows[] = {
        { 0, DAY_S, STATUS_OK },      { -DAY_S, 0, STATUS_OK },
        { 1, DAY_S, STATUS_NOT_YET }, { -DAY_S, -1, STATUS_EXPIRED },
        { 0, 0, STATUS_OK },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases) * COUNT_OF(windows); i++) {
        size_t at = i / COUNT_OF(windows);
        size_t w = i % COUNT_OF(windows);
        struct sim_options options;
        struct sim *sim;
        struct trust_root root;
        enum step step;
        struct why why = { 0 };

        sim_options_default(&options);
        options.items[cases[at].item].from_s = windows[w].from_s;
        options.items[cases[at].item].until_s = windows[w].until_s;
        sim = simulation_new(&options);
        root = root_of(sim);
        CHECK_STATUS(judge(cases[at].kind, chain_of(sim, cases[at].kind), &root,
                           SIMULATION_NOW, &step, &why),
                     windows[w].want);
        assert_int_equal(step, windows[w].want == STATUS_OK ? ALL_GOOD : DATES);
        if (windows[w].want != STATUS_OK)
            assert_string_equal(why.field, cases[at].field);
        sim_free(sim);
    }
}

/* Everything is signed well, by a root that is not ours. */
static void refuses_another_root(void **state)
{
    struct sim *ours = simulation_new(NULL);
    struct sim *theirs = simulation_new(NULL);
    struct trust_root root = root_of(ours);
    struct trust_root intel;
    enum step step;
    struct why why = { 0 };

    (void)state;
    CHECK_STATUS(judge(CHAIN_PCK, sim_pck_chain(theirs), &root, SIMULATION_NOW,
                       &step, &why),
                 STATUS_BAD_CHAIN);
    assert_string_equal(why.field, "pck_chain.root.public_key");
    assert_non_null(strstr(why.found, "another root's"));
    assert_non_null(strstr(why.expected, "the named root's"));
    CHECK_STATUS(root_read((struct slice){ 0 }, &intel, &why), STATUS_OK);
    assert_true(intel.built_in);
    CHECK_STATUS(judge(CHAIN_PCK, sim_pck_chain(ours), &intel, SIMULATION_NOW,
                       &step, &why),
                 STATUS_BAD_CHAIN);
    assert_non_null(strstr(why.expected, "built-in"));
    root.name[root.name_len - 1] ^= 1;
    CHECK_STATUS(judge(CHAIN_PCK, sim_pck_chain(ours), &root, SIMULATION_NOW,
                       &step, &why),
                 STATUS_BAD_CHAIN);
    assert_string_equal(why.field, "pck_chain.root.subject");
    sim_free(ours);
    sim_free(theirs);
}

/* The root of a chain must be signed by itself, even if its key is pinned. */
static void refuses_a_root_that_another_signed(void **state)
{
    struct sim *sim = simulation_with(SIM_ROOT, SIM_ROGUE);
    struct chain *chain = malloc(sizeof(*chain));
    struct trust_root root = { 0 };
    struct why why = { 0 };

    (void)state;
    assert_non_null(chain);
    CHECK_STATUS(chain_parse(CHAIN_PCK, sim_pck_chain(sim), chain, &why),
                 STATUS_OK);
    memcpy(root.key, chain_root(chain)->key.bytes.at, sizeof(root.key));
    root.name_len = chain_root(chain)->subject.len;
    memcpy(root.name, chain_root(chain)->subject.at, root.name_len);
    CHECK_STATUS(chain_check_roles(chain, &root, &why), STATUS_OK);
    CHECK_STATUS(chain_check_signatures(chain, NULL, &why),
                 STATUS_BAD_SIGNATURE);
    assert_string_equal(why.field, "pck_chain.root.signature");
    free(chain);
    sim_free(sim);
}

/* --- order and number --- */

/* The blocks of |text| in another order: digits of |order|. */
static struct buffer rearranged(struct slice text, const char *order)
{
    static const char end[] = "-----END CERTIFICATE-----\n";
    struct slice blocks[3] = { { 0 } };
    const char *at = (const char *)text.at;
    struct buffer out = buffer_with_max(65536);

    for (size_t i = 0; i < 3; i++) {
        const char *stop = strstr(at, end) + strlen(end);

        blocks[i] = slice_of(at, (size_t)(stop - at));
        at = stop;
    }
    for (; *order != '\0'; order++)
        buffer_add(&out, blocks[*order - '0']);
    assert_true(buffer_ok(&out));
    return out;
}

static void wants_leaf_first_and_all_of_it(void **state)
{
    static const struct {
        const char *order;
        enum step step;
    } cases[] = {
        { "012", ALL_GOOD }, { "210", ROLES }, { "102", ROLES },
        { "021", ROLES },    { "002", ROLES }, { "01", PARSE },
        { "12", PARSE },     { "0", PARSE },   { "0122", PARSE },
    };
    struct sim *sim = simulation_new(NULL);
    struct trust_root root = root_of(sim);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer text = rearranged(sim_pck_chain(sim), cases[i].order);
        enum step step;
        struct why why = { 0 };
        enum status st = judge(CHAIN_PCK, buffer_view(&text), &root,
                               SIMULATION_NOW, &step, &why);

        assert_int_equal(st == STATUS_OK, cases[i].step == ALL_GOOD);
        assert_int_equal(step, cases[i].step);
        buffer_free(&text);
    }
    sim_free(sim);
}

static void refuses_a_chain_of_another_kind(void **state)
{
    struct sim *sim = simulation_new(NULL);
    struct trust_root root = root_of(sim);
    enum step step;
    struct why why = { 0 };

    (void)state;
    CHECK_STATUS(judge(CHAIN_TCB_INFO, chain_of(sim, CHAIN_PCK_CRL), &root,
                       SIMULATION_NOW, &step, &why),
                 STATUS_BAD_CHAIN);
    assert_string_equal(why.field, "tcb_info_chain.leaf.subject");
    CHECK_STATUS(judge(CHAIN_PCK_CRL, chain_of(sim, CHAIN_TCB_INFO), &root,
                       SIMULATION_NOW, &step, &why),
                 STATUS_BAD_CHAIN);
    assert_string_equal(why.field, "pck_crl_chain.ca.subject");
    sim_free(sim);
}

/* A signature that is known to hold is not checked again; one that is not is,
 * whatever the other certificates are. */
static void checks_what_is_not_known(void **state)
{
    static struct chain known, chain;
    struct sim *sim = simulation_new(NULL);
    struct sim *bent;
    struct sim_options options;
    struct trust_root root = root_of(sim);
    struct why why = { 0 };

    (void)state;
    CHECK_STATUS(chain_parse(CHAIN_PCK_CRL, chain_of(sim, CHAIN_PCK_CRL),
                             &known, &why),
                 STATUS_OK);
    assert_false(known.proved);
    CHECK_STATUS(chain_parse(CHAIN_PCK, sim_pck_chain(sim), &chain, &why),
                 STATUS_OK);
    CHECK_STATUS(chain_check_signatures(&chain, &known, &why), STATUS_OK);
    CHECK_STATUS(chain_check_signatures(&known, NULL, &why), STATUS_OK);
    assert_true(known.proved);
    for (enum sim_item item = SIM_PCK_CA; item <= SIM_PCK; item++) {
        sim_options_default(&options);
        options.items[item].faults = SIM_ROGUE;
        CHECK_STATUS(sim_renew(sim, &options, SIMULATION_NOW, &bent, &why),
                     STATUS_OK);
        CHECK_STATUS(chain_parse(CHAIN_PCK, sim_pck_chain(bent), &chain, &why),
                     STATUS_OK);
        CHECK_STATUS(chain_check_roles(&chain, &root, &why), STATUS_OK);
        CHECK_STATUS(chain_check_signatures(&chain, &known, &why),
                     STATUS_BAD_SIGNATURE);
        assert_false(chain.proved);
        sim_free(bent);
    }
    sim_free(sim);
}

static void tells_which_ca_it_is(void **state)
{
    struct chain *chain = malloc(sizeof(*chain));

    (void)state;
    assert_non_null(chain);
    for (int processor = 0; processor <= 1; processor++) {
        struct sim_options options;
        struct sim *sim;
        struct why why = { 0 };

        sim_options_default(&options);
        options.processor_ca = processor == 1;
        sim = simulation_new(&options);
        CHECK_STATUS(chain_parse(CHAIN_PCK, sim_pck_chain(sim), chain, &why),
                     STATUS_OK);
        assert_int_equal(chain_is_platform(chain), processor == 0);
        sim_free(sim);
    }
    free(chain);
}

/* --- real chains, where they are at hand --- */

/* Judge |name| of |dir| under the built-in root; false if there is none. */
static bool judge_file(const char *dir, const char *name, enum chain_kind kind,
                       const struct trust_root *root)
{
    char path[1024];
    struct buffer text;
    enum step step;
    struct why why = { 0 };
    enum status st;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (file_read(path, PEM_MAX_BYTES, &text, &why) != STATUS_OK)
        return false;
    st = judge(kind, buffer_view(&text), root, SIMULATION_NOW, &step, &why);
    if (step < DATES) /* some of them have expired since */
        fail_msg("%s: %s: %s: %s", path, status_name(st), why.field, why.found);
    buffer_free(&text);
    return true;
}

static void accepts_real_chains(void **state)
{
    static const char top[] = TEST_SHARED_DIR "/vectors/collateral";
    DIR *d = opendir(top);
    struct trust_root root;
    struct why why = { 0 };
    size_t count = 0;

    (void)state;
    if (d == NULL) {
        print_message("skipped: no %s\n", top);
        skip();
        return;
    }
    CHECK_STATUS(root_read((struct slice){ 0 }, &root, &why), STATUS_OK);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        char dir[1024];

        (void)snprintf(dir, sizeof(dir), "%s/%s", top, e->d_name);
        count +=
            judge_file(dir, "tcb_info_issuer_chain.pem", CHAIN_TCB_INFO, &root);
        count += judge_file(dir, "qe_identity_issuer_chain.pem",
                            CHAIN_QE_IDENTITY, &root);
        count +=
            judge_file(dir, "pck_crl_issuer_chain.pem", CHAIN_PCK_CRL, &root);
    }
    (void)closedir(d);
    assert_true(count >= 3);
}

/* A quote ends with its chain, and text may stand before a PEM block. */
static void accepts_chains_of_real_quotes(void **state)
{
    static const char top[] = TEST_SHARED_DIR "/vectors/quotes";
    static struct chain chain;
    DIR *d = opendir(top);
    struct trust_root root;
    struct why why = { 0 };
    size_t count = 0;

    (void)state;
    if (d == NULL) {
        print_message("skipped: no %s\n", top);
        skip();
        return;
    }
    CHECK_STATUS(root_read((struct slice){ 0 }, &root, &why), STATUS_OK);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        char path[1024];
        struct buffer quote;
        struct pck_ext ext;

        (void)snprintf(path, sizeof(path), "%s/%s", top, e->d_name);
        if (file_read(path, QUOTE_MAX_BYTES, &quote, &why) != STATUS_OK)
            continue;
        if (chain_parse(CHAIN_PCK, buffer_view(&quote), &chain, &why) !=
                STATUS_OK ||
            chain_check_roles(&chain, &root, &why) != STATUS_OK ||
            chain_check_signatures(&chain, NULL, &why) != STATUS_OK ||
            pck_ext_read(chain_leaf(&chain), &ext, &why) != STATUS_OK)
            fail_msg("%s: %s: %s", path, why.field, why.found);
        assert_memory_equal(ext.platform.cpu_svn, ext.component_svns, 16);
        buffer_free(&quote);
        count++;
    }
    (void)closedir(d);
    assert_true(count > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_is_sound),
        cmocka_unit_test(refuses_each_fault),
        cmocka_unit_test(accepts_what_does_not_matter),
        cmocka_unit_test(checks_dates_of_each_certificate),
        cmocka_unit_test(refuses_another_root),
        cmocka_unit_test(refuses_a_root_that_another_signed),
        cmocka_unit_test(wants_leaf_first_and_all_of_it),
        cmocka_unit_test(refuses_a_chain_of_another_kind),
        cmocka_unit_test(checks_what_is_not_known),
        cmocka_unit_test(tells_which_ca_it_is),
        cmocka_unit_test(accepts_real_chains),
        cmocka_unit_test(accepts_chains_of_real_quotes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
