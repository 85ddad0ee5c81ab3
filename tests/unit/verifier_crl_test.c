/* crl: revocation lists. */
#include "tests/support/check.h"

#include <dirent.h>

#include "common/builder.h"
#include "common/der_out.h"
#include "common/file.h"
#include "common/limits.h"
#include "tests/support/simulation.h"
#include "verifier/chain.h"
#include "verifier/crl.h"
#include "verifier/der.h"

/* One simulation, its PCK chain parsed and its lists at hand. */
struct scene {
    struct sim *sim;
    struct chain chain;
    struct collateral_set collateral;
};

static struct scene *scene_open(struct sim *sim)
{
    struct scene *s = calloc(1, sizeof(*s));
    struct why why = { 0 };

    assert_non_null(s);
    s->sim = sim;
    sim_collateral(sim, TEE_TDX, &s->collateral);
    CHECK_STATUS(chain_parse(CHAIN_PCK, sim_pck_chain(sim), &s->chain, &why),
                 STATUS_OK);
    return s;
}

static void scene_close(struct scene *s)
{
    sim_free(s->sim);
    free(s);
}

static struct slice list_of(const struct scene *s, enum crl_kind kind)
{
    return kind == CRL_PCK ? s->collateral.pck_crl : s->collateral.root_crl;
}

/* Who made the list, and whom it covers. */
static const struct x509 *issuer_of(const struct scene *s, enum crl_kind kind)
{
    return &s->chain.certs[kind == CRL_PCK ? 1 : 2];
}

static const struct x509 *covered_by(const struct scene *s, enum crl_kind kind)
{
    return &s->chain.certs[kind == CRL_PCK ? 0 : 1];
}

static enum status judge(const struct scene *s, enum crl_kind kind,
                         struct why *why)
{
    struct crl crl;
    enum status st = crl_parse(kind, list_of(s, kind), &crl, why);

    if (st == STATUS_OK)
        st = crl_check_issuer(&crl, issuer_of(s, kind), why);
    if (st == STATUS_OK)
        st = crl_check_dates(&crl, SIMULATION_NOW, why);
    if (st == STATUS_OK)
        st = crl_check_cert(&crl, covered_by(s, kind), why);
    return st;
}

static const struct {
    const char *name;
    enum sim_item item;
    uint32_t faults;
    enum crl_kind kind;
    enum status want;
    const char *field;
} faults[] = {
    /* clang-format off */
    { "sound", SIM_PCK_CRL, 0, CRL_PCK, STATUS_OK, NULL },
    { "sound, of the root", SIM_ROOT_CRL, 0, CRL_ROOT, STATUS_OK, NULL },
    { "many others revoked", SIM_PCK_CRL, SIM_MANY_ENTRIES, CRL_PCK,
      STATUS_OK, NULL },
    { "missing", SIM_PCK_CRL, SIM_MISSING, CRL_PCK, STATUS_NO_COLLATERAL,
      "pck_crl" },
    { "missing, of the root", SIM_ROOT_CRL, SIM_MISSING, CRL_ROOT,
      STATUS_NO_COLLATERAL, "root_ca_crl" },
    { "signed by another", SIM_PCK_CRL, SIM_ROGUE, CRL_PCK,
      STATUS_BAD_SIGNATURE, "pck_crl.signature" },
    { "signed by another, of the root", SIM_ROOT_CRL, SIM_ROGUE, CRL_ROOT,
      STATUS_BAD_SIGNATURE, "root_ca_crl.signature" },
    { "another issuer's name", SIM_PCK_CRL, SIM_OTHER_ISSUER, CRL_PCK,
      STATUS_MISMATCH, "pck_crl.issuer" },
    { "another issuer's key identifier", SIM_PCK_CRL,
      SIM_OTHER_AUTHORITY_ID, CRL_PCK, STATUS_MISMATCH,
      "pck_crl.extensions" },
    { "no key identifier", SIM_PCK_CRL, SIM_NO_AUTHORITY_ID, CRL_PCK,
      STATUS_BAD_CRL, "pck_crl.extensions" },
    { "no number", SIM_ROOT_CRL, SIM_NO_CRL_NUMBER, CRL_ROOT,
      STATUS_BAD_CRL, "root_ca_crl.extensions" },
    { "unknown critical extension", SIM_PCK_CRL, SIM_UNKNOWN_CRITICAL,
      CRL_PCK, STATUS_BAD_CRL, "pck_crl.extensions" },
    { "an issuer without cRLSign", SIM_PCK_CA, SIM_OTHER_KEY_USAGE,
      CRL_PCK, STATUS_MISMATCH, "pck_crl.issuer" },
    { "PCK revoked", SIM_PCK, SIM_REVOKED, CRL_PCK, STATUS_REVOKED,
      "pck_chain.leaf.serial" },
    { "PCK revoked, its serial with a high bit", SIM_PCK,
      SIM_REVOKED | SIM_HIGH_SERIAL, CRL_PCK, STATUS_REVOKED,
      "pck_chain.leaf.serial" },
    { "PCK not revoked, its serial with a high bit", SIM_PCK,
      SIM_HIGH_SERIAL, CRL_PCK, STATUS_OK, NULL },
    { "CA revoked", SIM_PCK_CA, SIM_REVOKED, CRL_ROOT, STATUS_REVOKED,
      "pck_chain.ca.serial" },
    { "TCB signing revoked, CA not", SIM_TCB_SIGNING, SIM_REVOKED,
      CRL_ROOT, STATUS_OK, NULL },
    /* clang-format on */
};

