/* One revocation list: parse it, and look a certificate of its issuer up. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "verifier/crl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct x509_labels labels = X509_LABELS("cert");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t serial[] = { 0x7e, 0x00, 0x01 };
    struct x509 cert = { .labels = &labels, .serial = SLICE_OF(serial) };
    struct crl crl;
    struct why why = { 0 };

    if (crl_parse(CRL_PCK, slice_of(data, size), &crl, &why) != STATUS_OK) {
        assert(why.status != STATUS_OK && crl.count == 0);
        return 0;
    }
    cert.issuer = crl.issuer;
    (void)!crl_check_cert(&crl, &cert, &why);
    (void)!crl_check_dates(&crl, 1780272000, &why);
    return 0;
}
