#include "proxy/local/ca_cert.h"

#include <string.h>

#include "common/cert_out.h"
#include "common/text.h"
#include "verifier/der.h"
#include "verifier/x509_ext.h"

/* GeneralSubtree with a dNSName, RFC 5280 4.2.1.6. */
static struct slice take_name(struct cursor *subtrees)
{
    struct cursor subtree = der_enter(subtrees, DER_SEQUENCE);
    struct slice name = der_take(&subtree, DER_CONTEXT_2);

    der_leave(subtrees, &subtree);
    return name;
}

/* NameConstraints, of which all that is permitted are names. */
static void read_constraints(struct slice value, struct ca_cert *out,
                             struct cursor *outer)
{
    struct cursor whole = cursor_over(value);
    struct cursor c = der_enter(&whole, DER_SEQUENCE);
    struct cursor names;

    out->names = der_take(&c, DER_CONTEXT_CONSTRUCTED_0);
    (void)der_take(&c, DER_CONTEXT_CONSTRUCTED_1); /* addresses */
    der_leave(&whole, &c);
    names = cursor_over(out->names);
    do
        if (!text_is_host(take_name(&names)))
            cursor_fail(&names);
    while (cursor_ok(&names) && cursor_left(&names) > 0);
    if (!cursor_finish(&names) || !cursor_finish(&whole))
        cursor_fail(outer);
}

/* Only one extension must be there, and critical: that which makes trust in
 * the rest harmless. */
static void read_extensions(struct cursor *c, struct ca_cert *out)
{
    static const uint8_t oid[] = { 0x55, 0x1d, CERT_OUT_NAME_CONSTRAINTS };
    struct cursor wrapper = der_enter(c, DER_CONTEXT_CONSTRUCTED_3);
    struct slice list = der_take(&wrapper, DER_SEQUENCE);
    struct x509_ext ext;

    if (x509_ext_find(list, SLICE_OF(oid), &ext) && ext.critical)
        read_constraints(ext.value, out, &wrapper);
    else
        cursor_fail(&wrapper);
    der_leave(c, &wrapper);
}

static void read_span(struct cursor *c, struct tls_cert_span *out)
{
    struct cursor validity = der_enter(c, DER_SEQUENCE);

    out->from_unix = der_time(&validity);
    out->until_unix = der_time(&validity);
    der_leave(c, &validity);
}

static void read_tbs(struct cursor *outer, struct ca_cert *out)
{
    struct cursor c = der_enter(outer, DER_SEQUENCE);
    struct slice issuer;

    (void)der_take(&c, DER_CONTEXT_CONSTRUCTED_0); /* version */
    (void)der_unsigned(&c);                        /* serial */
    (void)der_take(&c, DER_SEQUENCE);              /* algorithm */
    issuer = der_take_whole(&c, DER_SEQUENCE);
    read_span(&c, &out->span);
    out->subject = der_take_whole(&c, DER_SEQUENCE);
    if (!slice_equal(issuer, out->subject))
        cursor_fail(&c);
    out->spki = der_take_whole(&c, DER_SEQUENCE);
    read_extensions(&c, out);
    der_leave(outer, &c);
}

enum status ca_cert_parse(struct slice der, struct ca_cert *out,
                          struct why *why)
{
    struct cursor whole = cursor_over(der);
    struct cursor c = der_enter(&whole, DER_SEQUENCE);

    *out = (struct ca_cert){ .der = der };
    read_tbs(&c, out);
    (void)der_take(&c, DER_SEQUENCE); /* algorithm */
    (void)der_bit_bytes(&c);          /* signature */
    der_leave(&whole, &c);
    if (cursor_finish(&whole))
        return STATUS_OK;
    *out = (struct ca_cert){ 0 };
    return why_fail(why, STATUS_BAD_CERT, "ca", "RFC 5280 4.2.1.10",
                    "not a CA that is constrained to names, as 'veritee ca "
                    "make' makes them");
}

struct cursor ca_cert_names(const struct ca_cert *cert)
{
    return cursor_over(cert->names);
}

bool ca_cert_next(struct cursor *names, struct slice *name)
{
    if (cursor_left(names) == 0)
        return false;
    *name = take_name(names);
    return cursor_ok(names);
}

static bool is_at_or_below(const char *host, struct slice name)
{
    size_t len = strlen(host);
    size_t skip = len - name.len;

    if (len < name.len || (skip > 0 && host[skip - 1] != '.'))
        return false;
    return text_same_word(slice_of(host + skip, name.len), name);
}

bool ca_cert_covers(const struct ca_cert *cert, const char *host)
{
    struct cursor names = ca_cert_names(cert);
    struct slice name;

    while (ca_cert_next(&names, &name))
        if (is_at_or_below(host, name))
            return true;
    return false;
}
