/* The signed object of TCB info. The corpus was made by the simulated TEE. */
#include <assert.h>

#include "verifier/tcb_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tcb_info info;
    const uint8_t svns[TCB_COMPONENTS] = { 1, 1, 1 };
    const struct tcb_svns platform = { svns, 9, svns };
    struct why why;

    if (tcb_info_parse(slice_of(data, size), &info, &why) == STATUS_OK) {
        assert(info.level_count > 0 && info.tee != TEE_NONE);
        (void)tcb_level_match(info.levels, info.level_count, &platform);
    } else {
        assert(why.found[0] != '\0');
    }
    return 0;
}
