#include "collateral/pcs_request.h"

#include <assert.h>
#include <stdio.h>

#include "common/cursor.h"
#include "common/text.h"

static const char intel_pcs[] = "https://api.trustedservices.intel.com";
static const char intel_root_crl[] =
    "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";

/* Items of the API: the path for each kind of TEE, and the header with the
 * issuer chain. Version 3 of the API, and many a PCCS since, put SGX- before
 * the name of the TCB info's. */
static const struct endpoint {
    const char *path;
    const char *headers[PCS_HEADERS_MAX];
} endpoints[ITEM_KINDS] = {
    /* clang-format off */
    [ITEM_TCB_INFO]    = { "tcb",
                           { "TCB-Info-Issuer-Chain",
                             "SGX-TCB-Info-Issuer-Chain" } },
    [ITEM_QE_IDENTITY] = { "qe/identity",
                           { "SGX-Enclave-Identity-Issuer-Chain" } },
    [ITEM_PCK_CRL]     = { "pckcrl", { "SGX-PCK-CRL-Issuer-Chain" } },
    [ITEM_ROOT_CRL]    = { "rootcacrl", { NULL } }, /* of a PCCS */
    [ITEM_TCB_NUMBERS] = { "tcbevaluationdatanumbers",
                           { "TCB-Evaluation-Data-Numbers-Issuer-Chain" } },
    /* clang-format on */
};

static bool ends_with(struct slice text, struct slice tail)
{
    return text.len > tail.len &&
           slice_equal(slice_of(text.at + text.len - tail.len, tail.len), tail);
}

/* The URL of a source without what users often copy along: final slashes, and
 * the path of the API as other tools want it. */
static struct slice base_of(const char *url)
{
    static const char *const tails[] = { "/", "/sgx/certification/v4",
                                         "/tdx/certification/v4" };
    struct slice base = slice_text(url);

    for (size_t i = 0; i < COUNT_OF(tails); i++)
        while (ends_with(base, slice_text(tails[i])))
            base.len -= strlen(tails[i]);
    return base;
}

static void add_update(struct buffer *url, char mark,
                       const struct collateral_update *update)
{
    switch (update->kind) {
    case UPDATE_STANDARD: /* what the API gives when not asked */
        return;
    case UPDATE_EARLY:
        buffer_printf(url, "%cupdate=early", mark);
        return;
    case UPDATE_NUMBER:
        buffer_printf(url, "%ctcbEvaluationDataNumber=%u", mark,
                      (unsigned)update->number);
        return;
    }
    assert(!"an update without a query");
}

static void add_query(struct buffer *url, const struct want *want)
{
    switch (want->item) {
    case ITEM_TCB_INFO:
        buffer_text(url, "?fmspc=");
        buffer_hex(url, SLICE_OF(want->fmspc));
        add_update(url, '&', &want->update);
        return;
    case ITEM_QE_IDENTITY:
        add_update(url, '?', &want->update);
        return;
    case ITEM_PCK_CRL:
        buffer_printf(url, "?ca=%s&encoding=der",
                      want->platform_ca ? "platform" : "processor");
        return;
    case ITEM_ROOT_CRL:
    case ITEM_TCB_NUMBERS:
        return;
    case ITEM_COUNT:
    case ITEM_VCEK:
    case ITEM_ARK_CRL:
    case ITEM_KINDS:
        break;
    }
    assert(!"an item without a query");
}

static void add_url(struct buffer *url, const struct want *want,
                    const struct collateral_source *source)
{
    bool is_tdx = want->tee == TEE_TDX;

    if (want->item == ITEM_ROOT_CRL && source->url == NULL) {
        buffer_text(url, intel_root_crl);
        return;
    }
    buffer_add(url, base_of(source->url == NULL ? intel_pcs : source->url));
    if (want->item == ITEM_ROOT_CRL && source->kind == SOURCE_PCS) {
        buffer_text(url, "/IntelSGXRootCA.der");
        return;
    }
    buffer_printf(url, "/%s/certification/v4/%s", is_tdx ? "tdx" : "sgx",
                  endpoints[want->item].path);
    add_query(url, want);
}

enum status pcs_request_set_url(struct pcs_request *r,
                                const struct buffer *text, struct why *why)
{
    struct url url;
    enum status st =
        buffer_ok(text) && text->len < sizeof(r->url)
            ? url_parse(buffer_view(text), &url, why)
            : why_fail(why, STATUS_BAD_CONFIG, "collateral.sources", NULL,
                       "the URL is too long");

    if (st == STATUS_OK)
        memcpy(r->url, text->at, text->len);
    return st;
}

enum status pcs_request_for(const struct want *want,
                            const struct collateral_source *source,
                            struct pcs_request *out, struct why *why)
{
    struct buffer text = buffer_with_max(sizeof(out->url) - 1);
    enum status st;

    assert(source_is_remote(source->kind) && !want_is_amd(want));
    *out = (struct pcs_request){ 0 };
    add_url(&text, want, source);
    st = pcs_request_set_url(out, &text, why);
    if (st == STATUS_OK)
        memcpy(out->headers, endpoints[want->item].headers,
               sizeof(out->headers));
    buffer_free(&text);
    return st;
}

