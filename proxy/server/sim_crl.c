#include "proxy/server/sim_crl.h"

#include "common/der_out.h"
#include "proxy/server/sim_cert.h"
#include "verifier/der.h"

#define MANY_ENTRIES 2000

/* What one list is made of. */
struct plan {
    const struct sim_options *options;
    const struct sim_keys *keys;
    enum sim_item item;
    enum sim_item issuer;
    uint32_t faults;
    int64_t now_unix;
};

/* SEQUENCE { serial, date, { reasonCode keyCompromise } } */
static void put_entry(const struct plan *p, struct slice serial,
                      struct builder *b)
{
    static const uint8_t reason[] = {
        0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55,
        0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01, 0x01
    };
    size_t entry = der_out_open(b, DER_SEQUENCE);

    der_out_unsigned(b, serial);
    der_out_time(b, p->now_unix + p->options->items[p->item].from_s);
    builder_bytes(b, SLICE_OF(reason));
    der_out_close(b, entry);
}

/* Is |cert| one that this list covers, and revoked? */
static bool is_listed(const struct plan *p, enum sim_item cert)
{
    return (cert == SIM_PCK) == (p->item == SIM_PCK_CRL) &&
           (p->options->items[cert].faults & SIM_REVOKED) != 0;
}

static void put_revoked(const struct plan *p, struct builder *b)
{
    uint8_t serial[20];

    for (enum sim_item cert = SIM_ROOT; cert <= SIM_TCB_SIGNING; cert++) {
        if (!is_listed(p, cert))
            continue;
        sim_cert_serial(p->options, p->keys, cert, serial);
        put_entry(p, SLICE_OF(serial), b);
    }
}

static void put_others(const struct plan *p, struct builder *b)
{
    for (unsigned i = 0; i < MANY_ENTRIES; i++) {
        const uint8_t serial[] = { 0x7e, (uint8_t)(i >> 8), (uint8_t)i };

        put_entry(p, SLICE_OF(serial), b);
    }
}

/* RFC 5280 5.1.2.6: an empty list is left out. */
static void put_entries(const struct plan *p, struct builder *b)
{
    bool many = (p->faults & SIM_MANY_ENTRIES) != 0;
    bool any = many;
    size_t list;

    for (enum sim_item cert = SIM_ROOT; cert <= SIM_TCB_SIGNING; cert++)
        any = any || is_listed(p, cert);
    if (!any)
        return;
    list = der_out_open(b, DER_SEQUENCE);
    if (many)
        put_others(p, b);
    put_revoked(p, b);
    der_out_close(b, list);
}

static void put_number(struct builder *b)
{
    static const uint8_t crl_number[] = { 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d,
                                          0x14, 0x04, 0x03, 0x02, 0x01, 0x01 };

    builder_bytes(b, SLICE_OF(crl_number));
}

static void put_extensions(const struct plan *p, struct builder *b)
{
    bool other = (p->faults & SIM_OTHER_AUTHORITY_ID) != 0;
    size_t wrapper = der_out_open(b, DER_CONTEXT_CONSTRUCTED_0);
    size_t list = der_out_open(b, DER_SEQUENCE);

    if ((p->faults & SIM_NO_CRL_NUMBER) == 0)
        put_number(b);
    if ((p->faults & SIM_NO_AUTHORITY_ID) == 0)
        sim_cert_authority_id(other ? &p->keys->rogue
                                    : sim_cert_key(p->keys, p->issuer),
                              b);
    if ((p->faults & SIM_UNKNOWN_CRITICAL) != 0)
        sim_cert_unknown_critical(b);
    der_out_close(b, list);
    der_out_close(b, wrapper);
}

void sim_crl_tbs(const struct sim_options *options, const struct sim_keys *keys,
                 enum sim_item item, int64_t now_unix, struct builder *b)
{
    struct plan p = { .options = options,
                      .keys = keys,
                      .item = item,
                      .issuer = item == SIM_PCK_CRL ? SIM_PCK_CA : SIM_ROOT,
                      .faults = options->items[item].faults,
                      .now_unix = now_unix };
    bool other = (p.faults & SIM_OTHER_ISSUER) != 0;
    size_t tbs = der_out_open(b, DER_SEQUENCE);

    der_out_number(b, DER_INTEGER, 1); /* version 2 */
    tls_key_algorithm(b);
    sim_cert_name(options, other ? SIM_TCB_SIGNING : p.issuer, b);
    der_out_time(b, now_unix + options->items[item].from_s);
    der_out_time(b, now_unix + options->items[item].until_s);
    put_entries(&p, b);
    put_extensions(&p, b);
    der_out_close(b, tbs);
}
