#include "proxy/io/ws_frame.h"

#include <assert.h>
#include <string.h>

#include "common/builder.h"
#include "common/compiler.h"
#include "common/cursor.h"

static void mask_word(uint8_t *at, uint64_t key)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    word ^= key;
    memcpy(at, &word, sizeof(word));
}

void ws_frame_mask(uint8_t *bytes, size_t len, const uint8_t key[static 4],
                   unsigned at)
{
    uint8_t turned[8];
    uint64_t word;
    size_t i;

    for (i = 0; i < sizeof(turned); i++)
        turned[i] = key[(at + i) % 4];
    memcpy(&word, turned, sizeof(word));
    for (i = 0; len - i >= 4 * sizeof(word); i += 4 * sizeof(word)) {
        /* four by hand: gcc 12 then uses vector registers at -O2, twice as
         * fast as one by one */
        mask_word(bytes + i, word);
        mask_word(bytes + i + 8, word);
        mask_word(bytes + i + 16, word);
        mask_word(bytes + i + 24, word);
    }
    for (; i < len; i++)
        bytes[i] ^= turned[i % 4];
}

size_t ws_frame_header(uint8_t *payload, uint64_t len, enum ws_opcode opcode,
                       bool fin, const uint8_t key[4])
{
    uint8_t head[WS_HEADER_MAX_BYTES];
    struct builder b = builder_over(head, sizeof(head));
    unsigned mask = key != NULL ? WS_MASK_BIT : 0;

    builder_u8(&b, (uint8_t)((fin ? WS_FIN_BIT : 0) | (unsigned)opcode));
    if (len < WS_LENGTH_16) {
        builder_u8(&b, (uint8_t)(mask | (unsigned)len));
    } else if (len <= UINT16_MAX) {
        builder_u8(&b, (uint8_t)(mask | WS_LENGTH_16));
        builder_u16be(&b, (uint16_t)len);
    } else {
        builder_u8(&b, (uint8_t)(mask | WS_LENGTH_64));
        builder_u64be(&b, len);
    }
    if (key != NULL)
        builder_bytes(&b, slice_of(key, 4));
    assert(builder_ok(&b));
    memcpy(payload - b.len, head, b.len);
    return b.len;
}

void ws_frame_control(struct ws_control *out, enum ws_opcode opcode,
                      struct slice payload, const uint8_t key[4])
{
    uint8_t *body = out->bytes + WS_HEADER_MAX_BYTES;
    size_t head;

    assert(payload.len <= WS_CONTROL_MAX_BYTES);
    if (payload.len > 0)
        memcpy(body, payload.at, payload.len);
    head = ws_frame_header(body, payload.len, opcode, true, key);
    if (key != NULL)
        ws_frame_mask(body, payload.len, key, 0);
    out->frame = slice_of(body - head, head + payload.len);
}

void ws_frame_close(struct ws_control *out, uint16_t code, const char *reason,
                    const uint8_t key[4])
{
    uint8_t payload[WS_CONTROL_MAX_BYTES];
    struct builder b = builder_over(payload, sizeof(payload));
    struct slice text = slice_text(reason);

    builder_u16be(&b, code);
    text.len = MIN_OF(text.len, sizeof(payload) - 2);
    builder_bytes(&b, text);
    ws_frame_control(out, WS_CLOSE, builder_view(&b), key);
}

bool ws_frame_may_close(uint32_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

uint16_t ws_frame_close_parse(struct slice payload, struct slice *reason)
{
    struct cursor c = cursor_over(payload);
    uint16_t code = cursor_u16be(&c);

    *reason = cursor_rest(&c);
    return cursor_ok(&c) ? code : WS_CLOSE_NO_CODE;
}
