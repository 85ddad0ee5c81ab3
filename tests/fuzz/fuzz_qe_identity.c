/* The signed object of a QE identity. The corpus was made by the simulated
 * TEE. */
#include <assert.h>

#include "verifier/qe_identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qe_identity id;
    struct why why;

    if (qe_identity_parse(slice_of(data, size), &id, &why) == STATUS_OK) {
        assert(id.levels.count > 0 && id.levels.count <= ISV_LEVELS_MAX);
        (void)tcb_level_match_isv(&id.levels, 8);
    } else {
        assert(why.found[0] != '\0');
    }
    return 0;
}
