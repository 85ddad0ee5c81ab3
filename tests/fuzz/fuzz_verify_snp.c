/* Whole verifications of reports: report, endorsement, the ARK's list, root and
 * a list of the user's own, each after its length (32 bits, little endian). The
 * corpus was made by the simulated AMD, at the time below. */
#include <assert.h>

#include "common/cursor.h"
#include "verifier/verify_snp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice part(struct cursor *c)
{
    return cursor_take(c, cursor_u32le(c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_over(slice_of(data, size));
    struct user_crl own = { .name = "own" };
    struct verify_snp_input in = { .now_unix = INT64_C(1795380000) };
    struct claims claims;
    struct verdict verdict;
    enum status st;

    in.report = part(&c);
    in.endorsement = part(&c);
    in.crl = part(&c);
    in.root_pem = part(&c);
    own.der = part(&c);
    if (!cursor_ok(&c))
        return 0;
    in.user_crls = &own;
    in.user_crl_count = own.der.len > 0 ? 1 : 0;
    st = verify_snp(&in, &claims, &verdict);
    assert((st == STATUS_OK) == (verdict_failed(&verdict) == NULL));
    assert((st == STATUS_OK) == (claims.tee == TEE_SEV_SNP));
    assert(st != STATUS_OK ||
           claims.snp.revocation_checked == (in.crl.len > 0));
    return 0;
}
