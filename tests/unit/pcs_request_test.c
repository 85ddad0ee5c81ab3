/* pcs_request: URLs, headers with chains, and the encodings of lists. */
#include "tests/support/check.h"

#include "collateral/pcs_request.h"

/* --- URLs ----------------------------------------------------------------- */

#define PCS  "https://api.trustedservices.intel.com"
#define PCCS "https://pccs.example:8081"
#define V4   "/certification/v4/"
#define STANDARD                                                               \
    {                                                                          \
        UPDATE_STANDARD, 0                                                     \
    }
#define EARLY                                                                  \
    {                                                                          \
        UPDATE_EARLY, 0                                                        \
    }

static const struct {
    const char *name;
    enum collateral_item item;
    enum tee_type tee;
    bool platform_ca;
    struct collateral_update update;
    enum source_kind kind;
    const char *base; /* NULL: Intel's */
    const char *url;
    const char *header; /* NULL: none */
} urls[] = {
    /* clang-format off */
    { "TCB info of TDX", ITEM_TCB_INFO, TEE_TDX, false, STANDARD, SOURCE_PCS, NULL,
      PCS "/tdx" V4 "tcb?fmspc=90c06f000000", "TCB-Info-Issuer-Chain" },
    { "TCB info of SGX", ITEM_TCB_INFO, TEE_SGX, false, STANDARD, SOURCE_PCS, NULL,
      PCS "/sgx" V4 "tcb?fmspc=90c06f000000", "TCB-Info-Issuer-Chain" },
    { "the newest TCB info", ITEM_TCB_INFO, TEE_TDX, false, EARLY, SOURCE_PCS, NULL,
      PCS "/tdx" V4 "tcb?fmspc=90c06f000000&update=early", "TCB-Info-Issuer-Chain" },
    { "a TCB info by number", ITEM_TCB_INFO, TEE_TDX, false, { UPDATE_NUMBER, 19 },
      SOURCE_PCS, NULL,
      PCS "/tdx" V4 "tcb?fmspc=90c06f000000&tcbEvaluationDataNumber=19",
      "TCB-Info-Issuer-Chain" },
    { "QE identity of TDX", ITEM_QE_IDENTITY, TEE_TDX, false, STANDARD, SOURCE_PCS, NULL,
      PCS "/tdx" V4 "qe/identity", "SGX-Enclave-Identity-Issuer-Chain" },
    { "QE identity of SGX", ITEM_QE_IDENTITY, TEE_SGX, false, STANDARD, SOURCE_PCS, NULL,
      PCS "/sgx" V4 "qe/identity", "SGX-Enclave-Identity-Issuer-Chain" },
    { "the newest QE identity", ITEM_QE_IDENTITY, TEE_SGX, false, EARLY, SOURCE_PCS, NULL,
      PCS "/sgx" V4 "qe/identity?update=early", "SGX-Enclave-Identity-Issuer-Chain" },
    { "a QE identity by number", ITEM_QE_IDENTITY, TEE_SGX, false, { UPDATE_NUMBER, 20 },
      SOURCE_PCS, NULL,
      PCS "/sgx" V4 "qe/identity?tcbEvaluationDataNumber=20",
      "SGX-Enclave-Identity-Issuer-Chain" },
    { "PCK CRL of the Platform CA", ITEM_PCK_CRL, TEE_NONE, true, STANDARD, SOURCE_PCS, NULL,
      PCS "/sgx" V4 "pckcrl?ca=platform&encoding=der", "SGX-PCK-CRL-Issuer-Chain" },
    { "PCK CRL of the Processor CA", ITEM_PCK_CRL, TEE_NONE, false, STANDARD, SOURCE_PCS, NULL,
      PCS "/sgx" V4 "pckcrl?ca=processor&encoding=der", "SGX-PCK-CRL-Issuer-Chain" },
    { "root CRL of Intel", ITEM_ROOT_CRL, TEE_NONE, false, STANDARD, SOURCE_PCS, NULL,
      "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der", NULL },
    { "root CRL of another PCS", ITEM_ROOT_CRL, TEE_NONE, false, STANDARD, SOURCE_PCS,
      "https://pcs.example", "https://pcs.example/IntelSGXRootCA.der", NULL },
    { "root CRL of a PCCS", ITEM_ROOT_CRL, TEE_NONE, false, STANDARD, SOURCE_PCCS, PCCS,
      PCCS "/sgx" V4 "rootcacrl", NULL },
    { "TCB data sets of TDX", ITEM_TCB_NUMBERS, TEE_TDX, false, STANDARD, SOURCE_PCS, NULL,
      PCS "/tdx" V4 "tcbevaluationdatanumbers",
      "TCB-Evaluation-Data-Numbers-Issuer-Chain" },
    { "TCB data sets of SGX", ITEM_TCB_NUMBERS, TEE_SGX, false, STANDARD, SOURCE_PCS, NULL,
      PCS "/sgx" V4 "tcbevaluationdatanumbers",
      "TCB-Evaluation-Data-Numbers-Issuer-Chain" },
    { "a PCCS", ITEM_TCB_INFO, TEE_TDX, false, STANDARD, SOURCE_PCCS, PCCS,
      PCCS "/tdx" V4 "tcb?fmspc=90c06f000000", "TCB-Info-Issuer-Chain" },
    { "final slashes", ITEM_QE_IDENTITY, TEE_TDX, false, STANDARD, SOURCE_PCCS, PCCS "//",
      PCCS "/tdx" V4 "qe/identity", "SGX-Enclave-Identity-Issuer-Chain" },
    { "the API's path, as other tools want it", ITEM_QE_IDENTITY, TEE_TDX, false, STANDARD,
      SOURCE_PCCS, PCCS "/sgx" V4,
      PCCS "/tdx" V4 "qe/identity", "SGX-Enclave-Identity-Issuer-Chain" },
    { "a path before it", ITEM_QE_IDENTITY, TEE_SGX, false, STANDARD, SOURCE_PCCS, PCCS "/mirror/",
      PCCS "/mirror/sgx" V4 "qe/identity", "SGX-Enclave-Identity-Issuer-Chain" },
    /* clang-format on */
};

