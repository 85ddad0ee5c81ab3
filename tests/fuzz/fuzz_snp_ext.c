/* The extensions of a VCEK or VLEK; the first byte says which of the two. */
#include <assert.h>
#include <string.h>

#include "verifier/snp_ext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct x509_labels labels = X509_LABELS("cert");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct x509 cert = { .labels = &labels };
    struct snp_ext ext;
    struct why why = { 0 };
    enum status st;

    if (size == 0)
        return 0;
    cert.common_name = slice_text((data[0] & 1) == 0 ? "SEV-VCEK" : "SEV-VLEK");
    cert.extensions = slice_of(data + 1, size - 1);
    st = snp_ext_read(&cert, &ext, &why);
    assert(st == why.status);
    assert((st == STATUS_OK) == (ext.product != SNP_NO_PRODUCT));
    assert(memchr(ext.csp_id, '\0', sizeof(ext.csp_id)) != NULL);
    return 0;
}
