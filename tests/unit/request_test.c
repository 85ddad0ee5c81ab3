/* proxy/server/request.h: heads and bodies, in one piece and in many. */
#include "proxy/server/request.h"

#include "common/buffer.h"
#include "common/compiler.h"
#include "tests/support/check.h"

#define HEAD_MAX 1024

/* What a run over some input found, as text: the steps, and the body. */
struct transcript {
    char steps[64]; /* H, B once a run, E, X */
    struct buffer body;
    enum status bad;
};

static void note(struct transcript *t, char step)
{
    size_t len = strlen(t->steps);

    if (step == 'B' && len > 0 && t->steps[len - 1] == 'B')
        return;
    assert_true(len + 1 < sizeof(t->steps));
    t->steps[len] = step;
}

/* Read |text| in pieces of |size| bytes, request after request. */
static void run(struct slice text, size_t size, struct transcript *t)
{
    struct request r;

    *t = (struct transcript){ .body = buffer_with_max(1 << 20) };
    request_init(&r, HEAD_MAX);
    while (text.len > 0 && t->bad == STATUS_OK) {
        struct slice in = slice_of(text.at, MIN_OF(size, text.len));
        enum http_step step = HTTP_GOT_HEAD;

        text = slice_of(text.at + in.len, text.len - in.len);
        while (step != HTTP_WANT_MORE && step != HTTP_BAD) {
            step = request_read(&r, &in);
            if (step == HTTP_GOT_HEAD)
                note(t, 'H');
            if (step == HTTP_GOT_BODY) {
                note(t, 'B');
                buffer_add(&t->body, r.reader.piece);
            }
            if (step == HTTP_GOT_END) {
                note(t, 'E');
                request_next(&r);
            }
        }
        assert_true(step == HTTP_BAD || in.len == 0);
        if (step == HTTP_BAD) {
            note(t, 'X');
            t->bad = r.reader.why.status;
        }
    }
    request_fini(&r);
}

#define CHUNKED "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"

static const struct {
    const char *name;
    const char *text;
    const char *steps;
    const char *body;
    enum status bad;
} cases[] = {
    /* clang-format off */
    { "a request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HE", "", STATUS_OK },
    { "HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "HE", "", STATUS_OK },
    { "an empty line before it", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "HE", "", STATUS_OK },
    { "two in a row", "GET / HTTP/1.1\r\n\r\nHEAD /b HTTP/1.1\r\n\r\n", "HEHE",
      "", STATUS_OK },
    { "a body", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "HBE",
      "hello", STATUS_OK },
    { "a body and a request",
      "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiGET / HTTP/1.1\r\n\r\n",
      "HBEHE", "hi", STATUS_OK },
    { "chunks", CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "HBE", "abcde",
      STATUS_OK },
    { "chunks with a trailer", CHUNKED "1\r\na\r\n0\r\nX: y\r\n\r\n", "HBE",
      "a", STATUS_OK },
    { "an upgrade", "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\n\r\n", "HE", "", STATUS_OK },
    { "half a head", "GET / HTTP/1.1\r\nHost: a\r\n", "", "", STATUS_OK },
    { "half a body", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhe", "HB",
      "he", STATUS_OK },
    { "no method", "G@T / HTTP/1.1\r\n\r\n", "X", "", STATUS_BAD_METHOD },
    { "nothing but empty lines", "\r\n\r\n\r\n", "X", "", STATUS_BAD_REQUEST },
    { "HTTP/0.9", "GET /\r\n\r\n", "X", "", STATUS_BAD_REQUEST },
    { "HTTP/2", "GET / HTTP/2.0\r\n\r\n", "X", "", STATUS_BAD_REQUEST },
    { "HTTP/1.9", "GET / HTTP/1.9\r\n\r\n", "X", "", STATUS_BAD_REQUEST },
    { "length and chunks", "POST / HTTP/1.1\r\nContent-Length: 1\r\n"
      "Transfer-Encoding: chunked\r\n\r\n", "X", "", STATUS_BAD_REQUEST },
    { "a coding before chunks", "POST / HTTP/1.1\r\n"
      "Transfer-Encoding: gzip, chunked\r\n\r\n", "X", "", STATUS_BAD_REQUEST },
    { "chunks in HTTP/1.0", "POST / HTTP/1.0\r\n"
      "Transfer-Encoding: chunked\r\n\r\n", "X", "", STATUS_BAD_REQUEST },
    { "two lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\n"
      "Content-Length: 1\r\n\r\n", "X", "", STATUS_BAD_REQUEST },
    { "a length with a sign", "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
      "X", "", STATUS_BAD_REQUEST },
    { "a length over 64 bits", "POST / HTTP/1.1\r\n"
      "Content-Length: 99999999999999999999\r\n\r\n", "X", "",
      STATUS_BAD_REQUEST },
    { "a folded line", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "X", "",
      STATUS_BAD_REQUEST },
    { "a blank before the colon", "GET / HTTP/1.1\r\nA : b\r\n\r\n", "X", "",
      STATUS_BAD_REQUEST },
    { "a bare line feed", "GET / HTTP/1.1\nA: b\r\n\r\n", "X", "",
      STATUS_BAD_REQUEST },
    { "a bad chunk size", CHUNKED "x\r\n", "HX", "", STATUS_BAD_REQUEST },
    { "a chunk that is too long", CHUNKED "1\r\nab\r\n", "HBX", "a",
      STATUS_BAD_REQUEST },
    /* clang-format on */
};

static void requests_are_read_in_any_pieces(void **state)
{
    static const size_t sizes[] = { 1, 2, 3, 7, 1 << 20 };
    struct transcript t;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("  %s\n", cases[i].name);
        for (size_t j = 0; j < COUNT_OF(sizes); j++) {
            run(slice_text(cases[i].text), sizes[j], &t);
            assert_string_equal(t.steps, cases[i].steps);
            CHECK_STATUS(t.bad, cases[i].bad);
            assert_true(
                slice_equal(buffer_view(&t.body), slice_text(cases[i].body)));
            buffer_free(&t.body);
        }
    }
}

