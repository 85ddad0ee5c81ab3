/* A PEM text, as a chain of each kind. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "verifier/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct chain chain;
    struct trust_root root = { 0 };

    for (enum chain_kind kind = CHAIN_PCK; kind < CHAIN_KIND_COUNT; kind++) {
        struct why why = { 0 };

        if (chain_parse(kind, slice_of(data, size), &chain, &why) !=
            STATUS_OK) {
            assert(why.status != STATUS_OK && chain.count == 0);
            continue;
        }
        /* Pin what it brings, so that the checks go on behind the root. */
        if (chain_root(&chain)->key.bytes.len == sizeof(root.key) &&
            chain_root(&chain)->subject.len <= sizeof(root.name)) {
            memcpy(root.key, chain_root(&chain)->key.bytes.at,
                   sizeof(root.key));
            root.name_len = chain_root(&chain)->subject.len;
            memcpy(root.name, chain_root(&chain)->subject.at, root.name_len);
        }
        (void)!chain_check_roles(&chain, &root, &why);
        (void)!chain_check_dates(&chain, 1780272000, &why);
    }
    return 0;
}
