/* pem: the certificates of a PEM text. */
#include "tests/support/check.h"

#include "common/buffer.h"
#include "common/text.h"
#include "tests/support/simulation.h"
#include "verifier/pem.h"

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END   "-----END CERTIFICATE-----"
#define BLOCK BEGIN "\nAQID\n" END "\n" /* 01 02 03 */
#define OTHER BEGIN "\nBA==\n" END "\n" /* 04 */

static enum status parse(struct slice text, struct pem *pem)
{
    struct why why = { 0 };
    enum status st = pem_parse(text, "chain", pem, &why);

    if (st == STATUS_OK) {
        assert_in_range(pem->count, 1, CHAIN_MAX_CERTS);
    } else {
        assert_int_equal(pem->count, 0);
        assert_int_equal(why.status, st);
        assert_string_equal(why.field, "chain");
    }
    return st;
}

#define TEXT(text) text, sizeof(text) - 1

static void splits_blocks(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        size_t len;
        enum status want;
        size_t count;
    } cases[] = {
        { "one block", TEXT(BLOCK), STATUS_OK, 1 },
        { "two blocks", TEXT(BLOCK OTHER), STATUS_OK, 2 },
        { "four blocks", TEXT(BLOCK BLOCK BLOCK BLOCK), STATUS_OK, 4 },
        { "five blocks", TEXT(BLOCK BLOCK BLOCK BLOCK BLOCK), STATUS_BAD_CHAIN,
          0 },
        { "text before the first", TEXT("subject=CN\n" BLOCK), STATUS_OK, 1 },
        { "text between", TEXT(BLOCK "subject=CN\n" BLOCK), STATUS_BAD_CERT,
          0 },
        { "text after the last", TEXT(BLOCK "x"), STATUS_BAD_CERT, 0 },
        { "blank lines", TEXT("\n\n" BLOCK "\n \t\r\n" BLOCK "\n\n"), STATUS_OK,
          2 },
        { "CR and LF", TEXT(BEGIN "\r\nAQ\r\nID\r\n" END "\r\n"), STATUS_OK,
          1 },
        { "no newline at all", TEXT(BEGIN "AQID" END), STATUS_OK, 1 },
        { "a NUL at the end", TEXT(BLOCK "\0"), STATUS_OK, 1 },
        { "several NULs at the end", TEXT(BLOCK "\0\0\0\0\0\0\0\0"), STATUS_OK,
          1 },
        { "a NUL between", TEXT(BLOCK "\0" BLOCK), STATUS_BAD_CERT, 0 },
        { "a NUL inside", TEXT(BEGIN "\nAQ\0ID\n" END "\n"), STATUS_BAD_CERT,
          0 },
        { "a space inside", TEXT(BEGIN "\nAQ ID\n" END "\n"), STATUS_BAD_CERT,
          0 },
        { "no padding", TEXT(BEGIN "\nBA\n" END "\n"), STATUS_BAD_CERT, 0 },
        { "no content", TEXT(BEGIN "\n" END "\n"), STATUS_BAD_CERT, 0 },
        { "headers inside", TEXT(BEGIN "\nA: b\n\nAQID\n" END "\n"),
          STATUS_BAD_CERT, 0 },
        { "no end", TEXT(BEGIN "\nAQID\n"), STATUS_BAD_CERT, 0 },
        { "a block in a block", TEXT(BEGIN "\n" BLOCK), STATUS_BAD_CERT, 0 },
        { "another kind of block",
          TEXT("-----BEGIN X509 CRL-----\nAQID\n-----END X509 CRL-----\n"),
          STATUS_BAD_CERT, 0 },
        { "nothing", TEXT(""), STATUS_BAD_CERT, 0 },
        { "only text", TEXT("no certificate here\n"), STATUS_BAD_CERT, 0 },
    };
    static struct pem pem;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum status st = parse(slice_of(cases[i].text, cases[i].len), &pem);

        if (st != cases[i].want || pem.count != cases[i].count)
            fail_msg("%s: %s, %zu", cases[i].name, status_name(st), pem.count);
    }
}