static void asks_for_each_item_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        const struct want want = {
            .item = urls[i].item,
            .tee = urls[i].tee,
            .fmspc = { 0x90, 0xc0, 0x6f },
            .platform_ca = urls[i].platform_ca,
            .update = urls[i].update,
        };
        const struct collateral_source source = { .kind = urls[i].kind,
                                                  .url = urls[i].base };
        struct pcs_request request;
        struct why why;

        print_message("  %s\n", urls[i].name);
        CHECK_STATUS(pcs_request_for(&want, &source, &request, &why),
                     STATUS_OK);
        assert_string_equal(request.url, urls[i].url);
        if (urls[i].header == NULL)
            assert_null(request.headers[0]);
        else
            assert_string_equal(request.headers[0], urls[i].header);
    }
}

static void refuses_a_base_that_is_too_long_or_not_allowed(void **state)
{
    const struct want want = { .item = ITEM_PCK_CRL };
    char base[URL_MAX_BYTES];
    struct collateral_source source = { .kind = SOURCE_PCS, .url = base };
    struct pcs_request request;
    struct why why;

    (void)state;
    memset(base, 'a', sizeof(base) - 1);
    memcpy(base, "https://a/", 10);
    base[sizeof(base) - 1] = '\0';
    CHECK_STATUS(pcs_request_for(&want, &source, &request, &why),
                 STATUS_BAD_CONFIG);
    assert_int_equal(request.url[0], '\0');
    source.url = "http://pcs.example";
    CHECK_STATUS(pcs_request_for(&want, &source, &request, &why),
                 STATUS_BAD_CONFIG);
}

