#include "common/utf8.h"

/* RFC 3629 section 4, the first byte of a character beyond ASCII: how many follow, and
 * the bounds of the second byte, which rule out what must not be. */
static bool utf8_begin(struct utf8 *u, uint8_t byte)
{
    *u = (struct utf8){ .low = 0x80, .high = 0xbf };
    if (byte < 0xc2) /* a continuation, or an overlong form of ASCII */
        return false;
    if (byte < 0xe0) {
        u->more = 1;
    } else if (byte < 0xf0) {
        u->more = 2;
        u->low = byte == 0xe0 ? 0xa0 : 0x80;  /* not overlong */
        u->high = byte == 0xed ? 0x9f : 0xbf; /* no surrogates */
    } else {
        u->more = 3;
        u->low = byte == 0xf0 ? 0x90 : 0x80;  /* not overlong */
        u->high = byte == 0xf4 ? 0x8f : 0xbf; /* up to U+10FFFF */
    }
    return byte <= 0xf4;
}

/* How many of the next bytes are ASCII, in steps of a word: most text is. */
static size_t ascii_run(struct slice text)
{
    const uint64_t high_bits = UINT64_C(0x8080808080808080);
    size_t run = 0;

    while (text.len - run >= sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, text.at + run, sizeof(word));
        if (word & high_bits)
            break;
        run += sizeof(word);
    }
    return run;
}

bool utf8_feed(struct utf8 *u, struct slice piece)
{
    for (size_t i = 0; i < piece.len; i++) {
        uint8_t byte = piece.at[i];

        if (u->more == 0 && byte < 0x80) {
            i += ascii_run(slice_of(piece.at + i + 1, piece.len - i - 1));
            continue;
        }
        if (u->more == 0) {
            if (!utf8_begin(u, byte))
                return false;
            continue;
        }
        if (byte < u->low || byte > u->high)
            return false;
        u->more--;
        u->low = 0x80;
        u->high = 0xbf;
    }
    return true;
}

size_t utf8_length(struct slice text)
{
    struct utf8 u = { 0 };

    for (size_t i = 0; i < text.len; i++) {
        if (!utf8_feed(&u, slice_of(text.at + i, 1)))
            return 0;
        if (utf8_complete(&u))
            return i + 1;
    }
    return 0;
}

bool utf8_valid(struct slice text)
{
    struct utf8 u = { 0 };

    return utf8_feed(&u, text) && utf8_complete(&u);
}
