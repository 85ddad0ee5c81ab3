/* verifier/x509.h: one X.509 certificate, version 3.
 *
 * Bytes in, fields out. Parsing trusts nothing and decides nothing: whether a
 * certificate may sign another is chain.h's question. An unknown critical
 * extension and a second extension of one kind are refused here. RFC 5280
 * section 4. */
#ifndef VERIFIER_X509_H
#define VERIFIER_X509_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/signature.h"
#include "verifier/window.h"

/* What a struct why calls the parts of a certificate. */
enum x509_part {
    X509_WHOLE,
    X509_SIGNATURE,
    X509_SERIAL,
    X509_ISSUER,
    X509_SUBJECT,
    X509_VALIDITY,
    X509_KEY,
    X509_EXTENSIONS,
    X509_BASIC_CONSTRAINTS,
    X509_KEY_USAGE,
    X509_SGX_EXTENSION,
    X509_PART_COUNT
};

/* Names such as "pck_chain.leaf.signature"; static. */
struct x509_labels {
    const char *of[X509_PART_COUNT];
};

/* clang-format off */
#define X509_LABELS(prefix)                                                    \
    { { [X509_WHOLE] = prefix,                                                 \
        [X509_SIGNATURE] = prefix ".signature",                                \
        [X509_SERIAL] = prefix ".serial",                                      \
        [X509_ISSUER] = prefix ".issuer",                                      \
        [X509_SUBJECT] = prefix ".subject",                                    \
        [X509_VALIDITY] = prefix ".validity",                                  \
        [X509_KEY] = prefix ".public_key",                                     \
        [X509_EXTENSIONS] = prefix ".extensions",                              \
        [X509_BASIC_CONSTRAINTS] = prefix ".basic_constraints",                \
        [X509_KEY_USAGE] = prefix ".key_usage",                                \
        [X509_SGX_EXTENSION] = prefix ".sgx_extension" } }
/* clang-format on */

/* Bits of key_usage, RFC 5280 4.2.1.3. */
#define X509_DIGITAL_SIGNATURE 0x8000
#define X509_KEY_CERT_SIGN     0x0400
#define X509_CRL_SIGN          0x0200

#define X509_NO_PATH_LEN UINT32_MAX

/* A parsed certificate borrows the bytes it was parsed from. */
struct x509 {
    const struct x509_labels *labels;
    struct slice der;         /* all of it */
    struct slice tbs;         /* the signed part, with its header */
    struct slice serial;      /* unsigned, big endian, no leading zeros */
    struct slice issuer;      /* Name, DER with its header */
    struct slice subject;     /* likewise */
    struct slice common_name; /* the subject's; empty if none or several */
    struct window validity;
    struct slice spki; /* SubjectPublicKeyInfo, with its header */
    struct signature_key key;
    enum signature_algorithm algorithm; /* of |signature| */
    struct slice signature;
    struct slice extensions; /* contents of the SEQUENCE; already walked */
    bool has_basic_constraints;
    bool is_ca;
    uint32_t path_len; /* X509_NO_PATH_LEN if absent */
    bool has_key_usage;
    uint16_t key_usage;            /* X509_DIGITAL_SIGNATURE ... */
    struct slice authority_key_id; /* empty if absent */
    struct slice subject_key_id;   /* empty if absent */
    bool has_crl_points;
};

/* Parse |der|, which must hold one certificate and nothing more. |labels| is
 * static. Returns STATUS_OK, or STATUS_BAD_CERT with |why| filled. |out| is
 * all zero unless OK. */
MUST_CHECK enum status x509_parse(struct slice der,
                                  const struct x509_labels *labels,
                                  struct x509 *out, struct why *why);

/* The value (contents of extnValue) of the extension |oid| (contents octets);
 * false when there is none. |out| borrows from |cert|. */
MUST_CHECK bool x509_extension(const struct x509 *cert, struct slice oid,
                               struct slice *out);

/* Check that |cert| carries a signature by the key of |issuer|. Names and
 * extensions are not looked at.
 * Returns STATUS_OK, or STATUS_BAD_SIGNATURE with |why| filled. */
MUST_CHECK enum status x509_check_signature(const struct x509 *cert,
                                            const struct x509 *issuer,
                                            struct why *why);

/* Check that |now_unix| is within the validity, both ends included.
 * Returns STATUS_OK, STATUS_NOT_YET or STATUS_EXPIRED with |why| filled. */
MUST_CHECK enum status x509_check_dates(const struct x509 *cert,
                                        int64_t now_unix, struct why *why);

#endif
