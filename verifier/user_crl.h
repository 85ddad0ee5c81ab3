/* verifier/user_crl.h: revocation lists that the user has.
 *
 * Used beside those of the collateral, never in their place, and checked as
 * strictly: made by a CA of the chain, current, well formed. A list of another
 * CA says nothing about this chain and is passed over. RFC 5280 section 5. */
#ifndef VERIFIER_USER_CRL_H
#define VERIFIER_USER_CRL_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/verify.h"
#include "verifier/x509.h"

#define USER_CRL_CERTS_MAX 8

/* Certificates that must not be on a list; they are checked already. */
struct user_crl_certs {
    size_t count;
    const struct x509 *at[USER_CRL_CERTS_MAX];
    /* A list speaks of all of them, whoever issued them: so AMD's does. Else
     * of those that its maker issued. */
    bool one_list;
};

/* Check |lists|, |count| of them, made by CAs among |certs|, against |certs|.
 * Returns STATUS_OK with |why->found| telling how many lists spoke, and their
 * dates added to |validity|; else STATUS_BAD_CRL, STATUS_MISMATCH,
 * STATUS_BAD_SIGNATURE, STATUS_NOT_YET, STATUS_EXPIRED or STATUS_REVOKED with
 * |why| filled, which names the list. */
MUST_CHECK enum status
user_crl_check(const struct user_crl *lists, size_t count,
               const struct user_crl_certs *certs, int64_t now_unix,
               struct validity_claims *validity, struct why *why);

#endif
