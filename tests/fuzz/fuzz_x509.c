/* One certificate: parse it, and if it parses, ask it everything. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "verifier/pck_ext.h"
#include "verifier/root.h"
#include "verifier/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct x509_labels labels = X509_LABELS("cert");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct x509 cert;
    struct pck_ext ext;
    struct trust_root root;
    struct why why = { 0 };

    if (x509_parse(slice_of(data, size), &labels, &cert, &why) != STATUS_OK) {
        assert(why.status != STATUS_OK && cert.labels == NULL);
        return 0;
    }
    (void)!x509_check_dates(&cert, 1780272000, &why);
    (void)!pck_ext_read(&cert, &ext, &why);
    (void)!root_read(slice_of(data, size), &root, &why);
    return 0;
}
