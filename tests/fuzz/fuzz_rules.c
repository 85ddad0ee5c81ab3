/* proxy/server/rules.h: the first line is asked for, the rest are rules. */
#include "proxy/server/rules.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *end = len == 0 ? NULL : memchr(data, '\n', len);
    size_t cut = end == NULL ? len : (size_t)(end - data);
    size_t skip = end == NULL ? cut : cut + 1;
    struct rules_backend to;
    struct rules *r;
    struct why why;
    enum status st;

    if (rules_new(&r) != STATUS_OK)
        return 0;
    st = rules_add_text(r, slice_of(data + skip, len - skip), "fuzz", &why);
    if (st != STATUS_OK && why.status != st)
        abort(); /* a refusal without its reason */
    st = rules_find(r, slice_of(data, cut), &to);
    if ((st == STATUS_OK) != (to.host.len > 0))
        abort(); /* a backend without a rule, or the other way round */
    rules_let_go(r);
    return 0;
}
