/* verifier/snp_chain.h: endorsement <- ASK <- ARK, AMD's chain of three.
 *
 * The endorsement comes from a peer; the two above it are built in, or are
 * those of a simulation that the user named. RFC 5280 section 6.1; AMD 57230. */
#ifndef VERIFIER_SNP_CHAIN_H
#define VERIFIER_SNP_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/pem.h"
#include "verifier/x509.h"

/* The certificates point into the PEM buffers, so the struct must stay where
 * it is. Large: on the heap. */
struct snp_chain {
    struct x509 endorsement; /* VCEK or VLEK */
    struct x509 ask;         /* or ASVK */
    struct x509 ark;
    bool built_in; /* ASK and ARK are AMD's */
    struct pem endorsement_pem;
    struct pem ask_pem;
    struct pem ark_pem;
};

/* Parse |bytes| as |out->endorsement|: DER, or PEM, of which only the first
 * certificate is looked at. It must hold a key on P-384.
 * Returns STATUS_OK, or STATUS_BAD_CERT, STATUS_BAD_CHAIN (too many) or
 * STATUS_UNSUPPORTED (another kind of key) with |why| filled. */
MUST_CHECK enum status snp_chain_parse(struct slice bytes,
                                       struct snp_chain *out, struct why *why);

/* Fill |ask| and |ark|: from |root_pem|, which holds those two in that order,
 * or when it is empty AMD's own for |product| and |signer|.
 * Returns STATUS_OK, or STATUS_BAD_CERT or STATUS_BAD_CHAIN with |why|. */
MUST_CHECK enum status snp_chain_root(struct snp_chain *chain,
                                      struct slice root_pem,
                                      enum snp_product product,
                                      enum snp_signer signer, struct why *why);

/* Check that |root_pem| holds an ASK or ASVK and the ARK that signed both.
 * Returns STATUS_OK, or STATUS_BAD_CERT, STATUS_BAD_CHAIN,
 * STATUS_BAD_SIGNATURE or STATUS_NO_MEMORY with |why| filled. */
MUST_CHECK enum status snp_chain_check_root(struct slice root_pem,
                                            struct why *why);

/* Check that each may do what it does: names, key types, CA flags, path
 * length and key usage. Signatures are not looked at.
 * Returns STATUS_OK, or STATUS_BAD_CHAIN with |why| filled. */
MUST_CHECK enum status snp_chain_check_roles(const struct snp_chain *chain,
                                             struct why *why);

/* Check every signature, the root's own included, root first. Rely on it only
 * after snp_chain_check_roles().
 * Returns STATUS_OK, or STATUS_BAD_SIGNATURE with |why| filled. */
MUST_CHECK enum status snp_chain_check_signatures(const struct snp_chain *chain,
                                                  struct why *why);

/* Check that |now_unix| is within every certificate's validity, root first.
 * Returns STATUS_OK, STATUS_NOT_YET or STATUS_EXPIRED with |why| filled. */
MUST_CHECK enum status snp_chain_check_dates(const struct snp_chain *chain,
                                             int64_t now_unix, struct why *why);

#endif
