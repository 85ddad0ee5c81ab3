/* verifier/snp_tcb.h: security versions of an SEV-SNP platform, as reports
 * carry them.
 *
 * Which byte is which depends on the processor. AMD 56860, section 2.2. */
#ifndef VERIFIER_SNP_TCB_H
#define VERIFIER_SNP_TCB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "verifier/claims.h"

#define SNP_TCB_BYTES 8

/* Read |bytes| as a processor of |product| (not SNP_NO_PRODUCT) wrote them;
 * false when a reserved byte is not zero. |out| is all zero then. */
MUST_CHECK bool snp_tcb_read(enum snp_product product,
                             const uint8_t bytes[SNP_TCB_BYTES],
                             struct snp_tcb *out);

/* True when no part of |tcb| is below that of |floor|. */
bool snp_tcb_covers(const struct snp_tcb *tcb, const struct snp_tcb *floor);

bool snp_tcb_equal(const struct snp_tcb *a, const struct snp_tcb *b);

/* "bootloader 4, tee 0, snp 24, microcode 219, fmc 0" with its NUL. */
#define SNP_TCB_TEXT_ROOM 64

void snp_tcb_text(const struct snp_tcb *tcb, char out[SNP_TCB_TEXT_ROOM]);

#endif
