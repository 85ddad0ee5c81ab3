#include "proxy/server/sim_quote.h"

#include "verifier/wolf.h"

/* clang-format off */
/* Numbers of the formats, all little endian. */
enum {
    KEY_TYPE_ECDSA_P256 = 2,
    TEE_TYPE_SGX = 0x00,
    TEE_TYPE_TDX = 0x81,
    CERT_TYPE_PCK_CHAIN = 5,
    CERT_TYPE_QE_REPORT = 6,
    BODY_SGX = 1,    /* version 5 */
    BODY_TDX_1_0 = 2,
    BODY_TDX_1_5 = 3
};
/* clang-format on */

#define SGX_BODY_BYTES     384
#define TDX_1_0_BODY_BYTES 584
#define TDX_1_5_BODY_BYTES 648

/* What the attestation key is bound with; real ones have 32 bytes too. */
static const uint8_t qe_auth_data[32] = "simulated quoting enclave data";

static uint16_t version_of(const struct sim_options *o, enum tee_type tee)
{
    return tee == TEE_TDX ? o->tdx_quote_version : o->sgx_quote_version;
}

/* 48 bytes. Version 3 tells the SVNs of QE and PCE where later ones have
 * zeros. */
static void put_header(const struct sim_options *o, enum tee_type tee,
                       struct builder *b)
{
    static const uint8_t intel_qe[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c,
                                          0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3,
                                          0x95, 0x7f, 0x06, 0x07 };
    static const uint8_t user_data[20] = "simulated platform";
    uint16_t version = version_of(o, tee);

    builder_u16le(b, version);
    builder_u16le(b, KEY_TYPE_ECDSA_P256);
    builder_u32le(b, tee == TEE_TDX ? TEE_TYPE_TDX : TEE_TYPE_SGX);
    builder_u16le(b, version == 3 ? o->qe.isv_svn : 0);
    builder_u16le(b, version == 3 ? o->platform.pce_svn : 0);
    builder_bytes(b, SLICE_OF(intel_qe));
    builder_bytes(b, SLICE_OF(user_data));
}

/* sgx_report_body_t, 384 bytes. */
static void put_sgx_body(const struct sgx_claims *r,
                         const uint8_t report_data[64], struct builder *b)
{
    builder_bytes(b, SLICE_OF(r->cpu_svn));
    builder_u32le(b, r->misc_select);
    builder_zeros(b, 12);
    builder_bytes(b, SLICE_OF(r->isv_ext_prod_id));
    builder_bytes(b, SLICE_OF(r->attributes));
    builder_bytes(b, SLICE_OF(r->mr_enclave));
    builder_zeros(b, 32);
    builder_bytes(b, SLICE_OF(r->mr_signer));
    builder_zeros(b, 32);
    builder_bytes(b, SLICE_OF(r->config_id));
    builder_u16le(b, r->isv_prod_id);
    builder_u16le(b, r->isv_svn);
    builder_u16le(b, r->config_svn);
    builder_zeros(b, 42);
    builder_bytes(b, SLICE_OF(r->isv_family_id));
    builder_bytes(b, slice_of(report_data, 64));
}

/* sgx_report2_body_t, 584 bytes, or 648 with what version 1.5 added. */
static void put_tdx_body(const struct tdx_claims *r,
                         const uint8_t report_data[64], struct builder *b)
{
    builder_bytes(b, SLICE_OF(r->tee_tcb_svn));
    builder_bytes(b, SLICE_OF(r->mr_seam));
    builder_bytes(b, SLICE_OF(r->mr_signer_seam));
    builder_bytes(b, SLICE_OF(r->seam_attributes));
    builder_bytes(b, SLICE_OF(r->td_attributes));
    builder_bytes(b, SLICE_OF(r->xfam));
    builder_bytes(b, SLICE_OF(r->mr_td));
    builder_bytes(b, SLICE_OF(r->mr_config_id));
    builder_bytes(b, SLICE_OF(r->mr_owner));
    builder_bytes(b, SLICE_OF(r->mr_owner_config));
    for (size_t i = 0; i < COUNT_OF(r->rtmr); i++)
        builder_bytes(b, SLICE_OF(r->rtmr[i]));
    builder_bytes(b, slice_of(report_data, 64));
    if (!r->has_1_5)
        return;
    builder_bytes(b, SLICE_OF(r->tee_tcb_svn_2));
    builder_bytes(b, SLICE_OF(r->mr_service_td));
}

