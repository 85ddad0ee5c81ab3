/* verifier/root.h: what a certificate chain must end at.
 *
 * A root is a public key and a name. Intel's root exists in several
 * certificates with one key; pinning key and name accepts them all, and the
 * root certificate that a peer or a server sends stays untrusted input. */
#ifndef VERIFIER_ROOT_H
#define VERIFIER_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"

#define ROOT_NAME_MAX_BYTES 256

/* Plain data: owns all of itself. */
struct trust_root {
    uint8_t key[64];                   /* P-256, x || y */
    uint8_t name[ROOT_NAME_MAX_BYTES]; /* Name, DER */
    size_t name_len;
    bool built_in;
};

/* The subject of the root certificate, DER; borrows from |root|. */
struct slice root_name(const struct trust_root *root);

/* Choose the root. |cert| empty: the built-in Intel SGX Root CA; otherwise one
 * self-signed CA certificate, DER or PEM, that the user named.
 * Returns STATUS_OK, or STATUS_BAD_CERT, STATUS_BAD_CHAIN or
 * STATUS_BAD_SIGNATURE with |why| filled. |out| is all zero unless OK. */
MUST_CHECK enum status root_read(struct slice cert, struct trust_root *out,
                                 struct why *why);

#endif
