/* The extensions of a certificate, of which one may be Intel's. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "verifier/pck_ext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct x509_labels labels = X509_LABELS("cert");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct x509 cert = { .labels = &labels,
                         .extensions = slice_of(data, size) };
    struct pck_ext ext;
    struct why why = { 0 };
    enum status st = pck_ext_read(&cert, &ext, &why);

    assert(st == why.status);
    assert(st == STATUS_OK || slice_is_zero(SLICE_OF(ext.component_svns)));
    return 0;
}
