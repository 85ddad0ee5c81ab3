/* http_request: what is passed on, how, and what is refused instead. */
#include "tests/support/check.h"

#include "proxy/local/http_request.h"

#define HEAD "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n"
#define POST "POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\n"

/* What came of reading some input to its end: all that was passed on, and how
 * it ended. */
struct outcome {
    struct buffer out;
    enum http_step last;
    enum status status;
    char found[200];
    size_t requests; /* complete */
};

/* Pass on the head, or say in one line what else it is. */
static void note_head(const struct http_request *r, struct buffer *out)
{
    char text[TARGET_TEXT_ROOM];

    target_text(&r->target, text);
    if (r->form == HTTP_TO_TARGET)
        http_request_write_head(r, out);
    else
        buffer_printf(out, "%s %s\n", r->form == HTTP_TUNNEL ? "tunnel" : "us",
                      text);
}

static void read_some(struct http_request *r, struct slice *in,
                      struct outcome *o)
{
    do {
        o->last = http_request_read(r, in);
        if (o->last == HTTP_GOT_HEAD)
            note_head(r, &o->out);
        else if (o->last == HTTP_GOT_BODY)
            http_request_write_body(r, r->reader.piece, &o->out);
        else if (o->last == HTTP_GOT_END) {
            http_request_write_end(r, &o->out);
            http_request_next(r);
            o->requests++;
        }
    } while (o->last != HTTP_WANT_MORE && o->last != HTTP_BAD);
}

/* Read |in| in blocks of |step| bytes, each of exactly its size. */
static struct outcome read_all(struct slice in, size_t step)
{
    struct outcome o = { .out = buffer_with_max(1024 * 1024) };
    struct http_request r;

    http_request_init(&r);
    for (size_t at = 0; at < in.len && o.last != HTTP_BAD; at += step) {
        size_t len = MIN_OF(step, in.len - at);
        uint8_t *exact = malloc(len);
        struct slice block = slice_of(exact, len);

        assert_non_null(exact);
        memcpy(exact, in.at + at, len);
        read_some(&r, &block, &o);
        free(exact);
    }
    o.status = r.reader.why.status;
    memcpy(o.found, r.reader.why.found, sizeof(o.found));
    http_request_fini(&r);
    return o;
}

