#include "verifier/snp_item.h"

#include <stdlib.h>

#include "verifier/crl.h"
#include "verifier/snp_chain.h"
#include "verifier/snp_ext.h"

/* The parts of both checks. Large: on the heap. */
struct check {
    struct snp_chain chain;
    struct snp_ext ext;
    struct crl crl;
};

static struct check *check_new(struct item_facts *out, struct why *why)
{
    struct check *c = calloc(1, sizeof(*c));

    *out = (struct item_facts){ 0 };
    if (c == NULL)
        (void)why_fail(why, STATUS_NO_MEMORY, "collateral", NULL,
                       "no memory to check it");
    return c;
}

/* --- VCEK --- */

static enum status check_kind(const struct snp_ext *ext, struct why *why)
{
    if (ext->signer == SNP_VCEK)
        return STATUS_OK;
    (void)why_fail(why, STATUS_MISMATCH, "endorsement.subject", "AMD 57230",
                   "a %s", snp_signer_name(ext->signer));
    return why_expect(why, "a %s", snp_signer_name(SNP_VCEK));
}

static void vcek_facts(const struct check *c, struct item_facts *out)
{
    const struct snp_chain *chain = &c->chain;

    out->issued_unix = chain->endorsement.validity.from_unix;
    out->next_update_unix = MIN_OF(chain->endorsement.validity.until_unix,
                                   MIN_OF(chain->ask.validity.until_unix,
                                          chain->ark.validity.until_unix));
    out->tee = TEE_SEV_SNP;
    out->product = c->ext.product;
    memcpy(out->chip_id, c->ext.chip_id, sizeof(out->chip_id));
    out->snp_tcb = c->ext.tcb;
}

static enum status check_vcek(struct check *c, struct slice body,
                              struct slice root_pem, struct why *why)
{
    enum status st = snp_chain_parse(body, &c->chain, why);

    if (st == STATUS_OK)
        st = snp_ext_read(&c->chain.endorsement, &c->ext, why);
    if (st == STATUS_OK)
        st = check_kind(&c->ext, why);
    if (st == STATUS_OK)
        st = snp_chain_root(&c->chain, root_pem, c->ext.product, SNP_VCEK, why);
    if (st == STATUS_OK)
        st = snp_chain_check_roles(&c->chain, why);
    if (st == STATUS_OK)
        st = snp_chain_check_signatures(&c->chain, why);
    return st;
}

enum status snp_item_check_vcek(struct slice body, struct slice root_pem,
                                int64_t now_unix, struct item_facts *out,
                                struct why *why)
{
    struct check *c = check_new(out, why);
    enum status st;

    if (c == NULL)
        return STATUS_NO_MEMORY;
    st = check_vcek(c, body, root_pem, why);
    if (st == STATUS_OK) {
        vcek_facts(c, out);
        st = snp_chain_check_dates(&c->chain, now_unix, why);
    }
    free(c);
    return st;
}

/* --- the list --- */

/* The roots alone; the endorsement of |chain| stays empty. */
static enum status check_crl(struct check *c, struct slice body,
                             enum snp_product product, struct slice root_pem,
                             struct why *why)
{
    enum status st =
        snp_chain_root(&c->chain, root_pem, product, SNP_VCEK, why);

    if (st == STATUS_OK)
        st = x509_check_signature(&c->chain.ark, &c->chain.ark, why);
    if (st == STATUS_OK)
        st = crl_parse(CRL_ARK, body, &c->crl, why);
    if (st == STATUS_OK)
        st = crl_check_issuer(&c->crl, &c->chain.ark, why);
    return st;
}

enum status snp_item_check_crl(struct slice body, enum snp_product product,
                               struct slice root_pem, int64_t now_unix,
                               struct item_facts *out, struct why *why)
{
    struct check *c = check_new(out, why);
    enum status st;

    if (c == NULL)
        return STATUS_NO_MEMORY;
    st = check_crl(c, body, product, root_pem, why);
    if (st == STATUS_OK) {
        out->issued_unix = c->crl.dates.from_unix;
        out->next_update_unix =
            MIN_OF(c->crl.dates.until_unix, c->chain.ark.validity.until_unix);
        out->tee = TEE_SEV_SNP;
        out->product = product;
        out->crl_number_len =
            MIN_OF(c->crl.number.len, sizeof(out->crl_number));
        memcpy(out->crl_number, c->crl.number.at, out->crl_number_len);
        st = crl_check_dates(&c->crl, now_unix, why);
    }
    free(c);
    return st;
}

/* --- the wish --- */

/* The endorsement says it best, and the report since version 3. */
static enum status find_product(const struct snp_report *report,
                                struct slice endorsement, enum snp_product *out,
                                struct why *why)
{
    struct item_facts unused;
    struct check *c;
    enum status st;

    *out = snp_report_product(report);
    if (endorsement.len == 0 && *out != SNP_NO_PRODUCT)
        return STATUS_OK;
    if (endorsement.len == 0)
        return why_fail(why, STATUS_NO_COLLATERAL, "report.cpuid",
                        "AMD 56860 7.3",
                        "it does not say what processor it is from, and no "
                        "endorsement came with it");
    c = check_new(&unused, why);
    if (c == NULL)
        return STATUS_NO_MEMORY;
    st = snp_chain_parse(endorsement, &c->chain, why);
    if (st == STATUS_OK)
        st = snp_ext_read(&c->chain.endorsement, &c->ext, why);
    *out = c->ext.product;
    free(c);
    return st;
}

/* Without an endorsement, the report must say which chip's it is. */
static enum status check_wish(const struct snp_item_wish *wish, struct why *why)
{
    if (wish->signer != SNP_VCEK)
        return why_fail(why, STATUS_NO_COLLATERAL, "report.signing_key",
                        "AMD 57230",
                        "signed by a VLEK, which only its holder has, and "
                        "none came with it");
    if (slice_is_zero(SLICE_OF(wish->chip_id)))
        return why_fail(why, STATUS_NO_COLLATERAL, "report.chip_id",
                        "AMD 56860 7.3",
                        "its owner hides the chip, and no VCEK came with it");
    return STATUS_OK;
}

enum status snp_item_wish_read(struct slice report, struct slice endorsement,
                               struct snp_item_wish *out, struct why *why)
{
    struct snp_item_wish wish = { .product = SNP_NO_PRODUCT };
    struct snp_report r;
    enum status st = snp_report_parse(report, &r, why);

    *out = wish;
    if (st == STATUS_OK)
        st = find_product(&r, endorsement, &wish.product, why);
    if (st != STATUS_OK)
        return st;
    if (!snp_tcb_read(wish.product, r.reported_tcb, &wish.reported))
        return why_bytes(why, STATUS_BAD_FIELD, "report.reported_tcb",
                         "AMD 56860 2.2", SLICE_OF(r.reported_tcb),
                         (struct slice){ 0 });
    wish.signer = r.says.signer;
    memcpy(wish.chip_id, r.says.chip_id, sizeof(wish.chip_id));
    if (endorsement.len == 0)
        st = check_wish(&wish, why);
    if (st == STATUS_OK)
        *out = wish;
    return st;
}
