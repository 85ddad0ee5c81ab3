#include "proxy/server/sim_cert.h"

#include <assert.h>

#include "common/cert_out.h"
#include "common/der_out.h"
#include "proxy/server/sim_pck_ext.h"
#include "verifier/der.h"
#include "verifier/x509.h"

/* What is the same in every simulation. */
static const struct role {
    const char *name;
    enum sim_item issuer;
    bool is_ca;
    uint8_t path_len;
    uint16_t key_usage;
} roles[] = {
    /* clang-format off */
    [SIM_ROOT] = { "Simulated SGX Root CA", SIM_ROOT, true, 1,
                   X509_KEY_CERT_SIGN | X509_CRL_SIGN },
    [SIM_PCK_CA] = { "Simulated SGX PCK Platform CA", SIM_ROOT, true, 0,
                     X509_KEY_CERT_SIGN | X509_CRL_SIGN },
    [SIM_PCK] = { "Simulated SGX PCK Certificate", SIM_PCK_CA, false, 0,
                  X509_DIGITAL_SIGNATURE },
    [SIM_TCB_SIGNING] = { "Simulated SGX TCB Signing", SIM_ROOT, false, 0,
                          X509_DIGITAL_SIGNATURE },
    /* clang-format on */
};

/* What one certificate is made of. */
struct plan {
    const struct role *role;
    const struct sim_options *options;
    const struct sim_keys *keys;
    enum sim_item item;
    uint32_t faults;
};

static const struct role *role_of(enum sim_item item)
{
    assert((size_t)item < COUNT_OF(roles));
    return &roles[item];
}

const struct tls_key *sim_cert_key(const struct sim_keys *keys,
                                   enum sim_item item)
{
    if (item == SIM_ROOT)
        return &keys->root;
    if (item == SIM_PCK_CA)
        return &keys->pck_ca;
    if (item == SIM_PCK)
        return &keys->pck;
    assert(item == SIM_TCB_SIGNING);
    return &keys->tcb_signing;
}

/* The first bit decides whether DER needs a zero before it; the second keeps
 * the number from having fewer than 20 bytes. */
void sim_cert_serial(const struct sim_options *options,
                     const struct sim_keys *keys, enum sim_item item,
                     uint8_t serial[20])
{
    bool high = (options->items[item].faults & SIM_HIGH_SERIAL) != 0;

    tls_key_id(sim_cert_key(keys, item), serial);
    serial[0] = (uint8_t)((serial[0] & 0x3f) | (high ? 0x80 : 0x40));
}

static void put_name(struct builder *b, const char *common_name)
{
    cert_out_name(common_name, "Veritee Simulation", b);
}

void sim_cert_name(const struct sim_options *options, enum sim_item item,
                   struct builder *b)
{
    if ((options->items[item].faults & SIM_OTHER_NAME) != 0)
        put_name(b, "Simulated Something Else");
    else if (item == SIM_PCK_CA && options->processor_ca)
        put_name(b, "Simulated SGX PCK Processor CA");
    else
        put_name(b, role_of(item)->name);
}

/* --- extensions --- */

void sim_cert_authority_id(const struct tls_key *issuer, struct builder *b)
{
    uint8_t id[20];

    tls_key_id(issuer, id);
    cert_out_authority_id(id, b);
}

void sim_cert_unknown_critical(struct builder *b)
{
    cert_out_extension(0x7f, true, slice_of("\x05\x00", 2), b);
}

static void put_subject_id(const struct plan *p, struct builder *b)
{
    uint8_t id[20];

    tls_key_id(sim_cert_key(p->keys, p->item), id);
    cert_out_subject_id(id, b);
}

