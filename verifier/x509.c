#include "verifier/x509.h"

#include "common/cursor.h"
#include "common/limits.h"
#include "verifier/der.h"
#include "verifier/x509_ext.h"

static const char *label(const struct x509 *cert, enum x509_part part)
{
    return cert->labels->of[part];
}

/* --- extensions --- */

static void read_basic_constraints(struct cursor *c, struct x509 *cert)
{
    struct cursor inner = der_enter(c, DER_SEQUENCE);

    cert->has_basic_constraints = true;
    cert->is_ca = der_default_false(&inner);
    if (cert->is_ca && der_next_is(&inner, DER_INTEGER))
        cert->path_len =
            (uint32_t)der_number(&inner, DER_INTEGER, X509_NO_PATH_LEN - 1);
    der_leave(c, &inner);
}

static void read_key_usage(struct cursor *c, struct x509 *cert)
{
    cert->has_key_usage = true;
    cert->key_usage = der_named_bits(c);
}

static void read_authority_key_id(struct cursor *c, struct x509 *cert)
{
    cert->authority_key_id = x509_ext_authority_id(c);
}

static void read_subject_key_id(struct cursor *c, struct x509 *cert)
{
    cert->subject_key_id = der_take(c, DER_OCTET_STRING);
}

/* That it is there is all that counts: nothing is ever fetched from a place
 * that a certificate names. */
static void read_crl_points(struct cursor *c, struct x509 *cert)
{
    cert->has_crl_points = der_take(c, DER_SEQUENCE).len > 0;
}

/* id-ce, 2.5.29, and one byte (RFC 5280 appendix A.2). */
static const struct known_extension {
    uint8_t oid[3];
    void (*read)(struct cursor *value, struct x509 *cert);
} known_extensions[] = {
    /* clang-format off */
    { { 0x55, 0x1d, 0x0e }, read_subject_key_id },
    { { 0x55, 0x1d, 0x0f }, read_key_usage },
    { { 0x55, 0x1d, 0x13 }, read_basic_constraints },
    { { 0x55, 0x1d, 0x1f }, read_crl_points },
    { { 0x55, 0x1d, 0x23 }, read_authority_key_id },
    /* clang-format on */
};

static const struct known_extension *known_extension(struct slice oid)
{
    for (size_t i = 0; i < COUNT_OF(known_extensions); i++)
        if (slice_equal(oid, SLICE_OF(known_extensions[i].oid)))
            return &known_extensions[i];
    return NULL;
}

static enum status bad_extension(const struct x509 *cert, size_t at,
                                 const char *clause, const char *what,
                                 struct why *why)
{
    return why_fail(why, STATUS_BAD_CERT, label(cert, X509_EXTENSIONS), clause,
                    "%s, at byte %zu of them", what, at);
}

static enum status read_extension(struct cursor *c, struct x509 *cert,
                                  struct why *why)
{
    size_t at = cursor_offset(c);
    struct x509_ext ext = x509_ext_read(c);
    const struct known_extension *known = known_extension(ext.oid);
    struct cursor value = cursor_over(ext.value);

    if (!cursor_ok(c))
        return bad_extension(cert, at, "RFC 5280 4.2",
                             "malformed, twice, or too many", why);
    if (known == NULL && ext.critical)
        return bad_extension(cert, at, "RFC 5280 4.2", "unknown and critical",
                             why);
    if (known == NULL)
        return STATUS_OK;
    known->read(&value, cert);
    if (!cursor_finish(&value))
        return bad_extension(cert, at, "RFC 5280 4.2.1", "malformed value",
                             why);
    return STATUS_OK;
}

static enum status read_extensions(struct x509 *cert, struct why *why)
{
    struct cursor c = cursor_over(cert->extensions);
    enum status st = STATUS_OK;

    while (st == STATUS_OK && cursor_left(&c) > 0)
        st = read_extension(&c, cert, why);
    return st;
}

/* --- the signed part --- */

/* [0] EXPLICIT, because version 1 is the default; 2 means version 3. */
static void read_version(struct cursor *c)
{
    struct cursor version = der_enter(c, DER_CONTEXT_CONSTRUCTED_0);

    if (der_number(&version, DER_INTEGER, 2) != 2)
        cursor_fail(&version);
    der_leave(c, &version);
}

static void read_validity(struct cursor *c, struct x509 *cert)
{
    struct cursor validity = der_enter(c, DER_SEQUENCE);

    cert->validity.from_unix = der_time(&validity);
    cert->validity.until_unix = der_time(&validity);
    der_leave(c, &validity);
}

/* Name ::= SEQUENCE OF SET OF SEQUENCE { type, value }, RFC 5280 4.1.2.4. */
static void read_name_part(struct cursor *c, struct x509 *cert, unsigned *seen)
{
    static const uint8_t common_name[] = { 0x55, 0x04, 0x03 };
    struct cursor pair = der_enter(c, DER_SEQUENCE);
    struct slice type = der_take(&pair, DER_OID);

    if (slice_equal(type, SLICE_OF(common_name))) {
        uint8_t tag = der_next_is(&pair, DER_PRINTABLE_STRING)
                          ? DER_PRINTABLE_STRING
                          : DER_UTF8_STRING;

        cert->common_name = der_take(&pair, tag);
        ++*seen;
    } else {
        (void)cursor_rest(&pair); /* names are compared as bytes */
    }
    der_leave(c, &pair);
}

