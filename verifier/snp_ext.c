#include "verifier/snp_ext.h"

#include "common/cursor.h"
#include "verifier/der.h"

/* 1.3.6.1.4.1.3704.1 */
#define OID_AMD 0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x01

static const uint8_t oid_struct_version[] = { OID_AMD, 0x01 };
static const uint8_t oid_product[] = { OID_AMD, 0x02 };
static const uint8_t oid_hwid[] = { OID_AMD, 0x04 };
static const uint8_t oid_csp_id[] = { OID_AMD, 0x05 };

#define STRUCT_VERSION_MAX 1
#define DER_IA5_STRING     0x16
#define TURIN_HWID_BYTES   8

static const char clause[] = "AMD 57230";

static enum status bad(const struct x509 *cert, const char *what,
                       struct why *why)
{
    return why_fail(why, STATUS_BAD_CERT, cert->labels->of[X509_EXTENSIONS],
                    clause, "%s is missing or malformed", what);
}

/* --- kinds and products --- */

static enum status read_kind(const struct x509 *cert, struct snp_ext *out,
                             struct why *why)
{
    if (slice_equal(cert->common_name, slice_text("SEV-VCEK")))
        out->signer = SNP_VCEK;
    else if (slice_equal(cert->common_name, slice_text("SEV-VLEK")))
        out->signer = SNP_VLEK;
    if (out->signer != SNP_NO_SIGNER)
        return STATUS_OK;
    (void)why_fail(why, STATUS_UNSUPPORTED, cert->labels->of[X509_SUBJECT],
                   clause, "another common name");
    return why_expect(why, "SEV-VCEK or SEV-VLEK");
}

/* The product's name, without a stepping: "Milan-B0" is Milan. */
static enum snp_product product_of(struct slice text)
{
    static const enum snp_product products[] = { SNP_MILAN, SNP_GENOA,
                                                 SNP_TURIN };
    struct cursor c = cursor_over(text);
    struct slice name = cursor_until(&c, "-");

    for (size_t i = 0; i < COUNT_OF(products); i++)
        if (slice_equal(name, slice_text(snp_product_name(products[i]))))
            return products[i];
    return SNP_NO_PRODUCT;
}

static bool read_text(const struct x509 *cert, struct slice oid,
                      struct slice *out)
{
    struct slice value;
    struct cursor c;

    if (!x509_extension(cert, oid, &value))
        return false;
    c = cursor_over(value);
    *out = der_take(&c, DER_IA5_STRING);
    return cursor_finish(&c);
}

static enum status read_product(const struct x509 *cert, struct snp_ext *out,
                                struct why *why)
{
    struct slice name;

    if (!read_text(cert, SLICE_OF(oid_product), &name))
        return bad(cert, "productName", why);
    out->product = product_of(name);
    if (out->product != SNP_NO_PRODUCT)
        return STATUS_OK;
    (void)why_fail(why, STATUS_UNSUPPORTED, cert->labels->of[X509_EXTENSIONS],
                   clause, "productName is none that is known");
    return why_expect(why, "Milan, Genoa or Turin");
}

/* --- numbers --- */

static bool read_number(const struct x509 *cert, struct slice oid, uint64_t max,
                        uint8_t *out)
{
    struct slice value;
    struct cursor c;

    if (!x509_extension(cert, oid, &value))
        return false;
    c = cursor_over(value);
    *out = (uint8_t)der_number(&c, DER_INTEGER, max);
    return cursor_finish(&c);
}

/* spl_4 to spl_7 are reserved. */
static bool has_stray_spl(const struct x509 *cert)
{
    for (uint8_t i = 4; i <= 7; i++) {
        const uint8_t oid[] = { OID_AMD, 0x03, i };
        struct slice value;
        uint8_t spl;

        if (x509_extension(cert, SLICE_OF(oid), &value) &&
            !read_number(cert, SLICE_OF(oid), 0, &spl))
            return true;
    }
    return false;
}