static void judges_each_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct scene *s =
            scene_open(simulation_with(faults[i].item, faults[i].faults));
        struct why why = { 0 };
        enum status st = judge(s, faults[i].kind, &why);

        if (st != faults[i].want)
            fail_msg("%s: %s: %s", faults[i].name, status_name(st), why.found);
        if (faults[i].field != NULL)
            assert_string_equal(why.field, faults[i].field);
        scene_close(s);
    }
}

/* Revoked among two thousand, and in a list that fits another certificate. */
static void finds_one_among_many(void **state)
{
    struct sim_options options;
    struct scene *s;
    struct crl crl;
    struct why why = { 0 };

    (void)state;
    sim_options_default(&options);
    options.items[SIM_PCK].faults = SIM_REVOKED;
    options.items[SIM_PCK_CRL].faults = SIM_MANY_ENTRIES;
    s = scene_open(simulation_new(&options));
    CHECK_STATUS(crl_parse(CRL_PCK, s->collateral.pck_crl, &crl, &why),
                 STATUS_OK);
    assert_int_equal(crl.count, 2001);
    CHECK_STATUS(crl_check_cert(&crl, &s->chain.certs[0], &why),
                 STATUS_REVOKED);
    CHECK_STATUS(crl_check_cert(&crl, &s->chain.certs[1], &why),
                 STATUS_MISMATCH); /* not covered: not a verdict */
    assert_string_equal(why.field, "pck_crl.issuer");
    scene_close(s);
}

static void covers_the_root_itself(void **state)
{
    struct scene *s = scene_open(simulation_with(SIM_ROOT, SIM_REVOKED));
    struct crl crl;
    struct why why = { 0 };

    (void)state;
    CHECK_STATUS(crl_parse(CRL_ROOT, s->collateral.root_crl, &crl, &why),
                 STATUS_OK);
    CHECK_STATUS(crl_check_cert(&crl, chain_root(&s->chain), &why),
                 STATUS_REVOKED);
    assert_string_equal(why.field, "pck_chain.root.serial");
    scene_close(s);
}

static void refuses_the_other_list(void **state)
{
    struct scene *s = scene_open(simulation_new(NULL));
    struct crl crl;
    struct why why = { 0 };

    (void)state;
    CHECK_STATUS(crl_parse(CRL_PCK, s->collateral.root_crl, &crl, &why),
                 STATUS_OK);
    CHECK_STATUS(crl_check_issuer(&crl, &s->chain.certs[1], &why),
                 STATUS_MISMATCH);
    assert_string_equal(why.field, "pck_crl.issuer");
    scene_close(s);
}

