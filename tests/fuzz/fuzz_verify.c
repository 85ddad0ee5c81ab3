/* Whole verifications: quote, root and the seven items, each after its length
 * (32 bits, little endian). The corpus was made by the simulated TEE, at the
 * time below. */
#include <assert.h>

#include "common/cursor.h"
#include "verifier/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice part(struct cursor *c)
{
    return cursor_take(c, cursor_u32le(c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_over(slice_of(data, size));
    struct collateral_set set;
    struct verify_input in = { .collateral = &set,
                               .now_unix = INT64_C(1780272000) };
    struct claims claims;
    struct verdict verdict;
    enum status st;

    in.quote = part(&c);
    in.root_der = part(&c);
    set.tcb_info = part(&c);
    set.tcb_info_chain = part(&c);
    set.qe_identity = part(&c);
    set.qe_identity_chain = part(&c);
    set.pck_crl = part(&c);
    set.pck_crl_chain = part(&c);
    set.root_crl = part(&c);
    if (!cursor_ok(&c))
        return 0;
    st = verify_quote(&in, &claims, &verdict);
    assert((st == STATUS_OK) == (verdict_failed(&verdict) == NULL));
    assert((st == STATUS_OK) == (claims.tee != TEE_NONE));
    return 0;
}
