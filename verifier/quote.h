/* verifier/quote.h: the outer shape of a DCAP quote, versions 3, 4 and 5.
 *
 * Bytes in, fields out: no signature is checked and no value trusted here.
 * Only what decides the shape must be known: version, TEE, key type and body
 * type. Layout: Intel SGX DCAP quoting library API, appendix A (version 3);
 * Intel TDX DCAP quoting library API, appendix A (versions 4 and 5). */
#ifndef VERIFIER_QUOTE_H
#define VERIFIER_QUOTE_H

#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/report.h"

/* Numbers of the version 5 descriptor; earlier versions imply them. */
enum quote_body {
    QUOTE_BODY_NONE,
    QUOTE_BODY_SGX,
    QUOTE_BODY_TD_1_0,
    QUOTE_BODY_TD_1_5,
    QUOTE_BODY_TD_1_5_EX
};

/* Certification data types that decide something. */
#define QUOTE_CERT_PCK_CHAIN 5 /* PEM: PCK, CA, root */
#define QUOTE_CERT_QE_REPORT 6 /* the QE report and what certifies it */

/* "PCK certificate chain" ... of types 1 to 7; "unknown". Static. */
const char *quote_cert_name(unsigned type);

/* What proves the body. The lengths are as in the comments. */
struct quote_auth {
    struct slice signature; /* 64: r, s over |signed_part| */
    struct slice key;       /* 64: x, y of the attestation key */
    struct slice qe_report; /* REPORT_SGX_BYTES, as signed */
    struct sgx_report qe;
    struct slice qe_signature; /* 64: r, s over |qe_report| */
    struct slice qe_auth_data; /* any */
    uint16_t cert_type;
    struct slice cert_data; /* any */
};

/* Borrows the bytes it was parsed from: they must outlive it. */
struct quote {
    uint16_t version;
    enum tee_type tee;
    enum quote_body body;
    uint8_t vendor_id[16];
    uint8_t user_data[20];
    size_t len;               /* bytes; what follows them is padding */
    struct slice signed_part; /* header, descriptor of version 5, and body */
    struct sgx_report sgx;    /* all zero unless |tee| is TEE_SGX */
    struct td_report td;      /* all zero unless |tee| is TEE_TDX */
    struct quote_auth auth;
};

/* Parse the quote at the start of |bytes|. What follows it is ignored: hosts
 * pad quotes to the size of their buffers.
 *
 * Returns STATUS_OK, or STATUS_TRUNCATED, STATUS_TRAILING (inside the
 * authentication data), STATUS_BAD_VERSION, STATUS_BAD_FIELD,
 * STATUS_UNSUPPORTED with |why| filled. |out| is all zero unless OK. */
MUST_CHECK enum status quote_parse(struct slice bytes, struct quote *out,
                                   struct why *why);

#endif
