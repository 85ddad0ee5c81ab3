/* verifier/qe_identity.h: which enclave may sign quotes.
 *
 * Reads bytes whose signature was checked already; says nothing about dates.
 * PCS API v4: enclave identity version 2, of "QE" (SGX) and "TD_QE" (TDX). */
#ifndef VERIFIER_QE_IDENTITY_H
#define VERIFIER_QE_IDENTITY_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/tcb_level.h"
#include "verifier/window.h"

/* Borrows the JSON it was parsed from: it must outlive it. */
struct qe_identity {
    enum tee_type tee;   /* whose quotes it signs; TEE_NONE: no quotes (QvE) */
    struct window dates; /* issueDate, nextUpdate */
    uint32_t evaluation_number;
    uint32_t misc_select;
    uint32_t misc_select_mask;
    uint8_t attributes[16];
    uint8_t attributes_mask[16];
    uint8_t mr_signer[32];
    uint16_t isv_prod_id;
    struct isv_levels levels;
};

/* Parse |text|, the bytes of the inner object "enclaveIdentity".
 * Returns STATUS_OK, or STATUS_BAD_JSON or STATUS_BAD_VERSION with |why|
 * filled. |out| is meaningless unless OK. */
MUST_CHECK enum status
qe_identity_parse(struct slice text, struct qe_identity *out, struct why *why);

/* Check one property of the QE's report each. Return STATUS_OK, or
 * STATUS_MISMATCH with |why| filled. A debug QE is refused whatever the mask
 * says: its host can read the attestation key. */
MUST_CHECK enum status qe_identity_check_signer(const struct qe_identity *id,
                                                const struct sgx_claims *qe,
                                                struct why *why);
MUST_CHECK enum status qe_identity_check_product(const struct qe_identity *id,
                                                 const struct sgx_claims *qe,
                                                 struct why *why);
MUST_CHECK enum status
qe_identity_check_attributes(const struct qe_identity *id,
                             const struct sgx_claims *qe, struct why *why);
MUST_CHECK enum status qe_identity_check_misc(const struct qe_identity *id,
                                              const struct sgx_claims *qe,
                                              struct why *why);

#endif
