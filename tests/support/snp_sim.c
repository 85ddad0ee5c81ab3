#include "tests/support/snp_sim.h"

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/rsa.h>

#include "common/builder.h"
#include "common/text.h"
#include "proxy/server/sim_der.h"
#include "tests/support/check.h"
#include "tests/support/rsa_keys.h"
#include "verifier/der.h"
#include "verifier/wolf.h"
#include "verifier/x509.h"

#define YEAR INT64_C(31536000)
#define HALF 48

/* The keys of one making. */
struct keys {
    WC_RNG rng;
    RsaKey rsa[2]; /* SNP_SIM_ARK, SNP_SIM_ASK */
    ecc_key ecc;   /* the endorsement's */
};

/* --- keys --- */

static void load_rsa(RsaKey *key, const char *base64, WC_RNG *rng)
{
    uint8_t der[3072];
    size_t len;
    word32 at = 0;

    assert_true(text_from_base64(slice_text(base64), der, sizeof(der), &len));
    assert_int_equal(wc_InitRsaKey(key, NULL), 0);
    assert_int_equal(wc_RsaPrivateKeyDecode(der, &at, key, (word32)len), 0);
    assert_int_equal(wc_RsaSetRNG(key, rng), 0);
}

static void make_keys(struct keys *k)
{
    assert_int_equal(wc_InitRng(&k->rng), 0);
    load_rsa(&k->rsa[SNP_SIM_ARK], rsa_keys_ark, &k->rng);
    load_rsa(&k->rsa[SNP_SIM_ASK], rsa_keys_ask, &k->rng);
    assert_int_equal(wc_ecc_init(&k->ecc), 0);
    assert_int_equal(wc_ecc_make_key_ex(&k->rng, HALF, &k->ecc, ECC_SECP384R1),
                     0);
}

static void free_keys(struct keys *k)
{
    (void)wc_FreeRsaKey(&k->rsa[SNP_SIM_ARK]);
    (void)wc_FreeRsaKey(&k->rsa[SNP_SIM_ASK]);
    (void)wc_ecc_free(&k->ecc);
    (void)wc_FreeRng(&k->rng);
}

static void put_spki(struct keys *k, enum snp_sim_cert of, struct builder *b)
{
    uint8_t der[1024];
    int len = of == SNP_SIM_ENDORSEMENT
                  ? wc_EccPublicKeyToDer(&k->ecc, der, sizeof(der), 1)
                  : wc_RsaKeyToPublicDer(&k->rsa[of], der, sizeof(der));

    assert_true(len > 0);
    builder_bytes(b, slice_of(der, (size_t)len));
}

/* A key identifier may be anything: here, who it is of. */
static void key_id(enum snp_sim_cert of, uint8_t id[20])
{
    memset(id, 0xa0 + (int)of, 20);
}

/* --- envelopes --- */

/* id-RSASSA-PSS, SHA-384, MGF1 with SHA-384, salt of 48 (RFC 4055 3.1). */
static void put_algorithm(struct builder *b)
{
    static const uint8_t pss[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                   0x0d, 0x01, 0x01, 0x0a };
    static const uint8_t mgf1[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                    0x0d, 0x01, 0x01, 0x08 };
    static const uint8_t sha384[] = { 0x30, 0x0d, 0x06, 0x09, 0x60,
                                      0x86, 0x48, 0x01, 0x65, 0x03,
                                      0x04, 0x02, 0x02, 0x05, 0x00 };
    size_t whole = sim_der_open(b, DER_SEQUENCE);
    size_t parameters, part, generator;

    sim_der_put(b, DER_OID, SLICE_OF(pss));
    parameters = sim_der_open(b, DER_SEQUENCE);
    sim_der_put(b, DER_CONTEXT_CONSTRUCTED_0, SLICE_OF(sha384));
    part = sim_der_open(b, 0xa1);
    generator = sim_der_open(b, DER_SEQUENCE);
    sim_der_put(b, DER_OID, SLICE_OF(mgf1));
    builder_bytes(b, SLICE_OF(sha384));
    sim_der_close(b, generator);
    sim_der_close(b, part);
    part = sim_der_open(b, 0xa2);
    sim_der_number(b, DER_INTEGER, 48);
    sim_der_close(b, part);
    sim_der_close(b, parameters);
    sim_der_close(b, whole);
}

