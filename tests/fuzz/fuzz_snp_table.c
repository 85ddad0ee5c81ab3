/* Tables of SEV-SNP certificates. The corpus was written by hand. */
#include <assert.h>

#include "proxy/server/snp_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct slice part, const uint8_t *data, size_t size)
{
    assert(part.len == 0 || (part.at >= data && part.len <= size &&
                             (size_t)(part.at - data) <= size - part.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct snp_table t;
    struct why why = { 0 };
    enum status st = snp_table_parse(slice_of(data, size), &t, &why);

    assert(st == why.status);
    check_inside(t.vcek, data, size);
    check_inside(t.ask, data, size);
    check_inside(t.ark, data, size);
    return 0;
}
