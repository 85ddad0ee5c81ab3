#include "proxy/tunnel/wire_out.h"

#include <cbor.h>

static void put(struct builder *b, const uint8_t *head, size_t len)
{
    builder_bytes(b, slice_of(head, len));
}

void wire_out_uint(struct builder *b, uint64_t v)
{
    uint8_t head[WIRE_HEAD_MAX_BYTES];

    put(b, head, cbor_encode_uint(v, head, sizeof(head)));
}

size_t wire_out_head_bytes(size_t len)
{
    uint8_t head[WIRE_HEAD_MAX_BYTES];

    return cbor_encode_bytestring_start(len, head, sizeof(head));
}

void wire_out_bytes_head(struct builder *b, size_t len)
{
    uint8_t head[WIRE_HEAD_MAX_BYTES];

    put(b, head, cbor_encode_bytestring_start(len, head, sizeof(head)));
}

void wire_out_bytes(struct builder *b, struct slice bytes)
{
    wire_out_bytes_head(b, bytes.len);
    builder_bytes(b, bytes);
}

void wire_out_text(struct builder *b, const char *text)
{
    wire_out_text_slice(b, slice_text(text));
}

void wire_out_text_head(struct builder *b, size_t len)
{
    uint8_t head[WIRE_HEAD_MAX_BYTES];

    put(b, head, cbor_encode_string_start(len, head, sizeof(head)));
}

void wire_out_text_slice(struct builder *b, struct slice text)
{
    wire_out_text_head(b, text.len);
    builder_bytes(b, text);
}

void wire_out_array(struct builder *b, size_t items)
{
    uint8_t head[WIRE_HEAD_MAX_BYTES];

    put(b, head, cbor_encode_array_start(items, head, sizeof(head)));
}

void wire_out_map(struct builder *b, size_t pairs)
{
    uint8_t head[WIRE_HEAD_MAX_BYTES];

    put(b, head, cbor_encode_map_start(pairs, head, sizeof(head)));
}

void wire_out_bool(struct builder *b, bool v)
{
    uint8_t head[WIRE_HEAD_MAX_BYTES];

    put(b, head, cbor_encode_bool(v, head, sizeof(head)));
}

void wire_out_null(struct builder *b)
{
    uint8_t head[WIRE_HEAD_MAX_BYTES];

    put(b, head, cbor_encode_null(head, sizeof(head)));
}
