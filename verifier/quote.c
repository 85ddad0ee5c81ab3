#include "verifier/quote.h"

#include "common/cursor.h"
#include "common/limits.h"
#include "verifier/verify.h"

#define KEY_ECDSA_P256 2
#define TEE_TYPE_SGX   0x00
#define TEE_TYPE_TDX   0x81

static const char CLAUSE[] = "DCAP quote format";

const char *quote_cert_name(unsigned type)
{
    static const char *const names[] = {
        [1] = "PPID in the clear",     [2] = "PPID under RSA-2048",
        [3] = "PPID under RSA-3072",   [4] = "PCK certificate alone",
        [5] = "PCK certificate chain", [6] = "QE report certification",
        [7] = "platform manifest",
    };

    return type >= 1 && type < COUNT_OF(names) ? names[type] : "unknown";
}

static enum status truncated(const struct cursor *c, const char *field,
                             struct why *why)
{
    return why_fail(why, STATUS_TRUNCATED, field, CLAUSE,
                    "ends at byte %zu of %zu", cursor_offset(c), c->in.len);
}

static enum status tee_of(uint16_t version, uint32_t type, enum tee_type *tee,
                          struct why *why)
{
    if (type == TEE_TYPE_SGX) {
        *tee = TEE_SGX;
        return STATUS_OK;
    }
    if (type == TEE_TYPE_TDX && version >= 4) {
        *tee = TEE_TDX;
        return STATUS_OK;
    }
    (void)why_fail(why, STATUS_BAD_FIELD, "quote.header.tee_type", CLAUSE,
                   "0x%08x in version %u", (unsigned)type, (unsigned)version);
    return why_expect(why,
                      version >= 4 ? "0x00 (SGX) or 0x81 (TDX)" : "0x00 (SGX)");
}

/*  0         2          4          8                   12          28
 *  | version | key type | TEE type | SVNs or reserved  | vendor id | user data
 */
static enum status read_header(struct cursor *c, struct quote *q,
                               struct why *why)
{
    uint16_t key_type;
    uint32_t tee_type;

    q->version = cursor_u16le(c);
    key_type = cursor_u16le(c);
    tee_type = cursor_u32le(c);
    (void)cursor_take(c, 4); /* reserved since version 4; SVNs before */
    cursor_copy(c, q->vendor_id, sizeof(q->vendor_id));
    cursor_copy(c, q->user_data, sizeof(q->user_data));
    if (!cursor_ok(c))
        return truncated(c, "quote.header", why);
    if (q->version < 3 || q->version > 5) {
        (void)why_fail(why, STATUS_BAD_VERSION, "quote.header.version", CLAUSE,
                       "version %u", (unsigned)q->version);
        return why_expect(why, "3, 4 or 5");
    }
    if (key_type != KEY_ECDSA_P256) {
        (void)why_fail(why, STATUS_UNSUPPORTED, "quote.header.key_type", CLAUSE,
                       "attestation key type %u", (unsigned)key_type);
        return why_expect(why, "2 (ECDSA P-256)");
    }
    return tee_of(q->version, tee_type, &q->tee, why);
}

static const struct body_form {
    enum tee_type tee;
    uint32_t len; /* bytes */
} body_forms[] = {
    [QUOTE_BODY_SGX] = { TEE_SGX, REPORT_SGX_BYTES },
    [QUOTE_BODY_TD_1_0] = { TEE_TDX, REPORT_TD_1_0_BYTES },
    [QUOTE_BODY_TD_1_5] = { TEE_TDX, REPORT_TD_1_5_BYTES },
    [QUOTE_BODY_TD_1_5_EX] = { TEE_TDX, REPORT_TD_1_5_EX_BYTES },
};

/* Version 5 says in six bytes what its body is; before, the TEE says it. */
static enum status read_descriptor(struct cursor *c, struct quote *q,
                                   struct why *why)
{
    uint16_t type;
    uint32_t len;

    if (q->version < 5) {
        q->body = q->tee == TEE_SGX ? QUOTE_BODY_SGX : QUOTE_BODY_TD_1_0;
        return STATUS_OK;
    }
    type = cursor_u16le(c);
    len = cursor_u32le(c);
    if (!cursor_ok(c))
        return truncated(c, "quote.body_descriptor", why);
    if (type == QUOTE_BODY_NONE || type >= COUNT_OF(body_forms) ||
        body_forms[type].tee != q->tee)
        return why_fail(why, STATUS_BAD_FIELD, "quote.body_type", CLAUSE,
                        "body type %u for %s", (unsigned)type,
                        tee_name(q->tee));
    if (len != body_forms[type].len) {
        (void)why_fail(why, STATUS_BAD_FIELD, "quote.body_size", CLAUSE,
                       "%u bytes", (unsigned)len);
        return why_expect(why, "%u bytes for body type %u",
                          (unsigned)body_forms[type].len, (unsigned)type);
    }
    q->body = (enum quote_body)type;
    return STATUS_OK;
}

