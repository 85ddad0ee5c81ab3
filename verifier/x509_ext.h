/* verifier/x509_ext.h: extensions of certificates and revocation lists.
 *
 * Reads one after the other; what they mean is for x509.h and crl.h, which
 * share this. RFC 5280 4.1 and 4.2. */
#ifndef VERIFIER_X509_EXT_H
#define VERIFIER_X509_EXT_H

#include <stdbool.h>

#include "common/compiler.h"
#include "common/cursor.h"
#include "common/slice.h"

/* Borrows from what it was read from. */
struct x509_ext {
    struct slice oid; /* contents octets */
    bool critical;
    struct slice value; /* contents of extnValue */
};

/* The next extension of |list|, which is a cursor over all the contents of
 * Extensions; fails |list| when it is malformed, is the second of its kind, or
 * comes after EXTENSIONS_MAX others. */
struct x509_ext x509_ext_read(struct cursor *list);

/* Find |oid| in |list|, the contents of Extensions. */
MUST_CHECK bool x509_ext_find(struct slice list, struct slice oid,
                              struct x509_ext *out);

/* The keyIdentifier of an AuthorityKeyIdentifier; fails |value|, a cursor over
 * the extension's value, when there is none, or more than that. */
struct slice x509_ext_authority_id(struct cursor *value);

#endif
