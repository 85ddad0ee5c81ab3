#include "proxy/local/inspect.h"

#include "common/cursor.h"

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

enum status inspect_read(struct slice bytes, struct inspect *out)
{
    struct cursor c = cursor_over(bytes);
    enum status st;

    *out = (struct inspect){ 0 };
    st = quote_parse(bytes, &out->quote, &out->why);
    if (st != STATUS_OK)
        return st;
    (void)cursor_take(&c, out->quote.len);
    out->tail = cursor_rest(&c);
    if (out->quote.auth.cert_type == QUOTE_CERT_PCK_CHAIN)
        st = read_chain(out);
    return st;
}
