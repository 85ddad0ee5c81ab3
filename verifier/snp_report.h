/* verifier/snp_report.h: the SEV-SNP attestation report, versions 2 to 5.
 *
 * Bytes in, fields out. Nothing here checks a signature. What the ABI reserves
 * must be zero, and a guest policy with unknown bits is refused: such a bit may
 * permit the host something. Unknown bits of PLATFORM_INFO are told.
 * AMD 56860, sections 4.3 (policy) and 7.3 (report). */
#ifndef VERIFIER_SNP_REPORT_H
#define VERIFIER_SNP_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/snp_tcb.h"

#define SNP_REPORT_BYTES        1184
#define SNP_REPORT_SIGNED_BYTES 0x2a0

/* A parsed report borrows the bytes it was parsed from. |says| lacks what the
 * endorsement tells: product, CSP id, and the four TCBs, whose shape depends on
 * the product. */
struct snp_report {
    uint16_t version;
    struct slice signed_part;
    struct snp_claims says;
    uint8_t report_data[64];
    uint8_t current_tcb[SNP_TCB_BYTES];
    uint8_t reported_tcb[SNP_TCB_BYTES];
    uint8_t committed_tcb[SNP_TCB_BYTES];
    uint8_t launch_tcb[SNP_TCB_BYTES];
    uint8_t signature[96]; /* r || s, big endian */
};

/* Does |bytes| begin like a report? Its version has 32 bits; a quote's has 16,
 * and the type of its attestation key stands behind it. */
bool snp_report_is_one(struct slice bytes);

/* Parse |bytes|, which must begin with a report; what follows it is ignored,
 * as devices hand out padded buffers.
 * Returns STATUS_OK, or STATUS_TRUNCATED, STATUS_BAD_VERSION,
 * STATUS_UNSUPPORTED (signature algorithm, signing key) or STATUS_BAD_FIELD
 * with |why| filled. |out| is all zero unless OK. */
MUST_CHECK enum status
snp_report_parse(struct slice bytes, struct snp_report *out, struct why *why);

/* What processor |r| says that it is from; SNP_NO_PRODUCT if it does not (of
 * version 2) or if that is not known. */
enum snp_product snp_report_product(const struct snp_report *r);

#endif
