/* collateral/pcs_request.h: what to ask a PCS or PCCS, and how to read it.
 *
 * Pure: texts in, texts out; fetch.h does the asking. Only undoes what the
 * transport did to an item; what the item says is collateral_item_check()'s
 * question.
 *
 * Intel PCS API v4; PCCS as Intel publishes it, which differs in the
 * encodings of revocation lists and in where the root CRL is. */
#ifndef COLLATERAL_PCS_REQUEST_H
#define COLLATERAL_PCS_REQUEST_H

#include "collateral/source.h"
#include "collateral/url.h"
#include "collateral/want.h"
#include "common/buffer.h"
#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"

#define PCS_HEADERS_MAX 2

struct pcs_request {
    char url[URL_MAX_BYTES];
    /* Where the issuer chain may stand, best first; NULL: nowhere. Static. */
    const char *headers[PCS_HEADERS_MAX];
};

/* The request for |want|, an item of Intel's, to |source|, a PCS or PCCS. A PCS
 * that is not Intel's serves the root CRL beside the API, as
 * /IntelSGXRootCA.der.
 * Returns STATUS_OK, or STATUS_BAD_CONFIG (a URL that is not allowed or too
 * long) with |why| filled; |out| is all zero unless OK. */
MUST_CHECK enum status pcs_request_for(const struct want *want,
                                       const struct collateral_source *source,
                                       struct pcs_request *out,
                                       struct why *why);

/* Ask at |text|, for those who build a request; |r| is all zero. Returns as
 * above. */
MUST_CHECK enum status pcs_request_set_url(struct pcs_request *r,
                                           const struct buffer *text,
                                           struct why *why);

/* Read a certificate chain from the value of a header: PEM, percent-encoded
 * (once) or plain, with line breaks, spaces or nothing between its parts.
 * Appends PEM with lines of 64 characters to |out|.
 * Returns STATUS_OK, STATUS_NO_MEMORY, or STATUS_BAD_CERT with |why| filled. */
MUST_CHECK enum status pcs_request_chain(struct slice value, struct buffer *out,
                                         struct why *why);

/* Read a revocation list from a body: DER, PEM or hexadecimal text. Appends
 * DER to |out|.
 * Returns STATUS_OK, STATUS_NO_MEMORY, or STATUS_BAD_CRL with |why| filled. */
MUST_CHECK enum status pcs_request_crl(struct slice body, struct buffer *out,
                                       struct why *why);

#endif
