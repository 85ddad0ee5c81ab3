/* What applications ask of teekit far sides, and what servers answer. The
 * first byte says which. An answer that is passed on must be one answer of
 * HTTP/1.1 with the same body and nothing behind it. */
#include <assert.h>
#include <stdlib.h>

#include "proxy/local/teekit_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX_BYTES (16 * 1024 * 1024)

static void try_request(struct slice in)
{
    struct buffer text = buffer_with_max(0);
    struct buffer out = buffer_with_max(OUT_MAX_BYTES);
    struct teekit_message m;
    struct http_reader r;
    struct why why;
    enum status st;

    http_reader_init(&r, HTTP_REQUESTS);
    if (http_reader_read(&r, &in) == HTTP_GOT_HEAD) {
        bool upgrade = teekit_http_is_websocket(&r);

        st = upgrade
                 ? teekit_http_connect(&r, slice_text("a"), &text, &m, &why)
                 : teekit_http_request(&r, slice_text("a"), &text, &m, &why);
        if (st == STATUS_OK) {
            assert(m.url.len > 0 && m.field_count <= TEEKIT_FIELDS_MAX);
            for (size_t i = 0; i < m.field_count; i++)
                assert(m.fields[i].name.len > 0);
        }
        if (st == STATUS_OK && upgrade)
            teekit_http_switch(&r, &out);
    }
    http_reader_fini(&r);
    buffer_free(&text);
    buffer_free(&out);
}

/* |out| is one whole answer to GET, or HEAD, with |body|. */
static void check_answer(struct slice out, bool to_head, struct slice body)
{
    struct buffer got = buffer_with_max(OUT_MAX_BYTES);
    struct http_reader r;
    enum http_step step;

    http_reader_init(&r, HTTP_RESPONSES);
    http_reader_next(&r, to_head);
    do {
        step = http_reader_read(&r, &out);
        if (step == HTTP_GOT_BODY)
            buffer_add(&got, r.piece);
    } while (step == HTTP_GOT_HEAD || step == HTTP_GOT_BODY);
    assert(step == HTTP_GOT_END || r.why.status == STATUS_HEAD_TOO_LARGE);
    assert(step != HTTP_GOT_END || out.len == 0);
    assert(step != HTTP_GOT_END || slice_equal(buffer_view(&got), body));
    http_reader_fini(&r);
    buffer_free(&got);
}

static void try_answer(const uint8_t *data, size_t size, bool to_head)
{
    struct buffer out = buffer_with_max(OUT_MAX_BYTES);
    uint8_t *copy = malloc(size + 1);
    struct teekit_message m;
    struct why why;

    assert(copy != NULL);
    memcpy(copy, data, size);
    if (teekit_message_parse(copy, size, &m, &why) == STATUS_OK &&
        m.type == TEEKIT_HTTP_RESPONSE &&
        teekit_http_response(&m, to_head, false, &out, &why) == STATUS_OK) {
        bool bare =
            to_head || m.status == 204 || m.status == 205 || m.status == 304;

        check_answer(buffer_view(&out), to_head,
                     bare ? (struct slice){ 0 } : m.body);
    }
    buffer_free(&out);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] % 3 == 0)
        try_request(slice_of(data + 1, size - 1));
    else
        try_answer(data + 1, size - 1, data[0] % 3 == 1);
    return 0;
}