/* --- chains --------------------------------------------------------------- */

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END   "-----END CERTIFICATE-----"
#define LINE  "MIIClzCCAj6gAwIBAgIVAOw+Xj8hKPIf/9ZsEqEB6zcWxqkSMAoGCCqGSM49BAMC"
#define CHAIN BEGIN "\n" LINE "\nMAA=\n" END "\n" BEGIN "\nMIIB\n" END "\n"

static const struct {
    const char *name;
    const char *value;
    const char *pem; /* NULL: refused */
} chains[] = {
    /* clang-format off */
    { "percent-encoded, as the PCS sends it",
      "-----BEGIN%20CERTIFICATE-----%0A"
      "MIIClzCCAj6gAwIBAgIVAOw%2BXj8hKPIf%2F9ZsEqEB6zcWxqkSMAoGCCqGSM49BAMC%0A"
      "MAA%3D%0A-----END%20CERTIFICATE-----%0A"
      "-----BEGIN%20CERTIFICATE-----%0aMIIB%0a-----END%20CERTIFICATE-----%0a", CHAIN },
    { "plain, in lines",      CHAIN, CHAIN },
    { "plain, in one line",   BEGIN LINE "MAA=" END BEGIN "MIIB" END, CHAIN },
    { "spaces for newlines",  BEGIN " " LINE " MAA= " END " " BEGIN " MIIB " END, CHAIN },
    { "CR LF and a tab",      "\t" BEGIN "\r\n" LINE "MAA=\r\n" END "\r\n" BEGIN "MI IB" END, CHAIN },
    { "a partly encoded one", BEGIN "%0A" LINE "MAA%3d" END BEGIN "MIIB" END, CHAIN },
    { "nothing",              "", NULL },
    { "white space",          " ", NULL },
    { "encoded twice",        "-----BEGIN%2520CERTIFICATE-----%250AMIIB%250A", NULL },
    { "a plus for a space",   "-----BEGIN+CERTIFICATE-----MIIB" END, NULL },
    { "a percent alone",      BEGIN "MIIB" END "%", NULL },
    { "a percent and 1 digit", BEGIN "MIIB" END "%0", NULL },
    { "a percent and letters", BEGIN "MIIB" END "%zz", NULL },
    { "an encoded zero byte", BEGIN "MIIB%00" END, NULL },
    { "no end",               BEGIN "MIIB", NULL },
    { "no begin",             "MIIB" END, NULL },
    { "nothing inside",       BEGIN END, NULL },
    { "another label",        "-----BEGIN X509 CRL-----MIIB-----END X509 CRL-----", NULL },
    { "text before",          "hello " BEGIN "MIIB" END, NULL },
    { "text between",         BEGIN "MIIB" END "," BEGIN "MIIB" END, NULL },
    { "text after",           BEGIN "MIIB" END "x", NULL },
    { "a comment inside",     BEGIN "MIIB#" END, NULL },
    /* clang-format on */
};

static void reads_chains_encoded_and_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(chains); i++) {
        struct buffer out = buffer_with_max(4096);
        struct why why;
        enum status st =
            pcs_request_chain(slice_text(chains[i].value), &out, &why);

        print_message("  %s\n", chains[i].name);
        if (chains[i].pem == NULL) {
            CHECK_STATUS(st, STATUS_BAD_CERT);
        } else {
            CHECK_STATUS(st, STATUS_OK);
            assert_true(
                slice_equal(buffer_view(&out), slice_text(chains[i].pem)));
        }
        buffer_free(&out);
    }
}

static void says_when_there_is_no_room(void **state)
{
    struct buffer out = buffer_with_max(16);
    struct why why;

    (void)state;
    CHECK_STATUS(pcs_request_chain(slice_text(CHAIN), &out, &why),
                 STATUS_NO_MEMORY);
    buffer_free(&out);
    CHECK_STATUS(pcs_request_crl(slice_text("30303030303030303030303030303030"
                                            "303030303030"),
                                 &out, &why),
                 STATUS_NO_MEMORY);
    buffer_free(&out);
}

