/* common/cert_out.h: writes the parts of a certificate that all have in common.
 *
 * RFC 5280 section 4.1, in DER, each part where it stands in a TBSCertificate.
 * Failure is the builder's. */
#ifndef COMMON_CERT_OUT_H
#define COMMON_CERT_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/builder.h"
#include "common/slice.h"

/* The last byte of an extension's id-ce, RFC 5280 appendix A.2. */
enum cert_out_id {
    CERT_OUT_SUBJECT_KEY_ID = 0x0e,
    CERT_OUT_KEY_USAGE = 0x0f,
    CERT_OUT_ALT_NAMES = 0x11,
    CERT_OUT_BASIC_CONSTRAINTS = 0x13,
    CERT_OUT_NAME_CONSTRAINTS = 0x1e,
    CERT_OUT_CRL_POINTS = 0x1f,
    CERT_OUT_AUTHORITY_KEY_ID = 0x23,
    CERT_OUT_EXTENDED_KEY_USAGE = 0x25
};

/* Version 3. */
void cert_out_version(struct builder *b);

/* A Name of a common name and an organization, NULL for none. */
void cert_out_name(const char *common_name, const char *organization,
                   struct builder *b);

void cert_out_validity(int64_t from_unix, int64_t until_unix,
                       struct builder *b);

/* One Extension. |id| is an enum cert_out_id, or another last byte. */
void cert_out_extension(uint8_t id, bool critical, struct slice value,
                        struct builder *b);

/* The Extensions that name keys by their ids: the subject's, the issuer's. */
void cert_out_subject_id(const uint8_t id[20], struct builder *b);
void cert_out_authority_id(const uint8_t id[20], struct builder *b);

/* KeyUsage, critical: |usage| has bit 0 of the BIT STRING as its most
 * significant bit, and is not 0. */
void cert_out_key_usage(uint8_t usage, struct builder *b);

/* BasicConstraints, critical, of a CA or of none. */
void cert_out_constraints(bool is_ca, uint8_t path_len, struct builder *b);

#endif
