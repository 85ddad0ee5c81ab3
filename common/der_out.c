#include "common/der_out.h"

#include <string.h>

#include "common/text.h"

/* The length goes where the contents begin, once it is known how long it is
 * itself: the contents then move up by as much. */
size_t der_out_open(struct builder *b, uint8_t tag)
{
    builder_u8(b, tag);
    return b->len;
}

void der_out_close(struct builder *b, size_t opened)
{
    size_t inside = b->len - opened;
    size_t bytes = 1;
    uint8_t *at;

    if (inside >= 0x80)
        while (inside >> (8 * (bytes - 1)) != 0)
            bytes++;
    if (builder_reserve(b, bytes) == NULL)
        return;
    at = b->out + opened;
    memmove(at + bytes, at, inside);
    at[0] = (uint8_t)(bytes == 1 ? inside : 0x7f + bytes);
    for (size_t i = 1; i < bytes; i++)
        at[i] = (uint8_t)(inside >> (8 * (bytes - 1 - i)));
}

void der_out_put(struct builder *b, uint8_t tag, struct slice contents)
{
    size_t opened = der_out_open(b, tag);

    builder_bytes(b, contents);
    der_out_close(b, opened);
}

static void put_number(struct builder *b, uint8_t tag, struct slice bytes)
{
    size_t opened = der_out_open(b, tag);

    while (bytes.len > 1 && bytes.at[0] == 0)
        bytes = slice_of(bytes.at + 1, bytes.len - 1);
    if (bytes.len == 0 || bytes.at[0] > 0x7f)
        builder_u8(b, 0);
    builder_bytes(b, bytes);
    der_out_close(b, opened);
}

void der_out_unsigned(struct builder *b, struct slice bytes)
{
    put_number(b, DER_INTEGER, bytes);
}

void der_out_number(struct builder *b, uint8_t tag, uint64_t value)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
    put_number(b, tag, SLICE_OF(bytes));
}

void der_out_boolean(struct builder *b, bool value)
{
    der_out_put(b, DER_BOOLEAN, slice_of(value ? "\xff" : "\0", 1));
}

void der_out_bits(struct builder *b, struct slice bytes, uint8_t unused)
{
    size_t opened = der_out_open(b, DER_BIT_STRING);

    builder_u8(b, unused);
    builder_bytes(b, bytes);
    der_out_close(b, opened);
}

void der_out_time(struct builder *b, int64_t unix_seconds)
{
    static const int64_t year_2050 = 2524608000;
    char text[TEXT_TIME_ROOM]; /* YYYY-MM-DDThh:mm:ssZ */
    bool general = unix_seconds >= year_2050;
    size_t opened =
        der_out_open(b, general ? DER_GENERALIZED_TIME : DER_UTC_TIME);

    text_time(unix_seconds, text);
    for (const char *c = text + (general ? 0 : 2); *c != '\0'; c++)
        if (strchr("-:T", *c) == NULL)
            builder_u8(b, (uint8_t)*c);
    der_out_close(b, opened);
}
