/* x509: one certificate; with it x509_ext and signature. */
#include "tests/support/check.h"

#include <dirent.h>

#include "common/builder.h"
#include "common/der_out.h"
#include "common/file.h"
#include "common/limits.h"
#include "proxy/io/tls_key.h"
#include "tests/support/simulation.h"
#include "verifier/chain.h"
#include "verifier/der.h"
#include "verifier/x509.h"

static const struct x509_labels labels = X509_LABELS("cert");

/* The elements of a certificate, in order; a case replaces one of them. */
enum element {
    NONE,
    VERSION,
    SERIAL,
    INNER_ALGORITHM,
    ISSUER,
    VALIDITY,
    SUBJECT,
    SPKI,
    BEFORE_EXTENSIONS,
    EXTENSIONS, /* the elements of the list */
    AFTER_EXTENSIONS,
    OUTER_ALGORITHM,
    SIGNATURE,
    AFTER_SIGNATURE,
    AFTER_ALL
};

#define ECDSA_SHA256 "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define NAME                                                                   \
    "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01"                     \
    "A"

static const struct {
    const char *bytes;
    size_t len;
} usual[] = {
/* clang-format off */
#define USUAL(text) { text, sizeof(text) - 1 }
    [VERSION] = USUAL("\xa0\x03\x02\x01\x02"),
    [SERIAL] = USUAL("\x02\x01\x05"),
    [INNER_ALGORITHM] = USUAL(ECDSA_SHA256),
    [ISSUER] = USUAL(NAME),
    [VALIDITY] = USUAL("\x30\x1e\x17\x0d" "260101000000Z"
                       "\x17\x0d" "270101000000Z"),
    [SUBJECT] = USUAL(NAME),
    [BEFORE_EXTENSIONS] = USUAL(""),
    [EXTENSIONS] = USUAL(
        "\x30\x0c\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x02\x30\x00"),
    [AFTER_EXTENSIONS] = USUAL(""),
    [OUTER_ALGORITHM] = USUAL(ECDSA_SHA256),
    [SIGNATURE] = USUAL("\x03\x03\x00\x12\x34"),
    [AFTER_SIGNATURE] = USUAL(""),
    [AFTER_ALL] = USUAL(""),
    /* clang-format on */
};

/* A certificate in which |bent| is |bytes|. */
struct bend {
    enum element bent;
    struct slice bytes;
    const struct tls_key *key;
};

static void put(struct builder *b, const struct bend *bend, enum element e)
{
    if (e == bend->bent)
        builder_bytes(b, bend->bytes);
    else if (e == SPKI)
        tls_key_spki(bend->key, b);
    else
        builder_bytes(b, slice_of(usual[e].bytes, usual[e].len));
}

static void put_tbs(struct builder *b, const struct bend *bend)
{
    size_t tbs = der_out_open(b, DER_SEQUENCE);
    size_t wrapper, list;

    for (enum element e = VERSION; e <= BEFORE_EXTENSIONS; e++)
        put(b, bend, e);
    wrapper = der_out_open(b, DER_CONTEXT_CONSTRUCTED_3);
    list = der_out_open(b, DER_SEQUENCE);
    put(b, bend, EXTENSIONS);
    der_out_close(b, list);
    der_out_close(b, wrapper);
    put(b, bend, AFTER_EXTENSIONS);
    der_out_close(b, tbs);
}

static struct slice build(struct builder *b, const struct bend *bend)
{
    size_t cert = der_out_open(b, DER_SEQUENCE);

    put_tbs(b, bend);
    put(b, bend, OUTER_ALGORITHM);
    put(b, bend, SIGNATURE);
    put(b, bend, AFTER_SIGNATURE);
    der_out_close(b, cert);
    put(b, bend, AFTER_ALL);
    assert_true(builder_ok(b));
    return builder_view(b);
}

/* Parse on an exact-size heap block; |field| is what |why| must name. */
static void check_bend(const char *name, const struct bend *bend,
                       const char *field)
{
    uint8_t room[4096];
    struct builder b = builder_over(room, sizeof(room));
    struct slice der = build(&b, bend);
    uint8_t *exact = malloc(der.len);
    struct x509 cert;
    struct why why = { 0 };
    enum status st;

    assert_non_null(exact);
    memcpy(exact, der.at, der.len);
    st = x509_parse(slice_of(exact, der.len), &labels, &cert, &why);
    if (st != (field == NULL ? STATUS_OK : STATUS_BAD_CERT))
        fail_msg("%s: %s, %s", name, status_name(st), why.found);
    if (field != NULL && strcmp(why.field, field) != 0)
        fail_msg("%s: names %s: %s", name, why.field, why.found);
    if (field != NULL)
        assert_null(cert.labels);
    free(exact);
}

