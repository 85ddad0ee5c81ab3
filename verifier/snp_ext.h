/* verifier/snp_ext.h: what a VCEK or VLEK certificate says of its chip.
 *
 * The extensions 1.3.6.1.4.1.3704.1, each on its own. A VCEK names a chip, a
 * VLEK the cloud provider that holds it. AMD 57230. */
#ifndef VERIFIER_SNP_EXT_H
#define VERIFIER_SNP_EXT_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/x509.h"

/* Plain data. */
struct snp_ext {
    enum snp_signer signer;
    enum snp_product product;
    struct snp_tcb tcb;
    uint8_t chip_id[64];               /* of a VCEK; Turin's are 8 bytes long */
    char csp_id[SNP_CSP_ID_MAX_BYTES]; /* of a VLEK; terminated */
};

/* Read the extensions and the common name of |cert|. Returns STATUS_OK,
 * STATUS_UNSUPPORTED (a product or kind that is not known) or STATUS_BAD_CERT
 * with |why| filled. |out| is all zero unless OK. */
MUST_CHECK enum status snp_ext_read(const struct x509 *cert,
                                    struct snp_ext *out, struct why *why);

#endif
