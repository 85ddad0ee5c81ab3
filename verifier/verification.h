/* verifier/verification.h: one verification under way, and its checks.
 *
 * For verify.c and the files of the checks; others need verify.h only. */
#ifndef VERIFIER_VERIFICATION_H
#define VERIFIER_VERIFICATION_H

#include <stdint.h>

#include "verifier/chain.h"
#include "verifier/claims.h"
#include "verifier/pck_ext.h"
#include "verifier/quote.h"
#include "verifier/tcb_level.h"
#include "verifier/trusted_set.h"
#include "verifier/user_crl.h"

/* How Intel rates what a report says of its TCB. Borrows from the set. */
struct tcb_match {
    const struct tcb_rating *platform;
    const struct tcb_rating *module; /* NULL: the platform's level covers it */
};

/* Filled row by row; what a row fills, those below it may rely on. Large: it
 * lives on the heap, and must stay where it is. */
struct verification {
    struct slice bytes; /* of the quote; borrowed */
    int64_t now_unix;
    const struct trusted_set *set;    /* borrowed */
    const struct user_crl *user_crls; /* borrowed */
    size_t user_crl_count;
    struct validity_claims validity; /* of what is not in the set */

    struct quote quote;
    struct chain pck_chain;
    struct pck_ext pck;
    struct tcb_match launch;
    struct tcb_match current;    /* TDX 1.5: by TEE_TCB_SVN_2 */
    const struct tcb_rating *qe; /* of the quoting enclave */
    struct tcb_claims tcb;
};

/* A check of the table that looks at the quote. Returns STATUS_OK, with
 * |why->found| saying what was seen, or the status of the defect with |why|
 * filled. */
typedef enum status verification_check(struct verification *v, struct why *why);

/* check_quote.c: the quote itself and the enclave that signed it. */
verification_check check_quote_format;
verification_check check_quote_vendor;
verification_check check_quote_certification;
verification_check check_quote_qe_signature;
verification_check check_quote_qe_binding;
verification_check check_quote_qe_tee;
verification_check check_quote_qe_signer;
verification_check check_quote_qe_product;
verification_check check_quote_qe_attributes;
verification_check check_quote_qe_misc;
verification_check check_quote_key;
verification_check check_quote_signature;

/* check_platform.c: the PCK certificate and the platform it names. */
verification_check check_platform_chain;
verification_check check_platform_roles;
verification_check check_platform_signatures;
verification_check check_platform_dates;
verification_check check_platform_ca_revoked;
verification_check check_platform_crl_issuer;
verification_check check_platform_pck_revoked;
verification_check check_platform_user_crls;
verification_check check_platform_extension;
verification_check check_platform_tcb_info;
verification_check check_platform_module;

/* check_tcb.c: how up to date all of it is. */
verification_check check_tcb_platform;
verification_check check_tcb_module;
verification_check check_tcb_qe;
verification_check check_tcb_status;

/* What is true when every check has passed. Cannot fail. */
void verification_claims(const struct verification *v, struct claims *out);

#endif
