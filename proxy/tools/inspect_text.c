#include "proxy/tools/inspect.h"

#include <inttypes.h>

#include "common/text.h"
#include "verifier/snp_tcb.h"
#include "verifier/wolf.h"

/* names: inspect_text the lines of inspect.h */

static void put_name(struct buffer *out, const char *name)
{
    buffer_printf(out, "  %-16s  ", name);
}

static void put_hex(struct buffer *out, const char *name, struct slice value)
{
    put_name(out, name);
    buffer_hex(out, value);
    buffer_text(out, value.len == 0 ? "none\n" : "\n");
}

static void put_number(struct buffer *out, const char *name, unsigned value)
{
    put_name(out, name);
    buffer_printf(out, "%u\n", value);
}

static void put_flag(struct buffer *out, const char *name, enum tristate t)
{
    static const char *const words[] = {
        [TRI_FALSE] = "no", [TRI_TRUE] = "yes"
    };

    if (t == TRI_UNKNOWN)
        return;
    put_name(out, name);
    buffer_printf(out, "%s\n", words[t]);
}

static void put_tail(struct slice tail, struct buffer *out)
{
    if (tail.len == 0)
        return;
    put_name(out, "after it");
    buffer_printf(out, "%zu bytes, %s: ignored\n", tail.len,
                  slice_is_zero(tail) ? "all zero" : "not all zero");
}

static void put_header(const struct inspect *in, struct buffer *out)
{
    const struct quote *q = &in->quote;

    buffer_text(out, "\nquote\n");
    put_name(out, "kind");
    buffer_printf(out, "%s, version %u\n", tee_name(q->tee),
                  (unsigned)q->version);
    put_name(out, "length");
    buffer_printf(out, "%zu bytes\n", q->len);
    put_tail(in->tail, out);
    put_hex(out, "qe vendor id", SLICE_OF(q->vendor_id));
    put_hex(out, "user data", SLICE_OF(q->user_data));
}

static void put_enclave(const struct sgx_report *r, struct buffer *out)
{
    const struct sgx_claims *s = &r->says;

    if ((s->attributes[0] & REPORT_SGX_DEBUG) != 0)
        buffer_text(out, "  DEBUG: its memory is open to its host\n");
    put_hex(out, "mrenclave", SLICE_OF(s->mr_enclave));
    put_hex(out, "mrsigner", SLICE_OF(s->mr_signer));
    put_number(out, "isvprodid", s->isv_prod_id);
    put_number(out, "isvsvn", s->isv_svn);
    put_hex(out, "attributes", SLICE_OF(s->attributes));
    put_name(out, "miscselect");
    buffer_printf(out, "%08x\n", (unsigned)s->misc_select);
    put_hex(out, "cpusvn", SLICE_OF(s->cpu_svn));
    put_hex(out, "isvextprodid", SLICE_OF(s->isv_ext_prod_id));
    put_hex(out, "isvfamilyid", SLICE_OF(s->isv_family_id));
    put_hex(out, "configid", SLICE_OF(s->config_id));
    put_number(out, "configsvn", s->config_svn);
    put_hex(out, "report data", SLICE_OF(r->report_data));
}

