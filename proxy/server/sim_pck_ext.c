#include "proxy/server/sim_pck_ext.h"

#include "common/der_out.h"
#include "verifier/der.h"

/* Begin SEQUENCE { 1.2.840.113741.1.13.1[.|first|[.|second|]], ... }; a zero
 * number is left out. */
static size_t open_element(struct builder *b, uint8_t first, uint8_t second)
{
    const uint8_t oid[] = { 0x2a, 0x86, 0x48, 0x86,  0xf8,  0x4d,
                            0x01, 0x0d, 0x01, first, second };
    size_t len = sizeof(oid) - (second == 0) - (first == 0);
    size_t element = der_out_open(b, DER_SEQUENCE);

    der_out_put(b, DER_OID, slice_of(oid, len));
    return element;
}

static void put_octets(struct builder *b, uint8_t first, uint8_t second,
                       struct slice octets)
{
    size_t element = open_element(b, first, second);

    der_out_put(b, DER_OCTET_STRING, octets);
    der_out_close(b, element);
}

static void put_number(struct builder *b, uint8_t tag, uint8_t first,
                       uint8_t second, uint64_t number)
{
    size_t element = open_element(b, first, second);

    der_out_number(b, tag, number);
    der_out_close(b, element);
}

static void put_tcb(const struct sim_options *o, struct builder *b)
{
    size_t element = open_element(b, 2, 0);
    size_t list = der_out_open(b, DER_SEQUENCE);

    for (uint8_t i = 0; i < sizeof(o->component_svns); i++)
        put_number(b, DER_INTEGER, 2, (uint8_t)(i + 1), o->component_svns[i]);
    put_number(b, DER_INTEGER, 2, 17, o->platform.pce_svn);
    put_octets(b, 2, 18, SLICE_OF(o->platform.cpu_svn));
    der_out_close(b, list);
    der_out_close(b, element);
}

static void put_flag(struct builder *b, uint8_t number, enum tristate flag)
{
    size_t element;

    if (flag == TRI_UNKNOWN)
        return;
    element = open_element(b, 7, number);
    der_out_boolean(b, flag == TRI_TRUE);
    der_out_close(b, element);
}

static void put_configuration(const struct sim_options *o, struct builder *b)
{
    const struct platform_claims *p = &o->platform;
    size_t element = open_element(b, 7, 0);
    size_t list = der_out_open(b, DER_SEQUENCE);

    put_flag(b, 1, p->dynamic_platform);
    put_flag(b, 2, p->cached_keys);
    put_flag(b, 3, p->smt_enabled);
    der_out_close(b, list);
    der_out_close(b, element);
}

static void put_element(const struct sim_options *o, int number,
                        struct builder *b)
{
    const struct platform_claims *p = &o->platform;

    if (number == 1 && p->has_ppid)
        put_octets(b, 1, 0, SLICE_OF(p->ppid));
    if (number == 2)
        put_tcb(o, b);
    if (number == 3)
        put_octets(b, 3, 0, SLICE_OF(p->pce_id));
    if (number == 4)
        put_octets(b, 4, 0, SLICE_OF(p->fmspc));
    if (number == 5)
        put_number(b, DER_ENUMERATED, 5, 0, p->sgx_type);
    if (number == 6 && p->has_instance_id)
        put_octets(b, 6, 0, SLICE_OF(p->instance_id));
    if (number == 7 && p->dynamic_platform != TRI_UNKNOWN)
        put_configuration(o, b);
}

void sim_pck_ext_write(const struct sim_options *options, struct builder *b)
{
    bool reversed = (options->items[SIM_PCK].faults & SIM_SGX_REVERSED) != 0;
    size_t extension = open_element(b, 0, 0);
    size_t value = der_out_open(b, DER_OCTET_STRING);
    size_t list = der_out_open(b, DER_SEQUENCE);

    for (int i = 1; i <= 7; i++)
        put_element(options, reversed ? 8 - i : i, b);
    der_out_close(b, list);
    der_out_close(b, value);
    der_out_close(b, extension);
}
