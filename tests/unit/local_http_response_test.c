/* http_response: what is passed back, how, and what is refused instead. */
#include "tests/support/check.h"

#include "proxy/local/http_response.h"

#define GET   "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET10 "GET http://a/ HTTP/1.0\r\n\r\n"
#define HEAD  "HEAD http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"
#define UPGRADE                                                                \
    "GET http://a/ HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"             \
    "Upgrade: websocket\r\n\r\n"
#define OK      "HTTP/1.1 200 OK\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

struct outcome {
    struct buffer out;
    enum http_step last;
    enum status status;
    char found[200];
    size_t left; /* bytes behind the answer */
    bool reusable;
    bool upgraded;
};

static void read_some(struct http_response *r, struct slice *in,
                      struct outcome *o)
{
    do {
        o->last = http_response_read(r, in);
        if (o->last == HTTP_GOT_HEAD)
            http_response_write_head(r, false, &o->out);
        else if (o->last == HTTP_GOT_BODY)
            http_response_write_body(r, r->reader.piece, &o->out);
        else if (o->last == HTTP_GOT_END)
            http_response_write_end(r, &o->out);
    } while (o->last == HTTP_GOT_HEAD || o->last == HTTP_GOT_BODY);
}

static void start(struct http_response *r, const char *question)
{
    struct slice in = slice_text(question);
    struct http_request q;

    http_request_init(&q);
    assert_int_equal(http_request_read(&q, &in), HTTP_GOT_HEAD);
    http_response_init(r);
    http_response_next(r, &q);
    http_request_fini(&q);
}

/* Read |in| in blocks of |step| bytes, each of exactly its size, then the end
 * of the connection if the answer did not end before. */
static struct outcome read_all(const char *question, struct slice in,
                               size_t step)
{
    struct outcome o = { .out = buffer_with_max(1024 * 1024),
                         .last = HTTP_WANT_MORE };
    struct http_response r;

    start(&r, question);
    for (size_t at = 0; at < in.len && o.last == HTTP_WANT_MORE; at += step) {
        size_t len = MIN_OF(step, in.len - at);
        uint8_t *exact = malloc(len);
        struct slice block = slice_of(exact, len);

        assert_non_null(exact);
        memcpy(exact, in.at + at, len);
        read_some(&r, &block, &o);
        o.left = block.len + (in.len - at - len);
        free(exact);
    }
    if (o.last == HTTP_WANT_MORE) {
        o.last = http_response_eof(&r);
        if (o.last == HTTP_GOT_END)
            http_response_write_end(&r, &o.out);
    }
    o.reusable = r.reusable;
    o.upgraded = r.upgraded;
    o.status = r.reader.why.status;
    memcpy(o.found, r.reader.why.found, sizeof(o.found));
    http_response_fini(&r);
    return o;
}

