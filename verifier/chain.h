/* verifier/chain.h: certificate chains of Intel's attestation, leaf to root.
 *
 * Knows the three shapes that exist and nothing more general: leaf first, in
 * order, ending at a root that is pinned by key and name. Stricter than
 * Intel's library: the content of the extensions counts. Revocation is
 * crl.h's. RFC 5280 section 6.1; SGX PCK certificate and CRL specification. */
#ifndef VERIFIER_CHAIN_H
#define VERIFIER_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/pem.h"
#include "verifier/root.h"
#include "verifier/x509.h"

/* Where a chain came from; also says which shape it must have. */
enum chain_kind {
    CHAIN_PCK,         /* of the quote: PCK, PCK CA, root */
    CHAIN_TCB_INFO,    /* TCB signing, root */
    CHAIN_QE_IDENTITY, /* TCB signing, root */
    CHAIN_PCK_CRL,     /* PCK CA, root */
    CHAIN_KIND_COUNT
};

#define CHAIN_LEN_MAX 3

/* |certs| points into |pem|, so the struct must stay where it is. Large
 * (PEM_MAX_BYTES): keep few of them on a stack. */
struct chain {
    enum chain_kind kind;
    size_t count;                     /* 2 or 3 */
    bool proved;                      /* by chain_check_signatures() */
    struct x509 certs[CHAIN_LEN_MAX]; /* leaf first, root last */
    struct pem pem;
};

static inline const struct x509 *chain_leaf(const struct chain *chain)
{
    return &chain->certs[0];
}

static inline const struct x509 *chain_root(const struct chain *chain)
{
    return &chain->certs[chain->count - 1];
}

/* "pck_chain", "tcb_info_chain", "qe_identity_chain", "pck_crl_chain": the
 * fields of a struct why begin so. Static. */
const char *chain_name(enum chain_kind kind);

/* Split and parse |text| (PEM), which must hold exactly the certificates of
 * |kind|. Returns STATUS_OK, STATUS_BAD_CERT (one is malformed) or
 * STATUS_BAD_CHAIN (too few or too many) with |why| filled. |out->count| is 0
 * unless OK. */
MUST_CHECK enum status chain_parse(enum chain_kind kind, struct slice text,
                                   struct chain *out, struct why *why);

/* Check that the chain is what |kind| says: subjects' common names, issuers'
 * names, the root's key and name, keys on P-256, extensions present, CA flag,
 * path length and key usage of each. Signatures are not looked at.
 * Returns STATUS_OK, or STATUS_BAD_CHAIN with |why| filled. */
MUST_CHECK enum status chain_check_roles(const struct chain *chain,
                                         const struct trust_root *root,
                                         struct why *why);

/* Check every signature, the root's own included, root first; say so in
 * |chain->proved|. Rely on it only after chain_check_roles(). |known| is another
 * chain under the same root, or NULL: if it is proved, what it contains byte
 * for byte is not checked again.
 * Returns STATUS_OK, or STATUS_BAD_SIGNATURE with |why| filled. */
MUST_CHECK enum status chain_check_signatures(struct chain *chain,
                                              const struct chain *known,
                                              struct why *why);

/* Check that |now_unix| is within every certificate's validity, both ends
 * included, root first. There is no tolerance for a slow clock here.
 * Returns STATUS_OK, STATUS_NOT_YET or STATUS_EXPIRED with |why| filled. */
MUST_CHECK enum status chain_check_dates(const struct chain *chain,
                                         int64_t now_unix, struct why *why);

/* True when the PCK CA in |chain| is the Platform CA, false for the Processor
 * CA. Only for CHAIN_PCK and CHAIN_PCK_CRL after chain_check_roles(). */
bool chain_is_platform(const struct chain *chain);

#endif
