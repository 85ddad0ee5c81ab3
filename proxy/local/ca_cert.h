/* proxy/local/ca_cert.h: what the certificate of this computer's CA says.
 *
 * Reads what tls_cert_ca() writes, and refuses what is not of that shape: a CA
 * without constraints must never be taken for ours. Signatures are not looked
 * at: it is from our own disk, and proved by its key. RFC 5280. */
#ifndef PROXY_LOCAL_CA_CERT_H
#define PROXY_LOCAL_CA_CERT_H

#include <stdbool.h>

#include "common/cursor.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/io/tls_cert.h"

/* Borrows the bytes that it was parsed from. */
struct ca_cert {
    struct slice der;
    struct slice subject; /* Name, with its header */
    struct slice spki;    /* SubjectPublicKeyInfo, with its header */
    struct tls_cert_span span;
    struct slice names; /* of ca_cert_names() */
};

/* Parse |der|, which must be one certificate and nothing more. Returns
 * STATUS_OK, or STATUS_BAD_CERT with |why| filled and |out| all zero. */
MUST_CHECK enum status ca_cert_parse(struct slice der, struct ca_cert *out,
                                     struct why *why);

/* The DNS names that it is constrained to, one by one: false after the last. */
struct cursor ca_cert_names(const struct ca_cert *cert);
bool ca_cert_next(struct cursor *names, struct slice *name);

/* May it vouch for |host|: a name it is constrained to, or one below? */
bool ca_cert_covers(const struct ca_cert *cert, const char *host);

#endif