static void checks_both_dates(void **state)
{
    static const struct {
        int64_t from_s, until_s;
        enum status want;
    } cases[] = {
        { 0, 10, STATUS_OK },
        { -10, 0, STATUS_OK },
        { 1, 10, STATUS_NOT_YET },
        { -10, -1, STATUS_EXPIRED },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim_options options;
        struct scene *s;
        struct why why = { 0 };

        sim_options_default(&options);
        options.items[SIM_PCK_CRL].from_s = cases[i].from_s;
        options.items[SIM_PCK_CRL].until_s = cases[i].until_s;
        s = scene_open(simulation_new(&options));
        CHECK_STATUS(judge(s, CRL_PCK, &why), cases[i].want);
        if (cases[i].want != STATUS_OK)
            assert_string_equal(why.field, "pck_crl.dates");
        scene_close(s);
    }
}

/* --- odd lists, made by hand --- */

#define ECDSA_SHA256 "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define TIME_1                                                                 \
    "\x17\x0d"                                                                 \
    "260101000000Z"
#define TIME_2                                                                 \
    "\x17\x0d"                                                                 \
    "270101000000Z"
#define SOUND_EXTENSIONS                                                       \
    "\xa0\x1c\x30\x1a\x30\x0a\x06\x03\x55\x1d\x14\x04\x03\x02\x01\x01"         \
    "\x30\x0c\x06\x03\x55\x1d\x23\x04\x05\x30\x03\x80\x01\x01"

/* A list of |head| (version to nextUpdate), |entries| and |extensions|. */
static struct slice build(struct builder *b, struct slice head,
                          struct slice entries, struct slice extensions)
{
    size_t crl = der_out_open(b, DER_SEQUENCE);
    size_t tbs = der_out_open(b, DER_SEQUENCE);

    builder_bytes(b, head);
    builder_bytes(b, entries);
    builder_bytes(b, extensions);
    der_out_close(b, tbs);
    builder_bytes(b, slice_of(ECDSA_SHA256, sizeof(ECDSA_SHA256) - 1));
    der_out_bits(b, slice_text("signature"), 0);
    der_out_close(b, crl);
    assert_true(builder_ok(b));
    return builder_view(b);
}

