/* kds_request: what AMD's key service is asked, as URLs. */
#include "tests/support/check.h"

#include "collateral/kds_request.h"

#define KDS  "https://kdsintf.amd.com/vcek/v1/"
#define FF_8 "0102030405060708"
#define Z_8  "0000000000000000"
#define Z_56 Z_8 Z_8 Z_8 Z_8 Z_8 Z_8 Z_8

static const struct {
    const char *name;
    enum collateral_item item;
    enum snp_product product;
    const char *base; /* NULL: AMD's */
    const char *url;
} urls[] = {
    /* clang-format off */
    { "a Milan's certificate", ITEM_VCEK, SNP_MILAN, NULL,
      KDS "Milan/" FF_8 Z_56 "?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219" },
    { "a Genoa's certificate", ITEM_VCEK, SNP_GENOA, NULL,
      KDS "Genoa/" FF_8 Z_56 "?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219" },
    { "a Turin's, whose id is short and TCB long", ITEM_VCEK, SNP_TURIN, NULL,
      KDS "Turin/" FF_8 "?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219&fmcSPL=01" },
    { "a list", ITEM_ARK_CRL, SNP_GENOA, NULL, KDS "Genoa/crl" },
    { "a cache of one's own, with a slash", ITEM_ARK_CRL, SNP_MILAN,
      "https://kds.example/", "https://kds.example/vcek/v1/Milan/crl" },
    /* clang-format on */
};

static void asks_for_each_item_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        const struct want want = {
            .item = urls[i].item,
            .product = urls[i].product,
            .chip_id = { 1, 2, 3, 4, 5, 6, 7, 8 },
            .snp_tcb = { .fmc = 1,
                         .bootloader = 4,
                         .snp = 24,
                         .microcode = 219 },
        };
        const struct collateral_source source = { .kind = SOURCE_KDS,
                                                  .url = urls[i].base };
        struct pcs_request request;
        struct why why;

        print_message("  %s\n", urls[i].name);
        CHECK_STATUS(kds_request_for(&want, &source, &request, &why),
                     STATUS_OK);
        assert_string_equal(request.url, urls[i].url);
        assert_null(request.headers[0]);
    }
}

static void refuses_a_base_that_is_too_long_or_not_allowed(void **state)
{
    static const char *const bases[] = { "http://kds.example", "kds", "" };
    const struct want want = { .item = ITEM_ARK_CRL, .product = SNP_MILAN };
    char base[URL_MAX_BYTES];
    struct collateral_source source = { .kind = SOURCE_KDS, .url = base };
    struct pcs_request request;
    struct why why;

    (void)state;
    memset(base, 'a', sizeof(base) - 1);
    base[sizeof(base) - 1] = '\0';
    memcpy(base, "https://", 8);
    CHECK_STATUS(kds_request_for(&want, &source, &request, &why),
                 STATUS_BAD_CONFIG);
    for (size_t i = 0; i < COUNT_OF(bases); i++) {
        source.url = bases[i];
        CHECK_STATUS(kds_request_for(&want, &source, &request, &why),
                     STATUS_BAD_CONFIG);
        assert_string_equal(request.url, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_each_item_at_its_place),
        cmocka_unit_test(refuses_a_base_that_is_too_long_or_not_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
