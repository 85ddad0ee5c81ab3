#include "proxy/server/sim_maker.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/compiler.h"
#include "verifier/quote.h"

/* names: sim_maker_intel the only one */

struct intel {
    enum tee_type tee;
    struct sim_options options;
    struct sim *first; /* owned; quotes are its */
    struct sim *fresh; /* owned; the same root says something new: the
                        * collateral's; NULL: |first| is */
};

static const struct sim *speaker(const struct intel *s)
{
    return s->fresh != NULL ? s->fresh : s->first;
}

static void intel_close(void *sim)
{
    struct intel *s = sim;

    if (s == NULL)
        return;
    sim_free(s->fresh);
    sim_free(s->first);
    free(s);
}

static enum status make(struct intel *s, const char *keys_path,
                        int64_t now_unix, struct why *why)
{
    enum status st;

    if (keys_path == NULL)
        return sim_new(&s->options, now_unix, &s->first, why);
    if (access(keys_path, F_OK) == 0)
        return sim_restore(keys_path, &s->options, now_unix, &s->first, why);
    st = sim_new(&s->options, now_unix, &s->first, why);
    return st == STATUS_OK ? sim_save_keys(s->first, keys_path, why) : st;
}

static enum status intel_open(enum tee_type tee, const struct fault *fault,
                              const char *keys_path, int64_t now_unix,
                              void **out, struct why *why)
{
    struct intel *s = calloc(1, sizeof(*s));
    enum status st;

    *out = NULL;
    if (s == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "simulation", NULL, "no memory");
    s->tee = tee;
    sim_options_default(&s->options);
    if (fault->bend != NULL)
        fault->bend(&s->options);
    st = make(s, keys_path, now_unix, why);
    if (st != STATUS_OK) {
        intel_close(s);
        return st;
    }
    *out = s;
    return STATUS_OK;
}

static enum status intel_renew(void *sim, int64_t now_unix, struct why *why)
{
    struct intel *s = sim;
    struct sim *fresh;
    enum status st = sim_renew(s->first, &s->options, now_unix, &fresh, why);

    if (st != STATUS_OK)
        return st;
    sim_free(s->fresh);
    s->fresh = fresh;
    return STATUS_OK;
}

static void intel_staple(const void *sim, struct session_stapled *out)
{
    const struct intel *s = sim;
    struct collateral_set c;

    sim_collateral(speaker(s), s->tee, &c);
    *out = (struct session_stapled){
        .item = { c.tcb_info, c.tcb_info_chain, c.qe_identity,
                  c.qe_identity_chain, c.pck_crl, c.pck_crl_chain, c.root_crl }
    };
}

static enum status intel_quote(const void *sim, const uint8_t report_data[64],
                               struct proof *out)
{
    const struct intel *s = sim;

    return sim_quote(s->first, s->tee, report_data, &out->quote);
}

/* The bytes of |part|, which borrows from |whole|. */
static uint8_t *inside(struct buffer *whole, struct slice part)
{
    return whole->at + (part.at - whole->at);
}

static void intel_flip(enum fault_flip flip, struct proof *proof)
{
    struct buffer *bytes = &proof->quote;
    struct quote q;
    struct why why;
    enum status st = quote_parse(buffer_view(bytes), &q, &why);

    assert(st == STATUS_OK); /* it is our own */
    switch (flip) {
    case FLIP_QUOTE_BODY: /* its last byte, of the report data */
        inside(bytes, q.signed_part)[q.signed_part.len - 1] ^= 1;
        break;
    case FLIP_QUOTE_SIGNATURE:
        inside(bytes, q.auth.signature)[40] ^= 1;
        break;
    case FLIP_QE_REPORT: /* of its CPUSVN, which nothing else looks at */
        inside(bytes, q.auth.qe_report)[0] ^= 1;
        break;
    case FLIP_QE_SIGNATURE:
        inside(bytes, q.auth.qe_signature)[40] ^= 1;
        break;
    case FLIP_PCK: /* the first third of the chain is the leaf */
        fault_flip_digit(inside(bytes, q.auth.cert_data),
                         q.auth.cert_data.len / 3);
        break;
    case FLIP_NOTHING:
    case FLIP_TCB_INFO:
    case FLIP_QE_IDENTITY:
    case FLIP_VCEK:
    case FLIP_ARK_CRL:
        break;
    }
}

static struct slice intel_root_pem(const void *sim)
{
    const struct intel *s = sim;

    return sim_root_pem(s->first);
}

static enum status intel_write(const void *sim, const char *dir,
                               struct why *why)
{
    const struct intel *s = sim;

    return sim_write_dir(speaker(s), s->tee, dir, why);
}

static void accept_line(struct buffer *b, const char *word, struct slice value)
{
    buffer_printf(b, "      %s: \"", word);
    buffer_hex(b, value);
    buffer_text(b, "\"\n");
}

static void accept_tdx(struct buffer *b, const struct tdx_claims *c)
{
    static const char *const words[] = { "rtmr0", "rtmr1", "rtmr2", "rtmr3" };

    accept_line(b, "mrtd", SLICE_OF(c->mr_td));
    for (size_t i = 0; i < COUNT_OF(words); i++)
        accept_line(b, words[i], SLICE_OF(c->rtmr[i]));
}

static void accept_sgx(struct buffer *b, const struct sgx_claims *c)
{
    accept_line(b, "mrenclave", SLICE_OF(c->mr_enclave));
    accept_line(b, "mrsigner", SLICE_OF(c->mr_signer));
}

static void intel_accept(enum tee_type tee, struct buffer *out)
{
    struct sim_options sound;

    sim_options_default(&sound);
    buffer_text(out, "  any-of:\n    - name: \"simulated\"\n");
    if (tee == TEE_TDX)
        accept_tdx(out, &sound.tdx);
    else
        accept_sgx(out, &sound.sgx);
}

const struct sim_maker sim_maker_intel = {
    .open = intel_open,
    .close = intel_close,
    .renew = intel_renew,
    .staple = intel_staple,
    .quote = intel_quote,
    .flip = intel_flip,
    .root_pem = intel_root_pem,
    .write = intel_write,
    .accept = intel_accept,
};
