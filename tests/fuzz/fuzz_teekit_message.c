/* teekit_message_parse() on any bytes: what it accepts says the same when we
 * write it, and its request is either refused or one head that nobody else has
 * written into. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/server/teekit_head.h"
#include "proxy/tunnel/teekit_message.h"

static struct teekit_message m, again; /* a test's, not a product's */

static void check_again(void)
{
    size_t room = teekit_message_room(&m);
    uint8_t *raw = malloc(room), *twice = malloc(room);
    struct builder b = builder_over(raw, room), c = builder_over(twice, room);
    struct why why;

    assert(raw != NULL && twice != NULL);
    teekit_message_encode(&m, TEEKIT_OURS, &b);
    assert(builder_ok(&b));
    assert(teekit_message_parse(raw, b.len, &again, &why) == STATUS_OK);
    teekit_message_encode(&again, TEEKIT_OURS, &c);
    assert(slice_equal(builder_view(&b), builder_view(&c)));
    free(raw);
    free(twice);
}

/* Lines of a head: those of the fields and the few that are ours. */
static void check_request(void)
{
    const struct teekit_way way = { slice_text("h.test"), slice_text("/"),
                                    slice_text("teekit-1") };
    struct buffer out = buffer_with_max(1024 * 1024);
    struct teekit_method method;
    size_t lines = 0, head;
    struct why why;

    if (teekit_head_method(m.method, &method, &why) == STATUS_OK &&
        teekit_head_request(&m, &method, &way, &out, &why) == STATUS_OK &&
        buffer_ok(&out)) {
        head = out.len;
        for (size_t i = 0; i < head; i++)
            lines += out.at[i] == '\n';
        assert(lines <= m.field_count + 7);
        assert(memcmp(out.at + head - 4, "\r\n\r\n", 4) == 0);
        for (size_t i = 0; i + 4 < head; i++)
            assert(memcmp(out.at + i, "\r\n\r\n", 4) != 0);
    }
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    struct why why;
    enum status st;

    assert(copy != NULL);
    memcpy(copy, data, len);
    st = teekit_message_parse(copy, len, &m, &why);
    assert(st == why.status);
    if (st == STATUS_OK && m.type != TEEKIT_UNKNOWN) {
        check_again();
        if (m.type == TEEKIT_HTTP_REQUEST)
            check_request();
    }
    free(copy);
    return 0;
}
