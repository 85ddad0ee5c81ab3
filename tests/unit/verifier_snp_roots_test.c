#include "tests/support/check.h"

#include "common/text.h"
#include "verifier/pem.h"
#include "verifier/snp_roots.h"
#include "verifier/wolf.h"
#include "verifier/x509.h"

static const struct x509_labels labels = X509_LABELS("root");

/* As AMD serves them: SHA-256 of the DER. */
static const struct known {
    enum snp_product product;
    enum snp_signer signer; /* SNP_NO_SIGNER: the root */
    const char *name;
    const char *sha256;
} known[] = {
    /* clang-format off */
    { SNP_MILAN, SNP_NO_SIGNER, "ARK-Milan", "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd" },
    { SNP_MILAN, SNP_VCEK, "SEV-Milan", "67d303bd3905fd38db8b20e0793699870e7fa612eaad5dec358293fd8c0bac1b" },
    { SNP_MILAN, SNP_VLEK, "SEV-VLEK-Milan", "c5e081f59b7efab1fe2f8b505e159704e72f29cab7ef7cf628a05a42439082f5" },
    { SNP_GENOA, SNP_NO_SIGNER, "ARK-Genoa", "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1" },
    { SNP_GENOA, SNP_VCEK, "SEV-Genoa", "5464738c1546aed5f2cecf1dc98c5c960a92e8913238a61711bc90ec6e828521" },
    { SNP_GENOA, SNP_VLEK, "SEV-VLEK-Genoa", "197e610743a917d6b9bb982a5a9226ccc0a15b611be0619e626aca9151457372" },
    { SNP_TURIN, SNP_NO_SIGNER, "ARK-Turin", "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a" },
    { SNP_TURIN, SNP_VCEK, "SEV-Turin", "5b77ef5fe7a7a004fd9032668fba9d0fda22f88c4442069a479636a6ae3b3185" },
    { SNP_TURIN, SNP_VLEK, "SEV-VLEK-Turin", "104e10a8bd060a3c20a434261a57d0588fd65a88915b4f65b08bdecaf8df1a3c" },
    /* clang-format on */
};

static void parse(struct slice text, struct pem *pem, struct x509 *cert)
{
    struct why why;

    CHECK_STATUS(pem_parse(text, "root", pem, &why), STATUS_OK);
    assert_int_equal(pem->count, 1);
    CHECK_STATUS(x509_parse(pem->certs[0], &labels, cert, &why), STATUS_OK);
}

static void each_is_the_one_that_is_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        const struct known *k = &known[i];
        uint8_t digest[WOLF_SHA256_BYTES];
        uint8_t want[WOLF_SHA256_BYTES];
        struct x509 cert;
        struct pem pem;

        parse(k->signer == SNP_NO_SIGNER ? snp_roots_ark(k->product)
                                         : snp_roots_ask(k->product, k->signer),
              &pem, &cert);
        assert_true(slice_equal(cert.common_name, slice_text(k->name)));
        wolf_sha256(cert.der, (struct slice){ 0 }, digest);
        assert_true(text_from_hex(slice_text(k->sha256), want, sizeof(want)));
        assert_memory_equal(digest, want, sizeof(want));
    }
}

static void each_root_signed_itself_and_its_two(void **state)
{
    static const enum snp_product products[] = { SNP_MILAN, SNP_GENOA,
                                                 SNP_TURIN };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(products); i++) {
        struct x509 ark, ask, asvk;
        struct pem pems[3];
        struct why why;

        parse(snp_roots_ark(products[i]), &pems[0], &ark);
        parse(snp_roots_ask(products[i], SNP_VCEK), &pems[1], &ask);
        parse(snp_roots_ask(products[i], SNP_VLEK), &pems[2], &asvk);
        assert_true(slice_equal(ark.issuer, ark.subject));
        assert_true(slice_equal(ask.issuer, ark.subject));
        assert_true(slice_equal(asvk.issuer, ark.subject));
        CHECK_STATUS(x509_check_signature(&ark, &ark, &why), STATUS_OK);
        CHECK_STATUS(x509_check_signature(&ask, &ark, &why), STATUS_OK);
        CHECK_STATUS(x509_check_signature(&asvk, &ark, &why), STATUS_OK);
        CHECK_STATUS(x509_check_signature(&ask, &asvk, &why),
                     STATUS_BAD_SIGNATURE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_the_one_that_is_published),
        cmocka_unit_test(each_root_signed_itself_and_its_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