static const struct {
    const char *name;
    enum element bent;
    const char *bytes;
    size_t len;
    const char *field; /* NULL: accepted */
} elements[] = {
/* clang-format off */
#define CASE(name, element, text, field) \
    { name, element, text, sizeof(text) - 1, field }
    CASE("as it should be", NONE, "", NULL),
    CASE("no version: 1", VERSION, "", "cert"),
    CASE("version 2", VERSION, "\xa0\x03\x02\x01\x01", "cert"),
    CASE("version 4", VERSION, "\xa0\x03\x02\x01\x03", "cert"),
    CASE("serial 0", SERIAL, "\x02\x01\x00", NULL),
    CASE("serial of 20 bytes and a sign", SERIAL,
         "\x02\x15\x00\xff" "1234567890123456789", NULL),
    CASE("serial of 21 bytes", SERIAL,
         "\x02\x15\x01" "12345678901234567890", "cert.serial"),
    CASE("negative serial", SERIAL, "\x02\x01\x80", "cert.serial"),
    CASE("unknown algorithm", OUTER_ALGORITHM,
         "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03",
         "cert.signature"),
    CASE("ECDSA with parameters", OUTER_ALGORITHM,
         "\x30\x0c\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x05\x00",
         "cert.signature"),
    CASE("two algorithms", INNER_ALGORITHM,
         "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03",
         "cert.signature"),
    CASE("issuer that is no sequence", ISSUER, "\x31\x00",
         "cert.validity"),
    CASE("one date only", VALIDITY, "\x30\x0f\x17\x0d" "260101000000Z",
         "cert.validity"),
    CASE("malformed date", VALIDITY,
         "\x30\x1e\x17\x0d" "260101000000Z" "\x17\x0d" "271301000000Z",
         "cert.validity"),
    CASE("empty subject", SUBJECT, "\x30\x00", NULL),
    CASE("empty set in a name", SUBJECT, "\x30\x02\x31\x00",
         "cert.subject"),
    CASE("common name of another type", SUBJECT,
         "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x1e\x01" "A",
         "cert.subject"),
    CASE("two values in a name part", SUBJECT,
         "\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x01" "A"
         "\x0c\x01" "B", "cert.subject"),
    CASE("no key", SPKI, "\x30\x00", "cert.public_key"),
    CASE("unique identifier", BEFORE_EXTENSIONS, "\x81\x02\x00\x01",
         "cert.extensions"),
    CASE("something after the extensions", AFTER_EXTENSIONS, "\x05\x00",
         "cert.extensions"),
    CASE("signature with unused bits", SIGNATURE, "\x03\x03\x01\x12\x34",
         "cert"),
    CASE("no signature", SIGNATURE, "", "cert"),
    CASE("something after the signature", AFTER_SIGNATURE, "\x05\x00",
         "cert"),
    CASE("a byte after all", AFTER_ALL, "\x00", "cert"),
    /* clang-format on */
};

static void judges_each_element(void **state)
{
    struct tls_key key;

    (void)state;
    assert_true(tls_key_make(&key));
    for (size_t i = 0; i < COUNT_OF(elements); i++) {
        struct bend bend = { elements[i].bent,
                             slice_of(elements[i].bytes, elements[i].len),
                             &key };

        check_bend(elements[i].name, &bend, elements[i].field);
    }
}

/* Extension id-ce |id| around |value|. */
#define EXT(len, id, value) "\x30" len "\x06\x03\x55\x1d" id "\x04" value