static void keeps_order_and_bytes(void **state)
{
    static struct pem pem;

    (void)state;
    CHECK_STATUS(parse(slice_text(BLOCK OTHER), &pem), STATUS_OK);
    assert_true(slice_equal(pem.certs[0], slice_of("\1\2\3", 3)));
    assert_true(slice_equal(pem.certs[1], slice_of("\4", 1)));
}

/* A block of |len| bytes. */
static enum status parse_large(size_t len, struct pem *pem)
{
    static uint8_t der[CERT_MAX_BYTES + 1];
    static char base64[TEXT_BASE64_ROOM(CERT_MAX_BYTES + 1)];
    struct buffer text = buffer_with_max(2 * sizeof(base64));
    enum status st;

    text_base64(slice_of(der, len), base64, sizeof(base64));
    buffer_printf(&text, BEGIN "\n%s\n" END, base64);
    assert_true(buffer_ok(&text));
    st = parse(buffer_view(&text), pem);
    buffer_free(&text);
    return st;
}

static void bounds_a_certificate(void **state)
{
    static struct pem pem;

    (void)state;
    CHECK_STATUS(parse_large(CERT_MAX_BYTES, &pem), STATUS_OK);
    assert_int_equal(pem.certs[0].len, CERT_MAX_BYTES);
    CHECK_STATUS(parse_large(CERT_MAX_BYTES + 1, &pem), STATUS_BAD_CERT);
}

static void try_any(struct slice text, void *ctx)
{
    (void)parse(text, ctx);
}

static void survives_prefixes_and_flips(void **state)
{
    static struct pem pem;
    struct sim *sim = simulation_new(NULL);

    (void)state;
    CHECK_STATUS(parse(sim_pck_chain(sim), &pem), STATUS_OK);
    assert_int_equal(pem.count, 3);
    for_each_prefix(sim_pck_chain(sim), try_any, &pem);
    for_each_flip(sim_root_pem(sim), try_any, &pem);
    sim_free(sim);
}

/* --- revocation lists --- */

#define CRL_BEGIN "-----BEGIN X509 CRL-----"
#define CRL_END   "-----END X509 CRL-----"
#define CRL_BLOCK CRL_BEGIN "\nAQID\n" CRL_END "\n"

static void reads_one_revocation_list(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        size_t len;
        enum status want;
    } cases[] = {
        { "one block", TEXT(CRL_BLOCK), STATUS_OK },
        { "text before it", TEXT("Issuer: x\n" CRL_BLOCK), STATUS_OK },
        { "two blocks", TEXT(CRL_BLOCK CRL_BLOCK), STATUS_BAD_CRL },
        { "text behind it", TEXT(CRL_BLOCK "x"), STATUS_BAD_CRL },
        { "no end", TEXT(CRL_BEGIN "\nAQID\n"), STATUS_BAD_CRL },
        { "nothing in it", TEXT(CRL_BEGIN "\n" CRL_END), STATUS_BAD_CRL },
        { "more than fits", TEXT(CRL_BEGIN "\nAQIDBA==\n" CRL_END),
          STATUS_BAD_CRL },
        { "a certificate", TEXT(BLOCK), STATUS_BAD_CRL },
        { "nothing", TEXT(""), STATUS_BAD_CRL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t out[3];
        size_t len = 9;
        struct why why = { 0 };
        enum status st = pem_parse_crl(slice_of(cases[i].text, cases[i].len),
                                       "crl", out, sizeof(out), &len, &why);

        if (st != cases[i].want || why.status != st)
            fail_msg("%s: %s", cases[i].name, status_name(st));
        assert_int_equal(len, st == STATUS_OK ? 3 : 0);
        if (st == STATUS_OK)
            assert_memory_equal(out, "\1\2\3", 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_one_revocation_list),
        cmocka_unit_test(splits_blocks),
        cmocka_unit_test(keeps_order_and_bytes),
        cmocka_unit_test(bounds_a_certificate),
        cmocka_unit_test(survives_prefixes_and_flips),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
