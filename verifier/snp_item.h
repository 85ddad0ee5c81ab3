/* verifier/snp_item.h: one item of AMD's collateral, checked alone.
 *
 * For keeping garbage out of the store: a verification checks everything
 * again. Nothing is believed that the built-in roots of the product, or those
 * of a simulation that the user named, did not sign. AMD 57230. */
#ifndef VERIFIER_SNP_ITEM_H
#define VERIFIER_SNP_ITEM_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/collateral_set.h"
#include "verifier/snp_report.h"

/* Check the VCEK |body| (DER or PEM): chain, signatures, dates. |root_pem|
 * holds ASK and ARK; empty: those built in. Returns STATUS_OK with |out|
 * filled, or any evidence or collateral status with |why| filled. |out| is
 * filled also when it is only STATUS_EXPIRED or STATUS_NOT_YET. */
MUST_CHECK enum status
snp_item_check_vcek(struct slice body, struct slice root_pem, int64_t now_unix,
                    struct item_facts *out, struct why *why);

/* The same for the list |body| (DER) of what the ARK of |product| revoked. */
MUST_CHECK enum status
snp_item_check_crl(struct slice body, enum snp_product product,
                   struct slice root_pem, int64_t now_unix,
                   struct item_facts *out, struct why *why);

/* Which chip, at which TCB, a report is of: a wish, never a claim. */
struct snp_item_wish {
    enum snp_product product;
    enum snp_signer signer;
    uint8_t chip_id[64];
    struct snp_tcb reported;
};

/* Read it out of |report|, unverified, and for the product alone out of
 * |endorsement| if that is not empty. Returns STATUS_OK; any status of
 * snp_report_parse(), snp_chain_parse() or snp_ext_read(); or
 * STATUS_NO_COLLATERAL when that does not say which VCEK it is (the report
 * is of version 2, or its owner hides the chip, or a VLEK signed it, and no
 * endorsement came with it); with |why| filled. |out| is all zero unless OK. */
MUST_CHECK enum status snp_item_wish_read(struct slice report,
                                          struct slice endorsement,
                                          struct snp_item_wish *out,
                                          struct why *why);

#endif
