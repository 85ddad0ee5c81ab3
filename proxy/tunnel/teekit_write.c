#include "proxy/tunnel/teekit_write.h"

#include "proxy/tunnel/wire_out.h"

/* Heads as cbor-x writes them, RFC 8949 section 3. */
#define WIDE_MAP  0xb9 /* the number of pairs in the next 16 bits */
#define TAG_BYTE  0xd8 /* a tag, its number in the next byte */
#define TAG_UINT8 64   /* RFC 8746 section 2 */
#define UNDEFINED 0xf7

void teekit_write_map(struct builder *b, enum teekit_style style, size_t pairs)
{
    if (style == TEEKIT_OURS) {
        wire_out_map(b, pairs);
        return;
    }
    builder_u8(b, WIDE_MAP);
    builder_u16be(b, (uint16_t)pairs); /* TEEKIT_FIELDS_MAX at most */
}

void teekit_write_head(struct builder *b, enum teekit_style style, size_t len)
{
    if (style == TEEKIT_NODE) {
        builder_u8(b, TAG_BYTE);
        builder_u8(b, TAG_UINT8);
    }
    wire_out_bytes_head(b, len);
}

void teekit_write_bytes(struct builder *b, enum teekit_style style,
                        struct slice bytes)
{
    teekit_write_head(b, style, bytes.len);
    builder_bytes(b, bytes);
}

void teekit_write_pair(struct builder *b, const char *key, const char *value)
{
    wire_out_text(b, key);
    wire_out_text(b, value);
}

void teekit_write_undefined(struct builder *b)
{
    builder_u8(b, UNDEFINED);
}