static void seal(struct keys *k, enum snp_sim_cert by, struct slice tbs,
                 struct builder *b)
{
    uint8_t digest[WOLF_SHA384_BYTES];
    uint8_t bits[WOLF_RSA_4096_BYTES];
    size_t whole = sim_der_open(b, DER_SEQUENCE);

    wolf_sha384(tbs, (struct slice){ 0 }, digest);
    assert_int_equal(wc_RsaPSS_Sign_ex(digest, sizeof(digest), bits,
                                       sizeof(bits), WC_HASH_TYPE_SHA384,
                                       WC_MGF1SHA384, 48, &k->rsa[by], &k->rng),
                     sizeof(bits));
    builder_bytes(b, tbs);
    put_algorithm(b);
    sim_der_bits(b, SLICE_OF(bits), 0);
    sim_der_close(b, whole);
    assert_true(builder_ok(b));
}

/* --- certificates --- */

static void put_name(struct builder *b, const char *common_name)
{
    static const uint8_t oid[] = { 0x55, 0x04, 0x03 };
    size_t name = sim_der_open(b, DER_SEQUENCE);
    size_t set = sim_der_open(b, DER_SET);
    size_t pair = sim_der_open(b, DER_SEQUENCE);

    sim_der_put(b, DER_OID, SLICE_OF(oid));
    sim_der_put(b, DER_UTF8_STRING, slice_text(common_name));
    sim_der_close(b, pair);
    sim_der_close(b, set);
    sim_der_close(b, name);
}

static void put_extension(struct builder *b, struct slice oid,
                          struct slice value)
{
    size_t extension = sim_der_open(b, DER_SEQUENCE);

    sim_der_put(b, DER_OID, oid);
    sim_der_put(b, DER_OCTET_STRING, value);
    sim_der_close(b, extension);
}

/* id-ce |id|, RFC 5280 appendix A.2. */
static void put_standard(struct builder *b, uint8_t id, struct slice value)
{
    const uint8_t oid[] = { 0x55, 0x1d, id };

    put_extension(b, SLICE_OF(oid), value);
}

static void put_powers(const struct snp_sim_item *item, struct builder *b)
{
    uint8_t usage = (uint8_t)(item->key_usage >> 8);
    uint8_t room[16];
    struct builder value = builder_over(room, sizeof(room));
    size_t sequence = sim_der_open(&value, DER_SEQUENCE);
    uint8_t unused = 0;

    if (item->is_ca)
        sim_der_boolean(&value, true);
    sim_der_close(&value, sequence);
    put_standard(b, 0x13, builder_view(&value));
    if (usage == 0)
        return;
    while ((usage >> unused & 1) == 0)
        unused++;
    value = builder_over(room, sizeof(room));
    sim_der_bits(&value, slice_of(&usage, 1), unused);
    put_standard(b, 0x0f, builder_view(&value));
}

static void put_subject_id(enum snp_sim_cert of, struct builder *b)
{
    uint8_t id[20];
    uint8_t room[32];
    struct builder value = builder_over(room, sizeof(room));

    key_id(of, id);
    sim_der_put(&value, DER_OCTET_STRING, SLICE_OF(id));
    put_standard(b, 0x0e, builder_view(&value));
}

/* 1.3.6.1.4.1.3704.1 and up to two numbers more, the last 0 for none. */
static void put_amd(struct builder *b, uint8_t number, uint8_t more,
                    struct slice value)
{
    const uint8_t oid[] = { 0x2b, 0x06, 0x01, 0x04,   0x01,
                            0x9c, 0x78, 0x01, number, more };

