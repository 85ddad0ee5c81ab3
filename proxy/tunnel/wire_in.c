#include "proxy/tunnel/wire_in.h"

#include <cbor.h>

#include "common/utf8.h"

#define TAG_UINT8_ARRAY 64 /* RFC 8746 section 2 */

/* One head with its string, as libcbor's streaming decoder tells it. */
struct item {
    enum wire_kind kind;
    uint64_t value; /* number, or items, or pairs */
    struct slice string;
    bool whole;  /* a float whose |value| is a number of ours */
    bool open;   /* of no stated length */
    bool tag;    /* a tag, with its number in |value| */
    bool always; /* a head of one byte that has no shorter form */
    size_t size; /* bytes, string included */
};

static void put_number(void *ctx, enum wire_kind kind, uint64_t value)
{
    struct item *i = ctx;

    i->kind = kind;
    i->value = value;
}

static void put_string(void *ctx, enum wire_kind kind, cbor_data at, size_t len)
{
    struct item *i = ctx;

    i->kind = kind;
    i->value = len;
    i->string = slice_of(at, len);
}

static void put_open(void *ctx, enum wire_kind kind)
{
    struct item *i = ctx;

    i->kind = kind;
    i->open = true;
}

static void put_simple(void *ctx, enum wire_kind kind, bool value)
{
    struct item *i = ctx;

    i->kind = kind;
    i->value = value;
    i->always = true;
}

static void on_uint8(void *ctx, uint8_t v)
{
    put_number(ctx, WIRE_UINT, v);
}

static void on_uint16(void *ctx, uint16_t v)
{
    put_number(ctx, WIRE_UINT, v);
}

static void on_uint32(void *ctx, uint32_t v)
{
    put_number(ctx, WIRE_UINT, v);
}

static void on_uint64(void *ctx, uint64_t v)
{
    put_number(ctx, WIRE_UINT, v);
}

static void on_negative8(void *ctx, uint8_t v)
{
    put_number(ctx, WIRE_NEGATIVE, v);
}

static void on_negative16(void *ctx, uint16_t v)
{
    put_number(ctx, WIRE_NEGATIVE, v);
}

static void on_negative32(void *ctx, uint32_t v)
{
    put_number(ctx, WIRE_NEGATIVE, v);
}

static void on_negative64(void *ctx, uint64_t v)
{
    put_number(ctx, WIRE_NEGATIVE, v);
}

static void on_bytes(void *ctx, cbor_data at, size_t len)
{
    put_string(ctx, WIRE_BYTES, at, len);
}

static void on_text(void *ctx, cbor_data at, size_t len)
{
    put_string(ctx, WIRE_TEXT, at, len);
}

static void on_array(void *ctx, size_t items)
{
    put_number(ctx, WIRE_ARRAY, items);
}

static void on_map(void *ctx, size_t pairs)
{
    put_number(ctx, WIRE_MAP, pairs);
}

static void on_open_array(void *ctx)
{
    put_open(ctx, WIRE_ARRAY);
}

static void on_open_map(void *ctx)
{
    put_open(ctx, WIRE_MAP);
}

static void on_break(void *ctx)
{
    put_open(ctx, WIRE_BREAK);
}

static void on_tag(void *ctx, uint64_t number)
{
    struct item *i = ctx;

    i->tag = true;
    i->value = number;
}

/* Floats below this are exact when they are whole numbers. */
#define FLOAT_EXACT_MAX 9007199254740992.0 /* 2^53 */

static void on_double(void *ctx, double v)
{
    const bool in_range = v >= 0 && v < FLOAT_EXACT_MAX;
    const uint64_t value = in_range ? (uint64_t)v : 0;
    struct item *i = ctx;

    put_number(ctx, WIRE_FLOAT, value);
    i->whole = in_range && v - (double)value <= 0; /* nothing was cut off */
}

static void on_float(void *ctx, float v)
{
    on_double(ctx, (double)v);
}

static void on_undefined(void *ctx)
{
    put_open(ctx, WIRE_NULL); /* not deterministic, as if it were open */
}

static void on_null(void *ctx)
{
    put_simple(ctx, WIRE_NULL, false);
}

static void on_bool(void *ctx, bool v)
{
    put_simple(ctx, WIRE_BOOL, v);
}

static void on_pieces(void *ctx)
{
    (void)ctx; /* a string in pieces: the item stays WIRE_NONE */
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negative8,
    .negint16 = on_negative16,
    .negint32 = on_negative32,
    .negint64 = on_negative64,
    .byte_string_start = on_pieces,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = on_pieces,
    .indef_array_start = on_open_array,
    .array_start = on_array,
    .indef_map_start = on_open_map,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_undefined,
    .null = on_null,
    .boolean = on_bool,
    .indef_break = on_break,
};

static size_t shortest_head(uint64_t value)
{
    if (value < 24)
        return 1;
    if (value <= UINT8_MAX)
        return 2;
    if (value <= UINT16_MAX)
        return 3;
    return value <= UINT32_MAX ? 5 : 9;
}

static bool is_deterministic(const struct item *i)
{
    if (i->open || i->tag || i->kind == WIRE_FLOAT)
        return false;
    return i->always || i->size - i->string.len == shortest_head(i->value);
}

/* One head, which may be a tag. */
static bool decode_head(struct slice in, struct item *out)
{
    struct cbor_decoder_result r;

    *out = (struct item){ 0 };
    if (in.len == 0)
        return false;
    r = cbor_stream_decode(in.at, in.len, &callbacks, out);
    out->size = r.read;
    return r.status == CBOR_DECODER_FINISHED &&
           (out->tag || out->kind != WIRE_NONE);
}