static const struct {
    const char *name;
    const char *bytes;
    size_t len;
    bool ok;
} extension_cases[] = {
/* clang-format off */
#undef CASE
#define CASE(name, text, ok) { name, text, sizeof(text) - 1, ok }
    CASE("none", "", true),
    CASE("key usage", EXT("\x0b", "\x0f", "\x04\x03\x02\x01\x06"), true),
    CASE("key usage with a byte more",
         EXT("\x0c", "\x0f", "\x05\x03\x02\x01\x06\x00"), false),
    CASE("key usage that is no bit string",
         EXT("\x0a", "\x0f", "\x03\x02\x01\x06"), false),
    CASE("constraints: a CA", EXT("\x0c", "\x13",
         "\x05\x30\x03\x01\x01\xff"), true),
    CASE("constraints: a CA with a path length", EXT("\x0f", "\x13",
         "\x08\x30\x06\x01\x01\xff\x02\x01\x01"), true),
    CASE("constraints: cA false, said aloud", EXT("\x0c", "\x13",
         "\x05\x30\x03\x01\x01\x00"), false),
    CASE("constraints: a path length without cA", EXT("\x0c", "\x13",
         "\x05\x30\x03\x02\x01\x01"), false),
    CASE("constraints: a negative path length", EXT("\x0f", "\x13",
         "\x08\x30\x06\x01\x01\xff\x02\x01\x81"), false),
    CASE("constraints: not a sequence",
         EXT("\x09", "\x13", "\x02\x31\x00"), false),
    CASE("subject key identifier",
         EXT("\x0a", "\x0e", "\x03\x04\x01\x01"), true),
    CASE("authority key identifier",
         EXT("\x0c", "\x23", "\x05\x30\x03\x80\x01\x01"), true),
    CASE("authority key identifier without one",
         EXT("\x09", "\x23", "\x02\x30\x00"), false),
    CASE("authority by name and number", EXT("\x0e", "\x23",
         "\x07\x30\x05\xa1\x00\x82\x01\x01"), false),
    CASE("CRL distribution points",
         EXT("\x0b", "\x1f", "\x04\x30\x02\x30\x00"), true),
    CASE("no distribution point in the list",
         EXT("\x09", "\x1f", "\x02\x30\x00"), true),
    CASE("unknown", "\x30\x09\x06\x03\x55\x1d\x7f\x04\x02\x05\x00", true),
    CASE("unknown and critical",
         "\x30\x0c\x06\x03\x55\x1d\x7f\x01\x01\xff\x04\x02\x05\x00",
         false),
    CASE("critical FALSE, said aloud",
         "\x30\x0c\x06\x03\x55\x1d\x7f\x01\x01\x00\x04\x02\x05\x00",
         false),
    CASE("no value", "\x30\x05\x06\x03\x55\x1d\x7f", false),
    CASE("two values",
         "\x30\x0b\x06\x03\x55\x1d\x7f\x04\x00\x04\x02\x05\x00", false),
    CASE("not a sequence", "\x04\x00", false),
    CASE("one twice", EXT("\x0b", "\x0f", "\x04\x03\x02\x01\x06")
         EXT("\x0b", "\x0f", "\x04\x03\x02\x01\x06"), false),
    CASE("an unknown one twice",
         "\x30\x09\x06\x03\x55\x1d\x7f\x04\x02\x05\x00"
         "\x30\x09\x06\x03\x55\x1d\x7f\x04\x02\x05\x00", false),
    /* clang-format on */
};

static void judges_each_extension(void **state)
{
    struct tls_key key;

    (void)state;
    assert_true(tls_key_make(&key));
    for (size_t i = 0; i < COUNT_OF(extension_cases); i++) {
        struct bend bend = {
            EXTENSIONS,
            slice_of(extension_cases[i].bytes, extension_cases[i].len), &key
        };

        check_bend(extension_cases[i].name, &bend,
                   extension_cases[i].ok ? NULL : "cert.extensions");
    }
}

static void bounds_the_number_of_extensions(void **state)
{
    uint8_t room[(EXTENSIONS_MAX + 1) * 12];
    struct tls_key key;

    (void)state;
    assert_true(tls_key_make(&key));
    for (uint8_t count = EXTENSIONS_MAX - 1; count <= EXTENSIONS_MAX + 1;
         count++) {
        struct builder list = builder_over(room, sizeof(room));
        struct bend bend = { EXTENSIONS, { 0 }, &key };

        for (uint8_t i = 0; i < count; i++) {
            builder_bytes(&list, slice_of("\x30\x07\x06\x03\x55\x1d", 6));
            builder_u8(&list, 0x60 + i);
            builder_bytes(&list, slice_of("\x04\x00", 2));
        }
        bend.bytes = builder_view(&list);
        check_bend("many", &bend,
                   count <= EXTENSIONS_MAX ? NULL : "cert.extensions");
    }
}

/* --- a whole certificate --- */

static struct slice first_cert(const struct sim *sim, struct pem *pem)
{
    struct why why = { 0 };

