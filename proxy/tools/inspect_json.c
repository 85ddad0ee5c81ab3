#include "proxy/tools/inspect.h"

/* names: inspect_json the members of inspect.h */

#include "verifier/wolf.h"

static void put_problem(const struct why *why, struct json_out *j)
{
    if (why->status == STATUS_OK) {
        json_out_null(j, "problem");
        return;
    }
    json_out_object(j, "problem");
    json_out_text(j, "status", status_name(why->status));
    json_out_text(j, "field", why->field != NULL ? why->field : "");
    json_out_text(j, "found", why->found);
    json_out_text(j, "expected", why->expected);
    json_out_end_object(j);
}

static void put_cert(const struct x509 *cert, struct json_out *j)
{
    uint8_t digest[WOLF_SHA256_BYTES];

    wolf_sha256(cert->der, (struct slice){ 0 }, digest);
    json_out_object(j, NULL);
    json_out_slice(j, "name", cert->common_name);
    json_out_hex(j, "serial", cert->serial);
    json_out_time(j, "not_before", cert->validity.from_unix);
    json_out_time(j, "not_after", cert->validity.until_unix);
    json_out_hex(j, "sha256", SLICE_OF(digest));
    json_out_end_object(j);
}

static void put_certification(const struct inspect *in, struct json_out *j)
{
    unsigned type = in->quote.auth.cert_type;

    json_out_object(j, "certification");
    json_out_int(j, "type", type);
    json_out_text(j, "name", quote_cert_name(type));
    json_out_int(j, "bytes", (int64_t)in->quote.auth.cert_data.len);
    json_out_array(j, "certificates");
    for (size_t i = 0; i < in->chain.count; i++)
        put_cert(&in->chain.certs[i], j);
    json_out_end_array(j);
    json_out_end_object(j);
}

static void put_body(const struct quote *q, struct json_out *j)
{
    if (q->tee == TEE_SGX) {
        json_out_hex(j, "report_data", SLICE_OF(q->sgx.report_data));
        claims_sgx_json(&q->sgx.says, "sgx", j);
    } else {
        json_out_hex(j, "report_data", SLICE_OF(q->td.report_data));
        claims_tdx_json(&q->td.says, "tdx", j);
    }
}

static void put_quote(const struct inspect *in, struct json_out *j)
{
    const struct quote *q = &in->quote;

    json_out_text(j, "tee", tee_name(q->tee));
    json_out_int(j, "quote_version", q->version);
    json_out_int(j, "quote_bytes", (int64_t)q->len);
    json_out_int(j, "trailing_bytes", (int64_t)in->tail.len);
    json_out_hex(j, "qe_vendor_id", SLICE_OF(q->vendor_id));
    json_out_hex(j, "user_data", SLICE_OF(q->user_data));
    put_body(q, j);
    json_out_hex(j, "attestation_key", q->auth.key);
    claims_sgx_json(&q->auth.qe.says, "qe", j);
    json_out_hex(j, "qe_report_data", SLICE_OF(q->auth.qe.report_data));
    json_out_hex(j, "qe_auth_data", q->auth.qe_auth_data);
    put_certification(in, j);
    if (!in->has_platform) {
        json_out_null(j, "platform");
        return;
    }
    claims_platform_json(&in->pck.platform, "platform", j);
    json_out_hex(j, "component_svns", SLICE_OF(in->pck.component_svns));
}

static void put_report(const struct inspect *in, struct json_out *j)
{
    json_out_text(j, "tee", tee_name(TEE_SEV_SNP));
    json_out_int(j, "quote_version", in->snp_version);
    json_out_int(j, "quote_bytes", SNP_REPORT_BYTES);
    json_out_int(j, "trailing_bytes", (int64_t)in->tail.len);
    json_out_hex(j, "report_data", SLICE_OF(in->snp_report_data));
    claims_snp_json(&in->snp, "snp", j);
}

void inspect_json(const struct inspect *in, struct json_out *j)
{
    json_out_bool(j, "verified", false);
    put_problem(&in->why, j);
    if (in->is_snp)
        put_report(in, j);
    else if (in->quote.len == 0)
        json_out_null(j, "tee");
    else
        put_quote(in, j);
}
