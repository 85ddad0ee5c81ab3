/* Quotes: the structure, and what is read of a quote before it is verified.
 * The corpus was made by the simulated TEE. */
#include <assert.h>

#include "verifier/quote.h"
#include "verifier/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_of(data, size);
    struct quote q;
    struct quote_platform platform;
    struct why why;
    enum status st = quote_parse(bytes, &q, &why);

    if (st == STATUS_OK) {
        assert(q.auth.signature.len == 64 && q.auth.key.len == 64);
        assert(q.auth.qe_report.len == REPORT_SGX_BYTES);
        assert(q.auth.qe_signature.len == 64);
        assert(q.signed_part.len < size);
    }
    if (quote_platform_read(bytes, &platform, &why) == STATUS_OK)
        assert(st == STATUS_OK && platform.tee == q.tee);
    return 0;
}
