#include "verifier/crl.h"

#include "common/cursor.h"
#include "common/limits.h"
#include "common/text.h"
#include "verifier/der.h"
#include "verifier/x509_ext.h"

/* What a struct why calls the parts of a list. */
enum part {
    PART_WHOLE,
    PART_SIGNATURE,
    PART_ISSUER,
    PART_DATES,
    PART_ENTRIES,
    PART_EXTENSIONS,
    PART_COUNT
};

/* clang-format off */
#define LABELS(prefix)                                                         \
    { [PART_WHOLE] = prefix,                                                   \
      [PART_SIGNATURE] = prefix ".signature",                                  \
      [PART_ISSUER] = prefix ".issuer",                                        \
      [PART_DATES] = prefix ".dates",                                          \
      [PART_ENTRIES] = prefix ".entries",                                      \
      [PART_EXTENSIONS] = prefix ".extensions" }

static const char *const labels[CRL_KIND_COUNT][PART_COUNT] = {
    [CRL_PCK] = LABELS("pck_crl"),
    [CRL_ROOT] = LABELS("root_ca_crl"),
    [CRL_ARK] = LABELS("ark_crl"),
    [CRL_USER] = LABELS("user_crl"),
};
/* clang-format on */

static const char *label(const struct crl *crl, enum part part)
{
    return labels[crl->kind][part];
}

/* --- entries --- */

/* Reason and date of an entry decide nothing: what is listed is revoked. A
 * critical extension is refused, because the one that exists says that the
 * entry is another issuer's (RFC 5280 5.3.3). */
static void read_entry_extensions(struct cursor *entry)
{
    struct cursor list = der_enter(entry, DER_SEQUENCE);

    while (cursor_ok(&list) && cursor_left(&list) > 0)
        if (x509_ext_read(&list).critical)
            cursor_fail(&list);
    der_leave(entry, &list);
}

/* The serial number of the next entry. */
static struct slice read_entry(struct cursor *c)
{
    struct cursor entry = der_enter(c, DER_SEQUENCE);
    struct slice serial = der_unsigned(&entry);

    (void)der_time(&entry);
    if (cursor_left(&entry) > 0)
        read_entry_extensions(&entry);
    der_leave(c, &entry);
    return serial;
}

static enum status read_entries(struct crl *crl, struct why *why)
{
    struct cursor c = cursor_over(crl->entries);

    for (; cursor_ok(&c) && cursor_left(&c) > 0; crl->count++) {
        if (crl->count == CRL_MAX_ENTRIES)
            return why_fail(why, STATUS_BAD_CRL, label(crl, PART_ENTRIES),
                            "RFC 5280 5.1.2.6", "more than %d entries",
                            CRL_MAX_ENTRIES);
        (void)read_entry(&c);
    }
    if (!cursor_ok(&c))
        return why_fail(why, STATUS_BAD_CRL, label(crl, PART_ENTRIES),
                        "RFC 5280 5.1.2.6", "entry %zu is malformed",
                        crl->count);
    return STATUS_OK;
}

/* --- extensions --- */

static const uint8_t oid_crl_number[] = { 0x55, 0x1d, 0x14 };
static const uint8_t oid_authority_key_id[] = { 0x55, 0x1d, 0x23 };

static bool read_extension(struct cursor *list, struct crl *crl)
{
    struct x509_ext ext = x509_ext_read(list);
    struct cursor value = cursor_over(ext.value);

    if (!cursor_ok(list))
        return false;
    if (slice_equal(ext.oid, SLICE_OF(oid_crl_number)))
        crl->number = der_unsigned(&value);
    else if (slice_equal(ext.oid, SLICE_OF(oid_authority_key_id)))
        crl->authority_key_id = x509_ext_authority_id(&value);
    else
        return !ext.critical;
    return cursor_finish(&value);
}

/* deltaCRLIndicator and issuingDistributionPoint, which would make it another
 * kind of list, are critical, and so end here. */
static enum status read_extensions(struct cursor *c, struct crl *crl,
                                   struct why *why)
{
    struct cursor wrapper = der_enter(c, DER_CONTEXT_CONSTRUCTED_0);
    struct cursor list = der_enter(&wrapper, DER_SEQUENCE);

    while (cursor_left(&list) > 0)
        if (!read_extension(&list, crl))
            return why_fail(why, STATUS_BAD_CRL, label(crl, PART_EXTENSIONS),
                            "RFC 5280 5.2",
                            "malformed, twice, or unknown and critical");
    der_leave(&wrapper, &list);
    der_leave(c, &wrapper);
    if (!cursor_finish(c))
        return why_fail(why, STATUS_BAD_CRL, label(crl, PART_EXTENSIONS),
                        "RFC 5280 5.1.2.7", "malformed list");
    if (crl->number.len == 0 || crl->authority_key_id.len == 0)
        return why_fail(why, STATUS_BAD_CRL, label(crl, PART_EXTENSIONS),
                        "RFC 5280 5.2.1, 5.2.3",
                        "no cRLNumber or authorityKeyIdentifier");
    return STATUS_OK;
}

/* --- the list --- */