/* Whatever comes out is PEM that is read to the same PEM again. */
static void try_chain(struct slice value, void *ctx)
{
    struct buffer once = buffer_with_max(4096), twice = buffer_with_max(4096);
    struct why why;
    enum status st = pcs_request_chain(value, &once, &why);

    (void)ctx;
    if (st == STATUS_OK) {
        CHECK_STATUS(pcs_request_chain(buffer_view(&once), &twice, &why),
                     STATUS_OK);
        assert_true(slice_equal(buffer_view(&once), buffer_view(&twice)));
    } else {
        CHECK_STATUS(st, STATUS_BAD_CERT);
    }
    buffer_free(&once);
    buffer_free(&twice);
}

static void survives_every_prefix_and_flip_of_a_chain(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(chains); i++) {
        for_each_prefix(slice_text(chains[i].value), try_chain, NULL);
        for_each_flip(slice_text(chains[i].value), try_chain, NULL);
    }
}

/* --- revocation lists ----------------------------------------------------- */

#define DER      "\x30\x03\x02\x01\x05"
#define PEM(b64) "-----BEGIN X509 CRL-----\n" b64 "-----END X509 CRL-----\n"

static const struct {
    const char *name;
    const char *body;
    bool good;
} lists[] = {
    /* clang-format off */
    { "DER",                        DER, true },
    { "PEM",                        PEM("MAMCAQU=\n"), true },
    { "PEM in CR LF",               PEM("MAMC\r\nAQU=\r\n"), true },
    { "hexadecimal",                "3003020105", true },
    { "hexadecimal and a newline",  "3003020105\r\n", true },
    { "nothing",                    "", false },
    { "half a digit",               "300302010", false },
    { "digits and letters",         "3003020g05", false },
    { "two lines of digits",        "30030\n20105", false },
    { "PEM of a certificate",       "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n"
                                    "-----END CERTIFICATE-----\n", false },
    { "PEM without an end",         "-----BEGIN X509 CRL-----\nMAMCAQU=\n", false },
    { "PEM without padding",        PEM("MAMCAQU\n"), false },
    { "PEM and text behind it",     PEM("MAMCAQU=\n") "x", false },
    { "a page",                     "<html>", false },
    { "JSON",                       "{}", false },
    /* clang-format on */
};

static void reads_lists_in_three_encodings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct buffer out = buffer_with_max(4096);
        struct why why;
        enum status st = pcs_request_crl(slice_text(lists[i].body), &out, &why);

        print_message("  %s\n", lists[i].name);
        CHECK_STATUS(st, lists[i].good ? STATUS_OK : STATUS_BAD_CRL);
        if (lists[i].good)
            assert_true(slice_equal(buffer_view(&out), slice_text(DER)));
        buffer_free(&out);
    }
}

static void try_list(struct slice body, void *ctx)
{
    struct buffer out = buffer_with_max(4096);
    struct why why;
    enum status st = pcs_request_crl(body, &out, &why);

    (void)ctx;
    if (st != STATUS_OK)
        CHECK_STATUS(st, STATUS_BAD_CRL);
    buffer_free(&out);
}

static void survives_every_prefix_and_flip_of_a_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        for_each_prefix(slice_text(lists[i].body), try_list, NULL);
        for_each_flip(slice_text(lists[i].body), try_list, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_each_item_at_its_place),
        cmocka_unit_test(refuses_a_base_that_is_too_long_or_not_allowed),
        cmocka_unit_test(reads_chains_encoded_and_plain),
        cmocka_unit_test(says_when_there_is_no_room),
        cmocka_unit_test(survives_every_prefix_and_flip_of_a_chain),
        cmocka_unit_test(reads_lists_in_three_encodings),
        cmocka_unit_test(survives_every_prefix_and_flip_of_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
