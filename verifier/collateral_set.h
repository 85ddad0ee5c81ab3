/* verifier/collateral_set.h: the raw collateral one verification needs.
 *
 * Bytes as they arrived, untrusted: verify.h checks every signature and date.
 * PCS API v4, docs/VERIFICATION.md. */
#ifndef VERIFIER_COLLATERAL_SET_H
#define VERIFIER_COLLATERAL_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"

enum collateral_item {
    ITEM_TCB_INFO,
    ITEM_QE_IDENTITY,
    ITEM_PCK_CRL,
    ITEM_ROOT_CRL,
    ITEM_COUNT, /* of a struct collateral_set; no item itself */
    /* Other signed statements, which a verification of quotes does not need. */
    ITEM_TCB_NUMBERS, /* which TCB data sets there are: tcb_numbers.h */
    ITEM_VCEK,        /* AMD's, of one chip at one TCB: snp_item.h */
    ITEM_ARK_CRL,     /* AMD's, of one product */
    ITEM_KINDS
};

/* "tcb_info", "qe_identity", "pck_crl", "root_ca_crl", "tcb_numbers", "vcek",
 * "ark_crl"; static. */
const char *collateral_item_name(enum collateral_item item);

/* All borrowed. An empty slice is a missing item. */
struct collateral_set {
    struct slice tcb_info;          /* JSON, as the PCS serves it */
    struct slice tcb_info_chain;    /* PEM: TCB signing, root */
    struct slice qe_identity;       /* JSON */
    struct slice qe_identity_chain; /* PEM: TCB signing, root */
    struct slice pck_crl;           /* DER */
    struct slice pck_crl_chain;     /* PEM: PCK CA, root */
    struct slice root_crl;          /* DER */
};

/* The part of |set| that is |item|, and its chain, which is empty for the root
 * CRL. |item| is below ITEM_COUNT. */
void collateral_item_slices(const struct collateral_set *set,
                            enum collateral_item item, struct slice *body,
                            struct slice *chain);

/* What an item says of itself: when it is good, and for whom. What does not
 * apply to a kind of item is zero. */
struct item_facts {
    int64_t issued_unix;        /* issueDate or thisUpdate */
    int64_t next_update_unix;   /* never use it past this second: nextUpdate, or
                                 * the end of an issuer that ends earlier */
    uint32_t evaluation_number; /* TCB info, QE identity; of TCB numbers the
                                 * greatest */
    enum tee_type tee;          /* TCB info, QE identity, TCB numbers */
    uint8_t fmspc[6];           /* TCB info */
    bool platform_ca; /* PCK CRL: the Platform CA's, else the Processor CA's */
    size_t crl_number_len; /* CRLs: their CRLNumber, unsigned, big endian */
    uint8_t crl_number[CRL_NUMBER_MAX_BYTES];
    enum snp_product product; /* VCEK, ARK CRL */
    uint8_t chip_id[64];      /* VCEK */
    struct snp_tcb snp_tcb;   /* VCEK */
};

/* Check one item of Intel's alone: shape, signature, chain to |root_der| (empty: the
 * built-in Intel SGX Root CA), dates against |now_unix|. |chain| is the PEM of
 * its issuers; for the root CRL it is not looked at. For keeping garbage out of
 * the store: a verification checks everything again.
 *
 * Returns STATUS_OK with |out| filled, or any evidence or collateral status
 * with |why| filled. |out| is filled as far as it could be read also when the
 * item is only STATUS_EXPIRED or STATUS_NOT_YET, and all zero otherwise. */
MUST_CHECK enum status
collateral_item_check(enum collateral_item item, struct slice body,
                      struct slice chain, struct slice root_der,
                      int64_t now_unix, struct item_facts *out,
                      struct why *why);

#endif
