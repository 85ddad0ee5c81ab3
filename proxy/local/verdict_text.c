#include "proxy/local/verdict_text.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/text.h"
#include "verifier/snp_tcb.h"

/* The longest is a full list of advisories. */
#define FACT_ROOM (ADVISORIES_MAX * ADVISORY_MAX_BYTES)

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

/* Who is told the facts. */
struct teller {
    verdict_text_fact *fact;
    void *ctx;
};

PRINTF_LIKE(3, 4)
static void tell(const struct teller *t, const char *name, const char *format,
                 ...)
{
    char text[FACT_ROOM];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args); /* cut is fine */
    va_end(args);
    t->fact(t->ctx, name, text);
}

static void tell_hex(const struct teller *t, const char *name,
                     struct slice value)
{
    char hex[FACT_ROOM];

    text_hex_cut(value, hex, sizeof(hex));
    t->fact(t->ctx, name, hex);
}

static void tell_measurements(const struct claims *c, const struct teller *t)
{
    static const char *const rtmrs[] = { "rtmr0", "rtmr1", "rtmr2", "rtmr3" };

    if (c->tee == TEE_SGX) {
        tell_hex(t, "mrenclave", SLICE_OF(c->sgx.mr_enclave));
        tell_hex(t, "mrsigner", SLICE_OF(c->sgx.mr_signer));
        tell(t, "product", "%u, SVN %u", (unsigned)c->sgx.isv_prod_id,
             (unsigned)c->sgx.isv_svn);
        return;
    }
    if (c->tee == TEE_SEV_SNP) {
        tell_hex(t, "measurement", SLICE_OF(c->snp.measurement));
        tell_hex(t, "host data", SLICE_OF(c->snp.host_data));
        tell(t, "guest", "VMPL %u, SVN %u", (unsigned)c->snp.vmpl,
             (unsigned)c->snp.guest_svn);
        return;
    }
    tell_hex(t, "mrtd", SLICE_OF(c->tdx.mr_td));
    for (size_t i = 0; i < COUNT_OF(rtmrs); i++)
        tell_hex(t, rtmrs[i], SLICE_OF(c->tdx.rtmr[i]));
}

static void tell_advisories(const struct advisories *set,
                            const struct teller *t)
{
    char text[FACT_ROOM] = "none";
    size_t len = 0;

    for (size_t i = 0; i < set->count && len < sizeof(text); i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
                                i > 0 ? " " : "", set->names[i]);
    t->fact(t->ctx, "advisories", text);
}

/* " (tcb_info 18, qe_identity 17)" where they differ, else "". */
static void numbers_text(const struct claims *c, char out[FACT_ROOM])
{
    bool differ = false;
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < c->item_count; i++) {
        const struct item_claims *item = &c->items[i];

        if (item->evaluation_number == 0)
            continue;
        differ = differ || item->evaluation_number != c->tcb.evaluation_number;
        len += (size_t)snprintf(out + len, FACT_ROOM - len, "%s%s %u",
                                len == 0 ? " (" : ", ", item->name,
                                (unsigned)item->evaluation_number);
    }
    if (differ)
        (void)snprintf(out + len, FACT_ROOM - len, ")");
    else
        out[0] = '\0';
}

/* What Intel says of SGX and TDX platforms. */
static void tell_intel(const struct claims *c, const struct teller *t)
{
    char time[TEXT_TIME_ROOM];
    char others[FACT_ROOM];

    tell_hex(t, "fmspc", SLICE_OF(c->platform.fmspc));
    numbers_text(c, others);
    text_time(c->tcb.date_unix, time);
    tell(t, "tcb status", "%s, of %.10s, evaluation number %u%s",
         tcb_status_name(c->tcb.status), time,
         (unsigned)c->tcb.evaluation_number, others);
    tell_advisories(&c->tcb.advisories, t);
}

static void tell_snp_platform(const struct snp_claims *c,
                              const struct teller *t)
{
    char tcb[SNP_TCB_TEXT_ROOM];

    tell(t, "processor", "%s, by its %s%s%s", snp_product_name(c->product),
         snp_signer_name(c->signer), c->signer == SNP_VLEK ? " of " : "",
         c->csp_id);
    tell_hex(t, "chip id", SLICE_OF(c->chip_id));
    snp_tcb_text(&c->reported, tcb);
    tell(t, "tcb", "%s", tcb);
    tell(t, "revocation", "%s",
         c->revocation_checked ? "checked" : "NOT CHECKED");
}

void verdict_text_facts(const struct claims *c, verdict_text_fact *fact,
                        void *ctx)
{
    const struct teller t = { .fact = fact, .ctx = ctx };
    char time[TEXT_TIME_ROOM];

    tell(&t, "tee", "%s%s%s", tee_name(c->tee),
         c->debug ? ", DEBUG: open to its host" : "",
         c->simulated ? ", SIMULATED: not the maker's root" : "");
    tell_measurements(c, &t);
    tell_hex(&t, "report data", SLICE_OF(c->report_data));
    if (c->tee == TEE_SEV_SNP)
        tell_snp_platform(&c->snp, &t);
    else
        tell_intel(c, &t);
    text_time(c->validity.earliest_expiry_unix, time);
    tell(&t, "good until", "%s (%s)", time, c->validity.earliest_expiry_item);
}

static void put_fact(void *ctx, const char *name, const char *value)
{
    buffer_printf(ctx, "  %-14s  %s\n", name, value);
}

void verdict_text_claims(const struct claims *c, struct buffer *out)
{
    verdict_text_facts(c, put_fact, out);
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

void verdict_text_rows(const struct verdict *v, struct json_out *j)
{
    for (size_t i = 0; i < v->count; i++)
        put_check(&v->checks[i], j);
}

void verdict_text_checks(const struct verdict *v, struct json_out *j)
{
    json_out_array(j, "checks");
    verdict_text_rows(v, j);
    json_out_end_array(j);
}
