#include "proxy/tunnel/teekit_opening.h"

#include <assert.h>

#include "common/secret.h"
#include "proxy/tunnel/wire_in.h"

#define PAIRS      3
#define WORD_BYTES 64 /* keys and the type: those we know are shorter */

/* What the beginning of a message says. */
struct beginning {
    bool is_enc;
    struct slice nonce;
    size_t sealed; /* bytes of tag and text; 0: not seen */
};

/* A pair but for the bytes of the ciphertext. False when it is none of the
 * three, or incomplete. */
static bool read_pair(struct wire_in *in, struct beginning *b)
{
    struct slice key = wire_in_text(in, WORD_BYTES);

    if (slice_equal(key, slice_text("type")))
        b->is_enc =
            slice_equal(wire_in_text(in, WORD_BYTES), slice_text("enc"));
    else if (slice_equal(key, slice_text("nonce")))
        b->nonce = wire_in_bytes(in, TEEKIT_NONCE_BYTES);
    else if (slice_equal(key, slice_text("ciphertext")))
        b->sealed = wire_in_bytes_head(in, SIZE_MAX);
    else
        return false;
    return wire_in_ok(in);
}

/* Where tag and text begin when the ciphertext is the third pair and goes up
 * to the end, so that nothing that comes can change its meaning; else 0. */
static size_t find_sealed(struct slice start, size_t total, struct beginning *b)
{
    struct wire_in in = wire_in_over(start, WIRE_ANY);
    struct wire_list pairs = wire_in_map(&in, PAIRS);
    size_t at;

    if (!wire_in_ok(&in) || pairs.open || pairs.left != PAIRS)
        return 0;
    for (int i = 0; i < PAIRS; i++)
        if (b->sealed > 0 || !read_pair(&in, b))
            return 0;
    at = start.len - in.left.len;
    return b->is_enc && b->nonce.len == TEEKIT_NONCE_BYTES &&
                   b->sealed >= TEEKIT_TAG_BYTES && b->sealed == total - at
               ? at
               : 0;
}

void teekit_opening_more(struct teekit_opening *o, const struct teekit_key *key,
                         uint8_t *message, size_t len, size_t total)
{
    struct beginning b = { 0 };
    size_t at;

    assert(len <= total);
    if (!o->looked) {
        o->looked = true;
        at = find_sealed(slice_of(message, len), total, &b);
        if (at == 0 || len < at + TEEKIT_TAG_BYTES)
            return;
        o->on = true;
        o->text_at = o->done = at + TEEKIT_TAG_BYTES;
        teekit_stream_begin(&o->stream, key, b.nonce.at);
    }
    if (!o->on)
        return;
    assert(len >= o->done); /* of the same message */
    teekit_stream_open(&o->stream, message + o->done, len - o->done);
    o->done = len;
}

enum status teekit_opening_end(struct teekit_opening *o, uint8_t *message,
                               size_t total, uint8_t **text, size_t *len)
{
    const size_t text_at = o->text_at;
    bool is_ours;

    assert(o->on && total >= o->done);
    *text = NULL;
    *len = 0;
    teekit_stream_open(&o->stream, message + o->done, total - o->done);
    is_ours =
        teekit_stream_check(&o->stream, message + text_at - TEEKIT_TAG_BYTES);
    teekit_opening_reset(o);
    if (!is_ours)
        return STATUS_BAD_RECORD;
    *text = message + text_at;
    *len = total - text_at;
    return STATUS_OK;
}

void teekit_opening_reset(struct teekit_opening *o)
{
    if (o->on)
        teekit_stream_wipe(&o->stream);
    o->looked = o->on = false;
    o->text_at = o->done = 0;
}
