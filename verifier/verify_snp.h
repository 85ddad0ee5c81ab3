/* verifier/verify_snp.h: an AMD SEV-SNP report in, claims and a verdict out.
 *
 * As verify.h: an ordered constant table of checks, pure, no global state,
 * thread-safe. AMD publishes no TCB statuses: the claims tell the TCB's
 * versions, and which of them suffice is the policy's question.
 * AMD 56860, SEV-SNP firmware ABI; 57230, VCEK certificate and KDS. */
#ifndef VERIFIER_VERIFY_SNP_H
#define VERIFIER_VERIFY_SNP_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/verify.h"

struct verify_snp_input {
    struct slice report;      /* trailing bytes are tolerated */
    struct slice endorsement; /* VCEK or VLEK: DER, or PEM, whose first
                               * certificate counts and no other */
    struct slice crl;         /* the ARK's, DER; empty: revocation unchecked */
    struct slice root_pem;    /* replaces AMD's: ASK or ASVK, then its ARK, PEM;
                               * empty: those built in */
    int64_t now_unix;         /* from the caller: never from a peer */
    /* Further revocation lists, beside |crl|. */
    const struct user_crl *user_crls;
    size_t user_crl_count;
    explain_fn *explain; /* told what each check looked at; NULL: nobody */
    void *explain_ctx;
};

/* Verify |in|. Returns STATUS_OK when every check passes; else the status of
 * the failed check, or STATUS_NO_MEMORY. |claims| is all zero unless OK;
 * |verdict| is always filled. Borrows |in| only during the call. */
MUST_CHECK enum status verify_snp(const struct verify_snp_input *in,
                                  struct claims *claims,
                                  struct verdict *verdict);

#endif
