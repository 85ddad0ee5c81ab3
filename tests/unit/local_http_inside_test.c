/* http_request inside of https whose TLS ends here: one origin, no other. */
#include "tests/support/check.h"

#include "proxy/local/http_request.h"

/* Read |in|, which is exact on the heap, and write its head to |out|. */
static enum http_step read_inside(const char *in, size_t len,
                                  struct buffer *out, enum status *st)
{
    uint8_t *exact = malloc(len);
    struct slice rest = slice_of(exact, len);
    struct http_request r;
    enum http_step step;

    assert_non_null(exact);
    memcpy(exact, in, len);
    http_request_init(&r);
    r.origin = (struct target){ .host = "a.example", .port = 443 };
    step = http_request_read(&r, &rest);
    *st = r.reader.why.status;
    if (step == HTTP_GOT_HEAD) {
        assert_int_equal(r.form, HTTP_TO_TARGET);
        assert_string_equal(r.target.host, "a.example");
        assert_int_equal(r.target.port, 80);
        http_request_write_head(&r, out);
    }
    http_request_fini(&r);
    free(exact);
    return step;
}

#define PASSED(line) line " HTTP/1.1\r\nHost: a.example\r\n"
#define MARK         "X-Forwarded-Proto: https\r\n"

static const struct {
    const char *name;
    const char *in;
    const char *out; /* NULL: refused */
    enum status status;
} cases[] = {
    /* clang-format off */
    { "a path is for the origin",
      "GET /x?y HTTP/1.1\r\nHost: a.example\r\n\r\n",
      PASSED("GET /x?y") MARK "\r\n", STATUS_OK },
    { "whose port may be named, and its name in any case",
      "GET / HTTP/1.1\r\nHost: A.Example:443\r\n\r\n",
      PASSED("GET /") MARK "\r\n", STATUS_OK },
    { "so is its own URI",
      "GET https://a.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
      PASSED("GET /x") MARK "\r\n", STATUS_OK },
    { "OPTIONS * is the origin's",
      "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n",
      PASSED("OPTIONS *") MARK "\r\n", STATUS_OK },
    { "nobody else says how the browser came",
      "GET / HTTP/1.1\r\nHost: a.example\r\nX-FORWARDED-proto: http\r\n\r\n",
      PASSED("GET /") MARK "\r\n", STATUS_OK },
    { "an upgrade goes on",
      "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      PASSED("GET /") MARK "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", STATUS_OK },
    { "another host is refused",
      "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n", NULL, STATUS_MISDIRECTED },
    { "so is one below",
      "GET / HTTP/1.1\r\nHost: x.a.example\r\n\r\n", NULL, STATUS_MISDIRECTED },
    { "and another port",
      "GET / HTTP/1.1\r\nHost: a.example:80\r\n\r\n", NULL, STATUS_MISDIRECTED },
    { "and no host at all",
      "GET / HTTP/1.0\r\n\r\n", NULL, STATUS_BAD_REQUEST },
    { "and an empty one",
      "GET / HTTP/1.1\r\nHost:\r\n\r\n", NULL, STATUS_BAD_REQUEST },
    { "and two",
      "GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n", NULL, STATUS_BAD_REQUEST },
    { "a URI of another scheme is refused",
      "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", NULL, STATUS_BAD_REQUEST },
    { "so is one of another host",
      "GET https://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", NULL, STATUS_MISDIRECTED },
    { "and one with user information",
      "GET https://u@a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", NULL, STATUS_BAD_REQUEST },
    { "CONNECT leads nowhere from here",
      "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n", NULL, STATUS_BAD_METHOD },
    /* clang-format on */
};

static void all_is_for_the_one_origin(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = buffer_with_max(4096);
        enum status st;
        enum http_step step =
            read_inside(cases[i].in, strlen(cases[i].in), &out, &st);

        print_message("%s\n", cases[i].name);
        assert_int_equal(step, cases[i].out != NULL ? HTTP_GOT_HEAD : HTTP_BAD);
        assert_int_equal(st, cases[i].status);
        if (cases[i].out != NULL)
            assert_true(
                slice_equal(buffer_view(&out), slice_text(cases[i].out)));
        buffer_free(&out);
    }
}

/* Whatever bit is flipped, what is passed on is for the origin: read_inside()
 * asserts that. */
static void nothing_leads_elsewhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t len = strlen(cases[i].in);
        char *copy = malloc(len);

        assert_non_null(copy);
        memcpy(copy, cases[i].in, len);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            struct buffer out = buffer_with_max(4096);
            enum status st;

            copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
            (void)read_inside(copy, len, &out, &st);
            copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
            buffer_free(&out);
        }
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_for_the_one_origin),
        cmocka_unit_test(nothing_leads_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