static const struct {
    const char *name;
    const char *in;
    const char *out;
} passed[] = {
    /* clang-format off */
    { "a URI becomes a path and a Host",
      "GET http://a.example/x?y=1 HTTP/1.1\r\nHost: a.example\r\n\r\n",
      "GET /x?y=1 HTTP/1.1\r\nHost: a.example\r\n\r\n" },
    { "the URI wins over another Host",
      "GET http://a.example:8080/ HTTP/1.1\r\nHost: b.example\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n" },
    { "no path is /",
      "GET http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n" },
    { "a query alone follows /",
      "GET http://a.example?q HTTP/1.1\r\nHost: a.example\r\n\r\n",
      "GET /?q HTTP/1.1\r\nHost: a.example\r\n\r\n" },
    { "OPTIONS without a path is *",
      "OPTIONS http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n" },
    { "OPTIONS with a path keeps it",
      "OPTIONS http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
      "OPTIONS / HTTP/1.1\r\nHost: a.example\r\n\r\n" },
    { "IPv6 keeps its brackets",
      "GET http://[2001:db8::1]:81/ HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [2001:db8::1]:81\r\n\r\n" },
    { "port 80 is left out",
      "GET http://[2001:db8::1]:80/ HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n" },
    { "the scheme has no case",
      "GET HTTP://A.example/ HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n" },
    { "other fields stay, in order, as they are",
      HEAD "Cookie: a=b; c=d\r\nX-One:1\r\nx-two:   2  \r\nX-Empty:\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a.example\r\nCookie: a=b; c=d\r\nX-One: 1\r\nx-two: 2\r\nX-Empty: \r\n\r\n" },
    { "fields of one hop go",
      HEAD "Connection: keep-alive, X-Mine , close\r\nKeep-Alive: 5\r\nX-Mine: 1\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nProxy-Anything: 1\r\nUpgrade: x\r\nTE: gzip\r\nX-Yours: 2\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a.example\r\nX-Yours: 2\r\n\r\n" },
    { "Connection cannot take away Host or length",
      POST "Connection: host, content-length\r\nContent-Length: 2\r\n\r\nab",
      "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\nab" },
    { "TE: trailers is passed on",
      HEAD "TE: gzip, trailers\r\nConnection: TE\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a.example\r\nTE: trailers\r\nConnection: TE\r\n\r\n" },
    { "an upgrade is passed on",
      HEAD "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" },
    { "both together",
      HEAD "Connection: TE, upgrade\r\nTE: trailers\r\nUpgrade: h2c\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a.example\r\nTE: trailers\r\nUpgrade: h2c\r\nConnection: TE, Upgrade\r\n\r\n" },
    { "Expect is passed on",
      POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\na",
      "POST / HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na" },
    { "but not from HTTP/1.0",
      "POST http://a.example/ HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
      "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1\r\n\r\na" },
    { "HTTP/1.0 needs no Host",
      "GET http://a.example/ HTTP/1.0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n" },
    { "a length of 0 stays",
      POST "Content-Length: 0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n" },
    { "chunks are written anew, without extensions",
      POST "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n00A\r\n0123456789\r\n0\r\n\r\n",
      NULL },
    { "requests follow one another",
      HEAD "\r\n" POST "Content-Length: 1\r\n\r\na" "\r\n" HEAD "\r\n",
      "GET / HTTP/1.1\r\nHost: a.example\r\n\r\nPOST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1\r\n\r\naGET / HTTP/1.1\r\nHost: a.example\r\n\r\n" },
    { "CONNECT names its target",
      "CONNECT A.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
      "tunnel a.example:443\n" },
    { "CONNECT to IPv6",
      "CONNECT [::1]:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
      "tunnel [::1]:443\n" },
    { "a path is for this program",
      "GET /status.json HTTP/1.1\r\nHost: localhost:8118\r\n\r\n",
      "us localhost:8118\n" },
    { "so is OPTIONS *",
      "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "us localhost:80\n" },
    /* clang-format on */
};

/* Chunks may be cut anew where input was; joined, they are these. */
static const char rechunked[] =
    "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n";

static void what_is_passed_on_is_written_anew(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(passed); i++) {
        const char *want = passed[i].out == NULL ? rechunked : passed[i].out;
        struct slice in = slice_text(passed[i].in);
        size_t least = passed[i].out == NULL ? in.len : 1;

        for (size_t step = least; step <= in.len; step++) {
            struct outcome o = read_all(in, step);

            if (!slice_equal(buffer_view(&o.out), slice_text(want)))
                fail_msg("%s: %s: %.*s", passed[i].name, o.found,
                         (int)o.out.len, (const char *)o.out.at);
            assert_true(o.requests >= 1);
            buffer_free(&o.out);
        }
    }
}

