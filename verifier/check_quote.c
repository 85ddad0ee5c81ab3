#include "common/text.h"
#include "verifier/verification.h"
#include "verifier/wolf.h"

static const char CLAUSE[] = "DCAP quote format";

enum status check_quote_format(struct verification *v, struct why *why)
{
    static const char *const bodies[] = {
        [QUOTE_BODY_SGX] = "SGX enclave report",
        [QUOTE_BODY_TD_1_0] = "TD report 1.0",
        [QUOTE_BODY_TD_1_5] = "TD report 1.5",
        [QUOTE_BODY_TD_1_5_EX] = "TD report 1.5, extended",
    };
    enum status st = quote_parse(v->bytes, &v->quote, why);

    if (st != STATUS_OK)
        return st;
    why_seen(why, "version %u, %s", (unsigned)v->quote.version,
             bodies[v->quote.body]);
    return STATUS_OK;
}

enum status check_quote_vendor(struct verification *v, struct why *why)
{
    static const uint8_t intel[] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c,
                                     0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3,
                                     0x95, 0x7f, 0x06, 0x07 };

    if (!slice_equal(SLICE_OF(v->quote.vendor_id), SLICE_OF(intel)))
        return why_bytes(why, STATUS_UNSUPPORTED, "quote.header.vendor_id",
                         CLAUSE, SLICE_OF(v->quote.vendor_id), SLICE_OF(intel));
    why_seen(why, "Intel");
    return STATUS_OK;
}

enum status check_quote_certification(struct verification *v, struct why *why)
{
    unsigned type = v->quote.auth.cert_type;

    if (type != QUOTE_CERT_PCK_CHAIN) {
        (void)why_fail(why, STATUS_UNSUPPORTED, "quote.auth.cert_type", CLAUSE,
                       "type %u (%s)", type, quote_cert_name(type));
        return why_expect(why, "type 5 (%s)", quote_cert_name(5));
    }
    why_seen(why, "type %u (%s)", type, quote_cert_name(type));
    return STATUS_OK;
}

enum status check_quote_qe_signature(struct verification *v, struct why *why)
{
    const struct quote_auth *a = &v->quote.auth;

    if (wolf_p256_verify(chain_leaf(&v->pck_chain)->key.bytes.at, a->qe_report,
                         a->qe_signature.at))
        return STATUS_OK;
    return why_fail(why, STATUS_BAD_SIGNATURE, "quote.auth.qe_signature",
                    CLAUSE, "not signed by the PCK");
}

/* The quoting enclave vouches for the attestation key by putting its hash
 * into its own report. Intel's library does not look at the upper half, which
 * every quoting enclave leaves zero. */
enum status check_quote_qe_binding(struct verification *v, struct why *why)
{
    const struct quote_auth *a = &v->quote.auth;
    uint8_t want[sizeof(a->qe.report_data)] = { 0 };

    wolf_sha256(a->key, a->qe_auth_data, want);
    if (slice_equal(SLICE_OF(a->qe.report_data), SLICE_OF(want)))
        return STATUS_OK;
    return why_bytes(why, STATUS_BAD_BINDING, "qe_report.report_data", CLAUSE,
                     SLICE_OF(a->qe.report_data), SLICE_OF(want));
}

enum status check_quote_qe_tee(struct verification *v, struct why *why)
{
    enum tee_type tee = v->set->qe_identity.tee;

    if (tee != v->quote.tee) {
        (void)why_fail(why, STATUS_MISMATCH, "qe_identity.id",
                       "PCS API v4, enclave identity", "of %s",
                       tee == TEE_NONE ? "another enclave" : tee_name(tee));
        return why_expect(why, "of %s", tee_name(v->quote.tee));
    }
    return STATUS_OK;
}

enum status check_quote_qe_signer(struct verification *v, struct why *why)
{
    return qe_identity_check_signer(&v->set->qe_identity,
                                    &v->quote.auth.qe.says, why);
}

enum status check_quote_qe_product(struct verification *v, struct why *why)
{
    return qe_identity_check_product(&v->set->qe_identity,
                                     &v->quote.auth.qe.says, why);
}

enum status check_quote_qe_attributes(struct verification *v, struct why *why)
{
    return qe_identity_check_attributes(&v->set->qe_identity,
                                        &v->quote.auth.qe.says, why);
}

enum status check_quote_qe_misc(struct verification *v, struct why *why)
{
    return qe_identity_check_misc(&v->set->qe_identity, &v->quote.auth.qe.says,
                                  why);
}

enum status check_quote_key(struct verification *v, struct why *why)
{
    if (wolf_p256_is_point(v->quote.auth.key.at))
        return STATUS_OK;
    return why_fail(why, STATUS_BAD_FIELD, "quote.auth.key", CLAUSE,
                    "not a point of P-256");
}

enum status check_quote_signature(struct verification *v, struct why *why)
{
    const struct quote_auth *a = &v->quote.auth;

    if (wolf_p256_verify(a->key.at, v->quote.signed_part, a->signature.at))
        return STATUS_OK;
    return why_fail(why, STATUS_BAD_SIGNATURE, "quote.auth.signature", CLAUSE,
                    "not signed by the attestation key");
}