static void put_td(const struct td_report *r, struct buffer *out)
{
    static const char *const rtmrs[] = { "rtmr0", "rtmr1", "rtmr2", "rtmr3" };
    const struct tdx_claims *t = &r->says;

    if (t->td_attributes[0] != 0)
        buffer_text(out, "  DEBUG: its memory is open to its host\n");
    put_hex(out, "mrtd", SLICE_OF(t->mr_td));
    for (size_t i = 0; i < COUNT_OF(rtmrs); i++)
        put_hex(out, rtmrs[i], SLICE_OF(t->rtmr[i]));
    put_hex(out, "mrconfigid", SLICE_OF(t->mr_config_id));
    put_hex(out, "mrowner", SLICE_OF(t->mr_owner));
    put_hex(out, "mrownerconfig", SLICE_OF(t->mr_owner_config));
    put_hex(out, "td attributes", SLICE_OF(t->td_attributes));
    put_hex(out, "xfam", SLICE_OF(t->xfam));
    put_hex(out, "report data", SLICE_OF(r->report_data));
    put_hex(out, "mrseam", SLICE_OF(t->mr_seam));
    put_hex(out, "mrsignerseam", SLICE_OF(t->mr_signer_seam));
    put_hex(out, "seam attributes", SLICE_OF(t->seam_attributes));
    put_hex(out, "tee tcb svn", SLICE_OF(t->tee_tcb_svn));
    if (t->has_1_5) {
        put_hex(out, "tee tcb svn 2", SLICE_OF(t->tee_tcb_svn_2));
        put_hex(out, "mrservicetd", SLICE_OF(t->mr_service_td));
    }
}

static void put_qe(const struct quote_auth *a, struct buffer *out)
{
    buffer_text(out, "\nquoting enclave\n");
    put_enclave(&a->qe, out);
    put_hex(out, "auth data", a->qe_auth_data);
    put_hex(out, "attestation key", a->key);
}

/* A name of a certificate may hold anything; a terminal obeys much of it. */
static void put_printable(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_plain = text.at[i] >= ' ' && text.at[i] <= '~';

        buffer_byte(out, is_plain ? text.at[i] : '?');
    }
}

static void put_cert(const struct x509 *cert, struct buffer *out)
{
    uint8_t digest[WOLF_SHA256_BYTES];
    char from[TEXT_TIME_ROOM], until[TEXT_TIME_ROOM];

    wolf_sha256(cert->der, (struct slice){ 0 }, digest);
    text_time(cert->validity.from_unix, from);
    text_time(cert->validity.until_unix, until);
    put_name(out, "certificate");
    put_printable(out, cert->common_name);
    buffer_printf(out, ", %.10s to %.10s\n", from, until);
    put_hex(out, "  serial", cert->serial);
    put_hex(out, "  sha-256", SLICE_OF(digest));
}

static void put_certification(const struct inspect *in, struct buffer *out)
{
    const struct quote_auth *a = &in->quote.auth;

    buffer_text(out, "\ncertification\n");
    put_name(out, "type");
    buffer_printf(out, "%u (%s), %zu bytes\n", (unsigned)a->cert_type,
                  quote_cert_name(a->cert_type), a->cert_data.len);
    for (size_t i = 0; i < in->chain.count; i++)
        put_cert(&in->chain.certs[i], out);
}

static void put_platform(const struct pck_ext *pck, struct buffer *out)
{
    const struct platform_claims *p = &pck->platform;

    buffer_text(out, "\nplatform, by the PCK certificate\n");
    put_hex(out, "fmspc", SLICE_OF(p->fmspc));
    put_name(out, "ca");
    buffer_text(out, p->platform_ca ? "Platform\n" : "Processor\n");
    put_hex(out, "pce id", SLICE_OF(p->pce_id));
    put_number(out, "pcesvn", p->pce_svn);
    put_hex(out, "component svns", SLICE_OF(pck->component_svns));
    put_hex(out, "cpusvn", SLICE_OF(p->cpu_svn));
    if (p->has_ppid)
        put_hex(out, "ppid", SLICE_OF(p->ppid));
    put_number(out, "sgx type", p->sgx_type);
    if (p->has_instance_id)
        put_hex(out, "instance id", SLICE_OF(p->instance_id));
    put_flag(out, "dynamic platform", p->dynamic_platform);
    put_flag(out, "cached keys", p->cached_keys);
    put_flag(out, "smt enabled", p->smt_enabled);
}

