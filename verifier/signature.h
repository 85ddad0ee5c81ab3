/* verifier/signature.h: which key made a signature, and whether it holds.
 *
 * The algorithms that certificates and revocation lists of Intel and AMD use,
 * and no others. An AlgorithmIdentifier is known as a whole, parameters
 * included. RFC 5758 3.2 (ECDSA), RFC 5480 (EC keys), RFC 4055 (RSASSA-PSS). */
#ifndef VERIFIER_SIGNATURE_H
#define VERIFIER_SIGNATURE_H

#include <stdbool.h>

#include "common/compiler.h"
#include "common/slice.h"

enum signature_algorithm {
    SIGNATURE_UNKNOWN,
    SIGNATURE_ECDSA_SHA256,   /* on P-256 */
    SIGNATURE_RSA_PSS_SHA384, /* MGF1 with SHA-384, salt of 48 bytes */
};

/* What an AlgorithmIdentifier (DER with its header) says. */
enum signature_algorithm signature_algorithm_of(struct slice der);

/* SEQUENCE { signed part, AlgorithmIdentifier, BIT STRING }: a certificate
 * (RFC 5280 4.1) or a revocation list (5.1). Borrows from the input. */
struct signature_envelope {
    struct slice tbs;       /* the signed part, with its header */
    struct slice algorithm; /* AlgorithmIdentifier, with its header */
    struct slice bits;      /* the signature */
};

/* Take |der| apart, which must hold one such SEQUENCE and nothing more. False
 * when it does not; |out| is all zero then. */
MUST_CHECK bool signature_envelope_parse(struct slice der,
                                         struct signature_envelope *out);

enum signature_key_type {
    SIGNATURE_KEY_NONE,
    SIGNATURE_KEY_P256,
    SIGNATURE_KEY_P384,
    SIGNATURE_KEY_RSA
};

struct signature_key {
    enum signature_key_type type;
    struct slice bytes; /* EC: x || y; RSA: RSAPublicKey, DER. Borrowed. */
};

/* Read |spki| (SubjectPublicKeyInfo, DER with its header). False when it is
 * malformed or of another kind. Whether a point is on its curve shows when the
 * key is used. */
MUST_CHECK bool signature_key_parse(struct slice spki,
                                    struct signature_key *out);

/* True when |signature|, as a certificate carries it, is |key|'s over
 * |message|, and |key| is of the type that |algorithm| wants. */
MUST_CHECK bool signature_holds(enum signature_algorithm algorithm,
                                const struct signature_key *key,
                                struct slice message, struct slice signature);

#endif
