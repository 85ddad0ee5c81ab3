/* frame_read() on any record: it has one reading, so that writing what was
 * read gives the same bytes. */
#include <assert.h>
#include <stdlib.h>

#include "proxy/tunnel/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct wire_in in = wire_in_over(slice_of(data, len), WIRE_DETERMINISTIC);
    uint8_t *again = malloc(len + 1);
    struct builder b = builder_over(again, len + 1);
    size_t read = 0;

    assert(again != NULL);
    while (!wire_in_finish(&in)) {
        struct frame f;
        struct why why;

        if (frame_read(&in, &f, &why) != STATUS_OK)
            break;
        read = len - in.left.len;
        frame_write(&f, &b);
        assert(builder_ok(&b));
    }
    assert(slice_equal(builder_view(&b), slice_of(data, read)));
    free(again);
    return 0;
}
