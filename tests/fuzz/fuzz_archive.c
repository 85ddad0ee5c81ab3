/* A bundle of collateral, and the items in it up to their signatures. */
#include <assert.h>

#include "collateral/archive.h"
#include "collateral/store.h"
#include "collateral/want.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_item(struct slice file)
{
    struct collateral_update update;
    enum collateral_item item;
    struct store_entry entry;
    char name[WANT_NAME_ROOM];
    struct why why;

    if (!store_read_name(file, name, sizeof(name)))
        return;
    (void)want_read_name(name, &item, &update);
    (void)store_decode(name, file, &entry, &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct archive_in a;
    struct slice file = { 0 };
    struct why why;
    enum status st = archive_open(slice_of(data, size), &a, &why);

    while (st == STATUS_OK) {
        st = archive_next(&a, &file, &why);
        if (st != STATUS_OK || file.len == 0)
            break;
        assert(file.at >= data && file.at + file.len <= data + size);
        read_item(file);
    }
    return 0;
}
