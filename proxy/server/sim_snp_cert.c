#include "proxy/server/sim_snp_cert.h"

#include "common/cert_out.h"
#include "common/der_out.h"
#include "verifier/der.h"
#include "verifier/x509.h"

/* A key identifier may be anything: here, who it is of. */
static void key_id(enum sim_snp_cert of, uint8_t id[20])
{
    memset(id, 0xa0 + (int)of, 20);
}

/* --- certificates --- */

static void put_extension(struct builder *b, struct slice oid,
                          struct slice value)
{
    size_t extension = der_out_open(b, DER_SEQUENCE);

    der_out_put(b, DER_OID, oid);
    der_out_put(b, DER_OCTET_STRING, value);
    der_out_close(b, extension);
}

static void put_powers(const struct sim_snp_item *item, struct builder *b)
{
    uint8_t usage = (uint8_t)(item->key_usage >> 8);
    uint8_t room[16];
    struct builder value = builder_over(room, sizeof(room));
    size_t sequence = der_out_open(&value, DER_SEQUENCE);
    uint8_t unused = 0;

    if (item->is_ca)
        der_out_boolean(&value, true);
    der_out_close(&value, sequence);
    cert_out_extension(CERT_OUT_BASIC_CONSTRAINTS, false, builder_view(&value),
                       b);
    if (usage == 0)
        return;
    while ((usage >> unused & 1) == 0)
        unused++;
    value = builder_over(room, sizeof(room));
    der_out_bits(&value, slice_of(&usage, 1), unused);
    cert_out_extension(CERT_OUT_KEY_USAGE, false, builder_view(&value), b);
}

static void put_subject_id(enum sim_snp_cert of, struct builder *b)
{
    uint8_t id[20];

    key_id(of, id);
    cert_out_subject_id(id, b);
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

    der_out_number(&inner, DER_INTEGER, value);
    put_amd(b, number, more, builder_view(&inner));
}

static void put_amd_text(struct builder *b, uint8_t number, const char *text)
{
    uint8_t room[256];
    struct builder inner = builder_over(room, sizeof(room));

    if (text == NULL)
        return;
    der_out_put(&inner, 0x16, slice_text(text)); /* IA5String */
    put_amd(b, number, 0, builder_view(&inner));
}

static void put_endorsed(const struct sim_snp_plan *p, struct builder *b)
{
    put_amd_number(b, 1, 0, p->struct_version);
    put_amd_text(b, 2, p->product);
    for (uint8_t i = 1; i < SIM_SNP_SPLS; i++)
        if ((p->without_spl >> i & 1) == 0)
            put_amd_number(b, 3, i, p->spl[i]);
    if (p->hwid_len > 0)
        put_amd(b, 4, 0, slice_of(p->hwid, p->hwid_len));
    put_amd_text(b, 5, p->csp_id);
}

static void put_tbs(const struct sim_snp_plan *p, const struct sim_snp_keys *k,
                    enum sim_snp_cert of, struct builder *b)
{
    const struct sim_snp_item *item = &p->certs[of];
    size_t tbs = der_out_open(b, DER_SEQUENCE);
    size_t inner, list;

    cert_out_version(b);
    der_out_number(b, DER_INTEGER, item->serial);
    sim_snp_key_algorithm(b);
    if (of == SIM_SNP_ENDORSEMENT && p->issuer_name.len > 0)
        builder_bytes(b, p->issuer_name);
    else
        cert_out_name(item->issuer, NULL, b);
    cert_out_validity(item->dates.from_unix, item->dates.until_unix, b);
    cert_out_name(item->name, NULL, b);
    sim_snp_key_spki(k, of, b);
    inner = der_out_open(b, DER_CONTEXT_CONSTRUCTED_3);
    list = der_out_open(b, DER_SEQUENCE);
    if (item->is_ca || item->key_usage != 0)
        put_powers(item, b);
    put_subject_id(of, b);
    if (of == SIM_SNP_ENDORSEMENT)
        put_endorsed(p, b);
    der_out_close(b, list);
    der_out_close(b, inner);
    der_out_close(b, tbs);
}

void sim_snp_cert_write(const struct sim_snp_plan *p,
                        const struct sim_snp_keys *k, enum sim_snp_cert of,
                        struct builder *out)
{
    uint8_t room[2048];
    struct builder tbs = builder_over(room, sizeof(room));

    put_tbs(p, k, of, &tbs);
    out->failed = out->failed || !builder_ok(&tbs);
    sim_snp_key_seal(k, p->certs[of].signed_by, builder_view(&tbs), out);
}

/* --- the list --- */

static void put_list_extensions(const struct sim_snp_plan *p, struct builder *b)
{
    static const uint8_t number[] = { 0x02, 0x01, 0x07 };
    uint8_t id[20];
    size_t wrapper = der_out_open(b, DER_CONTEXT_CONSTRUCTED_0);
    size_t list = der_out_open(b, DER_SEQUENCE);

    key_id(p->list_by, id);
    cert_out_authority_id(id, b);
    cert_out_extension(0x14, false, SLICE_OF(number), b); /* cRLNumber */
    der_out_close(b, list);
    der_out_close(b, wrapper);
}

static void put_list(const struct sim_snp_plan *p, struct builder *b)
{
    size_t tbs = der_out_open(b, DER_SEQUENCE);
    size_t entries, entry;

    der_out_number(b, DER_INTEGER, 1);
    sim_snp_key_algorithm(b);
    cert_out_name(p->certs[p->list_by].name, NULL, b);
    der_out_time(b, p->list_dates.from_unix);
    der_out_time(b, p->list_dates.until_unix);
    entries = der_out_open(b, DER_SEQUENCE);
    entry = der_out_open(b, DER_SEQUENCE);
    der_out_number(b, DER_INTEGER, p->listed);
    der_out_time(b, p->list_dates.from_unix);
    der_out_close(b, entry);
    der_out_close(b, entries);
    put_list_extensions(p, b);
    der_out_close(b, tbs);
}

void sim_snp_cert_list(const struct sim_snp_plan *p,
                       const struct sim_snp_keys *k, struct builder *out)
{
    uint8_t room[1024];
    struct builder tbs = builder_over(room, sizeof(room));

    put_list(p, &tbs);
    out->failed = out->failed || !builder_ok(&tbs);
    sim_snp_key_seal(k, p->list_by, builder_view(&tbs), out);
}
