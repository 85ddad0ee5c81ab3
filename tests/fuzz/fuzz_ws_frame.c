/* ws_reader_next() on any bytes: the same whatever the pieces they come in.
 * The first byte chooses the role and the limit. */
#include <stdlib.h>
#include <string.h>

#include "proxy/io/ws_reader.h"

/* What is compared: all bytes handed out, in order, and how it ended. */
struct outcome {
    uint64_t sum;
    size_t pieces; /* last pieces only: how a message is cut may differ */
    enum status status;
    uint16_t close_code;
};

static void count(struct outcome *o, const struct ws_piece *piece)
{
    for (size_t i = 0; i < piece->len; i++)
        o->sum = o->sum * 31 + piece->at[i] + (uint64_t)piece->opcode;
    if (piece->last)
        o->pieces++;
}

static struct outcome read_in_steps(uint8_t flags, const uint8_t *data,
                                    size_t len, size_t step)
{
    struct outcome o = { 0 };
    struct ws_reader r;
    struct why why;

    ws_reader_init(&r, (flags & 1) != 0 ? WS_SERVER : WS_CLIENT,
                   (flags & 2) != 0 ? 100 : 1 << 20);
    for (size_t at = 0; at < len && o.status == STATUS_OK; at += step) {
        size_t n = MIN_OF(step, len - at);
        uint8_t *block = malloc(n), *p = block;
        struct ws_piece piece;
        bool got = block != NULL;

        if (got)
            memcpy(block, data + at, n);
        while (got && o.status == STATUS_OK) {
            o.status = ws_reader_next(&r, &p, &n, &got, &piece, &why);
            if (got)
                count(&o, &piece);
        }
        free(block);
    }
    o.close_code = ws_reader_close_code(&r);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole, single;

    if (size < 2)
        return 0;
    whole = read_in_steps(data[0], data + 1, size - 1, size);
    single = read_in_steps(data[0], data + 1, size - 1, 1);
    if (whole.status != single.status || whole.pieces != single.pieces ||
        whole.close_code != single.close_code)
        abort();
    /* a defect in a text may be met before the byte that was handed out */
    if (whole.status == STATUS_OK && whole.sum != single.sum)
        abort();
    return 0;
}