    put_extension(b, slice_of(oid, sizeof(oid) - (more == 0 ? 1 : 0)), value);
}

static void put_amd_number(struct builder *b, uint8_t number, uint8_t more,
                           uint64_t value)
{
    uint8_t room[16];
    struct builder inner = builder_over(room, sizeof(room));

    sim_der_number(&inner, DER_INTEGER, value);
    put_amd(b, number, more, builder_view(&inner));
}

static void put_amd_text(struct builder *b, uint8_t number, const char *text)
{
    uint8_t room[256];
    struct builder inner = builder_over(room, sizeof(room));

    if (text == NULL)
        return;
    sim_der_put(&inner, 0x16, slice_text(text)); /* IA5String */
    put_amd(b, number, 0, builder_view(&inner));
}

static void put_endorsed(const struct snp_sim_plan *p, struct builder *b)
{
    put_amd_number(b, 1, 0, p->struct_version);
    put_amd_text(b, 2, p->product);
    for (uint8_t i = 1; i < SNP_SIM_SPLS; i++)
        if ((p->without_spl >> i & 1) == 0)
            put_amd_number(b, 3, i, p->spl[i]);
    if (p->hwid_len > 0)
        put_amd(b, 4, 0, slice_of(p->hwid, p->hwid_len));
    put_amd_text(b, 5, p->csp_id);
}

static void put_tbs(const struct snp_sim_plan *p, struct keys *k,
                    enum snp_sim_cert of, struct builder *b)
{
    const struct snp_sim_item *item = &p->certs[of];
    size_t tbs = sim_der_open(b, DER_SEQUENCE);
    size_t inner = sim_der_open(b, DER_CONTEXT_CONSTRUCTED_0);
    size_t list;

    sim_der_number(b, DER_INTEGER, 2);
    sim_der_close(b, inner);
    sim_der_number(b, DER_INTEGER, item->serial);
    put_algorithm(b);
    if (of == SNP_SIM_ENDORSEMENT && p->issuer_name.len > 0)
        builder_bytes(b, p->issuer_name);
    else
        put_name(b, item->issuer);
    inner = sim_der_open(b, DER_SEQUENCE);
    sim_der_time(b, item->dates.from_unix);
    sim_der_time(b, item->dates.until_unix);
    sim_der_close(b, inner);
    put_name(b, item->name);
    put_spki(k, of, b);
    inner = sim_der_open(b, DER_CONTEXT_CONSTRUCTED_3);
    list = sim_der_open(b, DER_SEQUENCE);
    if (item->is_ca || item->key_usage != 0)
        put_powers(item, b);
    put_subject_id(of, b);
    if (of == SNP_SIM_ENDORSEMENT)
        put_endorsed(p, b);
    sim_der_close(b, list);
    sim_der_close(b, inner);
    sim_der_close(b, tbs);
}

/* Returns its length. */
static size_t make_cert(const struct snp_sim_plan *p, struct keys *k,
                        enum snp_sim_cert of, uint8_t *out, size_t room)
{
    uint8_t tbs_room[2048];
    struct builder tbs = builder_over(tbs_room, sizeof(tbs_room));
    struct builder cert = builder_over(out, room);

    put_tbs(p, k, of, &tbs);
    assert_true(builder_ok(&tbs));
    seal(k, p->certs[of].signed_by, builder_view(&tbs), &cert);
    return builder_view(&cert).len;
}

static void add_pem(const struct snp_sim_plan *p, struct keys *k,
                    enum snp_sim_cert of, char *pem, size_t room)
{
    uint8_t der[2048];
    char base64[TEXT_BASE64_ROOM(sizeof(der))];
    size_t used = strlen(pem);

    text_base64(slice_of(der, make_cert(p, k, of, der, sizeof(der))), base64,
                sizeof(base64));
    (void)snprintf(pem + used, room - used,
                   "-----BEGIN CERTIFICATE-----\n%s\n"
                   "-----END CERTIFICATE-----\n",
                   base64);
}

