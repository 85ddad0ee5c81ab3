/* Files with their names in one blob of the ledger. The corpus was written by
 * hand. */
#include <assert.h>

#include "proxy/local/satchel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_over(slice_of(data, size));
    struct slice name, body, found;
    size_t used = 0;

    while (satchel_next(&c, &name, &body)) {
        used += 8 + name.len + body.len;
        assert(used <= size);
        assert(satchel_find(slice_of(data, size), name, &found));
    }
    assert(!cursor_ok(&c) || used == size);
    return 0;
}