/* DistributionPointName, fullName, uniformResourceIdentifier. */
static void put_crl_points(struct builder *b)
{
    uint8_t room[64];
    struct builder value = builder_over(room, sizeof(room));
    size_t points = der_out_open(&value, DER_SEQUENCE);
    size_t point = der_out_open(&value, DER_SEQUENCE);
    size_t name = der_out_open(&value, DER_CONTEXT_CONSTRUCTED_0);
    size_t full = der_out_open(&value, DER_CONTEXT_CONSTRUCTED_0);

    der_out_put(&value, 0x86, slice_text("https://crl.invalid/simulated.der"));
    der_out_close(&value, full);
    der_out_close(&value, name);
    der_out_close(&value, point);
    der_out_close(&value, points);
    cert_out_extension(CERT_OUT_CRL_POINTS, false, builder_view(&value), b);
}

static void put_key_usage(const struct plan *p, struct builder *b)
{
    static const uint16_t key_encipherment = 0x2000;
    uint16_t usage = (p->faults & SIM_OTHER_KEY_USAGE) != 0
                         ? key_encipherment
                         : p->role->key_usage;

    cert_out_key_usage((uint8_t)(usage >> 8), b);
}

static void put_basic_constraints(const struct plan *p, struct builder *b)
{
    bool is_ca = p->role->is_ca != ((p->faults & SIM_CA_FLIPPED) != 0);
    bool is_short = (p->faults & SIM_PATH_TOO_SHORT) != 0;

    cert_out_constraints(is_ca, is_short ? 0 : p->role->path_len, b);
}

static void put_authority_id(const struct plan *p, struct builder *b)
{
    const struct tls_key *issuer = sim_cert_key(p->keys, p->role->issuer);

    if ((p->faults & SIM_OTHER_AUTHORITY_ID) != 0)
        issuer = &p->keys->rogue;
    sim_cert_authority_id(issuer, b);
}

static void put_extensions(const struct plan *p, struct builder *b)
{
    size_t wrapper = der_out_open(b, DER_CONTEXT_CONSTRUCTED_3);
    size_t list = der_out_open(b, DER_SEQUENCE);

    if ((p->faults & SIM_NO_AUTHORITY_ID) == 0)
        put_authority_id(p, b);
    if ((p->faults & SIM_NO_CRL_POINTS) == 0)
        put_crl_points(b);
    if ((p->faults & SIM_NO_SUBJECT_ID) == 0)
        put_subject_id(p, b);
    if ((p->faults & SIM_NO_KEY_USAGE) == 0)
        put_key_usage(p, b);
    if ((p->faults & SIM_NO_CONSTRAINTS) == 0)
        put_basic_constraints(p, b);
    if (p->item == SIM_PCK && (p->faults & SIM_NO_SGX) == 0)
        sim_pck_ext_write(p->options, b);
    if ((p->faults & SIM_UNKNOWN_CRITICAL) != 0)
        sim_cert_unknown_critical(b);
    der_out_close(b, list);
    der_out_close(b, wrapper);
}

/* --- the signed part --- */

void sim_cert_tbs(const struct sim_options *options,
                  const struct sim_keys *keys, enum sim_item item,
                  int64_t now_unix, struct builder *b)
{
    struct plan p = { .role = role_of(item),
                      .options = options,
                      .keys = keys,
                      .item = item,
                      .faults = options->items[item].faults };
    uint8_t serial[20];
    size_t tbs = der_out_open(b, DER_SEQUENCE);

    cert_out_version(b);
    sim_cert_serial(options, keys, item, serial);
    der_out_unsigned(b, SLICE_OF(serial));
    tls_key_algorithm(b);
    if ((p.faults & SIM_OTHER_ISSUER) != 0)
        put_name(b, "Simulated Someone Else");
    else
        sim_cert_name(options, p.role->issuer, b);
    cert_out_validity(now_unix + options->items[item].from_s,
                      now_unix + options->items[item].until_s, b);
    sim_cert_name(options, item, b);
    tls_key_spki(sim_cert_key(keys, item), b);
    put_extensions(&p, b);
    der_out_close(b, tbs);
}
