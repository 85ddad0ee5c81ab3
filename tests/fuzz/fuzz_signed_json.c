/* JSON that nothing vouches for yet: the extent of the signed object.
 * The corpus was made by the simulated TEE. */
#include <assert.h>

#include "verifier/json.h"
#include "verifier/signed_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct signed_json item;
    struct why why;

    if (signed_json_parse(text, "tcbInfo", "fuzz", &item, &why) == STATUS_OK) {
        struct json whole = json_over(text);
        struct json body = json_over(item.body);

        (void)json_raw(&whole);
        json_end(&whole);
        assert(json_ok(&whole));
        assert(slice_equal(json_raw(&body), item.body));
        json_end(&body);
        assert(json_ok(&body));
    }
    return 0;
}
