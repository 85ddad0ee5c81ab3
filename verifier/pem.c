#include "verifier/pem.h"

#include <stdbool.h>

#include "common/cursor.h"
#include "common/text.h"

static const char clause[] = "RFC 7468 5";

/* Move behind the next |mark| and tell what stood before it. False, and
 * nothing moved, when there is none. */
static bool skip_past(struct cursor *c, const char *mark, struct slice *before)
{
    struct slice want = slice_text(mark);
    struct cursor look = *c;
    struct slice rest = cursor_rest(&look);

    for (size_t i = 0; i + want.len <= rest.len; i++) {
        const uint8_t *next = memchr(rest.at + i, want.at[0], rest.len - i);

        if (next == NULL)
            return false;
        i = (size_t)(next - rest.at);
        if (rest.len - i < want.len ||
            !slice_equal(slice_of(next, want.len), want))
            continue;
        *before = cursor_take(c, i);
        (void)cursor_take(c, want.len);
        return true;
    }
    return false;
}

static bool is_blank(struct slice text, bool nul_too)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t b = text.at[i];

        if (b != ' ' && b != '\t' && b != '\r' && b != '\n' &&
            !(nul_too && b == '\0'))
            return false;
    }
    return true;
}

/* Read the block that |c| stands in, behind its first line. */
static enum status read_block(struct cursor *c, const char *field,
                              struct pem *out, struct why *why)
{
    uint8_t *der = out->bytes + out->count * CERT_MAX_BYTES;
    struct slice base64;
    size_t len;

    if (!skip_past(c, "-----END CERTIFICATE-----", &base64))
        return why_fail(why, STATUS_BAD_CERT, field, clause,
                        "block %zu has no end", out->count + 1);
    if (!text_from_base64(base64, der, CERT_MAX_BYTES, &len) || len == 0)
        return why_fail(why, STATUS_BAD_CERT, field, clause,
                        "block %zu is not base64 of 1 to %d bytes",
                        out->count + 1, CERT_MAX_BYTES);
    out->certs[out->count++] = slice_of(der, len);
    return STATUS_OK;
}

static enum status read_blocks(struct cursor *c, const char *field,
                               struct pem *out, struct why *why)
{
    struct slice before;

    while (skip_past(c, "-----BEGIN CERTIFICATE-----", &before)) {
        enum status st;

        if (out->count > 0 && !is_blank(before, false))
            return why_fail(why, STATUS_BAD_CERT, field, clause,
                            "text between blocks %zu and %zu", out->count,
                            out->count + 1);
        if (out->count == CHAIN_MAX_CERTS)
            return why_fail(why, STATUS_BAD_CHAIN, field, clause,
                            "more than %d certificates", CHAIN_MAX_CERTS);
        st = read_block(c, field, out, why);
        if (st != STATUS_OK)
            return st;
    }
    if (out->count == 0)
        return why_fail(why, STATUS_BAD_CERT, field, clause,
                        "no certificate in %zu bytes", c->in.len);
    if (!is_blank(cursor_rest(c), true))
        return why_fail(why, STATUS_BAD_CERT, field, clause,
                        "text after the last certificate");
    return STATUS_OK;
}

enum status pem_parse(struct slice text, const char *field, struct pem *out,
                      struct why *why)
{
    struct cursor c = cursor_over(text);
    enum status st;

    out->count = 0;
    st = read_blocks(&c, field, out, why);
    if (st != STATUS_OK)
        out->count = 0;
    return st;
}

enum status pem_parse_crl(struct slice text, const char *field, uint8_t *out,
                          size_t room, size_t *len, struct why *why)
{
    struct cursor c = cursor_over(text);
    struct slice before;
    struct slice base64;

    *len = 0;
    if (!skip_past(&c, "-----BEGIN X509 CRL-----", &before) ||
        !skip_past(&c, "-----END X509 CRL-----", &base64))
        return why_fail(why, STATUS_BAD_CRL, field, "RFC 7468 6",
                        "no revocation list in %zu bytes", text.len);
    if (!is_blank(cursor_rest(&c), true))
        return why_fail(why, STATUS_BAD_CRL, field, "RFC 7468 6",
                        "text after the revocation list");
    if (!text_from_base64(base64, out, room, len) || *len == 0) {
        *len = 0;
        return why_fail(why, STATUS_BAD_CRL, field, "RFC 7468 6",
                        "not base64 of 1 to %zu bytes", room);
    }
    return STATUS_OK;
}
