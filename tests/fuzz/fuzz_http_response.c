/* Answers of far sides. The first byte says what was asked, the second how
 * many bytes are read at a time, which must not matter. What is passed back
 * must itself be one answer with the same body. */
#include <assert.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "proxy/local/http_response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX_BYTES (16 * 1024 * 1024)

static const char *const questions[] = {
    "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://a/ HTTP/1.0\r\n\r\n",
    ("GET http://a/ HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
     "Upgrade: x\r\n\r\n"),
};

struct summary {
    struct buffer out;  /* as passed back */
    struct buffer body; /* of the last answer */
    enum http_step end; /* HTTP_GOT_END, or HTTP_BAD */
    size_t left;        /* bytes behind it */
    enum http_framing framing;
};

static void start(struct http_response *r, const char *question)
{
    struct slice in = slice_text(question);
    struct http_request q;
    enum http_step step;

    http_request_init(&q);
    step = http_request_read(&q, &in);
    assert(step == HTTP_GOT_HEAD);
    http_response_init(r);
    http_response_next(r, &q);
    http_request_fini(&q);
}

static enum http_step on_step(struct http_response *r, struct slice *in,
                              struct summary *s)
{
    enum http_step step = http_response_read(r, in);

    if (step == HTTP_GOT_HEAD)
        http_response_write_head(r, false, &s->out);
    if (step == HTTP_GOT_BODY) {
        buffer_add(&s->body, r->reader.piece);
        http_response_write_body(r, r->reader.piece, &s->out);
    }
    if (step == HTTP_GOT_END)
        http_response_write_end(r, &s->out);
    return step;
}

static struct summary read_all(const char *question, struct slice in,
                               size_t block)
{
    struct summary s = { .out = buffer_with_max(OUT_MAX_BYTES),
                         .body = buffer_with_max(OUT_MAX_BYTES),
                         .end = HTTP_WANT_MORE };
    struct http_response r;

    start(&r, question);
    for (size_t at = 0; at < in.len && s.end == HTTP_WANT_MORE; at += block) {
        struct slice part = slice_of(in.at + at, MIN_OF(block, in.len - at));

        s.left = in.len - at - part.len;
        do
            s.end = on_step(&r, &part, &s);
        while (s.end == HTTP_GOT_HEAD || s.end == HTTP_GOT_BODY);
        s.left += part.len;
    }
    if (s.end == HTTP_WANT_MORE) {
        s.end = http_response_eof(&r);
        if (s.end == HTTP_GOT_END)
            http_response_write_end(&r, &s.out);
    }
    s.framing = r.framing;
    http_response_fini(&r);
    return s;
}

static void summary_free(struct summary *s)
{
    buffer_free(&s->out);
    buffer_free(&s->body);
}

static void check_output(const char *question, const struct summary *s)
{
    struct slice out = buffer_view(&s->out);
    struct summary again = read_all(question, out, MAX_OF(out.len, (size_t)1));

    assert(again.end == HTTP_GOT_END && again.left == 0);
    assert(slice_equal(buffer_view(&again.body), buffer_view(&s->body)));
    assert(again.framing == s->framing);
    summary_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *question;
    struct summary whole;
    struct summary parts;

    if (size < 3)
        return 0;
    question = questions[data[0] % COUNT_OF(questions)];
    whole = read_all(question, slice_of(data + 2, size - 2), size);
    parts =
        read_all(question, slice_of(data + 2, size - 2), (size_t)data[1] + 1);
    assert(whole.end == parts.end);
    assert(slice_equal(buffer_view(&whole.body), buffer_view(&parts.body)));
    if (whole.end == HTTP_GOT_END) {
        assert(whole.left == parts.left);
        check_output(question, &whole);
        check_output(question, &parts);
    }
    summary_free(&whole);
    summary_free(&parts);
    return 0;
}
