/* verifier/snp_roots.h: AMD's certificates that SEV-SNP endorsements end at.
 *
 * Built in, so that no peer supplies them: a peer that omits or replaces them
 * changes nothing. AMD 57230, VCEK certificate and KDS interface. */
#ifndef VERIFIER_SNP_ROOTS_H
#define VERIFIER_SNP_ROOTS_H

#include "common/slice.h"
#include "verifier/claims.h"

/* The root of |product| (not SNP_NO_PRODUCT), the AMD root key. PEM; static. */
struct slice snp_roots_ark(enum snp_product product);

/* The key that signs endorsements of |product| for |signer| (not the NO_ ones):
 * the AMD SEV key for a VCEK, the AMD SEV VLEK key for a VLEK. The root of the
 * product signed it. PEM; static. */
struct slice snp_roots_ask(enum snp_product product, enum snp_signer signer);

#endif