static const struct {
    const char *name;
    struct slice in;
    enum status want;
} refused[] = {
#define ROW(name, text, want)                                                  \
    {                                                                          \
        name, { (const uint8_t *)(text), sizeof(text) - 1 }, want              \
    }
    /* clang-format off */
    ROW("length and chunks",            POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("chunks and length",            POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("two lengths",                  POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", STATUS_BAD_REQUEST),
    ROW("the same length twice",        POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", STATUS_BAD_REQUEST),
    ROW("a list of lengths",            POST "Content-Length: 5, 5\r\n\r\nhello", STATUS_BAD_REQUEST),
    ROW("a length with a sign",         POST "Content-Length: +5\r\n\r\nhello", STATUS_BAD_REQUEST),
    ROW("a negative length",            POST "Content-Length: -5\r\n\r\nhello", STATUS_BAD_REQUEST),
    ROW("a hexadecimal length",         POST "Content-Length: 0x5\r\n\r\nhello", STATUS_BAD_REQUEST),
    ROW("a length with a leading zero", POST "Content-Length: 05\r\n\r\nhello", STATUS_BAD_REQUEST),
    ROW("a length with a space inside", POST "Content-Length: 1 5\r\n\r\nhello", STATUS_BAD_REQUEST),
    ROW("an empty length",              POST "Content-Length:\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a length over 64 bits",        POST "Content-Length: 18446744073709551616\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("the length that means no end", POST "Content-Length: 18446744073709551615\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("an unknown coding",            POST "Transfer-Encoding: xchunked\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a coding before chunked",      POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a coding after chunked",       POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("chunked twice",                POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("chunked in two fields",        POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("identity in a second field",   POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("an empty coding",              POST "Transfer-Encoding:\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a quoted coding",              POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a coding with a parameter",    POST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a coding behind a vertical tab", POST "Transfer-Encoding:\x0b" "chunked\r\n\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("chunks in HTTP/1.0",           "POST http://a/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a chunk size that is no number", POST "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", STATUS_BAD_REQUEST),
    ROW("an empty chunk size",          POST "Transfer-Encoding: chunked\r\n\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a negative chunk size",        POST "Transfer-Encoding: chunked\r\n\r\n-1\r\n", STATUS_BAD_REQUEST),
    ROW("a chunk size with 0x",         POST "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n", STATUS_BAD_REQUEST),
    ROW("a chunk size over 64 bits",    POST "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n", STATUS_BAD_REQUEST),
    ROW("a space after the chunk size", POST "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n", STATUS_BAD_REQUEST),
    ROW("a chunk that ends too late",   POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n", STATUS_BAD_REQUEST),
    ROW("a chunk that ends with LF",    POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a chunk size that ends with LF", POST "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("an extension that ends with LF", POST "Transfer-Encoding: chunked\r\n\r\n5;a\nhello\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a folded field",               HEAD "X: a\r\n b\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a folded coding",              POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a space before the first field", "GET http://a/ HTTP/1.1\r\n Host: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a space before the colon",     HEAD "X : a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a tab before the colon",       POST "Content-Length\t: 5\r\n\r\nhello", STATUS_BAD_REQUEST),
    ROW("a field without a name",       HEAD ": a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a field without a colon",      HEAD "X\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a NUL in a name",              HEAD "X\0Y: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a NUL in a value",             HEAD "X: a\0b\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a control byte in a value",    HEAD "X: a\x01" "b\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a DEL in a value",             HEAD "X: a\x7f\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a byte above ASCII in a name", HEAD "X\xc3\xa9: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a lone CR in a value",         HEAD "X: a\rY: b\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a lone CR that hides a coding", POST "X:\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a head that ends with CR LF CR X", HEAD "\rX", STATUS_BAD_REQUEST),
    ROW("LF alone after a field",       "GET http://a/ HTTP/1.1\r\nHost: a\n\r\n", STATUS_BAD_REQUEST),
    ROW("LF alone after the first line", "GET http://a/ HTTP/1.1\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("LF alone at the end of the head", HEAD "\n", STATUS_BAD_REQUEST),
    ROW("no Host",                      "GET http://a/ HTTP/1.1\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("two Hosts",                    HEAD "Host: a.example\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("two Hosts in HTTP/1.0",        "GET http://a/ HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a Host with user information", "GET http://a/ HTTP/1.1\r\nHost: u@a\r\n\r\n", STATUS_BAD_ADDRESS),
    ROW("a Host with a path",           "GET http://a/ HTTP/1.1\r\nHost: a/b\r\n\r\n", STATUS_BAD_ADDRESS),
    ROW("a list of Hosts",              "GET http://a/ HTTP/1.1\r\nHost: a, b\r\n\r\n", STATUS_BAD_ADDRESS),
    ROW("HTTP/0.9",                     "GET http://a/\r\n", STATUS_BAD_REQUEST),
    ROW("HTTP/0.9 in writing",          "GET http://a/ HTTP/0.9\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("HTTP/1.2",                     "GET http://a/ HTTP/1.2\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("HTTP/2.0",                     "GET http://a/ HTTP/2.0\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("the preface of HTTP/2",        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("HTTP/1.10",                    "GET http://a/ HTTP/1.10\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a version in lower case",      "GET http://a/ http/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("text after the version",       "GET http://a/ HTTP/1.1 x\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a method in lower case",       "get http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_METHOD),
    ROW("an unknown method",            "BREW http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_METHOD),
    ROW("TRACE",                        "TRACE http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_METHOD),
    ROW("a method of another protocol", "DESCRIBE rtsp://a/ RTSP/1.0\r\nHost: a\r\n\r\n", STATUS_BAD_METHOD),
    ROW("a TLS hello",                  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", STATUS_BAD_METHOD),
    ROW("a space before the method",    " GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_METHOD),
    ROW("an https URI",                 "GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("an ftp URI",                   "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a URI without slashes",        "GET http:a/ HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a URI without a host",         "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_ADDRESS),
    ROW("a URI with user information",  "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a URI with a fragment",        "GET http://a/#x HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a URI with port 0",            "GET http://a:0/ HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_ADDRESS),
    ROW("a URI with port 65536",        "GET http://a:65536/ HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_ADDRESS),
    ROW("a URI with a backslash host",  "GET http://a\\b/ HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_ADDRESS),
    ROW("a URI with an escaped host",   "GET http://a%2eb/ HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_ADDRESS),
    ROW("a URI with a byte above ASCII", "GET http://a/\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a URI with a control byte",    "GET http://a/\x01 HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a URI with a tab",             "GET http://a/\tb HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("a name without a scheme",      "GET a.example HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("an asterisk with GET",         "GET * HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("CONNECT without a port",       "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_ADDRESS),
    ROW("CONNECT with a URI",           "CONNECT http://a:1/ HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_ADDRESS),
    ROW("CONNECT with user information", "CONNECT u@a:1 HTTP/1.1\r\nHost: a\r\n\r\n", STATUS_BAD_ADDRESS),
    ROW("CONNECT with a length",        "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", STATUS_BAD_REQUEST),
    ROW("CONNECT with chunks",          "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", STATUS_BAD_REQUEST),
/* clang-format on */
#undef ROW
};

/* llhttp refuses some of these at the first byte that is wrong, and some it
 * lets through to our own checks: which one must not matter. */
static bool is_refusal(enum status got, enum status want)
{
    return got == want ||
           (want == STATUS_BAD_ADDRESS && got == STATUS_BAD_REQUEST);
}

static void what_could_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        for (size_t step = 1; step <= refused[i].in.len; step++) {
            struct outcome o = read_all(refused[i].in, step);

            if (o.last != HTTP_BAD || o.requests != 0 ||
                !is_refusal(o.status, refused[i].want))
                fail_msg("%s, %zu bytes at a time: %s: %s", refused[i].name,
                         step, status_name(o.status), o.found);
            if (o.found[0] == '\0')
                fail_msg("%s: no reason", refused[i].name);
            buffer_free(&o.out);
        }
    }
}

/* Read |count| copies of |part| between |first| and |last|. */
static enum status read_long(const char *first, const char *part, size_t count,
                             const char *last)
{
    struct buffer in = buffer_with_max(1024 * 1024);
    struct outcome o;

    buffer_text(&in, first);
    for (size_t i = 0; i < count; i++)
        buffer_text(&in, part);
    buffer_text(&in, last);
    o = read_all(buffer_view(&in), 4096);
    if (o.last != HTTP_BAD)
        assert_int_equal(o.requests, 1);
    buffer_free(&in);
    buffer_free(&o.out);
    return o.status;
}

static void limits_hold_on_both_sides(void **state)
{
    static const char first[] = "GET http://a/ HTTP/1.1\r\nHost: a\r\nX: ";
    static const char chunks[] = POST "Transfer-Encoding: chunked\r\n\r\n1;";
    size_t room = HTTP_HEAD_MAX_BYTES - strlen(first) - 4;

    (void)state;
    CHECK_STATUS(read_long(first, "x", room, "\r\n\r\n"), STATUS_OK);
    CHECK_STATUS(read_long(first, "x", room + 1, "\r\n\r\n"),
                 STATUS_HEAD_TOO_LARGE);
    CHECK_STATUS(read_long(HEAD, "X: y\r\n", HTTP_HEADERS_MAX - 1, "\r\n"),
                 STATUS_OK);
    CHECK_STATUS(read_long(HEAD, "X: y\r\n", HTTP_HEADERS_MAX, "\r\n"),
                 STATUS_HEAD_TOO_LARGE);
    CHECK_STATUS(read_long(HEAD "Connection: ", "a,", 32, "\r\n\r\n"),
                 STATUS_OK);
    CHECK_STATUS(read_long(HEAD "Connection: ", "a,", 33, "\r\n\r\n"),
                 STATUS_HEAD_TOO_LARGE);
    CHECK_STATUS(read_long("", "\r\n", HTTP_HEAD_MAX_BYTES, HEAD "\r\n"),
                 STATUS_HEAD_TOO_LARGE);
    CHECK_STATUS(read_long("GET http://a/", "x", HTTP_HEAD_MAX_BYTES,
                           " HTTP/1.1\r\nHost: a\r\n\r\n"),
                 STATUS_HEAD_TOO_LARGE);
    CHECK_STATUS(read_long(chunks, "x", 4096, "\r\na\r\n0\r\n\r\n"), STATUS_OK);
    CHECK_STATUS(read_long(chunks, "x", 4097, "\r\na\r\n0\r\n\r\n"),
                 STATUS_BAD_REQUEST);
    CHECK_STATUS(read_long(POST "Transfer-Encoding: chunked\r\n\r\n0\r\n",
                           "T: v\r\n", HTTP_HEADERS_MAX, "\r\n"),
                 STATUS_OK);
    CHECK_STATUS(read_long(POST "Transfer-Encoding: chunked\r\n\r\n0\r\n",
                           "T: v\r\n", HTTP_HEADERS_MAX + 1, "\r\n"),
                 STATUS_HEAD_TOO_LARGE);
}

static void trailers_are_passed_on_unless_they_lead_astray(void **state)
{
    static const char in[] =
        POST "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
             "1\r\na\r\n0\r\nX-Sum: 1\r\nHost: evil\r\n"
             "Proxy-Authorization: x\r\nX-More: 2\r\nTrailer: z\r\n"
             "Upgrade: x\r\n\r\n";
    static const char want[] =
        "POST / HTTP/1.1\r\nHost: a.example\r\nTrailer: X-Sum\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
        "1\r\na\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n";

    (void)state;
    for (size_t step = 1; step < sizeof(in); step++) {
        struct outcome o = read_all(slice_text(in), step);

        assert_int_equal(o.requests, 1);
        assert_true(slice_equal(buffer_view(&o.out), slice_text(want)));
        buffer_free(&o.out);
    }
}

static const struct {
    const char *name;
    const char *in;
    bool keep_alive, has_body, is_head, upgrade, http10;
} flags[] = {
    /* clang-format off */
    { "HTTP/1.1 stays",   HEAD "\r\n", true, false, false, false, false },
    { "unless told not to", HEAD "Connection: x, Close\r\n\r\n", false, false, false, false, false },
    { "HTTP/1.0 never stays", "HEAD http://a/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false, false, true, false, true },
    { "a body of length", POST "Content-Length: 1\r\n\r\n", true, true, false, false, false },
    { "a body of none",   POST "Content-Length: 0\r\n\r\n", true, false, false, false, false },
    { "a body of chunks", POST "Transfer-Encoding: Chunked\r\n\r\n", true, true, false, false, false },
    { "an upgrade",       HEAD "Connection: upgrade\r\nUpgrade: a\r\n\r\n", true, false, false, true, false },
    { "an upgrade not named", HEAD "Upgrade: a\r\n\r\n", true, false, false, false, false },
    { "an upgrade to nothing", HEAD "Connection: upgrade\r\n\r\n", true, false, false, false, false },
    { "an upgrade of HTTP/1.0", "GET http://a/ HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n", false, false, false, false, true },
    /* clang-format on */
};

static void a_head_says_what_follows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        struct slice in = slice_text(flags[i].in);
        struct http_request r;

        http_request_init(&r);
        assert_int_equal(http_request_read(&r, &in), HTTP_GOT_HEAD);
        if (r.keep_alive != flags[i].keep_alive ||
            http_request_has_body(&r) != flags[i].has_body ||
            r.is_head != flags[i].is_head || r.upgrade != flags[i].upgrade ||
            r.http10 != flags[i].http10)
            fail_msg("%s", flags[i].name);
        http_request_fini(&r);
    }
}

/* No proper prefix of a request is one. */
static void try_prefix(struct slice in, void *ctx)
{
    struct outcome o = read_all(in, MAX_OF(in.len, 1));

    (void)ctx;
    assert_int_equal(o.requests, 0);
    assert_int_equal(o.last, HTTP_WANT_MORE);
    buffer_free(&o.out);
}

static void try_any(struct slice in, void *ctx)
{
    struct outcome o = read_all(in, in.len);

    (void)ctx;
    buffer_free(&o.out); /* any end: no bad access */
}

static void prefixes_want_more_and_flips_are_harmless(void **state)
{
    static const char whole[] =
        POST "Transfer-Encoding: chunked\r\nX: y\r\n\r\n"
             "5;a=b\r\nhello\r\n0\r\nT: v\r\n\r\n";

    (void)state;
    for_each_prefix(slice_text(whole), try_prefix, NULL);
    for_each_flip(slice_text(whole), try_any, NULL);
    for_each_flip(slice_text(POST "Content-Length: 5\r\n\r\nhello"), try_any,
                  NULL);
    for_each_flip(slice_text("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"),
                  try_any, NULL);
}

static void an_early_end_is_no_request(void **state)
{
    static const char *const cut[] = {
        "GET", HEAD, POST "Content-Length: 2\r\n\r\na",
        POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cut); i++) {
        struct slice in = slice_text(cut[i]);
        struct http_request r;

        http_request_init(&r);
        while (http_request_read(&r, &in) != HTTP_WANT_MORE)
            continue;
        assert_int_equal(http_reader_eof(&r.reader), HTTP_BAD);
        CHECK_STATUS(r.reader.why.status, STATUS_TRUNCATED);
        http_request_fini(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_passed_on_is_written_anew),
        cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
        cmocka_unit_test(limits_hold_on_both_sides),
        cmocka_unit_test(trailers_are_passed_on_unless_they_lead_astray),
        cmocka_unit_test(a_head_says_what_follows),
        cmocka_unit_test(prefixes_want_more_and_flips_are_harmless),
        cmocka_unit_test(an_early_end_is_no_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
