#include "verifier/qe_identity.h"

#include "common/cursor.h"
#include "verifier/report.h"

static const char CLAUSE[] = "PCS API v4, enclave identity";

enum {
    QE_ID,
    QE_VERSION,
    QE_ISSUE_DATE,
    QE_NEXT_UPDATE,
    QE_EVALUATION_NUMBER,
    QE_MISC_SELECT,
    QE_MISC_SELECT_MASK,
    QE_ATTRIBUTES,
    QE_ATTRIBUTES_MASK,
    QE_MR_SIGNER,
    QE_ISV_PROD_ID,
    QE_LEVELS,
    QE_MEMBERS
};

static const char *const names[QE_MEMBERS] = {
    [QE_ID] = "id",
    [QE_VERSION] = "version",
    [QE_ISSUE_DATE] = "issueDate",
    [QE_NEXT_UPDATE] = "nextUpdate",
    [QE_EVALUATION_NUMBER] = "tcbEvaluationDataNumber",
    [QE_MISC_SELECT] = "miscselect",
    [QE_MISC_SELECT_MASK] = "miscselectMask",
    [QE_ATTRIBUTES] = "attributes",
    [QE_ATTRIBUTES_MASK] = "attributesMask",
    [QE_MR_SIGNER] = "mrsigner",
    [QE_ISV_PROD_ID] = "isvprodid",
    [QE_LEVELS] = "tcbLevels",
};

static enum tee_type read_tee(struct json *j)
{
    struct slice id = json_string(j);

    if (slice_equal(id, slice_text("QE")))
        return TEE_SGX;
    if (slice_equal(id, slice_text("TD_QE")))
        return TEE_TDX;
    return TEE_NONE;
}

/* Hexadecimal digits are bytes in memory order, so that "01000000" is 1. */
static uint32_t read_misc(struct json *j)
{
    uint8_t bytes[4];
    struct cursor c = cursor_over(SLICE_OF(bytes));

    json_hex(j, bytes, sizeof(bytes));
    return cursor_u32le(&c);
}

static void read_member(struct json *j, unsigned at, struct qe_identity *out,
                        uint32_t *version)
{
    switch (at) {
    case QE_ID:
        out->tee = read_tee(j);
        break;
    case QE_VERSION:
        *version = json_number(j, UINT32_MAX);
        break;
    case QE_ISSUE_DATE:
        out->dates.from_unix = json_time(j);
        break;
    case QE_NEXT_UPDATE:
        out->dates.until_unix = json_time(j);
        break;
    case QE_EVALUATION_NUMBER:
        out->evaluation_number = json_number(j, UINT32_MAX);
        break;
    case QE_MISC_SELECT:
        out->misc_select = read_misc(j);
        break;
    case QE_MISC_SELECT_MASK:
        out->misc_select_mask = read_misc(j);
        break;
    case QE_ATTRIBUTES:
        json_hex(j, out->attributes, sizeof(out->attributes));
        break;
    case QE_ATTRIBUTES_MASK:
        json_hex(j, out->attributes_mask, sizeof(out->attributes_mask));
        break;
    case QE_MR_SIGNER:
        json_hex(j, out->mr_signer, sizeof(out->mr_signer));
        break;
    case QE_ISV_PROD_ID:
        out->isv_prod_id = (uint16_t)json_number(j, UINT16_MAX);
        break;
    case QE_LEVELS:
        tcb_level_read_isv(j, &out->levels);
        break;
    }
}

enum status qe_identity_parse(struct slice text, struct qe_identity *out,
                              struct why *why)
{
    struct json j = json_over(text);
    struct json_object o = JSON_OBJECT(names);
    uint32_t version = 0;

    *out = (struct qe_identity){ 0 };
    while (json_member(&j, &o))
        read_member(&j, o.at, out, &version);
    json_end(&j);
    json_require(&j, &o, 1 << QE_VERSION);
    if (json_ok(&j) && version != 2) {
        (void)why_fail(why, STATUS_BAD_VERSION, "qe_identity.version", CLAUSE,
                       "version %u", (unsigned)version);
        return why_expect(why, "2");
    }
    json_require(&j, &o, (1 << QE_MEMBERS) - 1);
    return json_status(&j, "qe_identity", why);
}

enum status qe_identity_check_signer(const struct qe_identity *id,
                                     const struct sgx_claims *qe,
                                     struct why *why)
{
    if (slice_equal(SLICE_OF(qe->mr_signer), SLICE_OF(id->mr_signer)))
        return STATUS_OK;
    return why_bytes(why, STATUS_MISMATCH, "qe_report.mr_signer", CLAUSE,
                     SLICE_OF(qe->mr_signer), SLICE_OF(id->mr_signer));
}

enum status qe_identity_check_product(const struct qe_identity *id,
                                      const struct sgx_claims *qe,
                                      struct why *why)
{
    if (qe->isv_prod_id == id->isv_prod_id)
        return STATUS_OK;
    (void)why_fail(why, STATUS_MISMATCH, "qe_report.isv_prod_id", CLAUSE, "%u",
                   (unsigned)qe->isv_prod_id);
    return why_expect(why, "%u", (unsigned)id->isv_prod_id);
}

enum status qe_identity_check_attributes(const struct qe_identity *id,
                                         const struct sgx_claims *qe,
                                         struct why *why)
{
    uint8_t masked[sizeof(qe->attributes)];

    if ((qe->attributes[0] & REPORT_SGX_DEBUG) != 0)
        return why_fail(why, STATUS_MISMATCH, "qe_report.attributes", CLAUSE,
                        "the quoting enclave is in debug mode");
    for (size_t i = 0; i < sizeof(masked); i++)
        masked[i] = qe->attributes[i] & id->attributes_mask[i];
    if (slice_equal(SLICE_OF(masked), SLICE_OF(id->attributes)))
        return STATUS_OK;
    return why_bytes(why, STATUS_MISMATCH, "qe_report.attributes", CLAUSE,
                     SLICE_OF(masked), SLICE_OF(id->attributes));
}

enum status qe_identity_check_misc(const struct qe_identity *id,
                                   const struct sgx_claims *qe, struct why *why)
{
    uint32_t masked = qe->misc_select & id->misc_select_mask;

    if (masked == id->misc_select)
        return STATUS_OK;
    (void)why_fail(why, STATUS_MISMATCH, "qe_report.misc_select", CLAUSE,
                   "%08x", (unsigned)masked);
    return why_expect(why, "%08x", (unsigned)id->misc_select);
}