/* --- the list --- */

static void put_list_extensions(const struct snp_sim_plan *p, struct builder *b)
{
    static const uint8_t number[] = { 0x02, 0x01, 0x07 };
    uint8_t id[20];
    uint8_t room[32];
    struct builder value = builder_over(room, sizeof(room));
    size_t sequence = sim_der_open(&value, DER_SEQUENCE);
    size_t wrapper = sim_der_open(b, DER_CONTEXT_CONSTRUCTED_0);
    size_t list = sim_der_open(b, DER_SEQUENCE);

    key_id(p->list_by, id);
    sim_der_put(&value, DER_CONTEXT_0, SLICE_OF(id));
    sim_der_close(&value, sequence);
    put_standard(b, 0x23, builder_view(&value));
    put_standard(b, 0x14, SLICE_OF(number));
    sim_der_close(b, list);
    sim_der_close(b, wrapper);
}

static void put_list(const struct snp_sim_plan *p, struct builder *b)
{
    size_t tbs = sim_der_open(b, DER_SEQUENCE);
    size_t entries, entry;

    sim_der_number(b, DER_INTEGER, 1);
    put_algorithm(b);
    put_name(b, p->certs[p->list_by].name);
    sim_der_time(b, p->list_dates.from_unix);
    sim_der_time(b, p->list_dates.until_unix);
    entries = sim_der_open(b, DER_SEQUENCE);
    entry = sim_der_open(b, DER_SEQUENCE);
    sim_der_number(b, DER_INTEGER, p->listed);
    sim_der_time(b, p->list_dates.from_unix);
    sim_der_close(b, entry);
    sim_der_close(b, entries);
    put_list_extensions(p, b);
    sim_der_close(b, tbs);
}

static void make_list(const struct snp_sim_plan *p, struct keys *k,
                      struct snp_sim *out)
{
    uint8_t room[1024];
    struct builder tbs = builder_over(room, sizeof(room));
    struct builder list = builder_over(out->list, sizeof(out->list));

    put_list(p, &tbs);
    assert_true(builder_ok(&tbs));
    seal(k, p->list_by, builder_view(&tbs), &list);
    out->list_len = builder_view(&list).len;
}

/* --- the report --- */

static void put_half(const uint8_t half[HALF], uint8_t *out)
{
    for (size_t i = 0; i < HALF; i++)
        out[i] = half[HALF - 1 - i];
}

static void sign_report(const struct snp_sim_plan *p, struct keys *k,
                        uint8_t report[SNP_REPORT_BYTES])
{
    uint8_t digest[WOLF_SHA384_BYTES];
    uint8_t der[ECC_MAX_SIG_SIZE];
    uint8_t rs[2 * HALF];
    word32 len = sizeof(der);

    wolf_sha384(slice_of(report, SNP_REPORT_SIGNED_BYTES), (struct slice){ 0 },
                digest);
    assert_int_equal(wc_ecc_sign_hash(digest, sizeof(digest), der, &len,
                                      &k->rng, &k->ecc),
                     0);
    assert_true(der_ecdsa_signature(slice_of(der, len), rs, HALF));
    put_half(rs, report + 0x2a0);
    put_half(rs + HALF, report + 0x2e8);
    if (p->bend_signature_at != 0)
        report[p->bend_signature_at] ^= 1;
}

/* --- plans --- */

void snp_sim_put(struct snp_sim_plan *plan, size_t at, uint64_t value,
                 size_t len)
{
    for (size_t i = 0; i < len; i++)
        plan->report[at + i] = (uint8_t)(value >> (8 * i));
}

