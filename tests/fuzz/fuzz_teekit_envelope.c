/* teekit_envelope_parse() on any bytes: what it accepts lies in the input, and
 * says the same when we write it. */
#include <assert.h>
#include <stdlib.h>

#include "proxy/tunnel/teekit_envelope.h"
#include "proxy/tunnel/teekit_opening.h"

static void check_inside(struct slice part, struct slice whole)
{
    assert(part.len == 0 ||
           (part.at >= whole.at && part.len <= whole.len &&
            (size_t)(part.at - whole.at) <= whole.len - part.len));
}

static void check_again(const struct teekit_envelope *e)
{
    size_t room = teekit_envelope_room(e);
    uint8_t *raw = malloc(room);
    struct builder b = builder_over(raw, room);
    struct teekit_envelope again;
    struct why why;

    assert(raw != NULL);
    teekit_envelope_encode(e, TEEKIT_NODE, &b);
    assert(builder_ok(&b));
    assert(teekit_envelope_parse(builder_view(&b), &again, &why) == STATUS_OK);
    assert(again.type == e->type && again.data == e->data);
    assert(slice_equal(again.public_key, e->public_key));
    assert(slice_equal(again.quote, e->quote));
    assert(slice_equal(again.val, e->val));
    assert(slice_equal(again.iat, e->iat));
    assert(slice_equal(again.vcek, e->vcek));
    assert(slice_equal(again.sealed, e->sealed));
    assert(slice_equal(again.nonce, e->nonce));
    assert(slice_equal(again.ciphertext, e->ciphertext));
    free(raw);
}

/* What is opened as it comes, the parser reads the same way. */
static void check_opening(struct slice message, enum status st,
                          const struct teekit_envelope *e)
{
    static const struct teekit_key key = { { 1 } };
    uint8_t *copy = malloc(MAX_OF(message.len, 1));
    struct teekit_opening o = { 0 };

    assert(copy != NULL);
    if (message.len > 0)
        memcpy(copy, message.at, message.len);
    teekit_opening_more(&o, &key, copy, message.len, message.len);
    if (teekit_opening_is_on(&o)) {
        assert(st == STATUS_OK && e->type == TEEKIT_ENC);
        assert(message.at + o.text_at == e->ciphertext.at + TEEKIT_TAG_BYTES);
        assert(memcmp(o.stream.nonce, e->nonce.at, TEEKIT_NONCE_BYTES) == 0);
    }
    teekit_opening_reset(&o);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice message = slice_of(data, len);
    struct teekit_envelope e;
    struct why why;
    enum status st = teekit_envelope_parse(message, &e, &why);

    assert(st == why.status);
    check_opening(message, st, &e);
    if (st != STATUS_OK || e.type == TEEKIT_OTHER)
        return 0;
    check_inside(e.public_key, message);
    check_inside(e.quote, message);
    check_inside(e.val, message);
    check_inside(e.vcek, message);
    check_inside(e.sealed, message);
    check_inside(e.nonce, message);
    check_inside(e.ciphertext, message);
    check_again(&e);
    return 0;
}