/* Undo percent-encoding, once. A '+' is itself: this is not a form. */
static bool percent_decode(struct slice text, struct buffer *out)
{
    struct cursor c = cursor_over(text);
    uint8_t byte;

    buffer_add(out, cursor_until(&c, "%"));
    while (cursor_skip(&c, "%")) {
        if (!text_from_hex(cursor_take(&c, 2), &byte, 1))
            return false;
        buffer_byte(out, byte);
        buffer_add(out, cursor_until(&c, "%"));
    }
    return true;
}

#define CERT_BEGIN "-----BEGIN CERTIFICATE-----"
#define CERT_END   "-----END CERTIFICATE-----"
#define CRL_BEGIN  "-----BEGIN X509 CRL-----"
#define CRL_END    "-----END X509 CRL-----"
#define PEM_LINE   64

static void skip_space(struct cursor *c)
{
    while (cursor_skip(c, "\n") || cursor_skip(c, "\r") ||
           cursor_skip(c, " ") || cursor_skip(c, "\t"))
        continue;
}

static bool is_base64(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=';
}

/* The inside of a block, without its white space, in lines as PEM wants. */
static bool rewrap(struct slice inside, struct buffer *out)
{
    size_t column = 0;

    for (size_t i = 0; i < inside.len; i++) {
        if (memchr("\r\n \t", inside.at[i], 4) != NULL)
            continue;
        if (!is_base64(inside.at[i]))
            return false;
        buffer_byte(out, inside.at[i]);
        column = (column + 1) % PEM_LINE;
        if (column == 0)
            buffer_byte(out, '\n');
    }
    if (column != 0)
        buffer_byte(out, '\n');
    return inside.len > 0;
}

/* One certificate and the white space behind it. */
static bool rewrap_cert(struct cursor *c, struct buffer *out)
{
    if (!cursor_skip(c, CERT_BEGIN))
        return false;
    buffer_text(out, CERT_BEGIN "\n");
    if (!rewrap(cursor_until(c, "-"), out) || !cursor_skip(c, CERT_END))
        return false;
    buffer_text(out, CERT_END "\n");
    skip_space(c);
    return true;
}

static enum status read_chain(struct slice pem, struct buffer *out,
                              struct why *why)
{
    struct cursor c = cursor_over(pem);

    skip_space(&c);
    do {
        if (!rewrap_cert(&c, out))
            return why_fail(why, STATUS_BAD_CERT, "issuer chain header",
                            "RFC 7468", "no certificate at byte %zu of %zu",
                            cursor_offset(&c), pem.len);
    } while (!cursor_finish(&c));
    if (!buffer_ok(out))
        return why_fail(why, STATUS_NO_MEMORY, "issuer chain header", NULL,
                        "no memory for %zu bytes", pem.len);
    return STATUS_OK;
}

enum status pcs_request_chain(struct slice value, struct buffer *out,
                              struct why *why)
{
    struct buffer pem = buffer_with_max(value.len);
    enum status st;

    if (value.len == 0)
        return why_fail(why, STATUS_BAD_CERT, "issuer chain header",
                        "PCS API v4", "the answer has none");
    if (!percent_decode(value, &pem))
        st = why_fail(why, STATUS_BAD_CERT, "issuer chain header",
                      "RFC 3986 2.1", "a percent sign without two digits");
    else if (!buffer_ok(&pem))
        st = why_fail(why, STATUS_NO_MEMORY, "issuer chain header", NULL,
                      "no memory for %zu bytes", value.len);
    else
        st = read_chain(buffer_view(&pem), out, why);
    buffer_free(&pem);
    return st;
}

static bool crl_from_pem(struct slice body, struct buffer *out)
{
    struct cursor c = cursor_over(body);
    struct slice inside;
    uint8_t *der;
    size_t len;

    if (!cursor_skip(&c, CRL_BEGIN))
        return false;
    inside = cursor_until(&c, "-");
    if (!cursor_skip(&c, CRL_END))
        return false;
    skip_space(&c);
    der = buffer_reserve(out, inside.len);
    if (!cursor_finish(&c) || der == NULL ||
        !text_from_base64(inside, der, inside.len, &len))
        return false;
    buffer_commit(out, len);
    return true;
}

static bool crl_from_hex(struct slice body, struct buffer *out)
{
    struct cursor c = cursor_over(body);
    struct slice digits = cursor_until(&c, "\r\n \t");
    uint8_t *der = buffer_reserve(out, digits.len / 2);

    skip_space(&c);
    if (!cursor_finish(&c) || der == NULL ||
        !text_from_hex(digits, der, digits.len / 2))
        return false;
    buffer_commit(out, digits.len / 2);
    return true;
}

/* The first byte tells the encodings apart: DER begins with the byte 0x30,
 * which as text is "0"; in hexadecimal the same DER begins with "30". */
enum status pcs_request_crl(struct slice body, struct buffer *out,
                            struct why *why)
{
    bool good = false;

    if (body.len > 0 && body.at[0] == '-')
        good = crl_from_pem(body, out);
    else if (body.len > 0 && body.at[0] == '3')
        good = crl_from_hex(body, out);
    else if (body.len > 0 && body.at[0] == 0x30) {
        buffer_add(out, body);
        good = true;
    }
    if (!buffer_ok(out))
        return why_fail(why, STATUS_NO_MEMORY, "revocation list", NULL,
                        "no memory for %zu bytes", body.len);
    if (!good)
        return why_fail(why, STATUS_BAD_CRL, "revocation list", NULL,
                        "%zu bytes that are neither DER, PEM nor hexadecimal",
                        body.len);
    return STATUS_OK;
}
