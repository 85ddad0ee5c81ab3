/* announce_parse() on any bytes: what it accepts lies in the input, and says
 * the same when we write it. */
#include <assert.h>
#include <stdlib.h>

#include "proxy/tunnel/announce.h"

static void check_inside(struct slice part, struct slice whole)
{
    assert(part.len == 0 ||
           (part.at >= whole.at && part.len <= whole.len &&
            (size_t)(part.at - whole.at) <= whole.len - part.len));
}

static void check_again(const struct announce *a)
{
    size_t room = announce_room(a);
    uint8_t *raw = malloc(room);
    struct builder b = builder_over(raw, room);
    struct announce again;
    struct why why;

    assert(raw != NULL);
    announce_encode(a, &b);
    assert(builder_ok(&b));
    assert(announce_parse(builder_view(&b), &again, &why) == STATUS_OK);
    assert(slice_equal(again.quote, a->quote));
    assert(slice_equal(again.public_key, a->public_key));
    assert(slice_equal(again.nonce, a->nonce));
    assert(again.issued_unix == a->issued_unix && again.epoch == a->epoch);
    assert(again.aes == a->aes && again.chacha == a->chacha);
    assert(again.streams_max == a->streams_max);
    assert(again.first_credit == a->first_credit);
    for (size_t i = 0; i < SESSION_STAPLED_ITEMS; i++)
        assert(slice_equal(again.stapled.item[i], a->stapled.item[i]));
    free(raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice message = slice_of(data, len);
    struct announce a;
    struct why why;
    enum status st = announce_parse(message, &a, &why);

    assert(st == why.status);
    if (st != STATUS_OK)
        return 0;
    check_inside(a.quote, message);
    check_inside(a.public_key, message);
    check_inside(a.nonce, message);
    for (size_t i = 0; i < SESSION_STAPLED_ITEMS; i++)
        check_inside(a.stapled.item[i], message);
    check_again(&a);
    return 0;
}
