#include "proxy/server/snp_table.h"

#include "common/cursor.h"

#define CLAUSE      "GHCB 4.1.8.1"
#define GUID_BYTES  16
#define ENTRIES_MAX 32 /* hosts put up to 6 there */

/* As RFC 4122 writes them: the first byte first. */
static const struct kind {
    uint8_t guid[GUID_BYTES];
    size_t place; /* in struct snp_table */
    bool wins;    /* over another of the same place */
} kinds[] = {
#define AT(field) offsetof(struct snp_table, field)
    /* 63da758d-e664-4564-adc5-f4b93be8accd: VCEK */
    { { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9,
        0x3b, 0xe8, 0xac, 0xcd },
      AT(vcek),
      false },
    /* a8074bc2-a25a-483e-aae6-39c045a0b8a1: VLEK */
    { { 0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0,
        0x45, 0xa0, 0xb8, 0xa1 },
      AT(vcek),
      true },
    /* 4ab7b379-bbac-4fe4-a02f-05aef327c782: ASK */
    { { 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae,
        0xf3, 0x27, 0xc7, 0x82 },
      AT(ask),
      false },
    /* c0b406a4-a803-4952-9743-3fb6014cd0ae: ARK */
    { { 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6,
        0x01, 0x4c, 0xd0, 0xae },
      AT(ark),
      false },
#undef AT
};

/* Microsoft's order turns the first three fields round: hosts have written
 * both. Drop this when only one is seen. */
static bool is_guid(struct slice found, const uint8_t guid[GUID_BYTES])
{
    static const uint8_t order[GUID_BYTES] = { 3, 2, 1,  0,  5,  4,  7,  6,
                                               8, 9, 10, 11, 12, 13, 14, 15 };
    bool turned = true;

    for (size_t i = 0; i < GUID_BYTES; i++)
        turned = turned && found.at[i] == guid[order[i]];
    return turned || slice_equal(found, slice_of(guid, GUID_BYTES));
}

static const struct kind *kind_of(struct slice guid)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (is_guid(guid, kinds[i].guid))
            return &kinds[i];
    return NULL;
}

static void put(const struct kind *kind, struct slice cert,
                struct snp_table *out)
{
    struct slice *place = (struct slice *)(void *)((char *)out + kind->place);

    if (place->len == 0 || kind->wins)
        *place = cert;
}

/* One entry; |last| when it is the one that ends the table. */
static enum status take_entry(struct cursor *c, struct slice whole, bool *last,
                              struct snp_table *out, struct why *why)
{
    const struct slice guid = cursor_take(c, GUID_BYTES);
    const uint32_t offset = cursor_u32le(c);
    const uint32_t len = cursor_u32le(c);
    const struct kind *kind;

    if (!cursor_ok(c))
        return why_fail(why, STATUS_TRUNCATED, "snp_table", CLAUSE,
                        "no last entry in %zu bytes", whole.len);
    *last = slice_is_zero(guid);
    if (*last)
        return STATUS_OK;
    if (offset > whole.len || len > whole.len - offset)
        return why_fail(why, STATUS_BAD_FIELD, "snp_table.entry", CLAUSE,
                        "%u bytes from %u on, of %zu", (unsigned)len,
                        (unsigned)offset, whole.len);
    kind = kind_of(guid);
    if (kind != NULL)
        put(kind, slice_of(whole.at + offset, len), out);
    return STATUS_OK;
}

enum status snp_table_parse(struct slice bytes, struct snp_table *out,
                            struct why *why)
{
    struct cursor c = cursor_over(bytes);
    struct snp_table table = { 0 };
    bool last = bytes.len == 0;

    *out = table;
    for (size_t i = 0; !last; i++) {
        enum status st;

        if (i == ENTRIES_MAX)
            return why_fail(why, STATUS_BAD_FIELD, "snp_table", CLAUSE,
                            "more than %d entries", ENTRIES_MAX);
        st = take_entry(&c, bytes, &last, &table, why);
        if (st != STATUS_OK)
            return st;
    }
    *out = table;
    return STATUS_OK;
}
