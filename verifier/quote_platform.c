#include "verifier/chain.h"
#include "verifier/pck_ext.h"
#include "verifier/quote.h"
#include "verifier/verify.h"

/* The CA type and FMSPC that the chain in |q| claims. */
static enum status read_chain(const struct quote *q, struct quote_platform *out,
                              struct why *why)
{
    struct chain chain;
    struct pck_ext pck;
    enum status st;

    if (q->auth.cert_type != QUOTE_CERT_PCK_CHAIN)
        return why_fail(why, STATUS_UNSUPPORTED, "quote.auth.cert_type",
                        "DCAP quote format", "type %u (%s)",
                        (unsigned)q->auth.cert_type,
                        quote_cert_name(q->auth.cert_type));
    st = chain_parse(CHAIN_PCK, q->auth.cert_data, &chain, why);
    if (st == STATUS_OK)
        st = pck_ext_read(chain_leaf(&chain), &pck, why);
    if (st != STATUS_OK)
        return st;
    *out = (struct quote_platform){ .tee = q->tee,
                                    .version = q->version,
                                    .platform_ca = chain_is_platform(&chain) };
    memcpy(out->fmspc, pck.platform.fmspc, sizeof(out->fmspc));
    return STATUS_OK;
}

enum status quote_platform_read(struct slice quote, struct quote_platform *out,
                                struct why *why)
{
    struct quote q;
    enum status st = quote_parse(quote, &q, why);

    *out = (struct quote_platform){ 0 };
    if (st == STATUS_OK)
        st = read_chain(&q, out, why);
    return st;
}