static enum status read_head(struct cursor *c, struct slice algorithm,
                             struct crl *crl, struct why *why)
{
    if (der_number(c, DER_INTEGER, 1) != 1)
        return why_fail(why, STATUS_BAD_CRL, label(crl, PART_WHOLE),
                        "RFC 5280 5.1.2.1", "not version 2");
    if (!slice_equal(der_take_whole(c, DER_SEQUENCE), algorithm))
        return why_fail(why, STATUS_BAD_CRL, label(crl, PART_SIGNATURE),
                        "RFC 5280 5.1.2.2", "two different algorithms");
    crl->issuer = der_take_whole(c, DER_SEQUENCE);
    crl->dates.from_unix = der_time(c);
    crl->dates.until_unix = der_time(c);
    if (!cursor_ok(c))
        return why_fail(why, STATUS_BAD_CRL, label(crl, PART_DATES),
                        "RFC 5280 5.1.2.5",
                        "malformed issuer, thisUpdate or nextUpdate");
    if (der_next_is(c, DER_SEQUENCE))
        crl->entries = der_take(c, DER_SEQUENCE);
    return STATUS_OK;
}

static enum status read_tbs(struct crl *crl, struct slice algorithm,
                            struct why *why)
{
    struct cursor outer = cursor_over(crl->tbs);
    struct cursor c = der_enter(&outer, DER_SEQUENCE);
    enum status st = read_head(&c, algorithm, crl, why);

    if (st == STATUS_OK)
        st = read_entries(crl, why);
    if (st == STATUS_OK)
        st = read_extensions(&c, crl, why);
    return st;
}

enum status crl_parse(enum crl_kind kind, struct slice der, struct crl *out,
                      struct why *why)
{
    struct crl crl = { .kind = kind };
    struct signature_envelope envelope;
    enum status st;

    *out = (struct crl){ 0 };
    if (der.len == 0)
        return why_fail(why, STATUS_NO_COLLATERAL, label(&crl, PART_WHOLE),
                        "RFC 5280 5", "missing");
    if (!signature_envelope_parse(der, &envelope))
        return why_fail(why, STATUS_BAD_CRL, label(&crl, PART_WHOLE),
                        "RFC 5280 5.1", "not one DER list in %zu bytes",
                        der.len);
    crl.tbs = envelope.tbs;
    crl.signature = envelope.bits;
    crl.algorithm = signature_algorithm_of(envelope.algorithm);
    if (crl.algorithm == SIGNATURE_UNKNOWN)
        return why_fail(why, STATUS_BAD_CRL, label(&crl, PART_SIGNATURE),
                        "RFC 5280 5.1.1.2", "an unknown algorithm");
    st = read_tbs(&crl, envelope.algorithm, why);
    if (st == STATUS_OK)
        *out = crl;
    return st;
}

enum status crl_check_issuer(const struct crl *crl, const struct x509 *issuer,
                             struct why *why)
{
    if (!slice_equal(crl->issuer, issuer->subject))
        return why_fail(why, STATUS_MISMATCH, label(crl, PART_ISSUER),
                        "RFC 5280 6.3.3 (b)", "another issuer's list");
    if (!slice_equal(crl->authority_key_id, issuer->subject_key_id))
        return why_bytes(why, STATUS_MISMATCH, label(crl, PART_EXTENSIONS),
                         "RFC 5280 5.2.1", crl->authority_key_id,
                         issuer->subject_key_id);
    if ((issuer->key_usage & X509_CRL_SIGN) == 0)
        return why_fail(why, STATUS_MISMATCH, label(crl, PART_ISSUER),
                        "RFC 5280 6.3.3 (f)", "the issuer lacks cRLSign");
    if (!signature_holds(crl->algorithm, &issuer->key, crl->tbs,
                         crl->signature))
        return why_fail(why, STATUS_BAD_SIGNATURE, label(crl, PART_SIGNATURE),
                        "RFC 5280 6.3.3 (g)",
                        "not made by the issuer's key over this content");
    return STATUS_OK;
}

enum status crl_check_dates(const struct crl *crl, int64_t now_unix,
                            struct why *why)
{
    return window_check(&crl->dates, now_unix, label(crl, PART_DATES),
                        "RFC 5280 6.3.3 (a)", why);
}

static enum status refuse_revoked(const struct crl *crl,
                                  const struct x509 *cert, struct why *why)
{
    char serial[2 * 20 + 1];

    text_hex_cut(cert->serial, serial, sizeof(serial));
    return why_fail(why, STATUS_REVOKED, cert->labels->of[X509_SERIAL],
                    "RFC 5280 6.3.3 (j)", "%s is on the list %s", serial,
                    label(crl, PART_WHOLE));
}

/* Both serials come from der_unsigned(): equal numbers are equal bytes. */
enum status crl_check_serial(const struct crl *crl, const struct x509 *cert,
                             struct why *why)
{
    struct cursor c = cursor_over(crl->entries);

    while (cursor_left(&c) > 0) {
        struct slice serial = read_entry(&c);

        if (!cursor_ok(&c) || slice_equal(serial, cert->serial))
            return refuse_revoked(crl, cert, why);
    }
    return STATUS_OK;
}

enum status crl_check_cert(const struct crl *crl, const struct x509 *cert,
                           struct why *why)
{
    if (!slice_equal(crl->issuer, cert->issuer))
        return why_fail(why, STATUS_MISMATCH, label(crl, PART_ISSUER),
                        "RFC 5280 6.3.3 (b)",
                        "covers another issuer's certificates than %s",
                        cert->labels->of[X509_WHOLE]);
    return crl_check_serial(crl, cert, why);
}

void crl_claims(const struct crl *crl, const char *name,
                struct item_claims *out)
{
    *out = (struct item_claims){ .name = name,
                                 .issued_unix = crl->dates.from_unix,
                                 .next_update_unix = crl->dates.until_unix };
    out->crl_number_len = MIN_OF(crl->number.len, sizeof(out->crl_number));
    memcpy(out->crl_number, crl->number.at, out->crl_number_len);
}
