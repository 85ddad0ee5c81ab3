#include "verifier/der.h"

#include <string.h>

#include "common/text.h"

#define TAG_NUMBER_MASK 0x1f /* all ones: the tag goes on in more bytes */

struct element {
    uint8_t tag;
    struct slice contents;
    struct slice whole;
};

/* X.690 8.1.3: one byte below 0x80, or a count of bytes and the bytes. */
static size_t read_length(struct cursor *c)
{
    uint8_t first = cursor_u8(c);
    unsigned count = first & 0x7f;
    size_t len = 0;

    if (first < 0x80)
        return first;
    if (count == 0 || count > 4) { /* indefinite, or over 4 GiB */
        cursor_fail(c);
        return 0;
    }
    for (unsigned i = 0; i < count; i++)
        len = len << 8 | cursor_u8(c);
    if (len < 0x80 || len >> (8 * (count - 1)) == 0) /* not minimal */
        cursor_fail(c);
    return len;
}

static struct element read_element(struct cursor *c)
{
    struct cursor start = *c;
    struct element e = { .tag = cursor_u8(c) };

    if ((e.tag & TAG_NUMBER_MASK) == TAG_NUMBER_MASK)
        cursor_fail(c);
    e.contents = cursor_take(c, read_length(c));
    if (cursor_ok(c))
        e.whole = cursor_take(&start, cursor_offset(c) - cursor_offset(&start));
    return e;
}

static struct element read_tagged(struct cursor *c, uint8_t tag)
{
    struct element e = read_element(c);

    if (e.tag != tag)
        cursor_fail(c);
    return cursor_ok(c) ? e : (struct element){ 0 };
}

bool der_next_is(const struct cursor *c, uint8_t tag)
{
    struct cursor look = *c;
    uint8_t next = cursor_u8(&look);

    return cursor_ok(&look) && next == tag;
}

struct slice der_take(struct cursor *c, uint8_t tag)
{
    return read_tagged(c, tag).contents;
}

struct slice der_take_whole(struct cursor *c, uint8_t tag)
{
    return read_tagged(c, tag).whole;
}

struct cursor der_enter(struct cursor *c, uint8_t tag)
{
    struct cursor inner = cursor_over(der_take(c, tag));

    if (!cursor_ok(c))
        cursor_fail(&inner);
    return inner;
}

void der_leave(struct cursor *c, const struct cursor *inner)
{
    if (!cursor_finish(inner))
        cursor_fail(c);
}

/* X.690 8.3.2: no byte more than needed; the first bit is the sign. */
static struct slice read_unsigned(struct cursor *c, uint8_t tag)
{
    struct slice v = der_take(c, tag);
    bool minimal = v.len == 1 || (v.len > 1 && (v.at[0] != 0 || v.at[1] > 127));

    if (!minimal || v.at[0] > 127) {
        cursor_fail(c);
        return (struct slice){ 0 };
    }
    return v.len > 1 && v.at[0] == 0 ? slice_of(v.at + 1, v.len - 1) : v;
}

struct slice der_unsigned(struct cursor *c)
{
    return read_unsigned(c, DER_INTEGER);
}

uint64_t der_number(struct cursor *c, uint8_t tag, uint64_t max)
{
    struct slice v = read_unsigned(c, tag);
    uint64_t number = 0;

    if (v.len > sizeof(number))
        cursor_fail(c);
    for (size_t i = 0; i < v.len && cursor_ok(c); i++)
        number = number << 8 | v.at[i];
    if (number > max)
        cursor_fail(c);
    return cursor_ok(c) ? number : 0;
}

/* X.690 11.1: true is all ones. */
bool der_boolean(struct cursor *c)
{
    struct slice v = der_take(c, DER_BOOLEAN);

    if (v.len != 1 || (v.at[0] != 0x00 && v.at[0] != 0xff)) {
        cursor_fail(c);
        return false;
    }
    return v.at[0] == 0xff;
}

bool der_default_false(struct cursor *c)
{
    if (!der_next_is(c, DER_BOOLEAN))
        return false;
    if (!der_boolean(c))
        cursor_fail(c);
    return cursor_ok(c);
}

struct slice der_bit_bytes(struct cursor *c)
{
    struct cursor bits = der_enter(c, DER_BIT_STRING);
    uint8_t unused = cursor_u8(&bits);
    struct slice bytes = cursor_rest(&bits);

    if (unused != 0)
        cursor_fail(&bits);
    der_leave(c, &bits);
    return cursor_ok(c) ? bytes : (struct slice){ 0 };
}

/* Unused bits are zero (X.690 11.2.1). That trailing zero bits are left out
 * (11.2.2) is not asked: the keyUsage of AMD's CAs ends with one. */
uint16_t der_named_bits(struct cursor *c)
{
    struct cursor bits = der_enter(c, DER_BIT_STRING);
    uint8_t unused = cursor_u8(&bits);
    struct slice bytes = cursor_rest(&bits);
    uint16_t value = 0;

    if (unused > 7 || bytes.len > 2 || (bytes.len == 0 && unused != 0))
        cursor_fail(&bits);
    else if (bytes.len > 0 &&
             (bytes.at[bytes.len - 1] & ((1U << unused) - 1)) != 0)
        cursor_fail(&bits);
    der_leave(c, &bits);
    for (size_t i = 0; i < bytes.len && cursor_ok(c); i++)
        value = (uint16_t)(value | bytes.at[i] << (8 * (1 - i)));
    return value;
}

/* Digits "YYYYMMDDhhmmss" and "Z" as the one form that text.h reads. */
static bool time_from_digits(const uint8_t *digits, int64_t *out)
{
    char text[] = "YYYY-MM-DDThh:mm:ssZ";
    static const uint8_t places[] = { 0, 1,  2,  3,  5,  6,  8,
                                      9, 11, 12, 14, 15, 17, 18 };

    for (size_t i = 0; i < sizeof(places); i++)
        text[places[i]] = (char)digits[i];
    return digits[sizeof(places)] == 'Z' &&
           text_from_time(slice_text(text), out);
}

int64_t der_time(struct cursor *c)
{
    bool general = der_next_is(c, DER_GENERALIZED_TIME);
    struct slice v = der_take(c, general ? DER_GENERALIZED_TIME : DER_UTC_TIME);
    uint8_t digits[sizeof("YYYYMMDDhhmmssZ") - 1];
    int64_t time = 0;

    if (v.len != sizeof(digits) - (general ? 0 : 2)) {
        cursor_fail(c);
        return 0;
    }
    /* RFC 5280 4.1.2.5.1: years 00 to 49 are of this century. */
    if (!general)
        memcpy(digits, v.at[0] < '5' ? "20" : "19", 2);
    memcpy(digits + sizeof(digits) - v.len, v.at, v.len);
    if (!time_from_digits(digits, &time))
        cursor_fail(c);
    return time;
}

static bool put_right(struct slice number, uint8_t *out, size_t len)
{
    if (number.len == 0 || number.len > len)
        return false;
    memset(out, 0, len - number.len);
    memcpy(out + len - number.len, number.at, number.len);
    return true;
}

bool der_ecdsa_signature(struct slice der, uint8_t *rs, size_t half)
{
    struct cursor c = cursor_over(der);
    struct cursor pair = der_enter(&c, DER_SEQUENCE);
    struct slice r = der_unsigned(&pair);
    struct slice s = der_unsigned(&pair);

    memset(rs, 0, 2 * half);
    der_leave(&c, &pair);
    return cursor_finish(&c) && put_right(r, rs, half) &&
           put_right(s, rs + half, half);
}
