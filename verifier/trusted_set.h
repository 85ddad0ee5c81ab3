/* verifier/trusted_set.h: collateral whose every signature was checked.
 *
 * What stays true of a collateral set however often and whenever it is used:
 * shapes, chains, signatures and revocations, but no dates. Made row by row
 * by the checks below, in the order of verify.c's table. Made once, it serves
 * any number of quotes (verify_quote_with()). */
#ifndef VERIFIER_TRUSTED_SET_H
#define VERIFIER_TRUSTED_SET_H

#include <stdint.h>

#include "common/compiler.h"
#include "verifier/chain.h"
#include "verifier/collateral_set.h"
#include "verifier/crl.h"
#include "verifier/qe_identity.h"
#include "verifier/root.h"
#include "verifier/signed_json.h"
#include "verifier/tcb_info.h"

/* Chains point into themselves, so the struct must stay where it is. Large:
 * it lives on the heap. */
struct trusted_set {
    struct collateral_set raw; /* borrowed, or in |copy| */
    struct slice root_der;     /* likewise; empty: the built-in root */
    uint8_t *copy;             /* owned; NULL when |raw| is borrowed */

    struct trust_root root;
    struct chain pck_crl_chain;
    struct crl root_crl;
    struct crl pck_crl;
    struct chain tcb_info_chain;
    struct signed_json tcb_info_text;
    struct tcb_info tcb_info;
    struct chain qe_identity_chain;
    struct signed_json qe_identity_text;
    struct qe_identity qe_identity;
};

/* The checks of the table that look at collateral alone. Each returns
 * STATUS_OK, with |why->found| saying what was seen, or the status of the
 * defect with |why| filled. Each relies on those above it. */
typedef enum status trusted_set_check(struct trusted_set *set, struct why *why);

trusted_set_check trusted_set_root;
trusted_set_check trusted_set_crl_chain;
trusted_set_check trusted_set_root_crl;
trusted_set_check trusted_set_crl_signer;
trusted_set_check trusted_set_pck_crl;
trusted_set_check trusted_set_tcb_chain;
trusted_set_check trusted_set_tcb_signer;
trusted_set_check trusted_set_tcb_signature;
trusted_set_check trusted_set_tcb_info;
trusted_set_check trusted_set_qe_chain;
trusted_set_check trusted_set_qe_signer;
trusted_set_check trusted_set_qe_signature;
trusted_set_check trusted_set_qe_identity;

/* The checks of dates: |now_unix| must be within them, both ends included. */
typedef enum status trusted_set_dates(const struct trusted_set *set,
                                      int64_t now_unix, struct why *why);

trusted_set_dates trusted_set_root_crl_dates;
trusted_set_dates trusted_set_crl_chain_dates;
trusted_set_dates trusted_set_pck_crl_dates;
trusted_set_dates trusted_set_tcb_chain_dates;
trusted_set_dates trusted_set_tcb_info_dates;
trusted_set_dates trusted_set_qe_chain_dates;
trusted_set_dates trusted_set_qe_identity_dates;

/* The same for any chain. */
MUST_CHECK enum status trusted_set_dates_of(const struct chain *chain,
                                            int64_t now_unix, struct why *why);

/* A set, still unchecked, with a copy of |raw| and |root_der|; NULL when out
 * of memory. */
struct trusted_set *trusted_set_copy(const struct collateral_set *raw,
                                     struct slice root_der);

/* Free it and what it owns; NULL is allowed. */
void trusted_set_free(struct trusted_set *set);

#endif
