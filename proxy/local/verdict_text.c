#include "proxy/local/verdict_text.h"

#include "common/text.h"
#include "verifier/snp_tcb.h"

static const struct look {
    const char *word;
    const char *colour;
} looks[] = {
    [OUTCOME_SKIP] = { "skip", "\033[2m" },
    [OUTCOME_PASS] = { "pass", "\033[32m" },
    [OUTCOME_FAIL] = { "FAIL", "\033[1;31m" },
};

static void put_why(const struct why *why, struct buffer *out)
{
    const struct {
        const char *name;
        const char *value;
    } lines[] = {
        { "what", status_text(why->status) },
        { "field", why->field },
        { "found", why->found },
        { "expected", why->expected },
        { "rule", why->clause },
    };

    for (size_t i = 0; i < COUNT_OF(lines); i++)
        if (lines[i].value != NULL && lines[i].value[0] != '\0')
            buffer_printf(out, "        %-8s  %s\n", lines[i].name,
                          lines[i].value);
}

void verdict_text_table(const struct verdict *v, bool colour,
                        struct buffer *out)
{
    for (size_t i = 0; i < v->count; i++) {
        const struct check_result *c = &v->checks[i];
        const struct look *look = &looks[c->outcome];
        bool seen = c->outcome != OUTCOME_FAIL && c->why.found[0] != '\0';

        buffer_printf(out, "%s%s%s  %-30s  %s\n", colour ? look->colour : "",
                      look->word, colour ? "\033[0m" : "", c->id,
                      seen ? c->why.found : c->title);
        if (c->outcome == OUTCOME_FAIL)
            put_why(&c->why, out);
    }
}

static void put_hex(struct buffer *out, const char *name, struct slice value)
{
    buffer_printf(out, "  %-14s  ", name);
    buffer_hex(out, value);
    buffer_byte(out, '\n');
}

static void put_measurements(const struct claims *c, struct buffer *out)
{
    static const char *const rtmrs[] = { "rtmr0", "rtmr1", "rtmr2", "rtmr3" };

    if (c->tee == TEE_SGX) {
        put_hex(out, "mrenclave", SLICE_OF(c->sgx.mr_enclave));
        put_hex(out, "mrsigner", SLICE_OF(c->sgx.mr_signer));
        buffer_printf(out, "  %-14s  %u, SVN %u\n", "product",
                      (unsigned)c->sgx.isv_prod_id, (unsigned)c->sgx.isv_svn);
        return;
    }
    if (c->tee == TEE_SEV_SNP) {
        put_hex(out, "measurement", SLICE_OF(c->snp.measurement));
        put_hex(out, "host data", SLICE_OF(c->snp.host_data));
        buffer_printf(out, "  %-14s  VMPL %u, SVN %u\n", "guest",
                      (unsigned)c->snp.vmpl, (unsigned)c->snp.guest_svn);
        return;
    }
    put_hex(out, "mrtd", SLICE_OF(c->tdx.mr_td));
    for (size_t i = 0; i < COUNT_OF(rtmrs); i++)
        put_hex(out, rtmrs[i], SLICE_OF(c->tdx.rtmr[i]));
}

static void put_advisories(const struct advisories *set, struct buffer *out)
{
    buffer_printf(out, "  %-14s ", "advisories");
    for (size_t i = 0; i < set->count; i++)
        buffer_printf(out, " %s", set->names[i]);
    buffer_text(out, set->count == 0 ? " none\n" : "\n");
}

/* What Intel says of SGX and TDX platforms. */
static void put_intel(const struct claims *c, struct buffer *out)
{
    char time[TEXT_TIME_ROOM];

    put_hex(out, "fmspc", SLICE_OF(c->platform.fmspc));
    text_time(c->tcb.date_unix, time);
    buffer_printf(out, "  %-14s  %s, of %.10s, evaluation number %u\n",
                  "tcb status", tcb_status_name(c->tcb.status), time,
                  (unsigned)c->tcb.evaluation_number);
    put_advisories(&c->tcb.advisories, out);
}

static void put_snp_platform(const struct snp_claims *c, struct buffer *out)
{
    char tcb[SNP_TCB_TEXT_ROOM];

    buffer_printf(out, "  %-14s  %s, by its %s%s%s\n", "processor",
                  snp_product_name(c->product), snp_signer_name(c->signer),
                  c->signer == SNP_VLEK ? " of " : "", c->csp_id);
    put_hex(out, "chip id", SLICE_OF(c->chip_id));
    snp_tcb_text(&c->reported, tcb);
    buffer_printf(out, "  %-14s  %s\n", "tcb", tcb);
    buffer_printf(out, "  %-14s  %s\n", "revocation",
                  c->revocation_checked ? "checked" : "NOT CHECKED");
}

void verdict_text_claims(const struct claims *c, struct buffer *out)
{
    bool is_snp = c->tee == TEE_SEV_SNP;
    char time[TEXT_TIME_ROOM];

    buffer_printf(out, "  %-14s  %s%s%s\n", "tee", tee_name(c->tee),
                  c->debug ? ", DEBUG: open to its host" : "",
                  c->simulated ? ", SIMULATED: not the maker's root" : "");
    put_measurements(c, out);
    put_hex(out, "report data", SLICE_OF(c->report_data));
    if (is_snp)
        put_snp_platform(&c->snp, out);
    else
        put_intel(c, out);
    text_time(c->validity.earliest_expiry_unix, time);
    buffer_printf(out, "  %-14s  %s (%s)\n", "good until", time,
                  c->validity.earliest_expiry_item);
}

static void put_check(const struct check_result *c, struct json_out *j)
{
    static const char *const words[] = { [OUTCOME_SKIP] = "skip",
                                         [OUTCOME_PASS] = "pass",
                                         [OUTCOME_FAIL] = "fail" };

    json_out_object(j, NULL);
    json_out_text(j, "id", c->id);
    json_out_text(j, "title", c->title);
    json_out_text(j, "outcome", words[c->outcome]);
    json_out_text(j, "found", c->why.found);
    if (c->outcome == OUTCOME_FAIL) {
        json_out_text(j, "status", status_name(c->why.status));
        json_out_text(j, "field", c->why.field != NULL ? c->why.field : "");
        json_out_text(j, "clause", c->why.clause != NULL ? c->why.clause : "");
        json_out_text(j, "expected", c->why.expected);
    }
    json_out_end_object(j);
}

void verdict_text_checks(const struct verdict *v, struct json_out *j)
{
    json_out_array(j, "checks");
    for (size_t i = 0; i < v->count; i++)
        put_check(&v->checks[i], j);
    json_out_end_array(j);
}
