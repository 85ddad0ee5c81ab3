#include "collateral/kds_request.h"

#include <assert.h>

#define TURIN_CHIP_BYTES 8

static const char amd_kds[] = "https://kdsintf.amd.com";

static void add_vcek(struct buffer *url, const struct want *want)
{
    bool is_turin = want->product == SNP_TURIN;
    const struct snp_tcb *t = &want->snp_tcb;

    buffer_hex(url, slice_of(want->chip_id, is_turin ? TURIN_CHIP_BYTES
                                                     : sizeof(want->chip_id)));
    buffer_printf(url, "?blSPL=%02u&teeSPL=%02u&snpSPL=%02u&ucodeSPL=%02u",
                  t->bootloader, t->tee, t->snp, t->microcode);
    if (is_turin)
        buffer_printf(url, "&fmcSPL=%02u", t->fmc);
}

/* Without the final slashes that users copy along. */
static void add_base(struct buffer *url, const char *base)
{
    struct slice text = slice_text(base == NULL ? amd_kds : base);

    while (text.len > 0 && text.at[text.len - 1] == '/')
        text.len--;
    buffer_add(url, text);
}

enum status kds_request_for(const struct want *want,
                            const struct collateral_source *source,
                            struct pcs_request *out, struct why *why)
{
    struct buffer text = buffer_with_max(sizeof(out->url) - 1);
    enum status st;

    assert(source->kind == SOURCE_KDS && want_is_amd(want));
    *out = (struct pcs_request){ 0 };
    add_base(&text, source->url);
    buffer_printf(&text, "/vcek/v1/%s/", snp_product_name(want->product));
    if (want->item == ITEM_VCEK)
        add_vcek(&text, want);
    else
        buffer_text(&text, "crl");
    st = pcs_request_set_url(out, &text, why);
    buffer_free(&text);
    return st;
}
