/* verifier/pem.h: the certificates of a PEM text (RFC 7468), or its one
 * revocation list.
 *
 * Nothing else. Text may stand before the first block, as tools write
 * it; between and after the blocks only white space, and NUL bytes at the end,
 * as quoting enclaves leave them. Says nothing about what is inside. */
#ifndef VERIFIER_PEM_H
#define VERIFIER_PEM_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "common/slice.h"
#include "common/status.h"

#define PEM_MAX_BYTES (CHAIN_MAX_CERTS * CERT_MAX_BYTES)

/* Certificates in the order of the text. |certs| points into |bytes|, so the
 * struct must stay where it is while they are used. */
struct pem {
    size_t count;
    struct slice certs[CHAIN_MAX_CERTS]; /* DER */
    uint8_t bytes[PEM_MAX_BYTES];
};

/* Decode all certificates of |text|, 1 to CHAIN_MAX_CERTS, each at most
 * CERT_MAX_BYTES. |field| (static) names the text in |why|.
 * Returns STATUS_OK, STATUS_BAD_CERT, or STATUS_BAD_CHAIN (too many), with
 * |why| filled; |out->count| is 0 unless OK. */
MUST_CHECK enum status pem_parse(struct slice text, const char *field,
                                 struct pem *out, struct why *why);

/* Decode the one revocation list ("X509 CRL") of |text| to |out|, which has
 * |room| bytes. Returns STATUS_OK with |*len|, or STATUS_BAD_CRL with |why|
 * filled and |*len| 0. */
MUST_CHECK enum status pem_parse_crl(struct slice text, const char *field,
                                     uint8_t *out, size_t room, size_t *len,
                                     struct why *why);

#endif
