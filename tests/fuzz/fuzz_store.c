/* A file of the store, changed on disk. What is read is written the same. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "collateral/store.h"

#define NAME "root_ca_crl-intel"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct buffer again = buffer_with_max(len + 4096);
    struct store_entry entry;
    struct why why;

    if (store_decode(NAME, slice_of(bytes, len), &entry, &why) == STATUS_OK) {
        store_encode(NAME, &entry, &again);
        assert(slice_equal(buffer_view(&again), slice_of(bytes, len)));
    }
    buffer_free(&again);
    return 0;
}