static void a_nul_is_no_part_of_a_value(void **state)
{
    static const uint8_t text[] = "GET / HTTP/1.1\r\nA: b\0c\r\n\r\n";
    struct transcript t;

    (void)state;
    run(slice_of(text, sizeof(text) - 1), 1 << 20, &t);
    CHECK_STATUS(t.bad, STATUS_BAD_REQUEST);
    buffer_free(&t.body);
}

static void the_head_is_told_in_parts(void **state)
{
    static const char text[] =
        "POST /a/b?n=3&ms=20&big=70&bad=x&n=9 HTTP/1.1\r\n"
        "Host:   h  \r\n"
        "Empty:\r\n"
        "X-Two: 1\r\n"
        "x-two: 2\r\n"
        "Connection: close\r\n"
        "Content-Length: 7\r\n\r\n";
    struct request r;
    struct slice in = slice_text(text);

    (void)state;
    request_init(&r, HEAD_MAX);
    assert_int_equal(request_read(&r, &in), HTTP_GOT_HEAD);
    assert_int_equal(in.len, 0);
    assert_true(slice_equal(r.method, slice_text("POST")));
    assert_true(slice_equal(request_path(&r), slice_text("/a/b")));
    assert_int_equal(r.reader.length, 7);
    assert_false(r.reader.chunked);
    assert_false(r.keep_alive);
    assert_false(r.reader.http10);
    assert_int_equal(r.reader.fields.count, 6);
    assert_true(slice_equal(request_field(&r, "HOST"), slice_text("h")));
    assert_int_equal(request_field(&r, "Empty").len, 0);
    assert_int_equal(request_field_count(&r, "Empty"), 1);
    assert_true(slice_equal(request_field(&r, "X-Two"), slice_text("1")));
    assert_int_equal(request_field_count(&r, "X-Two"), 2);
    assert_int_equal(request_field(&r, "Absent").len, 0);
    assert_int_equal(request_query_number(&r, "n", 10, 1), 3);
    assert_int_equal(request_query_number(&r, "ms", 100, 1), 20);
    assert_int_equal(request_query_number(&r, "big", 69, 1), 1);
    assert_int_equal(request_query_number(&r, "bad", 10, 1), 1);
    assert_int_equal(request_query_number(&r, "m", 10, 1), 1);
    request_fini(&r);
}

/* A head of exactly |len| bytes. */
static struct slice head_of(char *text, size_t len)
{
    static const char start[] = "GET / HTTP/1.1\r\nA: ";
    static const char end[] = "\r\n\r\n";

    memset(text, 'x', len);
    memcpy(text, start, sizeof(start) - 1);
    memcpy(text + len - 4, end, 4);
    return slice_of(text, len);
}

static void a_head_has_a_most(void **state)
{
    char text[HEAD_MAX + 2];
    struct transcript t;

    (void)state;
    run(head_of(text, HEAD_MAX), 100, &t);
    assert_string_equal(t.steps, "HE");
    run(head_of(text, HEAD_MAX + 1), 100, &t);
    assert_string_equal(t.steps, "X");
    CHECK_STATUS(t.bad, STATUS_HEAD_TOO_LARGE);
    memset(text, 'x', sizeof(text));
    run(slice_of(text, sizeof(text)), 1 << 20, &t);
    CHECK_STATUS(t.bad, STATUS_HEAD_TOO_LARGE);
}

static void fields_have_a_most(void **state)
{
    struct transcript t;

    (void)state;
    for (size_t count = REQUEST_FIELDS_MAX; count <= REQUEST_FIELDS_MAX + 1;
         count++) {
        struct buffer text = buffer_with_max(HEAD_MAX);

        buffer_text(&text, "GET / HTTP/1.1\r\n");
        for (size_t i = 0; i < count; i++)
            buffer_text(&text, "A: b\r\n");
        buffer_text(&text, "\r\n");
        run(buffer_view(&text), 1 << 20, &t);
        CHECK_STATUS(t.bad, count == REQUEST_FIELDS_MAX
                                ? STATUS_OK
                                : STATUS_HEAD_TOO_LARGE);
        buffer_free(&text);
    }
}

static void try_input(struct slice text, void *ctx)
{
    struct transcript t;

    (void)ctx;
    run(text, 1 << 20, &t);
    buffer_free(&t.body);
}

static void prefixes_and_flipped_bits_are_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for_each_prefix(slice_text(cases[i].text), try_input, NULL);
        for_each_flip(slice_text(cases[i].text), try_input, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read_in_any_pieces),
        cmocka_unit_test(a_nul_is_no_part_of_a_value),
        cmocka_unit_test(the_head_is_told_in_parts),
        cmocka_unit_test(a_head_has_a_most),
        cmocka_unit_test(fields_have_a_most),
        cmocka_unit_test(prefixes_and_flipped_bits_are_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
