#include "verifier/snp_explain.h"

#include <string.h>

#include "common/compiler.h"
#include "verifier/teller.h"

static void tell_tcb(const struct teller *t, enum explain_act act,
                     const char *what, const struct snp_tcb *tcb)
{
    const uint8_t bytes[] = { tcb->fmc, tcb->bootloader, tcb->tee, tcb->snp,
                              tcb->microcode };

    teller_bytes(t, act, what, SLICE_OF(bytes));
}

/* --- each check ---------------------------------------------------------- */

static void explain_root(const struct snp_run *r, const struct teller *t)
{
    teller_bytes(t, EXPLAIN_FOUND, "ark", r->chain.ark.der);
    teller_bytes(t, EXPLAIN_FOUND, "ask", r->chain.ask.der);
}

static void explain_chain(const struct snp_run *r, const struct teller *t)
{
    teller_signed(t, &r->chain.ark, &r->chain.ark);
    teller_signed(t, &r->chain.ask, &r->chain.ark);
    teller_signed(t, &r->chain.endorsement, &r->chain.ask);
}

static void explain_crl(const struct snp_run *r, const struct teller *t)
{
    teller_part(t, EXPLAIN_SIGNED, "ark_crl", r->in->crl, r->crl.tbs);
    teller_bytes(t, EXPLAIN_SIGNATURE, "ark_crl.signature", r->crl.signature);
    teller_key(t, &r->chain.ark);
}

static void explain_ask_serial(const struct snp_run *r, const struct teller *t)
{
    teller_bytes(t, EXPLAIN_SERIAL, "ark.serial", r->chain.ark.serial);
    teller_bytes(t, EXPLAIN_SERIAL, "ask.serial", r->chain.ask.serial);
}

static void explain_serial(const struct snp_run *r, const struct teller *t)
{
    teller_bytes(t, EXPLAIN_SERIAL, "endorsement.serial",
                 r->chain.endorsement.serial);
}

static void explain_report(const struct snp_run *r, const struct teller *t)
{
    teller_part(t, EXPLAIN_SIGNED, "report", r->in->report,
                r->report.signed_part);
    teller_bytes(t, EXPLAIN_SIGNATURE, "report.signature",
                 SLICE_OF(r->report.signature));
    teller_key(t, &r->chain.endorsement);
}

static void explain_tcb_order(const struct snp_run *r, const struct teller *t)
{
    tell_tcb(t, EXPLAIN_FOUND, "report.reported_tcb", &r->reported);
    tell_tcb(t, EXPLAIN_EXPECTED, "report.committed_tcb", &r->committed);
    tell_tcb(t, EXPLAIN_EXPECTED, "report.current_tcb", &r->current);
}

static void explain_tcb(const struct snp_run *r, const struct teller *t)
{
    tell_tcb(t, EXPLAIN_FOUND, "report.reported_tcb", &r->reported);
    tell_tcb(t, EXPLAIN_EXPECTED, "endorsement.tcb", &r->ext.tcb);
}

static void explain_chip(const struct snp_run *r, const struct teller *t)
{
    teller_bytes(t, EXPLAIN_FOUND, "report.chip_id",
                 SLICE_OF(r->report.says.chip_id));
    if (r->ext.signer == SNP_VCEK)
        teller_bytes(t, EXPLAIN_EXPECTED, "endorsement.hwid",
                     SLICE_OF(r->ext.chip_id));
}

static const struct explanation {
    const char *id;
    void (*explain)(const struct snp_run *r, const struct teller *t);
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
    const struct teller t = {
        .check = id, .sha384 = true, .fn = fn, .ctx = ctx
    };

    for (size_t i = 0; i < COUNT_OF(explanations); i++)
        if (strcmp(explanations[i].id, id) == 0)
            explanations[i].explain(r, &t);
}
