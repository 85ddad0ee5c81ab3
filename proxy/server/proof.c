#include "proxy/server/proof.h"

#include "common/limits.h"
#include "common/pem_out.h"
#include "proxy/server/snp_table.h"
#include "verifier/der.h"
#include "verifier/snp_report.h"
#include "verifier/verify.h"

void proof_init(struct proof *p)
{
    *p = (struct proof){
        .quote = buffer_with_max(QUOTE_MAX_BYTES),
        .vcek = buffer_with_max(2 * CERT_MAX_BYTES),
        .ask = buffer_with_max(2 * CERT_MAX_BYTES),
        .ark = buffer_with_max(2 * CERT_MAX_BYTES),
    };
}

void proof_fini(struct proof *p)
{
    buffer_free(&p->quote);
    buffer_free(&p->vcek);
    buffer_free(&p->ask);
    buffer_free(&p->ark);
}

bool proof_ok(const struct proof *p)
{
    return buffer_ok(&p->quote) && buffer_ok(&p->vcek) && buffer_ok(&p->ask) &&
           buffer_ok(&p->ark);
}

void proof_copy(const struct proof *from, struct proof *to)
{
    to->is_snp = from->is_snp;
    buffer_add(&to->quote, buffer_view(&from->quote));
    buffer_add(&to->vcek, buffer_view(&from->vcek));
    buffer_add(&to->ask, buffer_view(&from->ask));
    buffer_add(&to->ark, buffer_view(&from->ark));
}

struct session_snp proof_snp(const struct proof *p)
{
    return (struct session_snp){ .vcek = buffer_view(&p->vcek),
                                 .ask = buffer_view(&p->ask),
                                 .ark = buffer_view(&p->ark) };
}

static enum status check_binding(struct slice found,
                                 const uint8_t report_data[static 64],
                                 struct why *why)
{
    const struct slice asked = slice_of(report_data, 64);

    if (slice_equal(found, asked))
        return STATUS_OK;
    return why_bytes(why, STATUS_BAD_BINDING, "quote.report_data", NULL, found,
                     asked);
}

void proof_put_cert(struct slice cert, struct buffer *out)
{
    if (cert.len > 0 && cert.at[0] == DER_SEQUENCE)
        pem_out_cert(cert, out);
    else
        buffer_add(out, cert); /* some hosts put PEM there */
}

static enum status fill_report(struct slice evidence, struct slice certs,
                               const uint8_t report_data[static 64],
                               struct proof *out, struct why *why)
{
    struct snp_report report;
    struct snp_table table;
    enum status st = snp_report_parse(evidence, &report, why);

    if (st == STATUS_OK)
        st = check_binding(SLICE_OF(report.report_data), report_data, why);
    if (st == STATUS_OK)
        st = snp_table_parse(certs, &table, why);
    if (st != STATUS_OK)
        return st;
    out->is_snp = true;
    buffer_add(&out->quote, slice_of(evidence.at, SNP_REPORT_BYTES));
    proof_put_cert(table.vcek, &out->vcek);
    proof_put_cert(table.ask, &out->ask);
    proof_put_cert(table.ark, &out->ark);
    return STATUS_OK;
}

static enum status fill_quote(struct slice evidence,
                              const uint8_t report_data[static 64],
                              struct proof *out, struct why *why)
{
    uint8_t found[64];
    enum status st = quote_report_data_read(evidence, found, why);

    if (st == STATUS_OK)
        st = check_binding(SLICE_OF(found), report_data, why);
    if (st == STATUS_OK)
        buffer_add(&out->quote, evidence);
    return st;
}

enum status proof_fill(struct slice evidence, struct slice table,
                       const uint8_t report_data[static 64], struct proof *out,
                       struct why *why)
{
    enum status st;

    if (!snp_report_is_one(evidence))
        st = fill_quote(evidence, report_data, out, why);
    else if (table.len > 0)
        st = fill_report(evidence, table, report_data, out, why);
    else
        st = fill_report(evidence,
                         slice_of(evidence.at + SNP_REPORT_BYTES,
                                  evidence.len - SNP_REPORT_BYTES),
                         report_data, out, why);
    if (st == STATUS_OK && !proof_ok(out))
        st = why_fail(why, STATUS_NO_MEMORY, "quote", NULL,
                      "no memory, or larger than %d bytes", QUOTE_MAX_BYTES);
    return st;
}
