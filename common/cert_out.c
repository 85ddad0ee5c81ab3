#include "common/cert_out.h"

#include <assert.h>

#include "common/der_out.h"

void cert_out_version(struct builder *b)
{
    size_t version = der_out_open(b, DER_CONTEXT_CONSTRUCTED_0);

    der_out_number(b, DER_INTEGER, 2);
    der_out_close(b, version);
}

static void put_name_part(struct builder *b, uint8_t type, const char *text)
{
    const uint8_t oid[] = { 0x55, 0x04, type };
    size_t set = der_out_open(b, DER_SET);
    size_t pair = der_out_open(b, DER_SEQUENCE);

    der_out_put(b, DER_OID, SLICE_OF(oid));
    der_out_put(b, DER_UTF8_STRING, slice_text(text));
    der_out_close(b, pair);
    der_out_close(b, set);
}

void cert_out_name(const char *common_name, const char *organization,
                   struct builder *b)
{
    size_t name = der_out_open(b, DER_SEQUENCE);

    put_name_part(b, 3, common_name);
    if (organization != NULL)
        put_name_part(b, 10, organization);
    der_out_close(b, name);
}

void cert_out_validity(int64_t from_unix, int64_t until_unix, struct builder *b)
{
    size_t validity = der_out_open(b, DER_SEQUENCE);

    der_out_time(b, from_unix);
    der_out_time(b, until_unix);
    der_out_close(b, validity);
}

void cert_out_extension(uint8_t id, bool critical, struct slice value,
                        struct builder *b)
{
    const uint8_t oid[] = { 0x55, 0x1d, id };
    size_t extension = der_out_open(b, DER_SEQUENCE);

    der_out_put(b, DER_OID, SLICE_OF(oid));
    if (critical)
        der_out_boolean(b, true);
    der_out_put(b, DER_OCTET_STRING, value);
    der_out_close(b, extension);
}

void cert_out_subject_id(const uint8_t id[20], struct builder *b)
{
    uint8_t room[32];
    struct builder value = builder_over(room, sizeof(room));

    der_out_put(&value, DER_OCTET_STRING, slice_of(id, 20));
    cert_out_extension(CERT_OUT_SUBJECT_KEY_ID, false, builder_view(&value), b);
}

void cert_out_authority_id(const uint8_t id[20], struct builder *b)
{
    uint8_t room[32];
    struct builder value = builder_over(room, sizeof(room));
    size_t sequence = der_out_open(&value, DER_SEQUENCE);

    der_out_put(&value, DER_CONTEXT_0, slice_of(id, 20));
    der_out_close(&value, sequence);
    cert_out_extension(CERT_OUT_AUTHORITY_KEY_ID, false, builder_view(&value),
                       b);
}

void cert_out_key_usage(uint8_t usage, struct builder *b)
{
    uint8_t unused = 0;
    uint8_t room[8];
    struct builder value = builder_over(room, sizeof(room));

    assert(usage != 0);
    while ((usage >> unused & 1) == 0)
        unused++;
    der_out_bits(&value, slice_of(&usage, 1), unused);
    cert_out_extension(CERT_OUT_KEY_USAGE, true, builder_view(&value), b);
}

void cert_out_constraints(bool is_ca, uint8_t path_len, struct builder *b)
{
    uint8_t room[16];
    struct builder value = builder_over(room, sizeof(room));
    size_t sequence = der_out_open(&value, DER_SEQUENCE);

    if (is_ca) {
        der_out_boolean(&value, true);
        der_out_number(&value, DER_INTEGER, path_len);
    }
    der_out_close(&value, sequence);
    cert_out_extension(CERT_OUT_BASIC_CONSTRAINTS, true, builder_view(&value),
                       b);
}