static const struct {
    const char *name;
    const char *question;
    const char *in;
    const char *out;
    size_t left;
    bool reusable;
} passed[] = {
    /* clang-format off */
    { "a length stays", GET,
      OK "Content-Length: 2\r\nX: y\r\n\r\nab", OK "X: y\r\nContent-Length: 2\r\n\r\nab", 0, true },
    { "a length of 0 stays", GET,
      OK "Content-Length: 0\r\n\r\n", OK "Content-Length: 0\r\n\r\n", 0, true },
    { "what follows is left alone", GET,
      OK "Content-Length: 1\r\n\r\nabc", OK "Content-Length: 1\r\n\r\na", 2, true },
    { "a body that ends with the connection becomes chunks", GET,
      OK "\r\nab", NULL, 0, false },
    { "but not for HTTP/1.0", GET10,
      OK "\r\nab", OK "\r\nab", 0, false },
    { "chunks become a body for HTTP/1.0", GET10,
      OK CHUNKED "\r\n1\r\na\r\n1\r\nb\r\n0\r\nT: v\r\n\r\n", OK "\r\nab", 0, true },
    { "fields of one hop go", GET,
      OK "Connection: X-Mine, keep-alive\r\nKeep-Alive: 5\r\nX-Mine: 1\r\nUpgrade: h2\r\nProxy-Authenticate: x\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
      OK "Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n", 0, true },
    { "Connection: close ends the far side only", GET,
      OK "Connection: close\r\nContent-Length: 0\r\n\r\n", OK "Content-Length: 0\r\n\r\n", 0, false },
    { "HTTP/1.0 becomes HTTP/1.1", GET,
      "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0, false },
    { "a reason may be missing", GET,
      "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 0, true },
    { "a reason is cut at a control byte", GET,
      "HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 O\r\nContent-Length: 0\r\n\r\n", 0, true },
    { "the answer to HEAD has no body", HEAD,
      OK "Content-Length: 5\r\n\r\n", OK "Content-Length: 5\r\n\r\n", 0, true },
    { "whatever it says", HEAD,
      OK CHUNKED "\r\n", OK "\r\n", 0, true },
    { "204 has no body", GET,
      "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", 0, true },
    { "nor a length", GET,
      "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", 0, true },
    { "304 has no body but may say how long", GET,
      "HTTP/1.1 304 \r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 304 \r\nContent-Length: 5\r\n\r\n", 0, true },
    { "interim answers are passed on", GET,
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" OK "Content-Length: 1\r\n\r\na",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" OK "Content-Length: 1\r\n\r\na", 0, true },
    { "101 is the last answer", UPGRADE,
      "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n\x81\x01z",
      "HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 3, true },
    { "an upgrade may be declined", UPGRADE,
      OK "Content-Length: 1\r\n\r\na", OK "Content-Length: 1\r\n\r\na", 0, true },
    { "unknown codes are passed on", GET,
      "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", 0, true },
    /* clang-format on */
};

/* The first length of each run of |step| decides how chunks are cut. */
static const char in_one_chunk[] =
    OK "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
static const char in_two_chunks[] =
    OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n";

static void answers_are_written_anew(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(passed); i++) {
        struct slice in = slice_text(passed[i].in);

        for (size_t step = 1; step <= in.len; step++) {
            struct outcome o = read_all(passed[i].question, in, step);
            struct slice out = buffer_view(&o.out);
            bool right = passed[i].out == NULL
                             ? slice_equal(out, slice_text(in_one_chunk)) ||
                                   slice_equal(out, slice_text(in_two_chunks))
                             : slice_equal(out, slice_text(passed[i].out));

            if (!right || o.last != HTTP_GOT_END || o.left != passed[i].left ||
                o.reusable != passed[i].reusable)
                fail_msg("%s, %zu bytes at a time: %s: %.*s", passed[i].name,
                         step, o.found, (int)out.len, (const char *)out.at);
            buffer_free(&o.out);
        }
    }
}

static void chunks_and_trailers_are_written_anew(void **state)
{
    static const char in[] =
        OK "Trailer: T\r\n" CHUNKED
           "\r\n3;x\r\nabc\r\n02\r\nde\r\n0\r\nT: v\r\nUpgrade: x\r\n"
           "\r\n";
    static const char want[] = OK
        "Trailer: T\r\n" CHUNKED "\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n";
    struct outcome o = read_all(GET, slice_text(in), sizeof(in));

    (void)state;
    assert_int_equal(o.last, HTTP_GOT_END);
    assert_true(slice_equal(buffer_view(&o.out), slice_text(want)));
    buffer_free(&o.out);
}

static const struct {
    const char *name;
    const char *question;
    struct slice in;
    enum status want;
} refused[] = {
#define ROW(name, question, text, want)                                        \
    {                                                                          \
        name, question, { (const uint8_t *)(text), sizeof(text) - 1 }, want    \
    }
    /* clang-format off */
    ROW("no answer",                  GET, "", STATUS_TRUNCATED),
    ROW("an end inside the head",     GET, OK "Content-Len", STATUS_TRUNCATED),
    ROW("an end inside a length",     GET, OK "Content-Length: 3\r\n\r\nab", STATUS_TRUNCATED),
    ROW("an end inside a chunk",      GET, OK CHUNKED "\r\n3\r\nab", STATUS_TRUNCATED),
    ROW("an end before the last chunk", GET, OK CHUNKED "\r\n1\r\na\r\n", STATUS_TRUNCATED),
    ROW("an end inside the trailers", GET, OK CHUNKED "\r\n0\r\nT: v\r\n", STATUS_TRUNCATED),
    ROW("an end behind 100",          GET, "HTTP/1.1 100 Continue\r\n\r\n", STATUS_TRUNCATED),
    ROW("length and chunks",          GET, OK "Content-Length: 1\r\n" CHUNKED "\r\n0\r\n\r\n", STATUS_BAD_FIELD),
    ROW("chunks and length",          GET, OK CHUNKED "Content-Length: 1\r\n\r\n0\r\n\r\n", STATUS_BAD_FIELD),
    ROW("the same to HEAD",           HEAD, OK CHUNKED "Content-Length: 1\r\n\r\n", STATUS_BAD_FIELD),
    ROW("two lengths",                GET, OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\na", STATUS_BAD_FIELD),
    ROW("a length with a sign",       GET, OK "Content-Length: +1\r\n\r\na", STATUS_BAD_FIELD),
    ROW("a list of lengths",          GET, OK "Content-Length: 1, 1\r\n\r\na", STATUS_BAD_FIELD),
    ROW("another coding",             GET, OK "Transfer-Encoding: gzip\r\n\r\n", STATUS_BAD_FIELD),
    ROW("a coding before chunked",    GET, OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", STATUS_BAD_FIELD),
    ROW("chunks in HTTP/1.0",         GET, "HTTP/1.0 200 OK\r\n" CHUNKED "\r\n0\r\n\r\n", STATUS_BAD_FIELD),
    ROW("a length among the trailers", GET, OK CHUNKED "\r\n0\r\nContent-Length: 9\r\n\r\n", STATUS_BAD_FIELD),
    ROW("a bad chunk size",           GET, OK CHUNKED "\r\nz\r\n", STATUS_BAD_FIELD),
    ROW("a folded field",             GET, OK "X: a\r\n b\r\n\r\n", STATUS_BAD_FIELD),
    ROW("a space before the colon",   GET, OK "X : a\r\n\r\n", STATUS_BAD_FIELD),
    ROW("LF alone",                   GET, "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", STATUS_BAD_FIELD),
    ROW("a NUL in a value",           GET, OK "X: a\0b\r\n\r\n", STATUS_BAD_FIELD),
    ROW("HTTP/2",                     GET, "HTTP/2.0 200 OK\r\n\r\n", STATUS_BAD_VERSION),
    ROW("another protocol",           GET, "SSH-2.0-OpenSSH_9.2\r\n", STATUS_BAD_FIELD),
    ROW("a request",                  GET, "GET / HTTP/1.1\r\n\r\n", STATUS_BAD_FIELD),
    ROW("a code below 100",           GET, "HTTP/1.1 099 X\r\n\r\n", STATUS_BAD_FIELD),
    ROW("a code of four digits",      GET, "HTTP/1.1 2000 X\r\n\r\n", STATUS_BAD_FIELD),
    ROW("101 that nobody asked for",  GET, "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", STATUS_BAD_FIELD),
    ROW("101 to nothing",             UPGRADE, "HTTP/1.1 101 X\r\nConnection: upgrade\r\n\r\n", STATUS_BAD_FIELD),
/* clang-format on */
#undef ROW
};

static void broken_answers_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        for (size_t step = 1; step <= refused[i].in.len + 1; step++) {
            struct outcome o =
                read_all(refused[i].question, refused[i].in, step);

            if (o.last != HTTP_BAD || o.status != refused[i].want)
                fail_msg("%s, %zu bytes at a time: %s: %s", refused[i].name,
                         step, status_name(o.status), o.found);
            buffer_free(&o.out);
        }
    }
}

static void an_answer_is_untouched_until_its_first_byte(void **state)
{
    struct http_response r;
    struct slice in = slice_text("HTTP/1.1 100 Continue\r\n\r\n");

    (void)state;
    start(&r, GET);
    assert_true(http_response_untouched(&r));
    assert_int_equal(http_response_read(&r, &in), HTTP_GOT_HEAD);
    assert_true(r.interim);
    assert_false(http_response_untouched(&r));
    assert_int_equal(http_response_read(&r, &in), HTTP_WANT_MORE);
    assert_false(http_response_untouched(&r));
    http_response_fini(&r);
}

static void the_last_answer_says_close(void **state)
{
    struct buffer out = buffer_with_max(1000);
    struct http_response r;
    struct slice in = slice_text(OK "Content-Length: 0\r\n\r\n");

    (void)state;
    start(&r, GET);
    assert_int_equal(http_response_read(&r, &in), HTTP_GOT_HEAD);
    http_response_write_head(&r, true, &out);
    assert_true(slice_equal(
        buffer_view(&out),
        slice_text(OK "Content-Length: 0\r\nConnection: close\r\n\r\n")));
    buffer_free(&out);
    http_response_fini(&r);
}

static void try_prefix(struct slice in, void *ctx)
{
    struct outcome o = read_all(GET, in, MAX_OF(in.len, 1));

    (void)ctx;
    assert_int_equal(o.last, HTTP_BAD);
    CHECK_STATUS(o.status, STATUS_TRUNCATED);
    buffer_free(&o.out);
}

static void try_any(struct slice in, void *ctx)
{
    struct outcome o = read_all(GET, in, in.len);

    (void)ctx;
    buffer_free(&o.out); /* any end: no bad access */
}

static void prefixes_are_cut_and_flips_are_harmless(void **state)
{
    static const char chunked[] =
        OK CHUNKED "X: y\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: v\r\n\r\n";
    static const char counted[] =
        "HTTP/1.1 100 Go\r\n\r\n" OK "Content-Length: 5\r\n\r\nhello";

    (void)state;
    for_each_prefix(slice_text(chunked), try_prefix, NULL);
    for_each_prefix(slice_text(counted), try_prefix, NULL);
    for_each_flip(slice_text(chunked), try_any, NULL);
    for_each_flip(slice_text(counted), try_any, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_written_anew),
        cmocka_unit_test(chunks_and_trailers_are_written_anew),
        cmocka_unit_test(broken_answers_are_refused),
        cmocka_unit_test(an_answer_is_untouched_until_its_first_byte),
        cmocka_unit_test(the_last_answer_says_close),
        cmocka_unit_test(prefixes_are_cut_and_flips_are_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