static void plan_report(struct snp_sim_plan *p)
{
    static const size_t tcbs[] = { 0x38, 0x180, 0x1e0, 0x1f0 };

    snp_sim_put(p, 0x000, 3, 4);
    snp_sim_put(p, 0x004, 7, 4);
    snp_sim_put(p, 0x008, 0x3011f, 8);
    snp_sim_put(p, 0x030, 1, 4);
    snp_sim_put(p, 0x034, 1, 4);
    snp_sim_put(p, 0x040, 0x25, 8);
    memset(p->report + 0x10, 0x10, 16);
    memset(p->report + 0x20, 0x20, 16);
    memset(p->report + 0x50, 0x50, 64);
    memset(p->report + 0x90, 0x90, 48);
    memset(p->report + 0xc0, 0xc0, 32);
    memset(p->report + 0x140, 0x14, 32);
    memset(p->report + 0x160, 0xff, 32);
    snp_sim_put(p, 0x188, 0x010119, 3); /* family 19, model 1, stepping 1 */
    memset(p->report + 0x1a0, 0x1a, 64);
    snp_sim_put(p, 0x1e8, 0x01371d, 4);
    snp_sim_put(p, 0x1ec, 0x01371d, 4);
    for (size_t i = 0; i < sizeof(tcbs) / sizeof(tcbs[0]); i++)
        snp_sim_put(p, tcbs[i], UINT64_C(0xdb18000000000004), 8);
}

void snp_sim_default(struct snp_sim_plan *plan)
{
    static const struct window dates = { SNP_SIM_NOW - YEAR,
                                         SNP_SIM_NOW + YEAR };
    static const uint16_t ca = X509_KEY_CERT_SIGN | X509_CRL_SIGN;

    *plan = (struct snp_sim_plan){
        .certs = {
            { "ARK-Simulated", "ARK-Simulated", SNP_SIM_ARK, dates, 0x10000,
              true, ca },
            { "SEV-Simulated", "ARK-Simulated", SNP_SIM_ARK, dates, 0x10001,
              true, X509_KEY_CERT_SIGN },
            { "SEV-VCEK", "SEV-Simulated", SNP_SIM_ASK, dates, 0, false, 0 },
        },
        .product = "Milan-B0",
        .spl = { [1] = 4, [3] = 24, [8] = 219 },
        .without_spl = 1U << 9,
        .hwid_len = 64,
        .list_dates = dates,
        .list_by = SNP_SIM_ARK,
        .listed = 0x99,
    };
    memset(plan->hwid, 0x1a, plan->hwid_len);
    plan_report(plan);
}

void snp_sim_use_vlek(struct snp_sim_plan *plan)
{
    plan->certs[SNP_SIM_ENDORSEMENT].name = "SEV-VLEK";
    plan->hwid_len = 0;
    plan->csp_id = "CN=cc.example.com";
    snp_sim_put(plan, 0x48, 4, 4);
    memset(plan->report + 0x1a0, 0, 64);
}

/* --- all of it --- */

void snp_sim_make(const struct snp_sim_plan *plan, struct snp_sim *out)
{
    struct keys k;

    *out = (struct snp_sim){ 0 };
    make_keys(&k);
    memcpy(out->report, plan->report, sizeof(out->report));
    sign_report(plan, &k, out->report);
    out->endorsement_len =
        make_cert(plan, &k, SNP_SIM_ENDORSEMENT, out->endorsement,
                  sizeof(out->endorsement));
    add_pem(plan, &k, SNP_SIM_ASK, out->root, sizeof(out->root));
    add_pem(plan, &k, SNP_SIM_ARK, out->root, sizeof(out->root));
    make_list(plan, &k, out);
    free_keys(&k);
}

struct verify_snp_input snp_sim_input(const struct snp_sim *s)
{
    return (struct verify_snp_input){
        .report = SLICE_OF(s->report),
        .endorsement = slice_of(s->endorsement, s->endorsement_len),
        .crl = slice_of(s->list, s->list_len),
        .root_pem = slice_text(s->root),
        .now_unix = SNP_SIM_NOW,
    };
}