static bool read_subject(struct x509 *cert)
{
    struct cursor whole = cursor_over(cert->subject);
    struct cursor name = der_enter(&whole, DER_SEQUENCE);
    unsigned seen = 0;

    while (cursor_ok(&name) && cursor_left(&name) > 0) {
        struct cursor set = der_enter(&name, DER_SET);

        do
            read_name_part(&set, cert, &seen);
        while (cursor_ok(&set) && cursor_left(&set) > 0);
        der_leave(&name, &set);
    }
    der_leave(&whole, &name);
    if (seen != 1)
        cert->common_name = (struct slice){ 0 };
    return cursor_finish(&whole);
}

static enum status read_head(struct cursor *c, struct slice outer_algorithm,
                             struct x509 *cert, struct why *why)
{
    read_version(c);
    if (!cursor_ok(c))
        return why_fail(why, STATUS_BAD_CERT, label(cert, X509_WHOLE),
                        "RFC 5280 4.1.2.1", "not version 3");
    cert->serial = der_unsigned(c);
    if (!cursor_ok(c) || cert->serial.len > SERIAL_MAX_BYTES)
        return why_fail(why, STATUS_BAD_CERT, label(cert, X509_SERIAL),
                        "RFC 5280 4.1.2.2",
                        "not an unsigned integer of at most %d bytes",
                        SERIAL_MAX_BYTES);
    if (!slice_equal(der_take_whole(c, DER_SEQUENCE), outer_algorithm))
        return why_fail(why, STATUS_BAD_CERT, label(cert, X509_SIGNATURE),
                        "RFC 5280 4.1.2.3", "two different algorithms");
    return STATUS_OK;
}

static enum status read_body(struct cursor *c, struct x509 *cert,
                             struct why *why)
{
    cert->issuer = der_take_whole(c, DER_SEQUENCE);
    read_validity(c, cert);
    if (!cursor_ok(c))
        return why_fail(why, STATUS_BAD_CERT, label(cert, X509_VALIDITY),
                        "RFC 5280 4.1.2.5", "malformed issuer or validity");
    cert->subject = der_take_whole(c, DER_SEQUENCE);
    if (!cursor_ok(c) || !read_subject(cert))
        return why_fail(why, STATUS_BAD_CERT, label(cert, X509_SUBJECT),
                        "RFC 5280 4.1.2.6", "malformed name");
    cert->spki = der_take_whole(c, DER_SEQUENCE);
    if (!cursor_ok(c) || !signature_key_parse(cert->spki, &cert->key))
        return why_fail(why, STATUS_BAD_CERT, label(cert, X509_KEY),
                        "RFC 5280 4.1.2.7", "malformed or unknown public key");
    return STATUS_OK;
}

/* The unique identifiers [1] and [2] that RFC 5280 4.1.2.8 forbids fail here,
 * and so does a certificate without extensions. */
static enum status read_tail(struct cursor *c, struct x509 *cert,
                             struct why *why)
{
    struct cursor wrapper = der_enter(c, DER_CONTEXT_CONSTRUCTED_3);

    cert->extensions = der_take(&wrapper, DER_SEQUENCE);
    der_leave(c, &wrapper);
    if (!cursor_finish(c))
        return why_fail(why, STATUS_BAD_CERT, label(cert, X509_EXTENSIONS),
                        "RFC 5280 4.1.2.9", "malformed list");
    return read_extensions(cert, why);
}

static enum status read_tbs(struct x509 *cert, struct slice algorithm,
                            struct why *why)
{
    struct cursor outer = cursor_over(cert->tbs);
    struct cursor c = der_enter(&outer, DER_SEQUENCE);
    enum status st = read_head(&c, algorithm, cert, why);

    if (st == STATUS_OK)
        st = read_body(&c, cert, why);
    if (st == STATUS_OK)
        st = read_tail(&c, cert, why);
    return st;
}

enum status x509_parse(struct slice der, const struct x509_labels *labels,
                       struct x509 *out, struct why *why)
{
    struct x509 cert = { .labels = labels,
                         .der = der,
                         .path_len = X509_NO_PATH_LEN };
    struct signature_envelope envelope;
    enum status st;

    *out = (struct x509){ 0 };
    if (!signature_envelope_parse(der, &envelope))
        return why_fail(why, STATUS_BAD_CERT, label(&cert, X509_WHOLE),
                        "RFC 5280 4.1", "not one DER certificate in %zu bytes",
                        der.len);
    cert.tbs = envelope.tbs;
    cert.signature = envelope.bits;
    cert.algorithm = signature_algorithm_of(envelope.algorithm);
    if (cert.algorithm == SIGNATURE_UNKNOWN)
        return why_fail(why, STATUS_BAD_CERT, label(&cert, X509_SIGNATURE),
                        "RFC 5280 4.1.1.2", "an unknown algorithm");
    st = read_tbs(&cert, envelope.algorithm, why);
    if (st == STATUS_OK)
        *out = cert;
    return st;
}

bool x509_extension(const struct x509 *cert, struct slice oid,
                    struct slice *out)
{
    struct x509_ext ext;
    bool found = x509_ext_find(cert->extensions, oid, &ext);

    *out = ext.value;
    return found;
}

enum status x509_check_signature(const struct x509 *cert,
                                 const struct x509 *issuer, struct why *why)
{
    if (signature_holds(cert->algorithm, &issuer->key, cert->tbs,
                        cert->signature))
        return STATUS_OK;
    return why_fail(why, STATUS_BAD_SIGNATURE, label(cert, X509_SIGNATURE),
                    "RFC 5280 6.1.3 (a)(1)",
                    "not made by the issuer's key over this content");
}

enum status x509_check_dates(const struct x509 *cert, int64_t now_unix,
                             struct why *why)
{
    return window_check(&cert->validity, now_unix, label(cert, X509_VALIDITY),
                        "RFC 5280 4.1.2.5", why);
}
