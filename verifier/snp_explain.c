#include "verifier/snp_explain.h"

#include <string.h>

#include "common/compiler.h"

/* Who listens, and to which check. */
struct listener {
    const char *check;
    explain_fn *fn;
    void *ctx;
};

/* What a failed check did not come to read is empty, and not told. */
static void tell_part(const struct listener *l, enum explain_act act,
                      const char *what, struct slice whole, struct slice bytes)
{
    const struct explain_row row = { .check = l->check,
                                     .act = act,
                                     .what = what,
                                     .sha384 = true,
                                     .whole = whole,
                                     .bytes = bytes };

    if (bytes.len > 0)
        l->fn(l->ctx, &row);
}

static void tell(const struct listener *l, enum explain_act act,
                 const char *what, struct slice bytes)
{
    tell_part(l, act, what, (struct slice){ 0 }, bytes);
}

static void tell_key(const struct listener *l, const struct x509 *cert)
{
    tell(l, EXPLAIN_KEY, cert->labels->of[X509_KEY], cert->key.bytes);
}

static void tell_signed(const struct listener *l, const struct x509 *cert,
                        const struct x509 *issuer)
{
    tell_part(l, EXPLAIN_SIGNED, cert->labels->of[X509_WHOLE], cert->der,
              cert->tbs);
    tell(l, EXPLAIN_SIGNATURE, cert->labels->of[X509_SIGNATURE],
         cert->signature);
    tell_key(l, issuer);
}

static void tell_tcb(const struct listener *l, enum explain_act act,
                     const char *what, const struct snp_tcb *tcb)
{
    const uint8_t bytes[] = { tcb->fmc, tcb->bootloader, tcb->tee, tcb->snp,
                              tcb->microcode };

    tell(l, act, what, SLICE_OF(bytes));
}

/* --- each check ---------------------------------------------------------- */

static void explain_root(const struct snp_run *r, const struct listener *l)
{
    tell(l, EXPLAIN_FOUND, "ark", r->chain.ark.der);
    tell(l, EXPLAIN_FOUND, "ask", r->chain.ask.der);
}

static void explain_chain(const struct snp_run *r, const struct listener *l)
{
    tell_signed(l, &r->chain.ark, &r->chain.ark);
    tell_signed(l, &r->chain.ask, &r->chain.ark);
    tell_signed(l, &r->chain.endorsement, &r->chain.ask);
}

static void explain_crl(const struct snp_run *r, const struct listener *l)
{
    tell_part(l, EXPLAIN_SIGNED, "ark_crl", r->in->crl, r->crl.tbs);
    tell(l, EXPLAIN_SIGNATURE, "ark_crl.signature", r->crl.signature);
    tell_key(l, &r->chain.ark);
}

static void explain_ask_serial(const struct snp_run *r,
                               const struct listener *l)
{
    tell(l, EXPLAIN_SERIAL, "ark.serial", r->chain.ark.serial);
    tell(l, EXPLAIN_SERIAL, "ask.serial", r->chain.ask.serial);
}

static void explain_serial(const struct snp_run *r, const struct listener *l)
{
    tell(l, EXPLAIN_SERIAL, "endorsement.serial", r->chain.endorsement.serial);
}

static void explain_report(const struct snp_run *r, const struct listener *l)
{
    tell_part(l, EXPLAIN_SIGNED, "report", r->in->report,
              r->report.signed_part);
    tell(l, EXPLAIN_SIGNATURE, "report.signature",
         SLICE_OF(r->report.signature));
    tell_key(l, &r->chain.endorsement);
}

static void explain_tcb_order(const struct snp_run *r, const struct listener *l)
{
    tell_tcb(l, EXPLAIN_FOUND, "report.reported_tcb", &r->reported);
    tell_tcb(l, EXPLAIN_EXPECTED, "report.committed_tcb", &r->committed);
    tell_tcb(l, EXPLAIN_EXPECTED, "report.current_tcb", &r->current);
}

static void explain_tcb(const struct snp_run *r, const struct listener *l)
{
    tell_tcb(l, EXPLAIN_FOUND, "report.reported_tcb", &r->reported);
    tell_tcb(l, EXPLAIN_EXPECTED, "endorsement.tcb", &r->ext.tcb);
}

static void explain_chip(const struct snp_run *r, const struct listener *l)
{
    tell(l, EXPLAIN_FOUND, "report.chip_id", SLICE_OF(r->report.says.chip_id));
    if (r->ext.signer == SNP_VCEK)
        tell(l, EXPLAIN_EXPECTED, "endorsement.hwid", SLICE_OF(r->ext.chip_id));
}

static const struct explanation {
    const char *id;
    void (*explain)(const struct snp_run *r, const struct listener *l);
} explanations[] = {
    { "trusted-root", explain_root },
    { "endorsement-chain-signatures", explain_chain },
    { "ark-crl-signature", explain_crl },
    { "ask-not-revoked", explain_ask_serial },
    { "endorsement-not-revoked", explain_serial },
    { "report-signature", explain_report },
    { "tcb-order", explain_tcb_order },
    { "tcb-endorsed", explain_tcb },
    { "chip-endorsed", explain_chip },
};

void snp_explain_check(const char *id, const struct snp_run *r, explain_fn *fn,
                       void *ctx)
{
    const struct listener l = { .check = id, .fn = fn, .ctx = ctx };

    for (size_t i = 0; i < COUNT_OF(explanations); i++)
        if (strcmp(explanations[i].id, id) == 0)
            explanations[i].explain(r, &l);
}