static enum status read_body(struct cursor *c, struct quote *q, struct why *why)
{
    struct cursor body = cursor_over(cursor_take(c, body_forms[q->body].len));

    if (!cursor_ok(c))
        return truncated(c, "quote.body", why);
    if (q->tee == TEE_SGX)
        report_read_sgx(&body, &q->sgx);
    else
        report_read_td(&body, q->body != QUOTE_BODY_TD_1_0, &q->td);
    return STATUS_OK;
}

/*  0          384        448    450         450+n  452+n  456+n
 *  | QE report | signature | n   | auth data | type | size | certification data
 */
static void read_certification(struct cursor *c, struct quote_auth *a)
{
    struct cursor report;

    a->qe_report = cursor_take(c, REPORT_SGX_BYTES);
    report = cursor_over(a->qe_report);
    report_read_sgx(&report, &a->qe);
    a->qe_signature = cursor_take(c, 64);
    a->qe_auth_data = cursor_take(c, cursor_u16le(c));
    a->cert_type = cursor_u16le(c);
    a->cert_data = cursor_take(c, cursor_u32le(c));
}

/* Since version 4 the QE report and its certification are wrapped as
 * certification data of type 6, and nothing may be left over inside. */
static enum status read_wrapped(struct cursor *auth, struct quote_auth *a,
                                struct why *why)
{
    uint16_t type = cursor_u16le(auth);
    struct cursor in = cursor_over(cursor_take(auth, cursor_u32le(auth)));

    if (!cursor_ok(auth))
        return truncated(auth, "quote.auth", why);
    if (type != QUOTE_CERT_QE_REPORT) {
        (void)why_fail(why, STATUS_UNSUPPORTED, "quote.auth.cert_type", CLAUSE,
                       "type %u (%s)", (unsigned)type, quote_cert_name(type));
        return why_expect(why, "type 6 (%s)",
                          quote_cert_name(QUOTE_CERT_QE_REPORT));
    }
    read_certification(&in, a);
    if (!cursor_ok(&in))
        return truncated(&in, "quote.auth.qe_report_certification", why);
    if (!cursor_finish(&in) || !cursor_finish(auth))
        return why_fail(why, STATUS_TRAILING, "quote.auth", CLAUSE,
                        "%zu bytes too many",
                        cursor_left(&in) + cursor_left(auth));
    return STATUS_OK;
}

/*  0           64                128
 *  | signature | attestation key | certification
 */
static enum status read_auth(struct cursor *c, struct quote *q, struct why *why)
{
    struct quote_auth *a = &q->auth;
    struct cursor auth = cursor_over(cursor_take(c, cursor_u32le(c)));

    if (!cursor_ok(c))
        return truncated(c, "quote.auth", why);
    q->len = cursor_offset(c);
    a->signature = cursor_take(&auth, 64);
    a->key = cursor_take(&auth, 64);
    if (q->version >= 4)
        return read_wrapped(&auth, a, why);
    /* Version 3 may leave bytes over here; Intel's library lets it. */
    read_certification(&auth, a);
    if (!cursor_ok(&auth))
        return truncated(&auth, "quote.auth", why);
    return STATUS_OK;
}

static enum status read_quote(struct cursor *c, struct quote *q,
                              struct why *why)
{
    enum status st = read_header(c, q, why);

    if (st == STATUS_OK)
        st = read_descriptor(c, q, why);
    if (st == STATUS_OK)
        st = read_body(c, q, why);
    if (st != STATUS_OK)
        return st;
    q->signed_part = slice_of(c->in.at, cursor_offset(c));
    return read_auth(c, q, why);
}

enum status quote_parse(struct slice bytes, struct quote *out, struct why *why)
{
    struct cursor c = cursor_over(bytes);
    struct quote q = { 0 };
    enum status st;

    *out = q;
    if (bytes.len > QUOTE_MAX_BYTES)
        return why_fail(why, STATUS_BAD_FIELD, "quote", CLAUSE,
                        "%zu bytes, more than %d", bytes.len, QUOTE_MAX_BYTES);
    st = read_quote(&c, &q, why);
    if (st == STATUS_OK)
        *out = q;
    return st;
}

enum status quote_report_data_read(struct slice quote, uint8_t out[64],
                                   struct why *why)
{
    struct quote q;
    enum status st = quote_parse(quote, &q, why);
    const uint8_t *from =
        q.tee == TEE_SGX ? q.sgx.report_data : q.td.report_data;

    memset(out, 0, 64);
    if (st == STATUS_OK)
        memcpy(out, from, 64);
    return st;
}
