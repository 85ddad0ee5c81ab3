/* ws_handshake_check_response() on any bytes, as a head and as what comes
 * before its end. */
#include <assert.h>

#include "proxy/io/ws_handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ws_request r = { .key = "dGhlIHNhbXBsZSBub25jZQ==",
                                  .protocol = "veritee.2" };
    struct slice bytes = { data, size };
    size_t head = ws_handshake_head_length(bytes);
    struct why why;

    if (ws_handshake_check_response(bytes, &r, &why) == STATUS_OK)
        assert(head == size);
    else
        assert(why.status != STATUS_OK);
    return 0;
}
