#include "proxy/tools/inspect.h"

#include <string.h>

#include "common/cursor.h"
#include "verifier/snp_tcb.h"

static enum status read_chain(struct inspect *in)
{
    enum status st =
        chain_parse(CHAIN_PCK, in->quote.auth.cert_data, &in->chain, &in->why);

    if (st != STATUS_OK)
        return st;
    st = pck_ext_read(chain_leaf(&in->chain), &in->pck, &in->why);
    in->has_platform = st == STATUS_OK;
    in->pck.platform.platform_ca = chain_is_platform(&in->chain);
    return st;
}

/* The TCBs, where the report names the product that gives them their shape. */
static void read_tcbs(const struct snp_report *r, struct snp_claims *out)
{
    out->product = snp_report_product(r);
    if (out->product == SNP_NO_PRODUCT)
        return;
    /* One with reserved bytes that are not zero is told as all zero. */
    (void)!snp_tcb_read(out->product, r->current_tcb, &out->current);
    (void)!snp_tcb_read(out->product, r->reported_tcb, &out->reported);
    (void)!snp_tcb_read(out->product, r->committed_tcb, &out->committed);
    (void)!snp_tcb_read(out->product, r->launch_tcb, &out->launch);
}

static enum status read_report(struct slice bytes, struct inspect *out)
{
    struct snp_report r;
    enum status st = snp_report_parse(bytes, &r, &out->why);

    if (st != STATUS_OK)
        return st;
    out->is_snp = true;
    out->snp_version = r.version;
    out->snp = r.says;
    memcpy(out->snp_report_data, r.report_data, sizeof(out->snp_report_data));
    out->tail =
        slice_of(bytes.at + SNP_REPORT_BYTES, bytes.len - SNP_REPORT_BYTES);
    read_tcbs(&r, &out->snp);
    return STATUS_OK;
}

enum status inspect_read(struct slice bytes, struct inspect *out)
{
    struct cursor c = cursor_over(bytes);
    enum status st;

    *out = (struct inspect){ 0 };
    if (snp_report_is_one(bytes))
        return read_report(bytes, out);
    st = quote_parse(bytes, &out->quote, &out->why);
    if (st != STATUS_OK)
        return st;
    (void)cursor_take(&c, out->quote.len);
    out->tail = cursor_rest(&c);
    if (out->quote.auth.cert_type == QUOTE_CERT_PCK_CHAIN)
        st = read_chain(out);
    return st;
}
