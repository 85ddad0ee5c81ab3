/* teekit_envelope_parse() on any bytes: what it accepts lies in the input, and
 * says the same when we write it. */
#include <assert.h>
#include <stdlib.h>

#include "proxy/tunnel/teekit_envelope.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice message = slice_of(data, len);
    struct teekit_envelope e;
    struct why why;
    enum status st = teekit_envelope_parse(message, &e, &why);

    assert(st == why.status);
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