static const struct {
    const char *name;
    const char *head;
    size_t head_len;
    const char *entries;
    size_t entries_len;
    const char *extensions;
    size_t extensions_len;
    const char *field; /* NULL: accepted */
} odd_lists[] = {
/* clang-format off */
#define SOUND_HEAD "\x02\x01\x01" ECDSA_SHA256 "\x30\x00" TIME_1 TIME_2
#define PART(text) text, sizeof(text) - 1
#define CASE(name, head, entries, extensions, field) \
    { name, PART(head), PART(entries), PART(extensions), field }
    CASE("no entries", SOUND_HEAD, "", SOUND_EXTENSIONS, NULL),
    CASE("an empty list of entries", SOUND_HEAD, "\x30\x00",
         SOUND_EXTENSIONS, NULL),
    CASE("an entry without extensions", SOUND_HEAD,
         "\x30\x14\x30\x12\x02\x01\x05" TIME_1, SOUND_EXTENSIONS, NULL),
    CASE("an entry with a reason", SOUND_HEAD,
         "\x30\x22\x30\x20\x02\x01\x05" TIME_1
         "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x01",
         SOUND_EXTENSIONS, NULL),
    CASE("an entry of another issuer", SOUND_HEAD,
         "\x30\x24\x30\x22\x02\x01\x05" TIME_1
         "\x30\x0e\x30\x0c\x06\x03\x55\x1d\x1d\x01\x01\xff\x04\x02\x30"
         "\x00", SOUND_EXTENSIONS, "pck_crl.entries"),
    CASE("an entry with a negative serial", SOUND_HEAD,
         "\x30\x14\x30\x12\x02\x01\x85" TIME_1, SOUND_EXTENSIONS,
         "pck_crl.entries"),
    CASE("an entry without a date", SOUND_HEAD,
         "\x30\x05\x30\x03\x02\x01\x05", SOUND_EXTENSIONS,
         "pck_crl.entries"),
    CASE("half an entry", SOUND_HEAD, "\x30\x02\x30\x12",
         SOUND_EXTENSIONS, "pck_crl.entries"),
    CASE("version 1", ECDSA_SHA256 "\x30\x00" TIME_1 TIME_2, "",
         SOUND_EXTENSIONS, "pck_crl"),
    CASE("version 3", "\x02\x01\x02" ECDSA_SHA256 "\x30\x00" TIME_1
         TIME_2, "", SOUND_EXTENSIONS, "pck_crl"),
    CASE("two algorithms",
         "\x02\x01\x01\x30\x00\x30\x00" TIME_1 TIME_2, "",
         SOUND_EXTENSIONS, "pck_crl.signature"),
    CASE("no nextUpdate", "\x02\x01\x01" ECDSA_SHA256 "\x30\x00" TIME_1,
         "", SOUND_EXTENSIONS, "pck_crl.dates"),
    CASE("no extensions", SOUND_HEAD, "", "", "pck_crl.extensions"),
    CASE("a number twice", SOUND_HEAD, "",
         "\xa0\x1a\x30\x18\x30\x0a\x06\x03\x55\x1d\x14\x04\x03\x02\x01"
         "\x01\x30\x0a\x06\x03\x55\x1d\x14\x04\x03\x02\x01\x01",
         "pck_crl.extensions"),
    CASE("an unknown extension", SOUND_HEAD, "",
         "\xa0\x27\x30\x25\x30\x0a\x06\x03\x55\x1d\x14\x04\x03\x02\x01"
         "\x01\x30\x0c\x06\x03\x55\x1d\x23\x04\x05\x30\x03\x80\x01\x01"
         "\x30\x09\x06\x03\x55\x1d\x7f\x04\x02\x05\x00", NULL),
    CASE("a delta list", SOUND_HEAD, "",
         "\xa0\x2b\x30\x29\x30\x0a\x06\x03\x55\x1d\x14\x04\x03\x02\x01"
         "\x01\x30\x0c\x06\x03\x55\x1d\x23\x04\x05\x30\x03\x80\x01\x01"
         "\x30\x0d\x06\x03\x55\x1d\x1b\x01\x01\xff\x04\x03\x02\x01\x01",
         "pck_crl.extensions"),
    CASE("something after the extensions", SOUND_HEAD, "",
         SOUND_EXTENSIONS "\x05\x00", "pck_crl.extensions"),
    /* clang-format on */
};

static void judges_odd_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(odd_lists); i++) {
        uint8_t room[1024];
        struct builder b = builder_over(room, sizeof(room));
        struct slice der =
            build(&b, slice_of(odd_lists[i].head, odd_lists[i].head_len),
                  slice_of(odd_lists[i].entries, odd_lists[i].entries_len),
                  slice_of(odd_lists[i].extensions,
                           odd_lists[i].extensions_len));
        struct crl crl;
        struct why why = { 0 };
        enum status st = crl_parse(CRL_PCK, der, &crl, &why);

        if (st != (odd_lists[i].field == NULL ? STATUS_OK : STATUS_BAD_CRL))
            fail_msg("%s: %s: %s", odd_lists[i].name, status_name(st),
                     why.found);
        if (odd_lists[i].field != NULL &&
            strcmp(why.field, odd_lists[i].field) != 0)
            fail_msg("%s: names %s", odd_lists[i].name, why.field);
        builder_u8(&b, 0);
        CHECK_STATUS(crl_parse(CRL_PCK, builder_view(&b), &crl, &why),
                     STATUS_BAD_CRL);
    }
}

