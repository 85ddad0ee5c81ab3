/* tests/support/good_claims.h: claims of healthy TEEs, to be bent by tests. */
#ifndef TESTS_SUPPORT_GOOD_CLAIMS_H
#define TESTS_SUPPORT_GOOD_CLAIMS_H

#include "verifier/claims.h"

/* When they are good: the TCB is ten days old, the collateral has twenty. */
#define GOOD_NOW 1780000000
#define DAY_S    (24 * 60 * 60)

/* A TD, UpToDate at evaluation 19, whose measurements are those of D96. */
struct claims good_claims_tdx(void);

/* An enclave, likewise, of D64: product 7 at version 3. */
struct claims good_claims_sgx(void);

/* A guest, of D96, with AMD's list checked; its TCB is 4.0.22 at 213. */
struct claims good_claims_snp(void);

#endif
