#include "proxy/local/appraise.h"

#include <assert.h>

#include "common/compiler.h"
#include "verifier/verify_snp.h"

void appraise_row(struct verdict *v, const char *id, const char *title,
                  const struct why *why)
{
    struct check_result *row;

    assert(v->count < COUNT_OF(v->checks));
    row = &v->checks[v->count++];
    *row = (struct check_result){ .id = id, .title = title, .why = *why };
    row->outcome = why->status == STATUS_OK ? OUTCOME_PASS : OUTCOME_FAIL;
}

/* The quote is for this key and this challenge: else it proves somebody
 * else's server. */
static bool check_binding(const struct appraise_input *in,
                          struct attestation *out)
{
    struct why why = { .status = STATUS_OK };

    if (!slice_equal(SLICE_OF(out->claims.report_data), in->report_data))
        (void)why_bytes(&why, STATUS_BAD_BINDING, "quote.report_data",
                        "PROTOCOL 4", SLICE_OF(out->claims.report_data),
                        in->report_data);
    appraise_row(&out->verdict, "binding",
                 in->challenged
                     ? "quote binds the session key and our challenge"
                     : "quote binds the session key and its epoch",
                 &why);
    out->why = why;
    return why.status == STATUS_OK;
}

static enum status verify_amd(const struct appraise_input *in,
                              struct attestation *out)
{
    const struct verify_snp_input snp = {
        .report = in->quote,
        .endorsement = in->endorsement,
        .crl = in->crl,
        .root_pem = in->root,
        .now_unix = in->now_unix,
        .user_crls = in->user_crls,
        .user_crl_count = in->user_crl_count,
    };

    return verify_snp(&snp, &out->claims, &out->verdict);
}

static enum status verify_intel(const struct appraise_input *in,
                                struct attestation *out)
{
    const struct verify_input intel = {
        .quote = in->quote,
        .collateral = in->collateral,
        .root_der = in->root,
        .now_unix = in->now_unix,
        .user_crls = in->user_crls,
        .user_crl_count = in->user_crl_count,
    };

    if (in->trusted == NULL)
        return verify_quote(&intel, &out->claims, &out->verdict);
    return verify_quote_with(in->trusted, &intel, &out->claims, &out->verdict);
}

bool appraise_verify(const struct appraise_input *in, struct attestation *out)
{
    enum status st = in->is_snp ? verify_amd(in, out) : verify_intel(in, out);
    const struct check_result *failed = verdict_failed(&out->verdict);

    if (failed != NULL)
        out->why = failed->why;
    else if (st != STATUS_OK)
        (void)why_fail(&out->why, st, "attest", NULL, "%s", status_text(st));
    else
        return check_binding(in, out);
    return false;
}

void appraise_judge(const struct appraise_input *in,
                    const struct accept *accept, struct attestation *out)
{
    const struct judge_input judge = {
        .claims = &out->claims,
        .now_unix = in->now_unix,
        .attested_unix = out->attested_unix,
        .challenged = in->challenged,
        .exec = in->exec,
    };

    if (judge_claims(accept, &judge, &out->decision, &out->why) != STATUS_OK)
        return;
    out->why = (struct why){ .status = STATUS_OK };
    out->deadline_unix = out->decision.deadline_unix;
}
