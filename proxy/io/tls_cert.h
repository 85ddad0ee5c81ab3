/* proxy/io/tls_cert.h: the certificates by which TLS ends on this machine.
 *
 * A CA that is constrained to a few names, so that whoever trusts it trusts it
 * for nothing else, and leaves for one name each. RFC 5280; P-256 and SHA-256.
 * Nothing here is kept anywhere: proxy/local/ca.h does that. */
#ifndef PROXY_IO_TLS_CERT_H
#define PROXY_IO_TLS_CERT_H

#include <stddef.h>
#include <stdint.h>

#include "common/builder.h"
#include "common/slice.h"
#include "proxy/io/tls_key.h"

/* Validity, both ends included. */
struct tls_cert_span {
    int64_t from_unix;
    int64_t until_unix;
};

/* What its subject calls the CA of the key with this |id|: "Veritee local CA
 * 1a2b3c4d". */
#define TLS_CERT_NAME_ROOM 64
void tls_cert_ca_name(const uint8_t id[20], char out[TLS_CERT_NAME_ROOM]);

/* Write a self-signed CA certificate of |key|. Whatever it signs is good for
 * servers at the |count| (at least 1) DNS names at |names| and at names below
 * them, and for nothing else: no other name, no address (RFC 5280 section
 * 4.2.1.10, critical), no other purpose, no further CA. Its subject tells it
 * from others by the first bytes of its key's id. Fails |b| when it does not
 * fit, or without randomness or memory. */
void tls_cert_ca(const struct tls_key *key, const char *const *names,
                 size_t count, const struct tls_cert_span *span,
                 struct builder *b);

/* Write a certificate of |key| for the server at |host|, signed by the CA's
 * |ca_key|; |ca_subject| is the Name of the CA, DER. Fails |b| likewise. */
void tls_cert_leaf(const struct tls_key *ca_key, struct slice ca_subject,
                   const struct tls_key *key, const char *host,
                   const struct tls_cert_span *span, struct builder *b);

#endif