/* One item without what is nested in it. */
static bool decode(const struct wire_in *in, struct item *out)
{
    size_t tag_size;

    if (in->failed || !decode_head(in->left, out))
        return false;
    if (in->form == WIRE_DETERMINISTIC)
        return is_deterministic(out);
    if (!out->tag)
        return true;
    tag_size = out->size;
    if (out->value != TAG_UINT8_ARRAY ||
        !decode_head(slice_of(in->left.at + tag_size, in->left.len - tag_size),
                     out) ||
        out->tag || out->kind != WIRE_BYTES)
        return false;
    out->size += tag_size;
    return true;
}

/* The next item if it is of |kind|; else the reader has failed and the item is
 * all zero. The only place that advances. */
static struct item take(struct wire_in *in, enum wire_kind kind)
{
    struct item i;

    if (!decode(in, &i) || i.kind != kind) {
        wire_in_fail(in);
        return (struct item){ 0 };
    }
    in->left = slice_of(in->left.at + i.size, in->left.len - i.size);
    return i;
}

enum wire_kind wire_in_peek(const struct wire_in *in)
{
    struct item i;

    return decode(in, &i) ? i.kind : WIRE_NONE;
}

void wire_in_fail(struct wire_in *in)
{
    in->failed = true;
    in->left = (struct slice){ 0 };
}

uint64_t wire_in_uint(struct wire_in *in, uint64_t max)
{
    struct item i = take(in, WIRE_UINT);

    if (i.value <= max)
        return i.value;
    wire_in_fail(in);
    return 0;
}

uint64_t wire_in_whole(struct wire_in *in, uint64_t max)
{
    struct item i;

    if (wire_in_peek(in) != WIRE_FLOAT)
        return wire_in_uint(in, max);
    i = take(in, WIRE_FLOAT);
    if (i.whole && i.value <= max)
        return i.value;
    wire_in_fail(in);
    return 0;
}

static struct slice take_string(struct wire_in *in, enum wire_kind kind,
                                size_t max)
{
    struct item i = take(in, kind);

    if (i.string.len <= max)
        return i.string;
    wire_in_fail(in);
    return (struct slice){ 0 };
}

struct slice wire_in_bytes(struct wire_in *in, size_t max)
{
    return take_string(in, WIRE_BYTES, max);
}

/* The head of a byte string is that of a number but for its three highest
 * bits (RFC 8949 section 3). */
size_t wire_in_bytes_head(struct wire_in *in, size_t max)
{
    uint8_t head[9];
    struct item i = { 0 };
    size_t tag = 0, len;

    if (!in->failed && decode_head(in->left, &i) && i.tag &&
        i.value == TAG_UINT8_ARRAY)
        tag = i.size;
    len = MIN_OF(in->left.len - tag, sizeof(head));
    if (in->failed || len == 0 || in->left.at[tag] >> 5 != 2) {
        wire_in_fail(in);
        return 0;
    }
    memcpy(head, in->left.at + tag, len);
    head[0] &= 0x1f;
    if (!decode_head(slice_of(head, len), &i) || i.kind != WIRE_UINT ||
        i.value > max) {
        wire_in_fail(in);
        return 0;
    }
    tag += i.size;
    in->left = slice_of(in->left.at + tag, in->left.len - tag);
    return (size_t)i.value;
}

struct slice wire_in_loose(struct wire_in *in, size_t max)
{
    return take_string(in, WIRE_TEXT, max);
}

struct slice wire_in_text(struct wire_in *in, size_t max)
{
    struct slice text = wire_in_loose(in, max);

    if (utf8_valid(text))
        return text;
    wire_in_fail(in);
    return (struct slice){ 0 };
}

bool wire_in_bool(struct wire_in *in)
{
    return take(in, WIRE_BOOL).value != 0;
}

static struct wire_list take_list(struct wire_in *in, enum wire_kind kind,
                                  uint64_t max)
{
    struct item i = take(in, kind);

    if (i.value > max)
        wire_in_fail(in);
    return (struct wire_list){ .left = i.value, .open = i.open };
}

struct wire_list wire_in_array(struct wire_in *in, uint64_t max)
{
    return take_list(in, WIRE_ARRAY, max);
}

struct wire_list wire_in_map(struct wire_in *in, uint64_t max)
{
    return take_list(in, WIRE_MAP, max);
}

bool wire_in_more(struct wire_in *in, struct wire_list *list)
{
    if (in->failed)
        return false;
    if (!list->open) {
        bool more = list->left > 0;

        list->left -= more;
        return more;
    }
    if (wire_in_peek(in) != WIRE_BREAK)
        return true;
    (void)take(in, WIRE_BREAK);
    return false;
}

bool wire_in_null(struct wire_in *in)
{
    if (wire_in_peek(in) != WIRE_NULL)
        return false;
    (void)take(in, WIRE_NULL);
    return true;
}

/* Recursion ends at |depth| 0. */
static void skip(struct wire_in *in, unsigned depth)
{
    enum wire_kind kind = wire_in_peek(in);
    bool map = kind == WIRE_MAP;
    struct wire_list list;

    if (kind == WIRE_NONE || kind == WIRE_BREAK || depth == 0) {
        wire_in_fail(in);
        return;
    }
    if (!map && kind != WIRE_ARRAY) {
        (void)take(in, kind);
        return;
    }
    list = map ? wire_in_map(in, UINT64_MAX) : wire_in_array(in, UINT64_MAX);
    while (wire_in_more(in, &list)) {
        skip(in, depth - 1);
        if (map)
            skip(in, depth - 1);
    }
}

void wire_in_skip(struct wire_in *in)
{
    skip(in, WIRE_DEPTH_MAX);
}