    CHECK_STATUS(pem_parse(sim_pck_chain(sim), "pem", pem, &why), STATUS_OK);
    return pem->certs[0];
}

static void reads_every_field(void **state)
{
    static const uint8_t sgx[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8,
                                   0x4d, 0x01, 0x0d, 0x01 };
    static struct pem pem;
    struct sim *sim = simulation_new(NULL);
    struct x509 leaf, ca;
    struct slice value;
    struct why why = { 0 };

    (void)state;
    CHECK_STATUS(x509_parse(first_cert(sim, &pem), &labels, &leaf, &why),
                 STATUS_OK);
    CHECK_STATUS(x509_parse(pem.certs[1], &labels, &ca, &why), STATUS_OK);
    assert_true(slice_equal(leaf.common_name,
                            slice_text("Simulated SGX PCK Certificate")));
    assert_true(slice_equal(leaf.issuer, ca.subject));
    assert_false(slice_equal(leaf.issuer, leaf.subject));
    assert_int_equal(leaf.serial.len, 20);
    assert_true(leaf.validity.from_unix == SIMULATION_NOW - 365 * 86400);
    assert_true(leaf.validity.until_unix == SIMULATION_NOW + 7 * 365 * 86400);
    assert_int_equal(leaf.key.type, SIGNATURE_KEY_P256);
    assert_int_equal(leaf.key.bytes.len, 64);
    assert_int_equal(leaf.algorithm, SIGNATURE_ECDSA_SHA256);
    assert_true(leaf.has_basic_constraints && !leaf.is_ca);
    assert_true(leaf.path_len == X509_NO_PATH_LEN);
    assert_true(leaf.has_key_usage);
    assert_int_equal(leaf.key_usage, X509_DIGITAL_SIGNATURE);
    assert_true(slice_equal(leaf.authority_key_id, ca.subject_key_id));
    assert_int_equal(leaf.subject_key_id.len, 20);
    assert_true(leaf.has_crl_points);
    assert_true(x509_extension(&leaf, SLICE_OF(sgx), &value));
    assert_true(value.len > 100);
    assert_false(x509_extension(&ca, SLICE_OF(sgx), &value));
    assert_int_equal(value.len, 0);
    assert_true(ca.is_ca);
    assert_int_equal(ca.path_len, 0);
    assert_int_equal(ca.key_usage, X509_KEY_CERT_SIGN | X509_CRL_SIGN);
    sim_free(sim);
}

static void checks_who_signed(void **state)
{
    static struct pem pem;
    struct sim *sim = simulation_new(NULL);
    struct x509 certs[3];
    struct why why = { 0 };

    (void)state;
    (void)first_cert(sim, &pem);
    for (size_t i = 0; i < COUNT_OF(certs); i++)
        CHECK_STATUS(x509_parse(pem.certs[i], &labels, &certs[i], &why),
                     STATUS_OK);
    CHECK_STATUS(x509_check_signature(&certs[0], &certs[1], &why), STATUS_OK);
    CHECK_STATUS(x509_check_signature(&certs[1], &certs[2], &why), STATUS_OK);
    CHECK_STATUS(x509_check_signature(&certs[2], &certs[2], &why), STATUS_OK);
    CHECK_STATUS(x509_check_signature(&certs[0], &certs[2], &why),
                 STATUS_BAD_SIGNATURE);
    assert_string_equal(why.field, "cert.signature");
    certs[1].algorithm = SIGNATURE_RSA_PSS_SHA384; /* not what its key is */
    CHECK_STATUS(x509_check_signature(&certs[1], &certs[2], &why),
                 STATUS_BAD_SIGNATURE);
    sim_free(sim);
}

static void checks_both_dates(void **state)
{
    static const struct {
        int64_t from, until;
        enum status want;
    } cases[] = {
        { 100, 200, STATUS_OK },      { 150, 150, STATUS_OK },
        { 150, 200, STATUS_OK },      { 100, 150, STATUS_OK },
        { 151, 200, STATUS_NOT_YET }, { 100, 149, STATUS_EXPIRED },
        { 151, 149, STATUS_NOT_YET },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct x509 cert = { .labels = &labels,
                             .validity = { cases[i].from, cases[i].until } };
        struct why why = { 0 };

        CHECK_STATUS(x509_check_dates(&cert, 150, &why), cases[i].want);
        if (cases[i].want != STATUS_OK)
            assert_string_equal(why.field, "cert.validity");
    }
}

