/* What applications send over a WebSocket whose messages travel by teekit: the
 * same whatever the pieces it comes in. The first byte chooses their size. */
#include <assert.h>
#include <stdlib.h>

#include "proxy/local/teekit_ws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX_BYTES (16 * 1024 * 1024)

struct outcome {
    struct buffer said; /* kinds, bodies, codes and reasons */
    struct buffer out;  /* what the application gets */
};

/* False: nothing more can be read. */
static bool take(enum teekit_ws_step step, struct teekit_ws_found *found,
                 struct outcome *o)
{
    struct teekit_parcel *p = found->parcel;

    buffer_byte(&o->said, (uint8_t)step);
    if (step == TEEKIT_WS_GOT_MESSAGE) {
        assert(found->kind == TEEKIT_BYTES ||
               teekit_parcel_kind(p) == TEEKIT_TEXT);
        buffer_byte(&o->said, (uint8_t)found->kind);
        buffer_add(&o->said,
                   slice_of(p->bytes.at + p->body_at, teekit_parcel_body(p)));
        teekit_parcel_free(p);
    } else if (step == TEEKIT_WS_GOT_CLOSE) {
        buffer_printf(&o->said, "%u", (unsigned)found->code);
        buffer_add(&o->said, found->reason);
    }
    return step != TEEKIT_WS_GOT_BAD;
}

static struct outcome read_in_steps(const uint8_t *data, size_t size,
                                    size_t step)
{
    struct outcome o = { .said = buffer_with_max(OUT_MAX_BYTES),
                         .out = buffer_with_max(OUT_MAX_BYTES) };
    struct teekit_ws ws;
    bool ok = true;

    teekit_ws_init(&ws);
    for (size_t at = 0; at < size && ok; at += step) {
        size_t len = MIN_OF(step, size - at);
        uint8_t *block = malloc(len), *from = block;
        enum teekit_ws_step got = TEEKIT_WS_GOT_MESSAGE;
        struct teekit_ws_found found;

        assert(block != NULL);
        memcpy(block, data + at, len);
        while (ok && got != TEEKIT_WS_WANT_MORE) {
            got = teekit_ws_read(&ws, &from, &len, &o.out, &found);
            ok = got == TEEKIT_WS_WANT_MORE || take(got, &found, &o);
        }
        free(block);
    }
    teekit_ws_fini(&ws);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole, parts;

    if (size < 2)
        return 0;
    whole = read_in_steps(data + 1, size - 1, size - 1);
    parts = read_in_steps(data + 1, size - 1, 1 + (size_t)data[0] % 16);
    assert(slice_equal(buffer_view(&whole.said), buffer_view(&parts.said)));
    assert(slice_equal(buffer_view(&whole.out), buffer_view(&parts.out)));
    buffer_free(&whole.said);
    buffer_free(&whole.out);
    buffer_free(&parts.said);
    buffer_free(&parts.out);
    return 0;
}
