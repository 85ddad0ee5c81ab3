/* What a PCS or PCCS sends: chains in headers, and revocation lists. The first
 * byte chooses. What is read is read to the same again. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "collateral/pcs_request.h"

#define OUT_MAX (1024 * 1024)

typedef enum status reader(struct slice in, struct buffer *out,
                           struct why *why);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct buffer once = buffer_with_max(OUT_MAX);
    struct buffer twice = buffer_with_max(OUT_MAX);
    struct why why;
    reader *read;

    if (len == 0)
        return 0;
    read = bytes[0] % 2 == 0 ? pcs_request_chain : pcs_request_crl;
    if (read(slice_of(bytes + 1, len - 1), &once, &why) == STATUS_OK &&
        read == pcs_request_chain) {
        assert(read(buffer_view(&once), &twice, &why) == STATUS_OK);
        assert(slice_equal(buffer_view(&once), buffer_view(&twice)));
    }
    buffer_free(&once);
    buffer_free(&twice);
    return 0;
}
