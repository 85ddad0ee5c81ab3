/* Requests from local programs. The first byte says how many bytes are read at
 * a time; it must not matter. What is passed on must itself be one request
 * with the same body: else somebody behind us would see another request than
 * we did. */
#include <assert.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "proxy/local/http_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX_BYTES (16 * 1024 * 1024)

/* One request: what was passed on of it, and its body. */
struct message {
    struct buffer out;
    struct buffer body;
};

/* What became of all the input. */
struct summary {
    struct buffer text; /* each request, as passed on, without chunk sizes */
    enum status end;    /* OK unless it was refused */
    bool check_output;
};

static void message_free(struct message *m)
{
    buffer_free(&m->out);
    buffer_free(&m->body);
}

/* Read |m->out| again, which must be one whole request and nothing more. A
 * Host that was added may be one field or some bytes too many. */
static void check_output(const struct message *m)
{
    struct slice in = buffer_view(&m->out);
    struct buffer body = buffer_with_max(OUT_MAX_BYTES);
    struct http_request r;
    enum http_step step;

    http_request_init(&r);
    do {
        step = http_request_read(&r, &in);
        if (step == HTTP_GOT_HEAD)
            assert(r.form == HTTP_TO_US);
        if (step == HTTP_GOT_BODY)
            buffer_add(&body, r.reader.piece);
    } while (step == HTTP_GOT_HEAD || step == HTTP_GOT_BODY);
    if (step == HTTP_BAD)
        assert(r.reader.why.status == STATUS_HEAD_TOO_LARGE);
    else
        assert(step == HTTP_GOT_END && in.len == 0 &&
               slice_equal(buffer_view(&body), buffer_view(&m->body)));
    buffer_free(&body);
    http_request_fini(&r);
}

static void on_end(struct http_request *r, struct message *m, struct summary *s)
{
    if (r->form == HTTP_TO_TARGET) {
        http_request_write_end(r, &m->out);
        if (s->check_output)
            check_output(m);
    }
    buffer_add(&s->text, buffer_view(&m->body));
    buffer_byte(&s->text, '\n');
    buffer_clear(&m->out);
    buffer_clear(&m->body);
    http_request_next(r);
}

static enum http_step on_step(struct http_request *r, struct slice *in,
                              struct message *m, struct summary *s)
{
    enum http_step step = http_request_read(r, in);

    if (step == HTTP_GOT_HEAD && r->form == HTTP_TO_TARGET) {
        http_request_write_head(r, &m->out);
        buffer_add(&s->text, buffer_view(&m->out));
    }
    if (step == HTTP_GOT_BODY) {
        assert(r->reader.piece.len > 0);
        buffer_add(&m->body, r->reader.piece);
        if (r->form == HTTP_TO_TARGET)
            http_request_write_body(r, r->reader.piece, &m->out);
    }
    if (step == HTTP_GOT_END)
        on_end(r, m, s);
    return step;
}

static struct summary read_all(struct slice in, size_t block, bool check)
{
    struct summary s = { .text = buffer_with_max(OUT_MAX_BYTES),
                         .check_output = check };
    struct message m = { buffer_with_max(OUT_MAX_BYTES),
                         buffer_with_max(OUT_MAX_BYTES) };
    enum http_step step = HTTP_WANT_MORE;
    struct http_request r;

    http_request_init(&r);
    for (size_t at = 0; at < in.len && step != HTTP_BAD; at += block) {
        struct slice part = slice_of(in.at + at, MIN_OF(block, in.len - at));

        do
            step = on_step(&r, &part, &m, &s);
        while (step != HTTP_WANT_MORE && step != HTTP_BAD);
        assert(step == HTTP_BAD || part.len == 0);
    }
    s.end = r.reader.why.status;
    assert((step == HTTP_BAD) == (s.end != STATUS_OK));
    buffer_add(&s.text, buffer_view(&m.body));
    http_request_fini(&r);
    message_free(&m);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data + 1, size - 1);
    struct summary whole;
    struct summary parts;

    if (size < 2)
        return 0;
    whole = read_all(in, in.len, true);
    parts = read_all(in, (size_t)data[0] + 1, false);
    assert((whole.end == STATUS_OK) == (parts.end == STATUS_OK));
    assert(slice_equal(buffer_view(&whole.text), buffer_view(&parts.text)));
    buffer_free(&whole.text);
    buffer_free(&parts.text);
    return 0;
}