static enum status read_tcb(const struct x509 *cert, struct snp_ext *out,
                            struct why *why)
{
    struct snp_tcb *t = &out->tcb;
    const struct {
        const char *name;
        uint8_t number;
        uint8_t *to;
    } spls[] = {
        { "blSPL", 1, &t->bootloader }, { "teeSPL", 2, &t->tee },
        { "snpSPL", 3, &t->snp },       { "ucodeSPL", 8, &t->microcode },
        { "fmcSPL", 9, &t->fmc },
    };
    /* The last is only for Turin. */
    size_t count = COUNT_OF(spls) - (out->product == SNP_TURIN ? 0 : 1);

    for (size_t i = 0; i < count; i++) {
        const uint8_t oid[] = { OID_AMD, 0x03, spls[i].number };

        if (!read_number(cert, SLICE_OF(oid), UINT8_MAX, spls[i].to))
            return bad(cert, spls[i].name, why);
    }
    if (has_stray_spl(cert))
        return bad(cert, "a reserved SPL, which is 0,", why);
    return STATUS_OK;
}

/* --- who it is --- */

/* |len| bytes, as they are or in an OCTET STRING: AMD has issued both. */
static bool read_octets(struct slice value, size_t len, uint8_t *out)
{
    struct cursor c = cursor_over(value);
    struct slice bytes =
        value.len == len ? cursor_rest(&c) : der_take(&c, DER_OCTET_STRING);

    if (!cursor_finish(&c) || bytes.len != len)
        return false;
    memcpy(out, bytes.at, len);
    return true;
}

/* Turin's chip ids have 8 bytes that count; the report ends them with zeros,
 * and so does a certificate, or leaves them out. */
static enum status read_hwid(const struct x509 *cert, struct snp_ext *out,
                             struct why *why)
{
    struct slice value;

    if (!x509_extension(cert, SLICE_OF(oid_hwid), &value))
        return bad(cert, "hwID", why);
    if (read_octets(value, sizeof(out->chip_id), out->chip_id))
        return STATUS_OK;
    if (out->product == SNP_TURIN &&
        read_octets(value, TURIN_HWID_BYTES, out->chip_id))
        return STATUS_OK;
    return bad(cert, "hwID", why);
}

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < 0x20 || text.at[i] > 0x7e)
            return false;
    return true;
}

static enum status read_csp_id(const struct x509 *cert, struct snp_ext *out,
                               struct why *why)
{
    struct slice id;

    if (!read_text(cert, SLICE_OF(oid_csp_id), &id) || !is_printable(id) ||
        id.len == 0 || id.len >= sizeof(out->csp_id))
        return bad(cert, "cspID", why);
    memcpy(out->csp_id, id.at, id.len);
    return STATUS_OK;
}

/* A VCEK is of a chip and of nobody, a VLEK of somebody and of no chip. */
static enum status read_owner(const struct x509 *cert, struct snp_ext *out,
                              struct why *why)
{
    bool is_vcek = out->signer == SNP_VCEK;
    struct slice foreign = is_vcek ? SLICE_OF(oid_csp_id) : SLICE_OF(oid_hwid);
    struct slice value;

    if (x509_extension(cert, foreign, &value))
        return why_fail(why, STATUS_BAD_CERT, cert->labels->of[X509_EXTENSIONS],
                        clause,
                        is_vcek ? "a VCEK with a cspID" : "a VLEK with a hwID");
    return is_vcek ? read_hwid(cert, out, why) : read_csp_id(cert, out, why);
}

enum status snp_ext_read(const struct x509 *cert, struct snp_ext *out,
                         struct why *why)
{
    struct snp_ext ext = { 0 };
    uint8_t version;
    enum status st;

    *out = ext;
    if (!read_number(cert, SLICE_OF(oid_struct_version), STRUCT_VERSION_MAX,
                     &version))
        return bad(cert, "structVersion, at most 1,", why);
    st = read_kind(cert, &ext, why);
    if (st == STATUS_OK)
        st = read_product(cert, &ext, why);
    if (st == STATUS_OK)
        st = read_tcb(cert, &ext, why);
    if (st == STATUS_OK)
        st = read_owner(cert, &ext, why);
    if (st == STATUS_OK)
        *out = ext;
    return st;
}
