/* verifier/pck_ext.h: what a PCK certificate says of its platform.
 *
 * The extension 1.2.840.113741.1.13.1, in any order of its elements, each at
 * most once; any other element is refused. SGX PCK certificate and CRL
 * specification, 1.3.5. */
#ifndef VERIFIER_PCK_EXT_H
#define VERIFIER_PCK_EXT_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/x509.h"

/* Plain data. TCB levels are chosen by |component_svns|, as Intel's library
 * does; the CPUSVN octets of |platform| are only told. */
struct pck_ext {
    struct platform_claims platform; /* |platform_ca| is left false */
    uint8_t component_svns[16];
};

/* Read the extension of |cert|. Returns STATUS_OK, or STATUS_BAD_CERT with
 * |why| filled. |out| is all zero unless OK. */
MUST_CHECK enum status pck_ext_read(const struct x509 *cert,
                                    struct pck_ext *out, struct why *why);

#endif