struct
try {
    struct x509 issuer;
    size_t parsed; /* how many were certificates in spite of the change */
};

/* Never both: parsed, and signed by the issuer. */
static void try_changed(struct slice der, void *ctx)
{
    struct try *try = ctx;
    struct x509 cert;
    struct why why = { 0 };

    if (x509_parse(der, &labels, &cert, &why) != STATUS_OK) {
        CHECK_STATUS(why.status, STATUS_BAD_CERT);
        assert_null(cert.labels);
        return;
    }
    try->parsed++;
    CHECK_STATUS(x509_check_signature(&cert, &try->issuer, &why),
                 STATUS_BAD_SIGNATURE);
}

static void refuses_prefixes_and_flips(void **state)
{
    static struct pem pem;
    struct sim *sim = simulation_new(NULL);
    struct slice der = first_cert(sim, &pem);
    struct try try = { .parsed = 0 };
    struct why why = { 0 };

    (void)state;
    CHECK_STATUS(x509_parse(pem.certs[1], &labels, &try.issuer, &why),
                 STATUS_OK);
    for_each_prefix(der, try_changed, &try);
    assert_int_equal(try.parsed, 0);
    for_each_flip(der, try_changed, &try);
    assert_true(try.parsed > 0);
    sim_free(sim);
}

/* --- certificates of others, where they are at hand --- */

static size_t parse_dir(const char *dir, const char *ending)
{
    DIR *d = opendir(dir);
    size_t count = 0;

    if (d == NULL)
        return 0;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        char path[1024];
        struct buffer der;
        struct x509 cert;
        struct why why = { 0 };
        size_t len = strlen(e->d_name);

        if (len < strlen(ending) ||
            strcmp(e->d_name + len - strlen(ending), ending) != 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        CHECK_STATUS(file_read(path, CERT_MAX_BYTES, &der, &why), STATUS_OK);
        if (x509_parse(buffer_view(&der), &labels, &cert, &why) != STATUS_OK)
            fail_msg("%s: %s: %s", path, why.field, why.found);
        buffer_free(&der);
        count++;
    }
    (void)closedir(d);
    return count;
}

static void parses_real_certificates(void **state)
{
    size_t intel = parse_dir(TEST_SHARED_DIR "/vectors/trust", ".der");
    size_t amd = parse_dir(TEST_SHARED_DIR "/vectors/snp", "cek.der");

    (void)state;
    if (intel == 0 || amd == 0) {
        print_message("skipped: no vectors in %s\n", TEST_SHARED_DIR);
        skip();
    }
    assert_true(intel >= 9 && amd >= 10);
}

/* AMD's ASK and ARK: RSASSA-PSS, both spellings of the algorithm. */
static void verifies_real_pss_chains(void **state)
{
    static const char *const products[] = { "milan", "genoa", "turin" };
    static struct pem pem;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(products); i++) {
        char path[1024];
        struct buffer text;
        struct x509 ask, ark;
        struct why why = { 0 };

        (void)snprintf(path, sizeof(path), "%s/vectors/snp/chains/%s_vcek.pem",
                       TEST_SHARED_DIR, products[i]);
        if (file_read(path, PEM_MAX_BYTES, &text, &why) != STATUS_OK) {
            print_message("skipped: no %s\n", path);
            skip();
        }
        CHECK_STATUS(pem_parse(buffer_view(&text), "pem", &pem, &why),
                     STATUS_OK);
        CHECK_STATUS(x509_parse(pem.certs[0], &labels, &ask, &why), STATUS_OK);
        CHECK_STATUS(x509_parse(pem.certs[1], &labels, &ark, &why), STATUS_OK);
        CHECK_STATUS(x509_check_signature(&ask, &ark, &why), STATUS_OK);
        CHECK_STATUS(x509_check_signature(&ark, &ark, &why), STATUS_OK);
        CHECK_STATUS(x509_check_signature(&ark, &ask, &why),
                     STATUS_BAD_SIGNATURE);
        buffer_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_each_element),
        cmocka_unit_test(judges_each_extension),
        cmocka_unit_test(bounds_the_number_of_extensions),
        cmocka_unit_test(reads_every_field),
        cmocka_unit_test(checks_who_signed),
        cmocka_unit_test(checks_both_dates),
        cmocka_unit_test(refuses_prefixes_and_flips),
        cmocka_unit_test(parses_real_certificates),
        cmocka_unit_test(verifies_real_pss_chains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