static void put_problem(const struct why *why, struct buffer *out)
{
    buffer_printf(out, "\nproblem: %s\n", status_text(why->status));
    if (why->field != NULL) {
        put_name(out, "field");
        buffer_printf(out, "%s\n", why->field);
    }
    put_name(out, "found");
    buffer_printf(out, "%s\n", why->found);
    if (why->expected[0] != '\0') {
        put_name(out, "expected");
        buffer_printf(out, "%s\n", why->expected);
    }
}

static void put_quote(const struct inspect *in, struct buffer *out)
{
    const struct quote *q = &in->quote;

    put_header(in, out);
    if (q->tee == TEE_SGX) {
        buffer_text(out, "\nenclave\n");
        put_enclave(&q->sgx, out);
    } else {
        buffer_text(out, "\ntrust domain\n");
        put_td(&q->td, out);
    }
    put_qe(&q->auth, out);
    put_certification(in, out);
    if (in->has_platform)
        put_platform(&in->pck, out);
}

static void put_tcb(struct buffer *out, const char *name,
                    const struct snp_tcb *tcb)
{
    char text[SNP_TCB_TEXT_ROOM];

    snp_tcb_text(tcb, text);
    put_name(out, name);
    buffer_printf(out, "%s\n", text);
}

static void put_guest(const struct inspect *in, struct buffer *out)
{
    const struct snp_claims *s = &in->snp;

    buffer_text(out, "\nguest\n");
    if ((s->policy & SNP_POLICY_DEBUG) != 0)
        buffer_text(out, "  DEBUG: its memory is open to its host\n");
    put_hex(out, "measurement", SLICE_OF(s->measurement));
    put_hex(out, "host data", SLICE_OF(s->host_data));
    put_hex(out, "report data", SLICE_OF(in->snp_report_data));
    put_name(out, "policy");
    buffer_printf(out, "%016" PRIx64 "\n", s->policy);
    put_number(out, "vmpl", s->vmpl);
    put_number(out, "svn", s->guest_svn);
    put_hex(out, "family id", SLICE_OF(s->family_id));
    put_hex(out, "image id", SLICE_OF(s->image_id));
    put_hex(out, "id key digest", SLICE_OF(s->id_key_digest));
    if (s->has_author_key)
        put_hex(out, "author key", SLICE_OF(s->author_key_digest));
    put_hex(out, "report id", SLICE_OF(s->report_id));
}

static void put_chip(const struct snp_claims *s, struct buffer *out)
{
    buffer_text(out, "\nprocessor\n");
    put_name(out, "product");
    buffer_printf(out, "%s\n",
                  s->product == SNP_NO_PRODUCT
                      ? "not named: see its endorsement"
                      : snp_product_name(s->product));
    put_name(out, "signed by");
    buffer_printf(out, "%s\n", snp_signer_name(s->signer));
    put_hex(out, "chip id", SLICE_OF(s->chip_id));
    put_name(out, "platform info");
    buffer_printf(out, "%016" PRIx64 "\n", s->platform_info);
    if (s->product == SNP_NO_PRODUCT)
        return;
    put_tcb(out, "reported tcb", &s->reported);
    put_tcb(out, "committed tcb", &s->committed);
    put_tcb(out, "current tcb", &s->current);
    put_tcb(out, "launch tcb", &s->launch);
}

static void put_report(const struct inspect *in, struct buffer *out)
{
    buffer_text(out, "\nreport\n");
    put_name(out, "kind");
    buffer_printf(out, "%s, version %u\n", tee_name(TEE_SEV_SNP),
                  (unsigned)in->snp_version);
    put_tail(in->tail, out);
    put_guest(in, out);
    put_chip(&in->snp, out);
}

void inspect_text(const struct inspect *in, struct buffer *out)
{
    buffer_text(out, "UNVERIFIED: what the file says; 'veritee verify' tells "
                     "whether it is true.\n");
    if (in->is_snp)
        put_report(in, out);
    if (in->quote.len > 0)
        put_quote(in, out);
    if (in->why.status != STATUS_OK)
        put_problem(&in->why, out);
}
