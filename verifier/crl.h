/* verifier/crl.h: certificate revocation lists, version 2.
 *
 * Complete lists of one issuer only: a delta or indirect list has a critical
 * extension and is refused. Entries stay in the DER, checked once when parsed
 * and walked again at each look-up. RFC 5280 section 5. */
#ifndef VERIFIER_CRL_H
#define VERIFIER_CRL_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/signature.h"
#include "verifier/window.h"
#include "verifier/x509.h"

enum crl_kind {
    CRL_PCK,  /* by a PCK CA; covers PCK certificates */
    CRL_ROOT, /* by the root; covers all that the root signed, and itself */
    CRL_ARK,  /* the same of an AMD root key */
    CRL_USER, /* of any CA, that the user has: user_crl.h */
    CRL_KIND_COUNT
};

/* A parsed list borrows the bytes it was parsed from. */
struct crl {
    enum crl_kind kind;
    struct slice tbs;    /* the signed part, with its header */
    struct slice issuer; /* Name, DER with its header */
    struct window dates; /* thisUpdate, nextUpdate */
    struct slice number; /* CRLNumber, unsigned, big endian */
    struct slice authority_key_id;
    enum signature_algorithm algorithm; /* of |signature| */
    struct slice signature;
    struct slice entries; /* contents of revokedCertificates; may be empty */
    size_t count;         /* of the entries */
};

/* Parse |der|, which must hold one list and nothing more, at most
 * CRL_MAX_ENTRIES long. Returns STATUS_OK, STATUS_NO_COLLATERAL when |der| is
 * empty, or STATUS_BAD_CRL, with |why| filled ("pck_crl...",
 * "root_ca_crl...", "ark_crl..." or "user_crl..."). |out| is all zero unless OK. */
MUST_CHECK enum status crl_parse(enum crl_kind kind, struct slice der,
                                 struct crl *out, struct why *why);

/* What |crl|, named |name| (static), says of itself. */
void crl_claims(const struct crl *crl, const char *name,
                struct item_claims *out);

/* Check that |issuer| made the list: names equal byte for byte, key
 * identifiers equal, cRLSign, signature. |issuer| must be checked already.
 * Returns STATUS_OK, STATUS_MISMATCH (another issuer's list) or
 * STATUS_BAD_SIGNATURE with |why| filled. */
MUST_CHECK enum status crl_check_issuer(const struct crl *crl,
                                        const struct x509 *issuer,
                                        struct why *why);

/* Check that |now_unix| is within thisUpdate and nextUpdate, both included.
 * Returns STATUS_OK, STATUS_NOT_YET or STATUS_EXPIRED with |why| filled. */
MUST_CHECK enum status crl_check_dates(const struct crl *crl, int64_t now_unix,
                                       struct why *why);

/* Check that |cert| is covered by the list (its issuer is the list's) and is
 * not on it. Returns STATUS_OK, STATUS_MISMATCH (not covered) or
 * STATUS_REVOKED with |why| filled (field: the certificate's serial). */
MUST_CHECK enum status crl_check_cert(const struct crl *crl,
                                      const struct x509 *cert, struct why *why);

/* Check that the serial of |cert|, whoever issued it, is not on the list.
 * Returns STATUS_OK, or STATUS_REVOKED with |why| filled as above. */
MUST_CHECK enum status crl_check_serial(const struct crl *crl,
                                        const struct x509 *cert,
                                        struct why *why);

#endif
