/* The signed object of the TCB data sets. The corpus was made by the simulated
 * TEE. */
#include <assert.h>

#include "verifier/tcb_numbers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tcb_numbers n;
    struct why why;

    if (tcb_numbers_parse(slice_of(data, size), &n, &why) == STATUS_OK) {
        assert(n.count > 0 && n.tee != TEE_NONE);
        assert(tcb_numbers_find(&n, tcb_numbers_greatest(&n)) != NULL);
    } else {
        assert(why.found[0] != '\0');
    }
    return 0;
}