/* Version 5 says what the body is. */
static void put_descriptor(const struct sim_options *o, enum tee_type tee,
                           struct builder *b)
{
    if (tee == TEE_SGX) {
        builder_u16le(b, BODY_SGX);
        builder_u32le(b, SGX_BODY_BYTES);
    } else if (o->tdx.has_1_5) {
        builder_u16le(b, BODY_TDX_1_5);
        builder_u32le(b, TDX_1_5_BODY_BYTES);
    } else {
        builder_u16le(b, BODY_TDX_1_0);
        builder_u32le(b, TDX_1_0_BODY_BYTES);
    }
}

/* A report of the quoting enclave that binds |key|. */
static void put_qe_report(const struct sim_options *o,
                          const struct tls_key *key, struct builder *b)
{
    struct sgx_claims r = { .misc_select = o->qe.misc_select,
                            .isv_prod_id = o->qe.isv_prod_id,
                            .isv_svn = o->qe.isv_svn };
    uint8_t report_data[64] = { 0 };

    memcpy(r.cpu_svn, o->platform.cpu_svn, sizeof(r.cpu_svn));
    memcpy(r.attributes, o->qe.attributes, sizeof(r.attributes));
    memcpy(r.mr_signer, o->qe.mr_signer, sizeof(r.mr_signer));
    memset(r.mr_enclave, 0x51, sizeof(r.mr_enclave));
    wolf_sha256(SLICE_OF(key->point), SLICE_OF(qe_auth_data), report_data);
    put_sgx_body(&r, report_data, b);
}

static void put_signature(const struct tls_key *key, struct slice message,
                          struct builder *b)
{
    uint8_t rs[64];

    if (!tls_key_sign(key, message, rs))
        b->failed = true;
    builder_bytes(b, SLICE_OF(rs));
}

/* QE report, its signature, QE authentication data, PCK chain. */
static void put_certification(const struct sim_options *o,
                              const struct sim_keys *keys,
                              struct slice pck_chain, struct builder *b)
{
    bool other = (o->items[SIM_QUOTE].faults & SIM_OTHER_BINDING) != 0;
    bool rogue = (o->items[SIM_QE_REPORT].faults & SIM_ROGUE) != 0;
    size_t report = b->len;

    put_qe_report(o, other ? &keys->rogue : &keys->attestation, b);
    put_signature(rogue ? &keys->rogue : &keys->pck,
                  slice_of(b->out + report, b->len - report), b);
    builder_u16le(b, sizeof(qe_auth_data));
    builder_bytes(b, SLICE_OF(qe_auth_data));
    builder_u16le(b, CERT_TYPE_PCK_CHAIN);
    builder_u32le(b, (uint32_t)pck_chain.len);
    builder_bytes(b, pck_chain);
}

/* Signature over all that |b| holds, key and certification data. */
static void put_auth(const struct sim_options *o, const struct sim_keys *keys,
                     struct slice pck_chain, uint16_t version,
                     struct builder *b)
{
    bool rogue = (o->items[SIM_QUOTE].faults & SIM_ROGUE) != 0;
    struct slice signed_part = builder_view(b);
    struct hole auth = builder_hole32le(b);
    struct hole outer;

    put_signature(rogue ? &keys->rogue : &keys->attestation, signed_part, b);
    builder_bytes(b, SLICE_OF(keys->attestation.point));
    if (version == 3) {
        put_certification(o, keys, pck_chain, b);
    } else {
        builder_u16le(b, CERT_TYPE_QE_REPORT);
        outer = builder_hole32le(b);
        put_certification(o, keys, pck_chain, b);
        builder_fill32le(b, outer);
    }
    builder_fill32le(b, auth);
}

void sim_quote_write(const struct sim_options *options,
                     const struct sim_keys *keys, struct slice pck_chain,
                     enum tee_type tee, const uint8_t report_data[64],
                     struct builder *b)
{
    uint16_t version = version_of(options, tee);

    put_header(options, tee, b);
    if (version == 5)
        put_descriptor(options, tee, b);
    if (tee == TEE_SGX)
        put_sgx_body(&options->sgx, report_data, b);
    else
        put_tdx_body(&options->tdx, report_data, b);
    put_auth(options, keys, pck_chain, version, b);
}