static void bounds_the_number_of_entries(void **state)
{
    static uint8_t room[(CRL_MAX_ENTRIES + 1) * 20 + 512];
    static uint8_t list_room[(CRL_MAX_ENTRIES + 1) * 20 + 8];

    (void)state;
    for (size_t count = CRL_MAX_ENTRIES; count <= CRL_MAX_ENTRIES + 1;
         count++) {
        struct builder b = builder_over(room, sizeof(room));
        struct builder list = builder_over(list_room, sizeof(list_room));
        size_t opened = der_out_open(&list, DER_SEQUENCE);
        struct crl crl;
        struct why why = { 0 };

        for (size_t i = 0; i < count; i++)
            builder_bytes(&list, slice_of("\x30\x12\x02\x01\x05" TIME_1, 20));
        der_out_close(&list, opened);
        CHECK_STATUS(
            crl_parse(CRL_PCK,
                      build(&b, slice_of(SOUND_HEAD, sizeof(SOUND_HEAD) - 1),
                            builder_view(&list),
                            slice_of(SOUND_EXTENSIONS,
                                     sizeof(SOUND_EXTENSIONS) - 1)),
                      &crl, &why),
            count <= CRL_MAX_ENTRIES ? STATUS_OK : STATUS_BAD_CRL);
        assert_int_equal(crl.count, count <= CRL_MAX_ENTRIES ? count : 0);
    }
}

/* Never both: parsed, and made by the issuer. */
static void try_changed(struct slice der, void *ctx)
{
    struct crl crl;
    struct why why = { 0 };

    if (crl_parse(CRL_PCK, der, &crl, &why) == STATUS_OK)
        assert_int_not_equal(crl_check_issuer(&crl, ctx, &why), STATUS_OK);
    else
        assert_null(crl.tbs.at);
}

static void refuses_prefixes_and_flips(void **state)
{
    struct scene *s = scene_open(simulation_with(SIM_PCK, SIM_REVOKED));

    (void)state;
    for_each_prefix(s->collateral.pck_crl, try_changed, &s->chain.certs[1]);
    for_each_flip(s->collateral.pck_crl, try_changed, &s->chain.certs[1]);
    scene_close(s);
}

/* --- real lists, where they are at hand --- */

static enum status judge_real(const char *dir, enum crl_kind kind,
                              const char *name, size_t *entries)
{
    static struct chain chain;
    char path[1024];
    struct buffer pem, der;
    struct crl crl;
    struct why why = { 0 };

    (void)snprintf(path, sizeof(path), "%s/pck_crl_issuer_chain.pem", dir);
    if (file_read(path, PEM_MAX_BYTES, &pem, &why) != STATUS_OK)
        return STATUS_NO_FILE;
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    CHECK_STATUS(file_read(path, COLLATERAL_MAX_BYTES, &der, &why), STATUS_OK);
    CHECK_STATUS(chain_parse(CHAIN_PCK_CRL, buffer_view(&pem), &chain, &why),
                 STATUS_OK);
    if (crl_parse(kind, buffer_view(&der), &crl, &why) != STATUS_OK ||
        crl_check_issuer(&crl, &chain.certs[kind == CRL_PCK ? 0 : 1], &why) !=
            STATUS_OK)
        fail_msg("%s: %s: %s", path, why.field, why.found);
    *entries += crl.count;
    buffer_free(&pem);
    buffer_free(&der);
    return STATUS_OK;
}

static void accepts_real_lists(void **state)
{
    static const char top[] = TEST_SHARED_DIR "/vectors/collateral";
    DIR *d = opendir(top);
    size_t lists = 0;
    size_t entries = 0;

    (void)state;
    if (d == NULL) {
        print_message("skipped: no %s\n", top);
        skip();
        return;
    }
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        char dir[1024];

        (void)snprintf(dir, sizeof(dir), "%s/%s", top, e->d_name);
        lists += judge_real(dir, CRL_PCK, "pck_crl.der", &entries) == STATUS_OK;
        lists +=
            judge_real(dir, CRL_ROOT, "root_ca_crl.der", &entries) == STATUS_OK;
    }
    (void)closedir(d);
    assert_true(lists >= 2 && entries > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_each_fault),
        cmocka_unit_test(finds_one_among_many),
        cmocka_unit_test(covers_the_root_itself),
        cmocka_unit_test(refuses_the_other_list),
        cmocka_unit_test(checks_both_dates),
        cmocka_unit_test(judges_odd_lists),
        cmocka_unit_test(bounds_the_number_of_entries),
        cmocka_unit_test(refuses_prefixes_and_flips),
        cmocka_unit_test(accepts_real_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
