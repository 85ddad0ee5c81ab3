/* A line of the audit log: whoever can write to the folder wrote it. */
#include <stddef.h>
#include <stdint.h>

#include "proxy/local/audit_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t prev[LEDGER_HASH_BYTES];
    struct audit_entry e;
    struct why why;

    if (audit_entry_read(slice_of(data, size), &e, prev, &why) != STATUS_OK &&
        e.id != 0)
        __builtin_trap();
    return 0;
}
